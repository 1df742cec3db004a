"""The ledger: append-only, hash-chained events of what happened to items, devices and loans.

Its modules are imported at first use, so that `glance` runs without loading SQLAlchemy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provision.ledger.chain import Break, verify
    from provision.ledger.opening import connect
    from provision.ledger.store import Ledger

__all__ = ["Break", "Ledger", "connect", "verify"]
_ROOMS = {"Break": "chain", "verify": "chain", "Ledger": "store", "connect": "opening"}


def __getattr__(name: str) -> Any:
    """Return `name` from the module that defines it, imported at first use (PEP 562).

    Raises AttributeError for any name that the package does not export.
    """
    if name not in _ROOMS:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
