"""Verify a ledger: its hash chain, the head outside the database and, on SQLite, the file itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy.exc import DBAPIError

from provision.ledger.schema import GENESIS, TRIGGERS
from provision.ledger.store import Ledger, read_head

BATCH = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What breaks a ledger (`because`), and the number that follows its last good event."""

    number: int
    because: str


def verify(ledger: Ledger) -> tuple[int, Break | None]:
    """Return the count of good events and the first break, or None in its place if the ledger is sound.

    Checks the numbers and hashes of all events, the head outside the database and, on SQLite, the triggers and the
    file. An error while reading is returned as a break at event 1, with a count of 0.
    """
    head = read_head(ledger.head)
    with ThreadPoolExecutor(1) as beside:
        rest = beside.submit(_rest_is_sound, ledger)
        raw = ledger.engine.raw_connection()
        try:
            count, found = _walk(raw, head)
            because = "" if found else rest.result()
        except DBAPIError as error:
            return 0, Break(number=1, because=f"the database is damaged: {error.orig}")
        except Exception as error:  # noqa: BLE001 (sqlite3.DatabaseError, below SQLAlchemy)
            return 0, Break(number=1, because=f"the database is damaged: {error}")
        finally:
            raw.close()
    if because:
        found = Break(number=count + 1, because=because)
    if found is None and head and head[0] > count:
        found = Break(number=count + 1, because=f"the tail is cut: the head outside the database is event {head[0]}")
    return count, found


def _walk(raw: Any, head: tuple[int, str] | None) -> tuple[int, Break | None]:
    cursor = raw.cursor()
    cursor.execute("SELECT number, body, hash FROM event ORDER BY number")
    previous, count = GENESIS, 0
    expected_head = head or (0, "")
    while rows := cursor.fetchmany(BATCH):
        for number, body, digest in rows:
            count += 1
            if number != count:
                return count - 1, Break(number=count, because=f"event {count} is missing")
            computed = sha256(previous + (body.encode() if isinstance(body, str) else bytes(body))).digest()
            if computed != bytes(digest):
                return count - 1, Break(number=count, because="its bytes are not those that were written")
            previous = computed
            if number == expected_head[0] and computed.hex() != expected_head[1]:
                return count - 1, Break(
                    number=count, because="it is not the event that the head outside the database names"
                )
    return count, None


def _rest_is_sound(ledger: Ledger) -> str:
    """Return what is wrong with a SQLite file besides its events, or an empty text if it is sound.

    It looks for the triggers that refuse UPDATE and DELETE and runs PRAGMA integrity_check (indexes, free pages); a
    database that is not SQLite is not checked. It takes two thirds of the whole time, so it runs beside the walk of the
    chain (SQLite releases Python's lock).
    """
    if ledger.engine.dialect.name != "sqlite":
        return ""
    raw = ledger.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
        if not {row[0] for row in cursor.fetchall()}.issuperset(TRIGGERS["sqlite"]):
            return "the triggers that refuse UPDATE and DELETE are not there"
        cursor.execute("PRAGMA integrity_check(1)")
        found = cursor.fetchone()
        said = str(found[0]) if found else "no answer"
        return "" if said == "ok" else f"behind the events the file is damaged: {said}"
    finally:
        raw.close()
