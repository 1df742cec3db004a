"""A modem at its factory address -> a known, pinned device.

No secret of the office is sent. The box is asked who it is and compared with its record before its key is pinned.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provision.connectors import prompt
from provision.connectors.ansible import Variables, Writer
from provision.connectors.network import Network
from provision.connectors.openssh import identity as key_of
from provision.connectors.phase import DONE
from provision.core import host_keys, identity, read_back, versions
from provision.core.device import Device, Intent
from provision.core.errors import DeviceError, IdentityError
from provision.core.family import Family, Welcome
from provision.core.foreign import Foreign
from provision.core.model import Secret, Snapshot, Stage
from provision.devices.door import EnrolRequest, approve_host_key
from provision.devices.journal import Enrolment, read_identity
from provision.devices.modem.look import gather, require, ssh_host
from provision.devices.modem.ways import CARRIER
from provision.devices.replies import unreachable
from provision.home import keys
from provision.home.workspace import Workspace

IDENTITIES = ("serial", "mac", "imei")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One box that is let in: the run's writer, what is asked, the device as far as it is known."""

    workspace: Workspace
    writer: Writer
    request: EnrolRequest
    device: Device


def enrol(workspace: Workspace, writer: Writer, intent: Intent, request: EnrolRequest) -> Enrolment:
    """Enrol one modem and return its enrolment, with the packages that were installed on it.

    Raises IdentityError if the box is not the one that the record names, DeviceError if its host key is not approved or
    if packages are missing that no folder has or that are still missing once installed.
    """
    family, (host, port) = intent.family, request.where
    login = request.password or Secret(family.door.factory.password)
    key, firmware = _pin(workspace, intent, request, login)
    device = Device(
        tag=intent.tag,
        kecamatan=intent.kit.kecamatan.slug,
        family=family,
        host=host,
        bench_host=host,
        ssh_port=port,
        snmp_port=intent.snmp_port,
        username=family.door.factory.username,
        stage=Stage.ENROLLED,
        link=intent.kit.kecamatan.link,
        firmware=Foreign(firmware),
        rsa=bool(family.configuration.features) and not family.has(firmware).get("ed25519", True),
    )
    entry = Entry(workspace=workspace, writer=writer, request=request, device=device)
    snapshot, installed = _let_in(entry, login)
    return Enrolment(
        device=read_identity(device, snapshot),
        snapshot=snapshot,
        host_key=key,
        fingerprint=host_keys.fingerprint(key),
        installed=installed,
    )


def _pin(workspace: Workspace, intent: Intent, request: EnrolRequest, password: Secret) -> tuple[str, str]:
    """Have the host key approved, compare the box with its record, and only then pin the key.

    Return the key and the firmware's version. Raises IdentityError if it is another box.
    """
    door, (host, port), folder = intent.family.door, request.where, workspace.place.host_keys
    key = approve_host_key(workspace, intent.tag, request)
    login = prompt.Login(
        host=host, port=port, kind=door.netmiko, username=door.factory.username, password=password, host_key=key
    )
    said = read_box(workspace.network, login, intent.family)
    compare(intent, said, f"{host} port {port}", "box")
    keys.pin(folder, intent.tag, key, over=request.new_key)
    return key, versions.number(said.get("firmware", ""))


def compare(intent: Intent, readings: dict[str, Any], where: str, what: str) -> None:
    """Compare serial, MAC and IMEI that a box says with its record, without those that its family lacks.

    Raises IdentityError if one differs or is not said; `what` is the word for the box in the hint.
    """
    names = [n for n in IDENTITIES if n not in intent.family.door.lacks]
    if wrong := identity.differences(intent.item, readings, names):
        raise IdentityError(
            f"this is not {intent.tag}: {'; '.join(wrong)}",
            where=where,
            hint=f"take the {what} with this label, or correct the kit and the delivery list",
        )


def read_box(network: Network, login: prompt.Login, family: Family) -> dict[str, str]:
    """Log in to a box and return what each identity command of its family prints, by name.

    The firmware is asked first if the family's words depend on it. Raises UnreachableError if the login fails.
    """
    lines = family.door.identity
    first = {n: line for n, line in lines.items() if n == "firmware" and family.configuration.features}
    said = network.prompt(login, first) if first else {}
    word = "monitor" if family.has(said.get("firmware", "")).get("monitor") else "info"
    rest = {n: line.replace("{monitor}", word) for n, line in lines.items() if n not in first}
    return said | network.prompt(login, rest)


def _let_in(entry: Entry, login: Secret) -> tuple[Snapshot, tuple[str, ...]]:
    """Put the office's public key on the box if its family needs that, and read the box whole.

    Return its snapshot and the packages that were installed.
    """
    public = keys.office_key(key_of(entry.workspace.place.ssh_key, entry.device))
    if entry.device.box.door.welcome:
        _welcome(entry, entry.device.box.door.welcome, public, login)
    snapshot, installed = _whole(entry)
    # what it hides may be of its life before a reset: nothing of that is known, and the first apply sets all of it
    return replace(snapshot, settings=read_back.visible(entry.device.box, snapshot.settings)), installed


def _welcome(entry: Entry, words: Welcome, public: str, password: Secret) -> None:
    """Put the office's public key on the box, over a login with `password`, or without one if it is empty."""
    writer, device = entry.writer, entry.device
    line = words.line.replace("{username}", device.username)
    hosts = writer.host(device, password if password.reveal() else None) | {
        "feed_command": line,
        "look_put": words.put,
        "look_line": str(writer.put(f"{device.tag}.line", line.encode())),
        "look_document": str(writer.put(f"{device.tag}.pub", (public + "\n").encode())),
        "look_output": str(writer.path / f"{device.tag}.welcomed"),
    }
    _once(entry, hosts)


def _whole(entry: Entry) -> tuple[Snapshot, tuple[str, ...]]:
    """Read the device; if it lacks packages, install them from the local folder and read it again.

    Return its snapshot and the packages that were installed. Raises DeviceError if the folder does not have one or one
    is still missing afterwards.
    """
    device, folder = entry.device, entry.request.packages
    snapshot = require(entry.workspace, entry.writer, CARRIER, device, entry.request.on_step)
    missing = tuple(str(snapshot.readings.get("missing", "")).split())
    if not missing:
        return snapshot, ()
    kind = f".{snapshot.readings.get('packages', 'ipk')}"
    files = {name: _package(folder, name, kind) for name in missing}
    lacking = [name for name, path in files.items() if path is None]
    if lacking:
        raise DeviceError(
            "packages are missing on the device: " + ", ".join(lacking),
            where=device.tag,
            hint="give a folder that has them: --packages DIR (files NAME_VERSION.ipk, or NAME-VERSION.apk, "
            "for this device's target)",
        )
    _install(entry, [path for path in files.values() if path])
    snapshot = require(entry.workspace, entry.writer, CARRIER, device, entry.request.on_step)
    if left := str(snapshot.readings.get("missing", "")).split():
        raise DeviceError(
            "installed, but still missing: " + ", ".join(left),
            where=device.tag,
            hint="are the packages made for this target?",
        )
    return snapshot, missing


def _package(folder: Path | None, name: str, kind: str) -> Path | None:
    files = [*folder.glob(f"{name}-[0-9]*.apk"), *folder.glob(f"{name}_*.ipk")] if folder else []
    return next((p for p in sorted(files) if p.suffix == kind), None)


def _install(entry: Entry, files: list[Path]) -> None:
    """Send the packages as one tar archive on standard input, install them, and delete the files again."""
    writer, device = entry.writer, entry.device
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in files:
            tar.add(path, arcname=path.name)
    folder = '"${IPKG_INSTROOT-}/tmp/kit-packages"'
    unpack = f"mkdir -p {folder} && cd {folder} && tar -xf - && cat >/dev/null"
    command = f"{unpack} && {{ {device.box.door.install}; }}; code=$?; rm -rf {folder}; exit $code"
    hosts = ssh_host(entry.workspace, writer, device) | {
        "feed_command": command,
        "look_document": str(writer.put(f"{device.tag}.packages", archive.getvalue())),
        "look_output": str(writer.path / f"{device.tag}.installed"),
    }
    _once(entry, hosts)


def _once(entry: Entry, variables: Variables) -> None:
    """Run one document on the box.

    Raises UnreachableError, or IdentityError for another host key, if it did not come to its end.
    """
    tag = entry.device.tag
    step = gather(entry.writer, {tag: variables}, entry.request.on_step).get(tag)
    if step is None or step.state != DONE:
        raise unreachable(entry.device, step)
