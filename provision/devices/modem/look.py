"""Device -> snapshot: by SNMP where a look is enough, over SSH where the settings are needed."""

from __future__ import annotations

import json
import secrets
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provision.connectors import openssh, setter
from provision.connectors.old_values import Way
from provision.connectors.phase import DONE, FAILED, UNREACHABLE, Step
from provision.core import family, plan
from provision.core.device import Device
from provision.core.errors import ProvisionError
from provision.core.family import DocumentRequest
from provision.core.model import Kind, Settings, Snapshot
from provision.core.settings import marker as digest_of
from provision.core.settings import seal
from provision.devices.modem.poll import poll
from provision.devices.radio import apply
from provision.devices.replies import LOOK_DEADLINE_S, NONCE_BYTES, unreachable
from provision.home.workspace import Workspace
from provision.local.share import templates

if TYPE_CHECKING:
    from provision.connectors.ansible import Writer


def look(workspace: Workspace, devices: list[Device]) -> dict[str, Snapshot]:
    """Look at each device over SNMP; one that publishes no digest of its configuration is read over SSH, too.

    Always gives a snapshot per device. Where both ways answer, serial numbers must agree: else nothing is known.
    """
    radios = [d for d in devices if d.box.kind is Kind.RADIO]
    rest = [d for d in devices if d not in radios]
    whole = by_openssh(workspace, [d for d in rest if not d.box.snmp.published])
    found = poll(workspace, rest)
    found |= {tag: _joined(found[tag], one) for tag, one in whole.items()}
    return found | {d.tag: by_setter(workspace, d) for d in radios}


def by_setter(workspace: Workspace, device: Device) -> Snapshot:
    """Look at a device without a shell: one GET, here and now."""
    nonce = secrets.token_hex(NONCE_BYTES)
    box = setter.Box(apply.target(workspace, device), Way(apply.way(workspace, device.tag)))
    try:
        said = setter.obey(box, json.loads(document_of(device, nonce)))
    except setter.SilentError as error:
        return Snapshot(device=device.tag, at=workspace.now(), missing={"serial": str(error)})
    step = Step(device=device.tag, task="Look", state=DONE)
    seen = _looked(workspace, json.dumps(said).encode(), device, step, nonce)
    if isinstance(seen, Snapshot):
        return replace(seen, readings={**seen.readings, "marker": seen.marker})
    return Snapshot(device=device.tag, at=workspace.now(), missing={"serial": seen.what})


def _joined(over_snmp: Snapshot, whole: Snapshot | ProvisionError) -> Snapshot:
    """Join what SNMP says of the radio with what SSH says of the configuration."""
    if isinstance(whole, ProvisionError):
        return replace(over_snmp, missing={**over_snmp.missing, **dict.fromkeys(("marker", "guard"), str(whole))})
    if not over_snmp.readings:
        why = f"what it hides is not proven: SNMP: {next(iter(over_snmp.missing.values()), 'no answer')}"
        return replace(whole, marker="", missing={**over_snmp.missing, "marker": why})
    serials = {one.readings["serial"] for one in (over_snmp, whole) if "serial" in one.readings}
    if len(serials) > 1:
        why = f"two boxes answer: serial {' and '.join(sorted(serials))}"
        return Snapshot(
            device=over_snmp.device, at=over_snmp.at, missing=dict.fromkeys(("serial", *over_snmp.missing), why)
        )
    readings = {**whole.readings, **over_snmp.readings}
    missing = {name: why for name, why in over_snmp.missing.items() if name not in readings and name != "marker"}
    return replace(whole, readings=readings | {"marker": whole.marker}, missing=missing)


def by_ssh(
    workspace: Workspace,
    writer: Writer,
    devices: list[Device],
    tell: Callable[[Step], None] = lambda _: None,
) -> dict[str, Snapshot | ProvisionError]:
    """Read identity, guard, marker and settings (secrets sealed) of each device in one exec."""
    nonces: dict[str, str] = {}
    hosts: dict[str, Mapping[str, Any]] = {}
    for device in devices:
        nonce = nonces[device.tag] = secrets.token_hex(NONCE_BYTES)
        document = writer.put(f"{device.tag}.look", document_of(device, nonce))
        hosts[device.tag] = host(workspace, writer, device) | {
            "look_document": str(document),
            "look_output": str(writer.path / f"{device.tag}.looked"),
        }  # fmt: skip
    steps: dict[str, Step] = {}

    def told(step: Step) -> None:
        if step.state in {DONE, UNREACHABLE, FAILED}:
            steps[step.device] = step
        tell(step)

    writer.phase("gather.yml", hosts, told, deadline_s=LOOK_DEADLINE_S)
    return {
        d.tag: _looked(workspace, writer.take(f"{d.tag}.looked"), d, steps.get(d.tag), nonces[d.tag]) for d in devices
    }


def _looked(
    workspace: Workspace, output: bytes | None, device: Device, step: Step | None, nonce: str
) -> Snapshot | ProvisionError:
    if step is None or step.state != DONE or output is None:
        return unreachable(device, step)
    try:
        family = device.box
        snapshot, _ = family.configuration.dialect.read_look(family, output, nonce, device.tag, workspace.now())
    except ProvisionError as error:
        return error
    known = workspace.known.get(device.tag)
    return sealed(workspace, device, snapshot, known.snapshot.settings if known else {})


def document_of(device: Device, nonce: str) -> bytes:
    """Write the document of a look at one device."""
    family = device.box
    request = DocumentRequest(nonce=nonce, guard=guard_of(family), firmware=device.firmware)
    return family.configuration.dialect.look(family, request)


def guard_of(family: family.Family) -> str:
    """Give the text of a family's guard; a family without a shell has none."""
    return templates(family.name)[f"files/{family.commit.guard}"] if family.commit.guard else ""


def host(workspace: Workspace, writer: Writer, device: Device) -> dict[str, Any]:
    """Give Ansible's variables of a device, and the command that it is fed by."""
    family = device.box
    if family.kind is Kind.MODEM:
        return writer.host(device) | {"feed_command": family.door.feed}
    target = writer.put(
        f"{device.tag}.target", setter.pack(apply.target(workspace, device), apply.way(workspace, device.tag))
    )
    words = (sys.executable, "-m", "provision.connectors.setter", str(target))
    return writer.local(device) | {"feed_command": shlex.join(words)}


def sealed(workspace: Workspace, device: Device, seen: Snapshot, kept: Settings) -> Snapshot:
    """Give a snapshot with its secrets sealed, a marker, and what the device hides as it is `kept`."""
    settings = seal(seen.settings, workspace.vault.seal_key())
    whole = replace(seen, settings=settings, marker=seen.marker or digest_of(settings))
    return plan.carry(device.box, whole, kept)


def by_openssh(workspace: Workspace, devices: list[Device]) -> dict[str, Snapshot | ProvisionError]:
    """Look as `by_ssh` does, but by OpenSSH itself: for a watch, which is not worth Ansible's start."""
    asked = {d.tag: (d, secrets.token_hex(NONCE_BYTES)) for d in devices}
    questions = {}
    for tag, (device, nonce) in asked.items():
        document, feed = document_of(device, nonce), device.box.door.feed
        command, body = (feed, document) if feed else (document.decode(), b"")
        questions[tag] = openssh.Question(device, command, body, workspace.place.ssh_key, workspace.place.host_keys)
        questions[tag].send()
    deadline = time.monotonic() + LOOK_DEADLINE_S
    found: dict[str, Snapshot | ProvisionError] = {}
    for tag, (device, nonce) in asked.items():
        reply = questions[tag].answer(deadline)
        step = Step(device=tag, task="Look", state=DONE if reply.code in {0, 1} else UNREACHABLE, because=reply.said)
        found[tag] = _looked(workspace, reply.output, device, step, nonce)
    return found
