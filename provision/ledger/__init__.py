"""Append-only, hash-chained events; the journal and the memory of the house."""

from __future__ import annotations

from provision.ledger.chain import Break, verify
from provision.ledger.store import Ledger, connect

__all__ = ["Break", "Ledger", "connect", "verify"]
