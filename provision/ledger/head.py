"""The head file: number and hash of the newest event, kept outside the database.

An event is appended only where the head names an event of the chain that is there. So a chain that was rewritten, or
whose newest events were cut off, does not become whole by the next ordinary command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provision.local.files import ORDINARY, locked, write_whole

HASH_DIGITS, NUMBER_DIGITS = 64, 18
GENESIS = "0" * HASH_DIGITS  # the hash of event 0: a ledger has begun, and nothing was recorded yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a head file holds: number and hash (hex) of an event; or `fault`, why there is none."""

    number: int = 0
    digest: str = ""
    fault: str = ""


MISSING = Head(fault="the head outside the database is missing")


def parse_head(text: str) -> Head:
    """Return the head that a text of two words names: the number of an event, and the 64 digits of its hash."""
    match text.split():
        case [number, digest] if _is_number(number) and len(digest) == HASH_DIGITS:
            if set(digest.lower()) <= set("0123456789abcdef") and (int(number) or digest == GENESIS):
                return Head(number=int(number), digest=digest.lower())
    return Head(fault="the head outside the database is not a number and a hash")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS


def read_head(path: Path) -> Head:
    """Return what the head file holds."""
    try:
        return parse_head(path.read_text("ascii", "replace"))
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return Head(fault=f"the head outside the database cannot be read: {error.strerror}")


def head_fault(head: Head, count: int, hash_of: Callable[[int], str]) -> str:
    """Return why the events are not those that the head was written for, or an empty text.

    `count` is the number of the newest event, `hash_of` returns the hash (hex) of one. Where nothing was recorded yet,
    a head may be missing.
    """
    if head.fault:
        return "" if head is MISSING and not count else head.fault
    if head.number > count:
        return f"the tail is cut: the head outside the database is event {head.number}"
    if head.number and hash_of(head.number) != head.digest:
        return f"event {head.number} is not the one that the head outside the database names"
    return ""


def begin_head(path: Path) -> None:
    """Write a head that names no event yet, unless there is a file: the first event finds it, whoever records it."""
    with locked(path):
        if read_head(path) is MISSING:
            write_whole(path, f"0 {GENESIS}\n", ORDINARY)


def advance_head(path: Path, number: int, digest: str) -> None:
    """Write an event's number and hash, unless the file names a later event.

    It is written after the commit, so it may be behind the database, but never ahead of it.
    """
    with locked(path):
        if read_head(path).number < number:
            write_whole(path, f"{number} {digest}\n", ORDINARY)


def replace_head(path: Path, number: int, digest: str) -> None:
    """Write an event's number and hash, whatever the file holds: for a person who decided so."""
    with locked(path):
        write_whole(path, f"{number} {digest}\n", ORDINARY)
