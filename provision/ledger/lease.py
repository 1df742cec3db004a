"""Rows of the table `lease`: one run at a time works on a device.

A lease is free again once its process has died; one held on another machine, once it is 15 minutes old (`STALE_S`).
What may be written under a lease is written through `home/held.py`.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from provision.local import processes

if TYPE_CHECKING:
    from provision.ledger.store import Ledger

STALE_S = 900  # a holder on another machine counts as dead after this long without a word


def take(ledger: Ledger, devices: Iterable[str], run: str, *, now: int) -> dict[str, str]:
    """Take the leases of `devices` for `run` in one transaction; return who holds those that were refused, by device.

    A device is refused if a living run has its lease; the text says which run, process and host. `now` is in seconds.
    """
    from sqlalchemy import text  # a look that holds nothing does not pay for it

    wanted, refused = list(devices), dict[str, str]()
    if not wanted:
        return refused
    me = {"host": platform.node(), "pid": os.getpid(), "born": processes.born(os.getpid()) or 0}
    with ledger.writing() as connection:
        for device in wanted:
            row = connection.execute(
                text("SELECT run, host, pid, born, seen_at FROM lease WHERE device = :d"), {"d": device}
            ).fetchone()
            if row is not None and _lives(row, now, str(me["host"])):
                refused[device] = f"run {row[0]} (process {row[2]} on {row[1]})"
                continue
            connection.execute(text("DELETE FROM lease WHERE device = :d"), {"d": device})
            connection.execute(
                text(
                    "INSERT INTO lease (device, run, host, pid, born, seen_at) VALUES (:d, :r, :host, :pid, :born, :s)"
                ),
                {"d": device, "r": run, "s": now, **me},
            )
    return refused


def release(ledger: Ledger, devices: Sequence[str], run: str) -> None:
    """Delete the leases that `run` has of `devices`; those of other runs stay."""
    from sqlalchemy import bindparam, text

    if devices:
        gone = text("DELETE FROM lease WHERE run = :r AND device IN :d").bindparams(bindparam("d", expanding=True))
        with ledger.writing() as connection:
            connection.execute(gone, {"r": run, "d": list(devices)})


def _lives(row: Sequence[Any], now: int, host: str) -> bool:
    if row[1] != host:
        return now - int(row[4]) < STALE_S
    return processes.born(int(row[2])) == int(row[3])
