"""Whether a run lives: it holds a lock that the system takes from it when it ends, however it ends.

With SQLite that is a lock on a file beside the ledger, with PostgreSQL an advisory lock of a session of its own: the
server drops it with the session, on whatever machine the run was.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Protocol

from provision.local import locks

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from provision.ledger.store import Ledger

RUNS = "runs"  # beside the ledger's head
CLASS = 640314  # of our advisory locks: any number that other users of the database do not lock
SILENT_S = 30  # after which the server asks whether the machine of a session is still there
KEEPALIVE = f"SET tcp_keepalives_idle = {SILENT_S}; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"


class Life(Protocol):
    """The locks of runs in one ledger."""

    def begin(self, run: str) -> None:
        """Take the lock of a run that this process is."""
        ...

    def end(self, run: str) -> None:
        """Drop it."""
        ...

    def is_alive(self, connection: Connection, run: str) -> bool | None:
        """Return whether the run holds its lock, None if it never had one; within a transaction that writes."""
        ...


def of(ledger: Ledger) -> Life:
    """Return the locks of a ledger's runs."""
    return Files(ledger.head.parent / RUNS) if ledger.engine.dialect.name == "sqlite" else Sessions(ledger)


class Files:
    """Locks on files, for one machine."""

    def __init__(self, folder: Path) -> None:
        """Keep the files in a folder, which is made when it is needed."""
        self._folder = folder
        self._held: dict[str, int] = {}

    def begin(self, run: str) -> None:
        """See Life."""
        if run not in self._held:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            self._held[run] = locks.hold(self._folder / run)

    def _sweep(self) -> None:
        """Remove the files of runs that are dead: one that died before it had a lease is asked for by nobody."""
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if not locks.is_held(path):
                    path.unlink()

    def end(self, run: str) -> None:
        """See Life."""
        if (lock := self._held.pop(run, None)) is not None:
            (self._folder / run).unlink(missing_ok=True)
            os.close(lock)

    def is_alive(self, _: Connection, run: str) -> bool | None:
        """See Life."""
        try:
            held = locks.is_held(self._folder / run)
        except FileNotFoundError:
            return None
        if not held:
            (self._folder / run).unlink(missing_ok=True)
        return held


class Sessions:
    """Advisory locks of PostgreSQL, for any number of machines."""

    def __init__(self, ledger: Ledger) -> None:
        """Use sessions of the ledger's database."""
        self._ledger = ledger
        self._held: dict[str, Connection] = {}

    def begin(self, run: str) -> None:
        """See Life. Raises LedgerError if the database fails."""
        from provision.ledger.spoken import spoken  # with SQLAlchemy, which a look that holds nothing does not load

        if run in self._held:
            return
        with spoken(self._ledger.where):
            session = self._ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            session.exec_driver_sql(KEEPALIVE)
            session.exec_driver_sql("SELECT pg_advisory_lock(%s, hashtext(%s))", (CLASS, run))
        self._held[run] = session

    def end(self, run: str) -> None:
        """See Life."""
        if (session := self._held.pop(run, None)) is not None:
            session.detach()  # never back into the pool: its lock would go with whoever gets it
            session.close()

    def is_alive(self, connection: Connection, run: str) -> bool | None:
        """See Life. A lock that this transaction can have, nobody has."""
        free = connection.exec_driver_sql("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", (CLASS, run)).scalar()
        return not free
