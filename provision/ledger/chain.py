"""Verify a ledger: its hash chain, the head outside the database, and what else is in the database."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy.exc import DBAPIError

from provision.ledger.head import HASH_DIGITS, NUMBER_DIGITS, Head, head_fault, read_head
from provision.ledger.schema import GENESIS, differences
from provision.ledger.store import Ledger

BATCH = 5000
DIGITS = 16  # of a hash, at least, to compare an event with


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What breaks a ledger (`because`), and the number that follows its last good event.

    `of_head` is True if the events are sound, and only the head file is missing or names others.
    """

    number: int
    because: str
    of_head: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What somebody else knows of one event: its number, and its hash or the start of it (hex)."""

    number: int
    digest: str


def witness(text: str) -> Witness | None:
    """Return the witness that `N:HASH` or the two words of a head file name, or None if they name none.

    The hash may be cut to 16 digits and stand in groups, as papers print it.
    """
    number, _, digest = text.strip().replace(":", " ", 1).partition(" ")
    digest = "".join(digest.split()).lower()
    if not (number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS and int(number)):
        return None
    if not DIGITS <= len(digest) <= HASH_DIGITS:
        return None
    return Witness(number=int(number), digest=digest) if set(digest) <= set("0123456789abcdef") else None


def verify(ledger: Ledger, against: Witness | None = None) -> tuple[int, Break | None]:
    """Return the count of good events and the first break, or None in its place if the ledger is sound.

    Checks the numbers and hashes of all events, the head outside the database, `against` if it is given, and the
    schema; on SQLite the file, too. An error while reading is returned as a break at event 1, with a count of 0.
    """
    known = read_head(ledger.head)  # before the events: another command may append one meanwhile
    with ThreadPoolExecutor(1) as beside:
        rest = beside.submit(_rest_is_sound, ledger)
        raw = ledger.engine.raw_connection()
        try:
            walked = _walk(raw, {known.number, against.number if against else 0})
            because = "" if walked.found else rest.result()
        except DBAPIError as error:
            return 0, Break(number=1, because=f"the database is damaged: {error.orig}")
        except Exception as error:  # noqa: BLE001 (sqlite3.DatabaseError, below SQLAlchemy)
            return 0, Break(number=1, because=f"the database is damaged: {error}")
        finally:
            raw.close()
    if because:
        return walked.count, Break(number=walked.count + 1, because=because)
    return walked.count, walked.found or _outside(known, walked, against)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """How far a chain is good: the count of good events, the hashes (hex) of some, and the first break, if any."""

    count: int
    hashes: Mapping[int, str]
    found: Break | None = None


def _outside(known: Head, walked: Walked, against: Witness | None) -> Break | None:
    """Return what does not fit the head file or a witness, among sound events; None if all does."""
    count, hashes = walked.count, walked.hashes
    if said := head_fault(known, count, lambda number: hashes[number]):
        number = known.number if 0 < known.number <= count else count + 1
        return Break(number=number, because=said, of_head=True)
    if against is None or hashes.get(against.number, "").startswith(against.digest):
        return None
    if against.number not in hashes:
        return Break(number=count + 1, because=f"there is no event {against.number}, which --against names")
    return Break(number=against.number, because="it is not the event that --against names")


def _walk(raw: Any, keep: set[int]) -> Walked:
    """Walk the chain to its first break; keep the hashes of the events whose numbers are in `keep`."""
    cursor = raw.cursor()
    cursor.execute("SELECT number, body, hash FROM event ORDER BY number")
    previous, count = GENESIS, 0
    kept: dict[int, str] = {}

    def broken(because: str) -> Walked:
        return Walked(count=count - 1, hashes=kept, found=Break(number=count, because=because))

    while rows := cursor.fetchmany(BATCH):
        for number, body, digest in rows:
            count += 1
            if number != count:
                return broken(f"event {count} is missing")
            computed = sha256(previous + (body.encode() if isinstance(body, str) else bytes(body))).digest()
            if computed != bytes(digest):
                return broken("its bytes are not those that were written")
            previous = computed
            if number in keep:
                kept[number] = computed.hex()
    return Walked(count=count, hashes=kept)


def _rest_is_sound(ledger: Ledger) -> str:
    """Return what is wrong with the database besides its events, or an empty text if it is sound.

    It compares triggers, view, columns and indexes with those that the migrations make, and on SQLite runs PRAGMA
    integrity_check (indexes, free pages). That takes two thirds of the whole time, so it runs beside the walk of the
    chain (SQLite releases Python's lock).
    """
    dialect = ledger.engine.dialect.name
    raw = ledger.engine.raw_connection()
    try:
        cursor = raw.cursor()
        if differs := differences(dialect, cursor):
            return f"the database is not as it was made: {', '.join(differs)}"
        if dialect != "sqlite":
            return ""
        cursor.execute("PRAGMA integrity_check(1)")
        found = cursor.fetchone()
        said = str(found[0]) if found else "no answer"
        return "" if said == "ok" else f"behind the events the file is damaged: {said}"
    finally:
        raw.close()
