"""Radio -> snapshot: one GET, here and now, by the setter; it has no shell."""

from __future__ import annotations

import json
import secrets
import shlex
import sys
from dataclasses import replace

from provision.connectors import settable, setter, snmp
from provision.connectors.ansible import Variables, Writer
from provision.connectors.phase import DONE, Step
from provision.core.device import Device
from provision.core.model import Snapshot
from provision.devices.modem.look import document_of, looked
from provision.devices.radio.engine import old_values_of, target
from provision.devices.replies import NONCE_BYTES
from provision.home.workspace import Workspace


def look(workspace: Workspace, devices: list[Device]) -> dict[str, Snapshot]:
    """Read each radio and return its snapshot by asset tag.

    There is always one; if a radio does not answer, or not as it should, its `missing` says why. Raises DeviceError if
    no engine is pinned for one.
    """
    return {device.tag: _look(workspace, device) for device in devices}


def _look(workspace: Workspace, device: Device) -> Snapshot:
    nonce = secrets.token_hex(NONCE_BYTES)
    try:
        answer = ask(workspace, device, target(workspace, device), nonce)
    except settable.SilentError as error:
        return Snapshot(device=device.tag, at=workspace.now(), missing={"serial": str(error)})
    step = Step(device=device.tag, task="Look", state=DONE)
    seen = looked(workspace, answer, device, step, nonce)
    if isinstance(seen, Snapshot):
        return replace(seen, readings={**seen.readings, "marker": seen.marker})
    return Snapshot(device=device.tag, at=workspace.now(), missing={"serial": seen.what})


def ask(workspace: Workspace, device: Device, where: snmp.Target, nonce: str) -> bytes:
    """Return the answer of the setter to a look at a radio (JSON). Raises SilentError if the radio does not answer."""
    radio = workspace.network.setter(where, old_values_of(workspace, device.tag))
    return json.dumps(setter.execute(radio, json.loads(document_of(device, nonce)))).encode()


def local_host(workspace: Workspace, writer: Writer, device: Device) -> Variables:
    """Return Ansible's variables of a radio: its documents are carried out by the setter on this computer.

    The setter's file with the radio's address and keys is written first. Raises DeviceError if no engine is pinned.
    """
    packed = setter.pack(target(workspace, device), old_values_of(workspace, device.tag))
    place = writer.put(f"{device.tag}.target", packed)
    words = (sys.executable, "-m", "provision.connectors.setter", str(place))
    return writer.local(device) | {"feed_command": shlex.join(words)}
