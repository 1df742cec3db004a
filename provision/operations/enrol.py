"""A box at its factory address -> a known, pinned device.

Nothing secret is sent: the box is asked who it is, and compared with the record first.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provision.connectors import prompt
from provision.connectors.ansible import Writer
from provision.connectors.openssh import identity
from provision.connectors.phase import DONE, Step
from provision.core import family, host_keys, versions
from provision.core.device import Device, Intent
from provision.core.errors import DeviceError, IdentityError, ProvisionError, UsageError
from provision.core.model import Kind, Secret, Snapshot, Stage
from provision.devices import door, replies
from provision.devices.modem import look
from provision.devices.radio import apply
from provision.devices.radio.enrol import attach
from provision.home import keys
from provision.home.workspace import Workspace
from provision.ledger.events import CONFIGURED, ENROLLED, REGISTERED, configuration, record
from provision.ledger.lease import hold
from provision.operations import identify


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What enrol did: the device, its key's fingerprint, and what was installed."""

    device: Device
    fingerprint: str
    installed: tuple[str, ...]
    next_tag: str


def address_of(text: str, port_of_record: int) -> tuple[str, int]:
    """Read `A` or `A:PORT`; without one it is the port of the record."""
    host, _, port = text.partition(":")
    if not host or (port and not port.isdigit()):
        raise UsageError(f"not an address: {text}", hint="write 192.168.1.1 or 192.168.1.1:22")
    return host, int(port) if port else port_of_record


def enrol(
    workspace: Workspace,
    intent: Intent,
    address: str,
    *,
    approve: Callable[[str], bool],
    packages: Path | None = None,
    new_key: bool = False,
    password: Secret | None = None,
    tell: Callable[[Step], None] = lambda _: None,
) -> Enrolled:
    """Take one factory-state device into the house.

    `approve` is shown the host key's fingerprint; `password` is the one on the label, where there is one. Raises IdentityError where the box is not the
    one that the record names, DeviceError where packages are missing and no folder has them.
    """
    tag, family = intent.item.asset_tag, intent.family
    if tag not in {e.subject for e in workspace.ledger.latest(REGISTERED)}:
        raise UsageError(f"{tag} is not registered", hint="provision register FILE takes the delivery list first")
    usual = intent.bench_port if family.kind is Kind.MODEM else intent.snmp_port
    host, port = address_of(address or intent.bench_address or family.door.factory.address, usual)
    run = workspace.new_run()
    with hold(workspace.ledger, [tag], run, now=workspace.clock_s()) as held:
        if held:
            raise UsageError(f"{tag} is held by {held[tag]}", hint="wait for it, or provision resume")
        if family.kind is Kind.RADIO:
            radio = attach(workspace, intent, (host, port), passphrase=password, new_key=new_key)
            workspace.forget_known()
            shown = apply.pinned(workspace, tag).hex()
            return Enrolled(device=radio, fingerprint=shown, installed=(), next_tag=next_tag(workspace))
        login = password or Secret(family.door.factory.password)
        key, firmware = _pin(workspace, intent, (host, port), approve, new_key=new_key, password=login)
        old = bool(family.configuration.features) and not family.has(firmware).get("ed25519", True)
        device = Device(
            tag=tag, kecamatan=intent.kit.kecamatan.slug, family=family, host=host, bench_host=host,
            ssh_port=port, snmp_port=intent.snmp_port, username=family.door.factory.username, stage=Stage.ENROLLED,
            link=intent.kit.kecamatan.link, firmware=firmware, rsa=old,
        )  # fmt: skip
        snapshot, installed = _let_in(workspace, run, device, packages, login, tell)
        device = replace(
            device, model=str(snapshot.readings.get("model", "")), firmware=str(snapshot.readings.get("firmware", ""))
        )
        seen = {"host_key": key, "fingerprint": host_keys.fingerprint(key), "installed": list(installed)}
        lines = [(CONFIGURED, tag, configuration(snapshot)), (ENROLLED, tag, record(device) | seen)]
        workspace.ledger.extend(lines, at=workspace.now())
    workspace.forget_known()
    return Enrolled(
        device=device, fingerprint=host_keys.fingerprint(key), installed=installed, next_tag=next_tag(workspace)
    )


def _let_in(
    workspace: Workspace,
    run: str,
    device: Device,
    packages: Path | None,
    login: Secret,
    tell: Callable[[Step], None],
) -> tuple[Snapshot, tuple[str, ...]]:
    """Give the office's key to a box that knows only a password, then read it whole."""
    family = device.box
    with Writer(run, workspace.place.ssh_key, workspace.place.host_keys) as writer:
        public = keys.office_key(identity(workspace.place.ssh_key, device))
        if family.door.welcome:
            _welcome(writer, device, family.door.welcome, public, login, tell)
        return _whole(workspace, writer, device, packages, tell)


def _pin(
    workspace: Workspace,
    intent: Intent,
    where: tuple[str, int],
    approve: Callable[[str], bool],
    *,
    new_key: bool,
    password: Secret,
) -> tuple[str, str]:
    """Show the host key, ask the box who it is, and only then pin the key; give it, and the firmware."""
    (host, port), family, tag = where, intent.family, intent.item.asset_tag
    key = door.shown(workspace.place.host_keys, tag, where, approve=approve, new_key=new_key)
    login = prompt.Login(
        host=host,
        port=port,
        kind=family.door.netmiko,
        username=family.door.factory.username,
        password=password,
        host_key=key,
    )
    said = identify.ask(login, family)
    _compare(intent, said, f"{host} port {port}")
    keys.pin(workspace.place.host_keys, tag, key, over=new_key)
    return key, versions.number(said.get("firmware", ""))


def _welcome(
    writer: Writer,
    device: Device,
    words: family.Welcome,
    public: str,
    password: Secret,
    tell: Callable[[Step], None],
) -> None:
    """Give the box the office's public key; from then on no password opens it."""
    line = words.line.replace("{username}", device.username)
    hosts = writer.host(device, password if password.reveal() else None) | {
        "feed_command": line, "look_put": words.put, "look_line": str(writer.put(f"{device.tag}.line", line.encode())),
        "look_document": str(writer.put(f"{device.tag}.pub", (public + "\n").encode())),
        "look_output": str(writer.path / f"{device.tag}.welcomed"),
    }  # fmt: skip
    _once(writer, device, hosts, tell)


def next_tag(workspace: Workspace) -> str:
    """Give the modem that the bench takes next, or an empty text when all are in."""
    return next((tag for tag in workspace.home.intents if tag not in workspace.known), "")


def _compare(intent: Intent, said: dict[str, str], where: str) -> None:
    """Compare what the box says with its record; a box that does not say is refused too."""
    item = intent.item
    wanted = {"serial": item.serial, "mac": item.mac, "imei": item.imei}
    clean = {
        "serial": said["serial"].replace("\0", "").strip(),
        "mac": identify.colons(said["mac"]),
        "imei": re.sub(r"\D", "", said["imei"]),
    }
    wrong = [f"{n} is {clean[n] or 'not said'}, recorded {wanted[n]}" for n in wanted if clean[n] != wanted[n]]
    if wrong:
        raise IdentityError(
            "this is not " + item.asset_tag + ": " + "; ".join(wrong),
            where=where,
            hint="take the box with this label, or correct the kit and the delivery list",
        )


def _whole(
    workspace: Workspace, writer: Writer, device: Device, packages: Path | None, tell: Callable[[Step], None]
) -> tuple[Snapshot, tuple[str, ...]]:
    """Look; install what is missing from the local folder, then look again."""
    snapshot = _look(workspace, writer, device, tell)
    missing = tuple(str(snapshot.readings.get("missing", "")).split())
    if not missing:
        return snapshot, ()
    kind = f".{snapshot.readings.get('packages', 'ipk')}"
    files = {name: _package(packages, name, kind) for name in missing}
    lacking = [name for name, path in files.items() if path is None]
    if lacking:
        raise DeviceError(
            "packages are missing on the device: " + ", ".join(lacking),
            where=device.tag,
            hint="give a folder that has them: --packages DIR (files NAME_VERSION.ipk, or NAME-VERSION.apk, for this device's target)",
        )
    _install(writer, device, [path for path in files.values() if path], tell)
    snapshot = _look(workspace, writer, device, tell)
    if left := str(snapshot.readings.get("missing", "")).split():
        raise DeviceError(
            "installed, but still missing: " + ", ".join(left),
            where=device.tag,
            hint="are the packages made for this target?",
        )
    return snapshot, missing


def _look(workspace: Workspace, writer: Writer, device: Device, tell: Callable[[Step], None]) -> Snapshot:
    found = look.by_ssh(workspace, writer, [device], tell)[device.tag]
    if isinstance(found, ProvisionError):
        raise found
    return found


def _package(folder: Path | None, name: str, kind: str) -> Path | None:
    found = [*folder.glob(f"{name}-[0-9]*.apk"), *folder.glob(f"{name}_*.ipk")] if folder else []
    return next((p for p in sorted(found) if p.suffix == kind), None)


def _install(writer: Writer, device: Device, files: list[Path], tell: Callable[[Step], None]) -> None:
    """Carry the packages over as one archive on standard input, install them, remove them."""
    family = device.box
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in files:
            tar.add(path, arcname=path.name)
    folder = '"${IPKG_INSTROOT-}/tmp/kit-packages"'
    command = f"mkdir -p {folder} && cd {folder} && tar -xf - && cat >/dev/null && {{ {family.door.install}; }}; code=$?; rm -rf {folder}; exit $code"
    hosts = writer.host(device) | {
        "feed_command": command, "look_document": str(writer.put(f"{device.tag}.packages", archive.getvalue())),
        "look_output": str(writer.path / f"{device.tag}.installed"),
    }  # fmt: skip
    _once(writer, device, hosts, tell)


def _once(writer: Writer, device: Device, hosts: dict[str, Any], tell: Callable[[Step], None]) -> None:
    ended: list[Step] = []

    def told(step: Step) -> None:
        ended.append(step)
        tell(step)

    writer.phase("gather.yml", {device.tag: hosts}, told, deadline_s=replies.LOOK_DEADLINE_S)
    if not any(s.state == DONE for s in ended):
        raise replies.unreachable(device, ended[-1] if ended else None)
