"""A new login to each modem by the office's key: that it answers over SNMP does not prove that it lets anybody in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from provision.connectors.openssh import Question
from provision.connectors.phase import UNREACHABLE, Step
from provision.core.device import Device
from provision.core.errors import UnreachableError
from provision.core.model import Snapshot
from provision.devices.replies import LOOK_DEADLINE_S, unreachable
from provision.home.workspace import Workspace

READING = "login"
PROVED = "ok"
CHECK = "office_can_log_in"
NOTHING = "true"  # a command that does nothing, in any shell


def is_asked(device: Device) -> bool:
    """Return whether a look at a device is no login, so that a verify makes one: it publishes its digest over SNMP.

    Others with a shell are read over SSH as a whole; a radio has none, and its SNMPv3 user is its way in.
    """
    return device.box.snmp.published and bool(device.box.door.feed)


def ask(workspace: Workspace, devices: Sequence[Device]) -> dict[str, tuple[Device, Question]]:
    """Begin a login of its own to each device that needs one, all at the same time; return them by asset tag."""
    place = workspace.place
    asked = {}
    for device in devices:
        if is_asked(device):
            question = workspace.network.question(device, NOTHING, b"", place.ssh_key, place.host_keys)
            question.send()
            asked[device.tag] = device, question
    return asked


def proved(
    workspace: Workspace, asked: Mapping[str, tuple[Device, Question]], snapshots: Mapping[str, Snapshot]
) -> dict[str, Snapshot]:
    """Return the snapshots with the reading `login`: `ok`, or why the device refused; missing if it was silent."""
    deadline = workspace.clock.monotonic() + LOOK_DEADLINE_S
    done = dict(snapshots)
    for tag, (device, question) in asked.items():
        reply = question.answer(deadline)
        if reply.code not in {-1, 255}:
            done[tag] = _with(done[tag], PROVED)
            continue
        error = unreachable(device, Step(device=tag, task="Look", state=UNREACHABLE, because=reply.said))
        if isinstance(error, UnreachableError) and not error.what.startswith("the login was refused"):
            done[tag] = replace(done[tag], missing={**done[tag].missing, READING: str(error)})
        else:
            done[tag] = _with(done[tag], error.what)
    return done


def end(asked: Mapping[str, tuple[Device, Question]]) -> None:
    """Kill what `ask` began and nobody waits for any more."""
    for _, question in asked.values():
        question.end()


def let_in(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot of a device that has just let this run in."""
    return _with(snapshot, PROVED)


def _with(snapshot: Snapshot, text: str) -> Snapshot:
    return replace(snapshot, readings={**snapshot.readings, READING: text})
