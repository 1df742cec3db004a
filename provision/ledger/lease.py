"""Rows of the table `lease`: one run at a time works on a device.

A run lives while it holds a lock that the system takes from it when it ends, however it ends (see life.py), and while
it gives a sign of life every BEAT_S seconds; by the database's clock, since that of a machine may jump. A lease is free
once its run is dead or silent for STALE_S. It never protects a device: a run that was stopped and goes on after it lost
its lease is refused by the device itself (`barred`, see docs/families.md). What may be written under a lease is written
through `home/held.py`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import threading
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.core.errors import LeaseError, LedgerError
from provision.ledger import life
from provision.local import processes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from provision.ledger.store import Ledger

STALE_S = 900  # a holder counts as dead after this long without a sign of life
BEAT_S = 60.0
MACHINE, BOOT = Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id")
NOW = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)",
}


class Lease:
    """The leases that one run has of devices; `lost` says that it has them no longer."""

    def __init__(self, ledger: Ledger, run: str) -> None:
        """Prepare the leases of a run; nothing is taken yet."""
        self.run = run
        self.lost = False
        self._ledger = ledger
        self._life = life.of(ledger)
        self._now = NOW[ledger.engine.dialect.name]
        self._devices: frozenset[str] = frozenset()
        self._end = threading.Event()
        self._beats: threading.Thread | None = None

    def take(self, devices: Iterable[str]) -> dict[str, str]:
        """Take the leases in one transaction; return who holds those that were refused, by device.

        A device is refused if a living run has its lease; the text says which run, process and computer.
        """
        from sqlalchemy import text  # a look that holds nothing does not pay for it

        wanted, refused = list(devices), dict[str, str]()
        if not wanted:
            return refused
        self._life.begin(self.run)
        me = {"host": computer(), "pid": os.getpid(), "born": processes.born(os.getpid()) or 0}
        row_of = text(f"SELECT run, host, pid, born, {self._now} - seen_at FROM lease WHERE device = :d")
        taken = text(
            "INSERT INTO lease (device, run, host, pid, born, seen_at) "
            f"VALUES (:d, :r, :host, :pid, :born, {self._now})"
        )
        with self._ledger.writing() as connection:
            for device in wanted:
                row = connection.execute(row_of, {"d": device}).fetchone()
                if row is not None and self._lives(connection, row):
                    refused[device] = f"run {row[0]} (process {row[2]} on {_named(str(row[1]))})"
                    continue
                connection.execute(text("DELETE FROM lease WHERE device = :d"), {"d": device})
                connection.execute(taken, {"d": device, "r": self.run, **me})
        self._devices = frozenset(wanted) - refused.keys()
        if self._devices:
            self._beats = threading.Thread(target=self._beat, name="lease", daemon=True)
            self._beats.start()
        return refused

    def _lives(self, connection: Connection, row: Sequence[Any]) -> bool:
        run, host, pid, born, silent_s = row
        if int(silent_s) >= STALE_S:
            return False
        alive = self._life.is_alive(connection, str(run))
        if alive is not None or " " in str(host):  # a file of ours that is gone was swept
            return bool(alive)
        return processes.born(int(pid)) == int(born) if str(host) == platform.node() else True  # of an older release

    def renew(self, connection: Connection, devices: Collection[str]) -> None:
        """Record a sign of life for some of the devices, within a transaction that writes.

        Raises LeaseError if another run has one of them by now: it took this one for dead.
        """
        from sqlalchemy import bindparam, text

        mine = text(f"UPDATE lease SET seen_at = {self._now} WHERE run = :r AND device IN :d")
        mine = mine.bindparams(bindparam("d", expanding=True))
        if devices and connection.execute(mine, {"r": self.run, "d": list(devices)}).rowcount != len(devices):
            self.lost = True
            raise LeaseError(
                f"run {self.run} gave no sign of life for too long, and another run took it over: nothing was written",
                where=", ".join(sorted(devices)),
                hint="provision history, then run the command again",
            )

    def require(self, devices: Collection[str]) -> None:
        """Raise LeaseError unless the run still has all of the devices; it is a sign of life, too."""
        with self._ledger.writing() as connection:
            self.renew(connection, devices)

    def _beat(self) -> None:
        """Record signs of life until the leases are given back; what is lost is noted, and told by who asks next."""
        while not self._end.wait(BEAT_S):
            with contextlib.suppress(LedgerError):  # busy or away: the next one is due before the lease is stale
                try:
                    self.require(self._devices)
                except LeaseError:
                    return

    def release(self) -> None:
        """End the leases that the run still has; those of other runs stay."""
        from sqlalchemy import bindparam, text

        self._end.set()
        if self._beats:
            self._beats.join()
        try:
            if self._devices:
                gone = text("DELETE FROM lease WHERE run = :r AND device IN :d")
                gone = gone.bindparams(bindparam("d", expanding=True))
                with self._ledger.writing() as connection:
                    connection.execute(gone, {"r": self.run, "d": list(self._devices)})
        finally:
            self._devices = frozenset()
            self._life.end(self.run)


@cache
def computer() -> str:
    """Return this computer as a row names it: its name, and what tells it from others of that name.

    That is a part of its machine id and of the id of this start; a cloned disk has the same machine id.
    """
    return " ".join([platform.node() or "unknown", _first(MACHINE), _first(BOOT)])


def _first(path: Path) -> str:
    try:
        return path.read_text().strip()[:8] or "-"
    except OSError:
        return "-"


def _named(host: str) -> str:
    """Return a row's computer for a person: its name, and its ids where another computer has that name, too."""
    name = host.partition(" ")[0]
    return host if name == computer().partition(" ")[0] and host not in {name, computer()} else name
