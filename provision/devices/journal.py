"""The journal of runs: the only writer of begun, ended, enrolled and accepted, for every kind of device.

A configuration is kept in one transaction with its acceptance, here and nowhere else; `rollback` relies on the two
standing side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from provision.core.device import Device
from provision.core.model import Event, Kind, Snapshot
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
from provision.ledger.known import open_runs
from provision.ledger.records import DeviceRecord, Kept

BEGUN: dict[Kind, tuple[type[Begun | PcBegun], type[Ended]]] = {
    Kind.MODEM: (Begun, Ended),
    Kind.RADIO: (Begun, Ended),
    Kind.PC: (PcBegun, PcEnded),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How a run ended on one device: how, because of what, and what runs from now on where it was accepted.

    `rotated`: the vault ends with the new set of secrets where the device runs it, else with the old one.
    `undone` are the settings that were given back.
    """

    tag: str
    run: str
    ending: str
    because: str
    accepted: tuple[Device, Snapshot] | None = None
    rotated: bool | None = None
    undone: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A device that was compared with its record and pinned.

    `bound` are a PC's peripherals by kind, `unbound` why not.
    """

    device: Device
    snapshot: Snapshot
    host_key: str
    fingerprint: str
    installed: tuple[str, ...] | None = None
    bound: Bound | None = None
    unbound: tuple[str, ...] = ()


def begin(workspace: Workspace, lines: Sequence[tuple[str, Begun | PcBegun]]) -> None:
    """Record that a run begins on devices, before anything is sent."""
    workspace.ledger.record(lines, at=workspace.now())


def conclude(workspace: Workspace, kind: Kind, conclusions: Sequence[Conclusion]) -> None:
    """Record the end of a run on each device, and what was accepted, in one transaction."""
    _, ended = BEGUN[kind]
    lines: list[Line] = []
    for one in conclusions:
        lines.append((one.tag, ended(run=one.run, ending=one.ending, because=one.because)))
        if one.rotated is not None:
            (workspace.vault.promote if one.rotated else workspace.vault.discard)(one.tag)
            lines += [(one.tag, Rotated(run=one.run))] if one.rotated else []
        if one.undone is not None:
            lines.append((one.tag, Undone(run=one.run, settings=one.undone)))
        if one.accepted is not None:
            lines += _accepted(*one.accepted)
    if lines:
        workspace.ledger.record(lines, at=workspace.now())
        workspace.forget_known()


def accept(workspace: Workspace, device: Device, running: Snapshot, before: Sequence[Act] = ()) -> None:
    """Make what runs the accepted configuration, in one transaction with what happened `before` it."""
    accept_all(workspace, [(device, running)], [(device.tag, act) for act in before])


def accept_all(workspace: Workspace, running: Sequence[tuple[Device, Snapshot]], before: Sequence[Line] = ()) -> None:
    """Make what runs on each device its accepted configuration, in one transaction."""
    lines = [*before, *(line for device, snapshot in running for line in _accepted(device, snapshot))]
    workspace.ledger.record(lines, at=workspace.now())
    workspace.forget_known()


def enrolled(workspace: Workspace, enrolment: Enrolment) -> None:
    """Record a device that was let in, with the configuration that it was found with."""
    tag = enrolment.device.tag
    event = Enrolled(
        device=DeviceRecord.of(enrolment.device),
        host_key=enrolment.host_key,
        fingerprint=enrolment.fingerprint,
        installed=enrolment.installed,
    )
    lines: list[Line] = [(tag, Configured(kept=Kept.of(enrolment.snapshot))), (tag, event)]
    lines += [(tag, enrolment.bound)] if enrolment.bound else []
    workspace.ledger.record(lines, at=workspace.now())
    workspace.forget_known()


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
    """Return the device with the model and firmware that it said."""
    said = snapshot.readings
    return replace(device, firmware=str(said.get("firmware", "")), model=str(said.get("model", "")))


def _accepted(device: Device, running: Snapshot) -> list[Line]:
    return [
        (device.tag, Configured(kept=Kept.of(running))),
        (device.tag, Accepted(device=DeviceRecord.of(device))),
    ]
