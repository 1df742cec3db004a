"""Compare modems or radios with what was accepted: drift is what differs.

A device whose published digest is the accepted one is not read any further, and neither Ansible nor netmiko is
loaded for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provision.core import guard, identity, plan
from provision.core.device import Device, Intent
from provision.core.errors import ChangedError, LeaseError, ProvisionError
from provision.core.model import NOT_MOVED, SILENT, Candidate, Change, Item, Snapshot, Standing, Watched
from provision.core.times import day_of
from provision.devices.carrier import Carrier, Look
from provision.devices.modem import data_used, login
from provision.devices.modem.look import by_ansible
from provision.home.workspace import Workspace
from provision.ledger.known import Known

if TYPE_CHECKING:
    from provision.devices.run import OnStep

Read = Callable[[list[Device]], dict[str, Snapshot | ProvisionError]]


def watch(
    workspace: Workspace, look: Look, read: Read, intents: Sequence[Intent], *, bench: bool
) -> dict[str, Watched]:
    """Return how each device stands against what was accepted; `read` reads the settings of those that moved.

    The result is by asset tag. If the digest moved but no setting did, the new digest is accepted. The bytes that
    modems counted are added to the sums of their SIM cards.
    """
    known = {i.tag: workspace.known[i.tag] for i in intents}
    items = {i.tag: i.item for i in intents}
    watched: dict[str, Watched] = {}
    moved: list[Device] = []
    looks = look(workspace, [k.device.at(bench=bench) for k in known.values()])
    answers = workspace.last_answers()
    for tag, seen in looks.items():
        state, because = _judge(seen, known[tag], items[tag])
        if state == Standing.DRIFT and seen.settings:
            watched[tag] = _compared(workspace, known[tag], seen)
        elif state == Standing.DRIFT:
            moved.append(known[tag].device.at(bench=bench))
        else:
            seen_at = seen.at if seen.readings else answers[tag]
            watched[tag] = Watched(device=tag, state=state, seen_at=seen_at, because=because)
    if moved:
        watched |= _fetch(workspace, read, known, moved)
    watched |= _warnings(workspace, known, watched)
    data_used.keep(workspace, looks)
    return watched


def _warnings(workspace: Workspace, known: Mapping[str, Known], watched: Mapping[str, Watched]) -> dict[str, Watched]:
    """Return those devices that run as accepted and to which nobody has logged in anew for long, with that day."""
    green = [one for tag, one in watched.items() if one.state is Standing.OK and login.is_asked(known[tag].device)]
    last = workspace.last_logins(login.CHECK) if green else {}
    oldest = datetime.fromisoformat(workspace.now()) - timedelta(days=workspace.home.login_proof_days)
    warned = {}
    for one in green:
        at = last.get(one.device, "")
        if one.because != NOT_MOVED and (not at or datetime.fromisoformat(at) < oldest):
            since = f"no new login since {day_of(at)}" if at else "nobody has logged in"
            because = f"{one.because}; {since}: provision verify {one.device}"
            warned[one.device] = replace(one, because=because)
    return warned


def _judge(look: Snapshot, known: Known, item: Item) -> tuple[Standing, str]:
    """Return the state of a device by one look, and why: OK if its digest is the accepted one, else DRIFT.

    DRIFT says only that the configuration has to be read, and has no reason. A silent device is UNREACHABLE; UNKNOWN is
    a look that failed otherwise, another box, an armed guard, or no digest.
    """
    if not look.readings:
        why = next(iter(look.missing.values()), SILENT)
        return (Standing.UNREACHABLE if why == SILENT else Standing.UNKNOWN), why
    if why := identity.another(item, look.readings):
        return Standing.UNKNOWN, why
    if (state := guard.of(look.readings)).word == guard.ARMED:
        return Standing.UNKNOWN, f"run {state.run} is not confirmed: provision resume"
    if not look.marker:
        return Standing.UNKNOWN, f"no digest of its configuration: {look.missing.get('marker', identity.NOT_SAID)}"
    return (Standing.OK, "runs as accepted") if look.marker == known.snapshot.marker else (Standing.DRIFT, "")


def _fetch(workspace: Workspace, read: Read, known: Mapping[str, Known], moved: list[Device]) -> dict[str, Watched]:
    """Read the settings of devices whose digest moved; return by asset tag how each compares with what was accepted.

    A device that could not be read is UNKNOWN.
    """
    watched: dict[str, Watched] = {}
    for tag, look in read(moved).items():
        if isinstance(look, ProvisionError):
            because = f"its configuration moved, but could not be read: {look}"
            watched[tag] = Watched(device=tag, state=Standing.UNKNOWN, seen_at=workspace.now(), because=because)
            continue
        watched[tag] = _compared(workspace, known[tag], look)
    return watched


def reader(workspace: Workspace, carrier: Carrier, on_step: OnStep) -> Read:
    """Return a function that reads all settings of devices by Ansible, in a run of its own at each call."""

    def read(devices: list[Device]) -> dict[str, Snapshot | ProvisionError]:
        from provision.devices.run import writer_of

        with writer_of(workspace, workspace.new_run()) as writer:
            return by_ansible(workspace, writer, carrier, devices, on_step)

    return read


def _compared(workspace: Workspace, known: Known, look: Snapshot) -> Watched:
    changes = drift(workspace, known, look)
    state, because = (Standing.DRIFT, "differs from what was accepted") if changes else (Standing.OK, NOT_MOVED)
    if not changes:  # a comment, an order that does not count: the new digest is the accepted one
        state, because = _accept(workspace, known, look)
    return Watched(device=known.device.tag, state=state, seen_at=look.at, because=because, changes=changes)


def _accept(workspace: Workspace, known: Known, look: Snapshot) -> tuple[Standing, str]:
    """Accept the new digest of a device whose settings have not moved; return the state of the device, and why."""
    from provision.devices import journal

    tag = known.device.tag
    try:
        with workspace.hold([tag], workspace.new_run()) as held:
            held.only()
            journal.accept(held, known, look)
    except ChangedError:
        return Standing.UNKNOWN, "it was changed while it was looked at: watch it again"
    except LeaseError as error:
        return Standing.UNKNOWN, f"it is being changed ({error.what}): watch it again"
    return Standing.OK, NOT_MOVED


def drift(workspace: Workspace, known: Known, running: Snapshot) -> tuple[Change, ...]:
    """Return the changes from what runs to what was accepted: each change's `intended` is the accepted value.

    Raises ProvisionError if no plan can be made between the two; see `plan.make`.
    """
    accepted = Candidate(settings=known.snapshot.settings)
    return plan.make(known.device.box, running, accepted, workspace.vault.seal_key(), owns=("*",)).changes
