"""What is plugged into a PC, by the newest proof: a verify over SSH, or a report that the PC signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from provision.core.model import Event, Standing, Verdict
from provision.core.times import day_of
from provision.ledger.act import Json
from provision.ledger.events import Judged, Reported
from provision.ledger.known import Latest

CHECKS = ("camera_is_present", "microphone_is_present", "speaker_is_present", "peripherals_are_the_kits_own")
State = tuple[Standing, str]  # how a watched PC stands, and why


def standing(latest: Latest, history: Callable[[str], Iterable[Event]], tag: str, now: str, limit_days: int) -> State:
    """Return how a PC stands by the newest proof of what is plugged in, if its settings run as accepted.

    A verify or report in which one of CHECKS is unknown proves nothing: the one before counts, from the device's whole
    `history`. DRIFT if a check failed; UNKNOWN without a proof, or if it is older than `limit_days`.
    """
    newest = [e for e in latest(Judged.VERB, Reported.VERB) if e.subject == tag]
    told = _proofs(newest)
    if len(told) < len(newest):
        told = _proofs(history(tag))
    if not told:
        return (
            Standing.UNKNOWN,
            f"its settings run as accepted; nobody has seen what is plugged in: provision verify {tag}",
        )
    _, at, findings = max(told, key=lambda proof: proof[0])
    if wrong := [f for f in findings if f["verdict"] == Verdict.FAIL]:
        return Standing.DRIFT, f"{wrong[0]['because']} (seen {day_of(at)})"
    if datetime.fromisoformat(now).astimezone(UTC) - datetime.fromisoformat(at) > timedelta(days=limit_days):
        return (
            Standing.UNKNOWN,
            f"its settings run as accepted; what is plugged in was last seen on {day_of(at)}: provision verify {tag}",
        )
    return Standing.OK, f"runs as accepted; what is plugged in was seen on {day_of(at)}"


def _proofs(events: Iterable[Event]) -> list[tuple[int, str, Sequence[Json]]]:
    """Return number, time and findings of the events that prove what is plugged in."""
    read = [(e.number, e.at, _findings(e)) for e in events if e.verb in {Judged.VERB, Reported.VERB}]
    return [one for one in read if one[2] and all(f["verdict"] != Verdict.UNKNOWN for f in one[2])]


def _findings(event: Event) -> Sequence[Json]:
    """Return the findings of CHECKS in one event, none if a check is not among them."""
    read = Judged.read(event.payload) if event.verb == Judged.VERB else Reported.read(event.payload)
    own = [f for f in read.findings if f["check"] in CHECKS]
    return own if {f["check"] for f in own} == set(CHECKS) else ()
