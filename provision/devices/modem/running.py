"""What runs on modems or radios that are to be changed, and the plan from it to their candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provision.core import guard, plan
from provision.core.device import Intent
from provision.core.errors import ProvisionError
from provision.core.model import Plan, Snapshot
from provision.devices.carrier import Carrier
from provision.devices.modem import look
from provision.devices.modem.candidate import candidates_of
from provision.devices.modem.poll import poll
from provision.devices.run import Session
from provision.home.workspace import Workspace
from provision.ledger.known import Known


def running(session: Session, carrier: Carrier, intents: Sequence[Intent]) -> dict[str, Snapshot | ProvisionError]:
    """Return what runs on each device, or why it could not be read, by asset tag.

    A device that publishes its marker is taken to run what the ledger keeps if the marker is the accepted one and no
    guard is armed, or if this is its first apply; all others are read whole. Ansible is started ahead if any device has
    its first apply.
    """
    workspace, known = session.workspace, {i.tag: session.workspace.known[i.tag] for i in intents}
    if not session.request.plan_only and not all(one.accepted for one in known.values()):
        session.writer.begin("apply.yml")
    snapshots: dict[str, Snapshot | ProvisionError] = {}
    published = {t: k for t, k in known.items() if k.device.box.snmp.published}
    looks = poll(workspace, [session.reach(k.device) for k in published.values() if k.accepted])
    for tag, one in published.items():
        if not one.accepted and not session.request.plan_only:
            snapshots[tag] = one.snapshot  # as enrolled; the device refuses where it moved since
        elif (look_ := looks.get(tag)) and _is_accepted(look_, one):
            snapshots[tag] = replace(one.snapshot, readings=look_.readings)
    rest = [i for i in intents if i.tag not in snapshots]
    return snapshots | read_all(session, carrier, rest)


def _is_accepted(look_: Snapshot, known: Known) -> bool:
    armed = guard.of(look_.readings).word == guard.ARMED
    return bool(look_.marker) and look_.marker == known.snapshot.marker and not armed


def read_all(session: Session, carrier: Carrier, intents: Sequence[Intent]) -> dict[str, Snapshot | ProvisionError]:
    """Read all settings of each device by Ansible; return by asset tag a snapshot, or why it could not be read."""
    workspace = session.workspace
    devices = [session.reach(workspace.known[i.tag].device) for i in intents]
    if not devices:
        return {}
    return look.by_ansible(workspace, session.writer, carrier, devices, session.callbacks.on_step)


def plans(
    session: Session, intents: Sequence[Intent], snapshots: dict[str, Snapshot]
) -> dict[str, Plan | ProvisionError]:
    """Return by asset tag the plan from what runs on each device to its candidate, or why none can be made.

    The candidate is that of the request's override, or else the rendered intent.
    """
    workspace, request = session.workspace, session.request
    candidates = {t: o.candidate for t, o in request.overrides.items()}
    candidates |= candidates_of(workspace, [i for i in intents if i.tag not in candidates])
    made: dict[str, Plan | ProvisionError] = {}
    for intent in intents:
        tag = intent.tag
        key = workspace.vault.seal_key()
        try:
            made[tag] = plan.make(intent.family, snapshots[tag], candidates[tag], key, owns=request.owns(tag))
        except ProvisionError as error:
            made[tag] = error
    return made


def against_intent(workspace: Workspace, intent: Intent, running_now: Snapshot) -> Plan:
    """Return the plan from what runs now to what the intent wants.

    Raises ProvisionError if none can be made.
    """
    candidate = candidates_of(workspace, [intent])[intent.tag]
    return plan.make(intent.family, running_now, candidate, workspace.vault.seal_key())
