"""The loans and waivers of one kecamatan, as its events tell them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from provision.core.custody import Handover, State, Waiver
from provision.core.model import Event
from provision.ledger.lending_events import Drafted, Issued, Replaced, Returned, Signed, Voided, Waived


def handovers(kecamatan: str, events: Iterable[Event], today: str) -> list[Handover]:
    """Return the loans of one kecamatan, oldest first, as its `events` (oldest first) leave them.

    An active loan is overdue if its last day is before `today` (ISO 8601).
    """
    loans: dict[str, Handover] = {}
    for event in events:
        if event.verb == Drafted.VERB:
            paper = Drafted.read(event.payload).paper
            loans[paper["id"]] = Handover(
                id=paper["id"],
                kecamatan=kecamatan,
                state=State.DRAFT,
                paper=paper,
                items=tuple(paper["items"]),
                drafted=event,
            )
        elif event.payload.get("id") in loans:
            loan = loans[event.payload["id"]]
            loans[loan.id] = _after(loan, event)
    return [replace(one, state=State.OVERDUE) if _is_overdue(one, today) else one for one in loans.values()]


def _is_overdue(loan: Handover, today: str) -> bool:
    return loan.state is State.ACTIVE and today > loan.until


def _after(loan: Handover, event: Event) -> Handover:
    """Return the loan as it is after one of its events; an event that changes no loan leaves it as it was."""
    body = event.payload
    match event.verb:
        case Issued.VERB:
            issued = Issued.read(body)
            made_with = issued.made_with or {}
            return replace(loan, state=State.AWAITING, document=issued.document, file=issued.file, made_with=made_with)
        case Signed.VERB:
            signed = Signed.read(body)
            return replace(loan, state=State.ACTIVE, signed_at=signed.effective, until=signed.until)
        case Voided.VERB:
            return replace(loan, state=State.VOID)
        case Returned.VERB:
            return replace(loan, state=State.RETURNED, returned_at=Returned.read(body).effective)
        case Replaced.VERB:
            new = {pair["old"]["asset_tag"]: pair["new"] for pair in Replaced.read(body).pairs}
            return replace(loan, items=tuple(new.get(i["asset_tag"], i) for i in loan.items))
    return loan


def waivers(events: Iterable[Event], today: str) -> list[Waiver]:
    """Return the waivers that hold on day `today`; a later one of the same check replaces an earlier one."""
    last = {w.check: w for e in events if e.verb == Waived.VERB for w in (Waived.read(e.payload),)}
    return [Waiver(check=w.check, by=w.by, reason=w.reason, until=w.until) for w in last.values() if w.until >= today]
