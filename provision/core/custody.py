"""The shape of a loan: its states, its term, and who may say what; pure, from the events of one kecamatan.

States and words are those of the domain page on custody; what they mean does not change when more
papers come: `draft` has no paper yet, `awaiting signature` has one, `active` was signed on a day, `overdue`
is active after its last day, `returned` came back, `void` was called off before it was signed.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NoReturn

from provision.core.errors import UsageError
from provision.core.model import Event

DRAFTED, ISSUED, SIGNED = "handover.drafted", "handover.issued", "handover.signed"
VOIDED, GIVEN_BACK = "handover.voided", "handover.returned"
REPLACED, WAIVED, TRAINED, MOVED = "kit.replaced", "check.waived", "training.given", "item.moved"
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
    """One loan of one kit; `paper` is what was drafted, `items` are those lent now (after replacements).

    Days are ISO 8601; `until` is the last day of use. `document` is the SHA-256 of the paper.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """What one person answers for until a day, because it cannot be known or mended now."""

    check: str
    by: str
    reason: str
    until: str


def handovers(kecamatan: str, events: Iterable[Event], today: str) -> list[Handover]:
    """Give the loans of one kecamatan, oldest first, as they stand on day `today`."""
    found: dict[str, Handover] = {}
    for event in events:
        body = event.payload
        if event.verb == DRAFTED:
            found[body["id"]] = Handover(
                id=body["id"], kecamatan=kecamatan, state=State.DRAFT, paper=body, items=tuple(body["items"]), drafted=event
            )  # fmt: skip
        elif event.verb in STEPS and body.get("id") in found:
            found[body["id"]] = STEPS[event.verb](found[body["id"]], body)
    return [_as_of(one, today) for one in found.values()]


def _as_of(one: Handover, today: str) -> Handover:
    return replace(one, state=State.OVERDUE) if one.state is State.ACTIVE and today > one.until else one


def _replaced(one: Handover, body: Mapping[str, Any]) -> Handover:
    new = {pair["old"]["asset_tag"]: pair["new"] for pair in body["pairs"]}
    return replace(one, items=tuple(new.get(i["asset_tag"], i) for i in one.items))


STEPS: Mapping[str, Any] = {
    ISSUED: lambda one, body: replace(one, state=State.AWAITING, document=body["document"], file=body["file"]),
    SIGNED: lambda one, body: replace(one, state=State.ACTIVE, signed_at=body["effective"], until=body["until"]),
    VOIDED: lambda one, _: replace(one, state=State.VOID),
    GIVEN_BACK: lambda one, body: replace(one, state=State.RETURNED, returned_at=body["effective"]),
    REPLACED: _replaced,
}


def newest(loans: Sequence[Handover]) -> Handover | None:
    """Give the loan that is not over, or None."""
    return next((one for one in reversed(loans) if one.state in OPEN), None)


def waivers(events: Iterable[Event], today: str) -> list[Waiver]:
    """Give the waivers that hold on day `today`; a later one of the same check replaces an earlier one."""
    found = {e.payload["check"]: Waiver(**e.payload) for e in events if e.verb == WAIVED}
    return [w for w in found.values() if w.until >= today]


def last_day(start: str, months: int) -> str:
    """Give the last day of use: the day before the same day `months` later, clamped to the month's end."""
    first = date.fromisoformat(start)
    year, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + year, month + 1
    end = date(year, month, min(first.day, calendar.monthrange(year, month)[1]))
    return (end - timedelta(days=1)).isoformat()


def day(text: str, option: str) -> str:
    """Read a day as 2026-11-24 or 24-11-2026; raises UsageError where it is none."""
    plain = text.strip().replace("/", "-")
    found = DAY.fullmatch(plain) or DAY.fullmatch("-".join(reversed(plain.split("-"))))
    try:
        return date(*(int(found[n]) for n in ("y", "m", "d"))).isoformat() if found else _no_day(text, option)
    except ValueError:
        _no_day(text, option)


def _no_day(text: str, option: str) -> NoReturn:
    raise UsageError(f"{option}: not a day: {text}", hint="write it as 2026-11-24 or 24-11-2026")


def move(
    item: Mapping[str, Any], place: str, holder: str, *, effective: str, because: str, loan: str
) -> dict[str, Any]:
    """Give the payload of one item's move: from day `effective` it is at `place`, in the hands of `holder`."""
    return {
        "effective": effective, "place": place, "holder": holder, "because": because, "loan": loan,
        "condition": item["condition"], "kind": item["kind"], "serial": item["serial"],
        "model": f"{item['brand']} {item['model']}",
    }  # fmt: skip
