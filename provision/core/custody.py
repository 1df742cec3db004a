"""Loans of kits: their states, their term, and waivers.

States and words are those of the domain page on custody; what they mean does not change when more papers come:
`draft` has no paper yet, `awaiting signature` has one, `active` was signed on a day, `overdue` is active after its
last day, `returned` came back, `void` was called off before it was signed.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NoReturn

from provision.core.errors import UsageError
from provision.core.model import Event

DAY = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})")
STORE = "gudang"  # the office's own store; every other place is a kecamatan's slug


class State(StrEnum):
    """How far a loan has come."""

    DRAFT = "draft"
    AWAITING = "awaiting signature"
    ACTIVE = "active"
    OVERDUE = "overdue"
    RETURNED = "returned"
    VOID = "void"


OPEN = (State.DRAFT, State.AWAITING, State.ACTIVE, State.OVERDUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One loan of one kit; `paper` is the content as it was drafted, `items` are those lent now (after replacements).

    Days are ISO 8601, empty if not known yet; `until` is the last day of use. `document` is the SHA-256 of the printed
    paper, `file` its file name, `made_with` the version of Typst and the digest of the template that made it. `drafted`
    is the event that began the loan.
    """

    id: str
    kecamatan: str
    state: State
    paper: Mapping[str, Any]
    items: tuple[Mapping[str, Any], ...]
    drafted: Event
    document: str = ""
    file: str = ""
    signed_at: str = ""
    until: str = ""
    returned_at: str = ""
    made_with: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Waiver of one check: the person `by` answers for it up to and including the day `until` (ISO 8601).

    It is for what cannot be known or mended now; `reason` says why.
    """

    check: str
    by: str
    reason: str
    until: str


def newest(loans: Sequence[Handover]) -> Handover | None:
    """Return the newest loan that is neither returned nor void, or None; `loans` are oldest first."""
    return next((one for one in reversed(loans) if one.state in OPEN), None)


def last_day(start: str, months: int) -> str:
    """Return the last day of use (ISO 8601): the day before the same day `months` after `start`.

    If that month is too short, its last day stands for the same day.
    """
    first = date.fromisoformat(start)
    year, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + year, month + 1
    end = date(year, month, min(first.day, calendar.monthrange(year, month)[1]))
    return (end - timedelta(days=1)).isoformat()


def day(text: str, option: str) -> str:
    """Return a day as YYYY-MM-DD; it may be written 2026-11-24 or 24-11-2026. Raises UsageError if it is not a day."""
    plain = text.strip().replace("/", "-")
    found = DAY.fullmatch(plain) or DAY.fullmatch("-".join(reversed(plain.split("-"))))
    try:
        return date(*(int(found[n]) for n in ("y", "m", "d"))).isoformat() if found else _no_day(text, option)
    except ValueError:
        _no_day(text, option)


def _no_day(text: str, option: str) -> NoReturn:
    raise UsageError(f"{option}: not a day: {text}", hint="write it as 2026-11-24 or 24-11-2026")
