"""A ledger as lines of text, and back: the same numbers, bytes and hashes on SQLite or PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import text

from provision.core.errors import LedgerError
from provision.ledger.head import MISSING, advance_head, head_fault, read_head
from provision.ledger.schema import GENESIS
from provision.ledger.store import INSERT, Ledger, newest

BATCH = 5000


def lines(ledger: Ledger) -> Iterator[str]:
    """Yield each event, oldest first, as one line of JSON: [number, body, hash in hex], with a line end."""
    with ledger.engine.connect() as connection:
        rows = connection.execution_options(yield_per=BATCH).execute(
            text("SELECT number, body, hash FROM event ORDER BY number")
        )
        for number, body, digest in rows:
            yield json.dumps([number, body, bytes(digest).hex()], ensure_ascii=False) + "\n"


def head_of(text_lines: Iterable[str]) -> tuple[int, str]:
    """Return the head of the chain in `text_lines`: number and hash (hex) of its last event.

    Without any line it is (0, ""). Raises LedgerError at the first event whose number or hash does not fit the chain.
    """
    previous, count = GENESIS, 0
    for line in text_lines:
        number, body, digest = json.loads(line)
        count += 1
        previous = sha256(previous + body.encode()).digest()
        if number != count or digest != previous.hex():
            raise LedgerError(f"event {count} of this copy is not what was written", hint="take another backup")
    return count, previous.hex() if count else ""


def take(ledger: Ledger, text_lines: Iterable[str]) -> tuple[int, str]:
    """Append the events of `text_lines` that the ledger does not have yet; return its new head.

    The head is the number and hash (hex) of the last event, or (0, "") without events; `head_of` verifies the lines.
    Raises LedgerError, with nothing written, if the ledger has more events than the lines, if the lines hold another
    event in the place of its last one, or if the head file names an event that is not in the lines. A missing head file
    is made: the lines prove what it would.
    """
    listed = [json.loads(line) for line in text_lines]
    with ledger.writing() as connection:
        have, last = newest(connection)
        if have > len(listed):
            raise LedgerError(
                f"the ledger here is newer: it has {have} events, the copy {len(listed)}; nothing was written",
                where=ledger.where,
                hint="restore into another directory: provision --home DIR restore FILE",
            )
        if have and last.hex() != listed[have - 1][2]:
            raise LedgerError(
                f"the ledger here has another history: event {have} is not that of the copy; nothing was written",
                where=ledger.where,
                hint="restore into another directory: provision --home DIR restore FILE",
            )
        _validate_head(ledger, listed)
        rows = [{"n": n, "b": body, "h": bytes.fromhex(digest)} for n, body, digest in listed[have:]]
        if rows:
            connection.execute(text(INSERT), rows)
    if listed:
        advance_head(ledger.head, len(listed), listed[-1][2])
    return (len(listed), listed[-1][2]) if listed else (0, "")


def _validate_head(ledger: Ledger, listed: Sequence[Sequence[Any]]) -> None:
    """Raise LedgerError if the head file names an event that is not in the copy."""
    known = read_head(ledger.head)
    if known is not MISSING and (said := head_fault(known, len(listed), lambda number: str(listed[number - 1][2]))):
        raise LedgerError(
            f"this copy is not of the ledger that was kept here: {said}; nothing was written",
            where=str(ledger.head),
            hint="restore into another directory: provision --home DIR restore FILE",
        )
