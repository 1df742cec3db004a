"""Modem or radio -> snapshot: by SNMP where a look is enough, by a document where the settings are needed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provision.connectors.phase import DONE, FAILED, UNREACHABLE, Step
from provision.core import read_back
from provision.core.device import Device
from provision.core.errors import ProvisionError
from provision.core.family import DocumentRequest, Family
from provision.core.model import Snapshot
from provision.devices.carrier import Carrier
from provision.devices.modem import login
from provision.devices.modem.poll import poll
from provision.devices.replies import LOOK_DEADLINE_S, NONCE_BYTES, unreachable
from provision.home.workspace import Workspace
from provision.local.share import templates

ONLY_OVER_SSH = ("marker", "guard", "registration", login.READING)  # of a device that publishes no digest
LOGGED_IN = {login.READING: login.PROVED}

if TYPE_CHECKING:
    from provision.connectors.ansible import Variables, Writer
    from provision.devices.run import OnStep


def look(workspace: Workspace, devices: list[Device]) -> dict[str, Snapshot]:
    """Return a snapshot of each modem by SNMP; one that publishes no digest of its configuration is read over SSH, too.

    Each modem has a snapshot, by asset tag. If the two ways answer with different serial numbers, it holds no readings,
    only the reason.
    """
    whole = by_openssh(workspace, [d for d in devices if not d.box.snmp.published])
    snapshots = poll(workspace, devices)
    return snapshots | {tag: _joined(snapshots[tag], one) for tag, one in whole.items()}


def _joined(over_snmp: Snapshot, whole: Snapshot | ProvisionError) -> Snapshot:
    """Return the SSH snapshot with the readings of both, or only the reason if their serials differ.

    If SSH failed, return the SNMP snapshot; what is ONLY_OVER_SSH is then missing because of that. If SNMP gave no
    readings, return the SSH snapshot without its marker: what the device hides is then not proven.
    """
    if isinstance(whole, ProvisionError):
        lacking = [name for name in ONLY_OVER_SSH if name not in over_snmp.readings]
        return replace(over_snmp, missing={**over_snmp.missing, **dict.fromkeys(lacking, str(whole))})
    if not over_snmp.readings:
        why = f"what it hides is not proven: SNMP: {next(iter(over_snmp.missing.values()), 'no answer')}"
        readings = {**whole.readings, **LOGGED_IN}
        return replace(whole, marker="", readings=readings, missing={**over_snmp.missing, "marker": why})
    serials = {one.readings["serial"] for one in (over_snmp, whole) if "serial" in one.readings}
    if len(serials) > 1:
        why = f"two boxes answer: serial {' and '.join(sorted(serials))}"
        missing = dict.fromkeys(("serial", *over_snmp.missing), why)
        return Snapshot(device=over_snmp.device, at=over_snmp.at, missing=missing)
    readings = {**whole.readings, **over_snmp.readings, **LOGGED_IN}
    missing = {name: why for name, why in over_snmp.missing.items() if name not in readings and name != "marker"}
    return replace(whole, readings=readings | {"marker": whole.marker}, missing=missing)


def by_ansible(
    workspace: Workspace, writer: Writer, carrier: Carrier, devices: list[Device], on_step: OnStep = lambda _: None
) -> dict[str, Snapshot | ProvisionError]:
    """Read identity, guard, marker and settings (secrets sealed) of each device in one exec.

    Return by asset tag a snapshot, or the error that says why the device could not be read. A run that the carrier
    `ends` may not begin on its device any more, unless it has: whoever sends it later is refused.
    """
    nonces = {device.tag: secrets.token_hex(NONCE_BYTES) for device in devices}
    documents = {d.tag: document_of(d, nonces[d.tag], carrier.ends.get(d.tag, "")) for d in devices}
    steps = feed(workspace, writer, carrier, {d.tag: (d, documents[d.tag]) for d in devices}, on_step)
    return {d.tag: looked(workspace, writer.take(f"{d.tag}.out"), d, steps.get(d.tag), nonces[d.tag]) for d in devices}


def feed(
    workspace: Workspace,
    writer: Writer,
    carrier: Carrier,
    documents: Mapping[str, tuple[Device, bytes]],
    on_step: OnStep,
) -> dict[str, Step]:
    """Send each device its document by Ansible; return the step in which each ended, as `gather` does.

    The output of each device is in the file TAG.out of the writer.
    """
    hosts = {}
    for tag, (device, document) in documents.items():
        hosts[tag] = carrier.host(workspace, writer, device) | {
            "look_document": str(writer.put(f"{tag}.in", document)),
            "look_output": str(writer.path / f"{tag}.out"),
        }
    return gather(writer, hosts, on_step)


def gather(writer: Writer, hosts: Mapping[str, Mapping[str, Any]], on_step: OnStep) -> dict[str, Step]:
    """Run the play that reads, for hosts with their variables; return the step in which each device ended.

    A device that did not end within LOOK_DEADLINE_S is left out.
    """
    steps: dict[str, Step] = {}

    def follow(step: Step) -> None:
        if step.state in {DONE, UNREACHABLE, FAILED}:
            steps[step.device] = step
        on_step(step)

    writer.phase("gather.yml", hosts, follow, deadline_s=LOOK_DEADLINE_S)
    return steps


def require(
    workspace: Workspace, writer: Writer, carrier: Carrier, device: Device, on_step: OnStep = lambda _: None
) -> Snapshot:
    """Read one device by Ansible and return its snapshot.

    Raises the ProvisionError that says why it could not be read.
    """
    snapshot = by_ansible(workspace, writer, carrier, [device], on_step)[device.tag]
    if isinstance(snapshot, ProvisionError):
        raise snapshot
    return snapshot


def looked(
    workspace: Workspace, output: bytes | None, device: Device, step: Step | None, nonce: str
) -> Snapshot | ProvisionError:
    """Return the snapshot that is read from the output of a look; if there is none, return the error that says why.

    Its secrets are sealed, and what the device hides is as it was last kept.
    """
    if step is None or step.state != DONE or output is None:
        return unreachable(device, step)
    try:
        dialect = device.box.configuration.dialect
        snapshot, _ = dialect.read_look(device.box, output, nonce, device.tag, workspace.now())
    except ProvisionError as error:
        return error
    known = workspace.known.get(device.tag)
    kept = known.snapshot.settings if known else {}
    return read_back.sealed(device.box, snapshot, workspace.vault.seal_key(), kept)


def document_of(device: Device, nonce: str, ends: str = "") -> bytes:
    """Return the document of a look at one device, which ends a run there if it names one."""
    family = device.box
    request = DocumentRequest(nonce=nonce, run=ends, guard=guard_of(family), firmware=device.firmware.raw)
    return family.configuration.dialect.look(family, request)


def guard_of(family: Family) -> str:
    """Return the text of a family's guard, or an empty text if the family has none."""
    return templates(family.name)[f"files/{family.commit.guard}"] if family.commit.guard else ""


def ssh_host(_: Workspace, writer: Writer, device: Device) -> Variables:
    """Return Ansible's variables of a device over SSH, with the command that takes its documents (`feed_command`)."""
    return writer.host(device) | {"feed_command": device.box.door.feed}


def by_openssh(workspace: Workspace, devices: list[Device]) -> dict[str, Snapshot | ProvisionError]:
    """Read each device as `by_ansible` does, but by OpenSSH itself, all at the same time.

    Return by asset tag a snapshot, or the error that says why the device could not be read. It is for a watch, which is
    not worth Ansible's start.
    """
    asked = {d.tag: (d, secrets.token_hex(NONCE_BYTES)) for d in devices}
    questions = {}
    for tag, (device, nonce) in asked.items():
        document, command = document_of(device, nonce), device.box.door.feed
        line, body = (command, document) if command else (document.decode(), b"")
        questions[tag] = workspace.network.question(
            device, line, body, workspace.place.ssh_key, workspace.place.host_keys
        )
        questions[tag].send()
    deadline = workspace.clock.monotonic() + LOOK_DEADLINE_S
    snapshots: dict[str, Snapshot | ProvisionError] = {}
    for tag, (device, nonce) in asked.items():
        reply = questions[tag].answer(deadline)
        step = Step(device=tag, task="Look", state=DONE if reply.code in {0, 1} else UNREACHABLE, because=reply.said)
        snapshots[tag] = looked(workspace, reply.output, device, step, nonce)
    return snapshots
