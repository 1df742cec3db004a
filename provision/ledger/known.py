"""What the ledger knows of devices now, from the newest event of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provision.core.device import Device
from provision.core.errors import DeviceError
from provision.core.model import Event, Snapshot, Stage
from provision.ledger.act import Json
from provision.ledger.events import Accepted, Configured, Enrolled, Judged, Revoked, Rotated, SecretShown, Watched
from provision.ledger.records import DeviceRecord
from provision.ledger.run_events import Assumed

Latest = Callable[..., list[Event]]  # (*verbs) -> the newest event of each subject for each verb, oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A device, whether it was accepted since its enrolment, and its last kept configuration (secrets sealed).

    `seen` are the numbers of the events that this was read from, by (asset tag, verb), 0 for none: what is recorded
    because of it holds only as long as they are the newest.
    """

    device: Device
    snapshot: Snapshot
    accepted: bool
    seen: Mapping[tuple[str, str], int]


class KnownDevices(dict[str, Known]):
    """The known devices by asset tag; one that is not among them raises DeviceError: it may have been revoked."""

    def __missing__(self, tag: str) -> Known:
        """Raise DeviceError."""
        raise DeviceError(
            "not enrolled, or revoked meanwhile", where=tag, hint=f"provision history {tag} shows what happened to it"
        )


def devices(latest: Latest) -> KnownDevices:
    """Return every device that was enrolled and not revoked since, by asset tag."""
    events = latest(Configured.VERB, Enrolled.VERB, Accepted.VERB, Revoked.VERB)  # at once: others record meanwhile
    kept = {e.subject: e for e in events if e.verb == Configured.VERB}
    last = {e.subject: e for e in events if e.verb != Configured.VERB}
    numbers = {(e.subject, e.verb): e.number for e in events}
    known = {t: _known(e, kept[t], numbers) for t, e in sorted(last.items()) if e.verb != Revoked.VERB}
    return KnownDevices(known)


def _known(event: Event, configuration: Event, numbers: Mapping[tuple[str, str], int]) -> Known:
    accepted, tag = event.verb == Accepted.VERB, event.subject
    verbs = (Configured.VERB, Enrolled.VERB, Accepted.VERB, Revoked.VERB)
    return Known(
        device=DeviceRecord.read(event.payload).device(
            event.subject, Stage.PROVISIONED if accepted else Stage.ENROLLED
        ),
        snapshot=Configured.read(configuration.payload).kept.snapshot(event.subject, configuration.at),
        accepted=accepted,
        seen={(tag, verb): numbers.get((tag, verb), 0) for verb in verbs},
    )


def last_answers(latest: Latest, known: Mapping[str, Known]) -> dict[str, str]:
    """Return when each known device last answered (UTC, ISO 8601), by asset tag.

    That is the later of two times: `seen_at` of its last watch, and when its configuration was last kept.
    """
    watched = {e.subject: Watched.read(e.payload).seen_at for e in latest(Watched.VERB)}
    return {tag: max(watched.get(tag, ""), one.snapshot.at) for tag, one in known.items()}


def last_logins(latest: Latest, check: str) -> dict[str, str]:
    """Return when a new login to each device was last proved (UTC, ISO 8601), by asset tag.

    A device is logged in to when it is enrolled and whenever what it runs is accepted, unless a person only said that
    it runs it; a verify proves it by `check`.
    """
    events = latest(Enrolled.VERB, Accepted.VERB, Judged.VERB, Assumed.VERB)
    assumed = {e.subject: e.at for e in events if e.verb == Assumed.VERB}
    proved: dict[str, str] = {}
    for event in (e for e in events if e.verb != Assumed.VERB):
        said = event.verb == Accepted.VERB and event.at == assumed.get(event.subject)  # in one transaction
        if not said and (event.verb != Judged.VERB or _passed(event, check)):
            proved[event.subject] = max(event.at, proved.get(event.subject, ""))
    return proved


def _passed(event: Event, check: str) -> bool:
    return any(f.get("check") == check and f.get("verdict") == "pass" for f in Judged.read(event.payload).findings)


def accepted_records(newest: Sequence[tuple[str, str, Json]]) -> list[tuple[str, DeviceRecord]]:
    """Return (asset tag, record) of each device whose newest event in `newest` is `Accepted`.

    `newest` is (subject, verb, payload) of each device's newest `Accepted` or `Revoked` event, so revoked devices are
    left out.
    """
    return [(tag, DeviceRecord.read(body)) for tag, verb, body in newest if verb == Accepted.VERB]


def shown_secret(latest: Latest, tag: str) -> str:
    """Return the day (UTC, ISO 8601) on which secrets of a device were last shown to a person.

    Empty if none was shown, or if the secrets were replaced since.
    """
    last = [e for e in latest(SecretShown.VERB, Rotated.VERB) if e.subject == tag]
    return last[-1].at[:10] if last and last[-1].verb == SecretShown.VERB else ""


def drill_of(device: Device) -> str:
    """Return the name of what a selftest is valid for, as family/model/firmware."""
    return f"{device.family.name}/{device.model.raw}/{device.firmware.raw}"


def open_runs(events: list[Event], begun: str) -> dict[str, Event]:
    """Return each subject's last event, by subject, if its verb is `begun`: a run without a recorded end.

    `events` are the events that begin and end runs, oldest first.
    """
    last = {e.subject: e for e in events}
    return {tag: e for tag, e in last.items() if e.verb == begun}
