"""Events of the office's own records: when a person vouched for what nothing else proves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from provision.ledger.act import Flat


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadTrusted(Flat):
    """Event: a person trusts the events that are there, though the head file did not fit (`because`), for a reason."""

    VERB: ClassVar[str] = "ledger.head_trusted"
    because: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredUnsigned(Flat):
    """Event: a backup (the name of its `file`) that nobody signed was restored, for a reason."""

    VERB: ClassVar[str] = "backup.restored_unsigned"
    file: str
    reason: str
