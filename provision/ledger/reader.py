"""The newest events, read as fast as may be: from the SQLite file itself where that is enough, else by the ledger.

SQLAlchemy takes a third of the time of a view that a program asks for often, so it is imported only where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from provision.core.model import Event
from provision.ledger import glance
from provision.ledger.glance import Newest

if TYPE_CHECKING:
    from provision.ledger.store import Ledger


class Reader:
    """Reads one ledger; `opened` returns the ledger itself, opening it at first use."""

    def __init__(self, url: str, opened: Callable[[], Ledger]) -> None:
        """Read the ledger at a database URL; nothing is opened yet."""
        kind, _, path = url.partition(":///")
        self._file = Path(path) if kind == "sqlite" else None
        self._opened = opened

    def newest(self, *verbs: str) -> Newest:
        """Return (subject, verb, payload) of the newest event of each subject among `verbs`."""
        seen = glance.newest(self._file, *verbs) if self._file else None
        return self._opened().payloads(*verbs) if seen is None else seen

    def latest(self, *verbs: str) -> list[Event]:
        """Return the newest event of each subject for each of `verbs`, oldest first."""
        seen = glance.latest(self._file, *verbs) if self._file else None
        return self._opened().latest(*verbs) if seen is None else seen

    def held(self, effective: str, recorded: str) -> Newest:
        """Return each item's last move in effect on a day and recorded by a time."""
        seen = glance.held(self._file, effective, recorded) if self._file else None
        return self._opened().held(effective, recorded) if seen is None else seen
