"""Read the newest events fast: from the SQLite file itself if that is possible, else through the ledger.

SQLAlchemy takes a third of the time of a view that a program asks for often, so it is imported only if it is
needed.
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
    """A reader of one ledger's newest events, from the SQLite file itself or else through the ledger."""

    def __init__(self, url: str, opened: Callable[[], Ledger]) -> None:
        """Read the ledger at a database URL; nothing is opened yet.

        `opened` returns the ledger, opening it at first use; it is called only if the file cannot be read directly.
        """
        kind, _, path = url.partition(":///")
        self._file = Path(path) if kind == "sqlite" else None
        self._opened = opened

    def newest(self, *verbs: str) -> Newest:
        """Return (subject, verb, payload) of each subject's newest event that has one of `verbs`."""
        seen = glance.newest(self._file, *verbs) if self._file else None
        return self._opened().payloads(*verbs) if seen is None else seen

    def latest(self, *verbs: str) -> list[Event]:
        """Return the newest event of each subject for each of `verbs`, oldest first."""
        seen = glance.latest(self._file, *verbs) if self._file else None
        return self._opened().latest(*verbs) if seen is None else seen

    def held(self, effective: str, recorded: str) -> Newest:
        """Return (asset tag, verb, payload) of each item's last move; see `glance.held`.

        Only moves in effect by day `effective` and recorded by time `recorded` count.
        """
        seen = glance.held(self._file, effective, recorded) if self._file else None
        return self._opened().held(effective, recorded) if seen is None else seen
