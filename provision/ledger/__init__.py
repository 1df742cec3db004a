"""Append-only, hash-chained events; the journal and the memory of the house.

Its rooms are imported at first use: a glance needs no SQLAlchemy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provision.ledger.chain import Break, verify
    from provision.ledger.store import Ledger, connect

__all__ = ["Break", "Ledger", "connect", "verify"]
_ROOMS = {"Break": "chain", "verify": "chain", "Ledger": "store", "connect": "store"}


def __getattr__(name: str) -> Any:
    """Import the room that holds `name` (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
