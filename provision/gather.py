"""Device -> snapshot: by SNMP where a look is enough, over SSH where the settings are needed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from provision import drivers, plan, readings
from provision.connectors import snmp
from provision.connectors.ansible import Writer
from provision.connectors.phase import DONE, FAILED, UNREACHABLE, Step
from provision.errors import ProvisionError
from provision.home import templates
from provision.model import Device, Snapshot
from provision.office import Office
from provision.render import seal

LOOK_DEADLINE_S = 180.0
NONCE_BYTES = 8


def by_snmp(office: Office, devices: list[Device], *, retries: int = 1) -> dict[str, Snapshot]:
    """Read identity, radio and the configuration's marker of each device in two exchanges.

    Always gives a snapshot per device; what could not be read is in `missing` with its reason.
    """
    secret = office.vault.devices([d.tag for d in devices])
    users = {d.tag: str(office.home.intents[d.tag].facts["snmp_user"]) for d in devices}
    found: dict[str, Snapshot] = {}
    for name in sorted({drivers.load(d.driver).readings for d in devices}):
        table = readings.load(name)
        group = [d for d in devices if drivers.load(d.driver).readings == name]
        targets = [snmp.target(d.tag, d.host, d.snmp_port, users[d.tag], secret[d.tag]) for d in group]
        for tag, answer in snmp.read(targets, table.oids, retries=retries).items():
            found[tag] = _snapshot(office, tag, answer, table)
    return found


def _snapshot(office: Office, tag: str, answer: snmp.Answer, table: readings.Table) -> Snapshot:
    if answer.because:
        _, missing = table.read({})
        return Snapshot(device=tag, at=office.now(), missing=dict.fromkeys(missing, answer.because))
    said, missing = table.read(answer.values)
    return Snapshot(device=tag, at=office.now(), readings=said, missing=missing, marker=str(said.get("marker", "")))


def by_ssh(
    office: Office,
    writer: Writer,
    devices: list[Device],
    tell: Callable[[Step], None] = lambda _: None,
) -> dict[str, Snapshot | ProvisionError]:
    """Read identity, guard, marker and settings (secrets sealed) of each device in one exec."""
    nonces: dict[str, str] = {}
    hosts: dict[str, Mapping[str, Any]] = {}
    for device in devices:
        driver = drivers.load(device.driver)
        nonce = nonces[device.tag] = secrets.token_hex(NONCE_BYTES)
        guard = templates(driver.name)[f"files/{driver.guard}"]
        document = writer.put(f"{device.tag}.look", plan.look_document(guard, nonce))
        hosts[device.tag] = writer.host(device) | {
            "feed_command": driver.feed, "look_document": str(document),
            "look_output": str(writer.path / f"{device.tag}.looked"),
        }  # fmt: skip
    steps: dict[str, Step] = {}

    def told(step: Step) -> None:
        if step.state in {DONE, UNREACHABLE, FAILED}:
            steps[step.device] = step
        tell(step)

    writer.phase("gather.yml", hosts, told, deadline_s=LOOK_DEADLINE_S)
    return {d.tag: _looked(office, writer, d, steps.get(d.tag), nonces[d.tag]) for d in devices}


def _looked(office: Office, writer: Writer, device: Device, step: Step | None, nonce: str) -> Snapshot | ProvisionError:
    output = writer.take(f"{device.tag}.looked")
    if step is None or step.state != DONE or output is None:
        return unreachable(device, step)
    try:
        snapshot, _ = plan.read_look(drivers.load(device.driver), output, nonce, device.tag, office.now())
    except ProvisionError as error:
        return error
    from dataclasses import replace

    return replace(snapshot, settings=seal(snapshot.settings, office.vault.seal_key()))


def unreachable(device: Device, step: Step | None) -> ProvisionError:
    """Say why a device did not answer, in words of the next step."""
    from provision.errors import IdentityError, UnreachableError

    said = " ".join((step.because if step else "no answer in time").split())
    where = f"{device.tag} at {device.host} port {device.ssh_port}"
    if (
        "HOST IDENTIFICATION HAS CHANGED" in said
        or "Host key verification failed" in said
        or "host key" in said.lower()
    ):
        return IdentityError(
            "the host key is not the pinned one: refused",
            where=where,
            hint="another box, or one that was reset: look at it, then enrol it again",
        )
    short = re.split(r"(?:via|over) ssh: ", said)[-1]
    return UnreachableError(
        f"no answer: {short[:160]}", where=where, hint="is it on, is the link up? run the command again later"
    )
