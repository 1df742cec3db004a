"""The journal of runs: the only writer of begun, ended, enrolled and accepted, for every kind of device.

A configuration is kept in one transaction with its acceptance, here and nowhere else; `rollback` relies on the two
standing side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from provision.core.device import Device
from provision.core.foreign import Foreign
from provision.core.model import Event, Kind, Secret, Snapshot
from provision.home.held import Held
from provision.home.workspace import Workspace
from provision.ledger.act import Act, Line
from provision.ledger.events import (
    Accepted,
    Begun,
    Bound,
    Configured,
    Ended,
    Enrolled,
    PcBegun,
    PcEnded,
    Rotated,
    Undone,
)
from provision.ledger.known import Known, open_runs
from provision.ledger.records import DeviceRecord, Kept
from provision.ledger.run_events import Assumed

BEGUN: dict[Kind, tuple[type[Begun | PcBegun], type[Ended]]] = {
    Kind.MODEM: (Begun, Ended),
    Kind.RADIO: (Begun, Ended),
    Kind.PC: (PcBegun, PcEnded),
}

_open: set[str] = set()  # the devices on which this process has begun a run and not recorded its end
REVOKED = "revoked"  # the end of a run whose device was revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The end of a run on one device: how, because of what, and the device and snapshot that were accepted, if any.

    `rotated` is True to make the pending secrets in the vault the device's own, False to discard them, None to leave
    the vault alone. `undone` are the settings that were given back, None if the run undid nothing. `assumed` is the
    reason of a person who said how it ended, empty where that is proved.
    """

    tag: str
    run: str
    ending: str
    because: str
    accepted: tuple[Device, Snapshot] | None = None
    rotated: bool | None = None
    undone: tuple[str, ...] | None = None
    assumed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A device that was compared with its record and pinned, with its snapshot and host key.

    `installed` are the packages that were installed, None for a PC. `bound` are a PC's peripherals by kind, None for
    other devices; `unbound` says why a kind has none. `secrets` are those that a person has set on it, by name.
    """

    device: Device
    snapshot: Snapshot
    host_key: str
    fingerprint: str
    installed: tuple[str, ...] | None = None
    bound: Bound | None = None
    unbound: tuple[str, ...] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict)


def begin(held: Held, lines: Sequence[tuple[str, Begun | PcBegun]]) -> None:
    """Record the begun event of a run on each device, in one transaction; to be called before anything is sent."""
    held.record(lines)
    _open.update(tag for tag, _ in lines)


def begun_here() -> list[str]:
    """Return the asset tags of the devices on which this process has begun a run and not recorded its end."""
    return sorted(_open)


def conclude(held: Held, kind: Kind, conclusions: Sequence[Conclusion]) -> None:
    """Record the end of a run on each device, and what was rotated, undone and accepted, in one transaction.

    In a rotation the vault's pending secrets are promoted or discarded first; where its end is only assumed, the others
    are kept as spare ones until a device is proved to run its own. Without conclusions nothing is recorded.
    """
    _, ended = BEGUN[kind]
    lines: list[Line] = []
    for one in conclusions:
        lines += [(one.tag, Assumed(run=one.run, ending=one.ending, reason=one.assumed))] if one.assumed else []
        lines.append((one.tag, ended(run=one.run, ending=one.ending, because=one.because)))
        if one.rotated is not None:
            (held.promote if one.rotated else held.discard)(one.tag, spare=bool(one.assumed))
            lines += [(one.tag, Rotated(run=one.run))] if one.rotated else []
        if one.undone is not None:
            lines.append((one.tag, Undone(run=one.run, settings=one.undone)))
        if one.accepted is not None:
            lines += _accepted(*one.accepted)
    if lines:
        held.record(lines)
    _open.difference_update(one.tag for one in conclusions)
    for one in conclusions:
        if one.rotated and not one.assumed:
            held.forget_spare(one.tag)


def ended_by_revocation(workspace: Workspace, tag: str, because: str) -> list[Line]:
    """Return the events that end the open runs of a device that is revoked: what it runs is nobody's any more."""
    return [
        (tag, BEGUN[kind][1](run=BEGUN[kind][0].read(event.payload).run, ending=REVOKED, because=because))
        for kind in Kind
        for subject, event in unfinished(workspace, kind).items()
        if subject == tag
    ]


def accept(held: Held, known: Known, running: Snapshot, before: Sequence[Act] = ()) -> None:
    """Record `running` as the accepted configuration of a device, in one transaction behind the events in `before`.

    Raises ChangedError, with nothing recorded, if the device was enrolled, accepted or revoked since `known` was read:
    what was compared with it says nothing any more.
    """
    lines: list[Line] = [(known.device.tag, act) for act in before]
    held.record([*lines, *_accepted(known.device, running)], expect=known.seen)


def accept_all(held: Held, running: Sequence[tuple[Device, Snapshot]]) -> None:
    """Record each snapshot as the accepted configuration of its device, all in one transaction."""
    held.record([line for device, snapshot in running for line in _accepted(device, snapshot)])


def enrolled(held: Held, enrolment: Enrolment) -> None:
    """Record an enrolled device, the configuration it was found with, and a PC's bound peripherals, if any.

    All of it is one transaction. The secrets of the enrolment are put into the vault first: a device without its record
    is enrolled again, one without its secrets could not be entered.
    """
    tag = enrolment.device.tag
    if enrolment.secrets:
        held.keep(tag, enrolment.secrets)
    if enrolment.bound is not None:
        held.new_report_key(tag)
    event = Enrolled(
        device=DeviceRecord.of(enrolment.device),
        host_key=enrolment.host_key,
        fingerprint=enrolment.fingerprint,
        installed=enrolment.installed,
    )
    lines: list[Line] = [(tag, Configured(kept=Kept.of(enrolment.snapshot))), (tag, event)]
    lines += [(tag, enrolment.bound)] if enrolment.bound else []
    held.record(lines)


def unfinished(workspace: Workspace, kind: Kind) -> dict[str, Event]:
    """Return the begun events of one kind's runs that have no recorded end, by asset tag."""
    begun, ended = BEGUN[kind]
    runs = open_runs(workspace.latest(begun.VERB, ended.VERB), begun.VERB)
    if kind is Kind.PC:
        return runs
    return {t: e for t, e in runs.items() if Begun.read(e.payload).after.device(t).kind is kind}


def all_unfinished(workspace: Workspace) -> set[str]:
    """Return the asset tags of all devices on which a run has no recorded end."""
    return {tag for kind in Kind for tag in unfinished(workspace, kind)}


def read_identity(device: Device, snapshot: Snapshot) -> Device:
    """Return the device with the model and firmware of the snapshot's readings, each empty if it was not read."""
    said = snapshot.readings
    return replace(device, firmware=Foreign(str(said.get("firmware", ""))), model=Foreign(str(said.get("model", ""))))


def _accepted(device: Device, running: Snapshot) -> list[Line]:
    return [
        (device.tag, Configured(kept=Kept.of(running))),
        (device.tag, Accepted(device=DeviceRecord.of(device))),
    ]
