"""The SNMP engine of a radio, pinned on the bench as others' host keys are, and the file of its old values."""

from __future__ import annotations

from pathlib import Path

from provision.connectors import snmp
from provision.core.device import Device
from provision.core.errors import DeviceError
from provision.core.model import Secret
from provision.home import keys
from provision.home.workspace import Workspace

PIN = "snmp-engine"
OLD_VALUES = "way-back"
PASSPHRASES = ("snmp_auth", "snmp_priv")


def old_values_of(workspace: Workspace, tag: str) -> Path:
    """Return the path of the file that holds a device's old values while a change is not confirmed."""
    return workspace.place.var / OLD_VALUES / f"{tag}.json"


def pin(workspace: Workspace, tag: str, engine_id: bytes) -> None:
    """Pin the engine ID that was proved on the bench, over an earlier one; another is refused from then on."""
    keys.pin(workspace.place.host_keys, tag, key_of(engine_id), over=True)


def key_of(engine_id: bytes) -> str:
    """Return an engine ID as the text that is pinned in the place of a host key."""
    return f"{PIN} {engine_id.hex()}"


def pinned(workspace: Workspace, tag: str) -> bytes:
    """Return the pinned engine ID of a device, or empty bytes."""
    kind, _, text = keys.pinned(workspace.place.host_keys, tag).partition(" ")
    return bytes.fromhex(text) if kind == PIN else b""


def target(workspace: Workspace, device: Device) -> snmp.Target:
    """Return the SNMP target of an enrolled device, with its pinned engine ID and the passphrases of the vault.

    Raises DeviceError if no engine is pinned.
    """
    engine_id = pinned(workspace, device.tag)
    if not engine_id:
        raise DeviceError(
            "no SNMP engine is pinned for it", where=device.tag, hint=f"provision enrol {device.tag} --address A"
        )
    own = workspace.vault.device(device.tag)
    return target_of(workspace, device, engine_id, {name: own[name] for name in PASSPHRASES})


def target_of(workspace: Workspace, device: Device, engine_id: bytes, secrets: dict[str, Secret]) -> snmp.Target:
    """Return the SNMP target of a device for an engine ID and passphrases; the user is that of its intent."""
    user = workspace.home.intents[device.tag].snmp_user
    return snmp.target(device, user, secrets, device.box.snmp.usm, engine_id)
