"""Devices without a shell: their SNMP engine is pinned on the bench, as others' host keys are."""

from __future__ import annotations

from pathlib import Path

from provision import families
from provision.connectors import snmp
from provision.core.errors import DeviceError
from provision.core.model import Device, Secret
from provision.home import keys
from provision.home.workspace import Office

PIN = "snmp-engine"
WAY_BACK = "way-back"
PASSPHRASES = ("snmp_auth", "snmp_priv")


def way(office: Office, tag: str) -> Path:
    """Give the file that holds a device's old values while a change is not confirmed."""
    return office.place.var / WAY_BACK / f"{tag}.json"


def pin(office: Office, tag: str, engine_id: bytes) -> None:
    """Keep the engine ID that was proved on the bench; another one is refused from then on."""
    keys.pin(office.place.host_keys, tag, f"{PIN} {engine_id.hex()}", over=True)


def pinned(office: Office, tag: str) -> bytes:
    """Give the pinned engine ID, or nothing."""
    kind, _, text = keys.pinned(office.place.host_keys, tag).partition(" ")
    return bytes.fromhex(text) if kind == PIN else b""


def target(office: Office, device: Device) -> snmp.Target:
    """Make the target of an enrolled device; raises DeviceError where no engine was pinned."""
    engine_id = pinned(office, device.tag)
    if not engine_id:
        raise DeviceError(
            "no SNMP engine is pinned for it", where=device.tag, hint=f"provision enrol {device.tag} --address A"
        )
    own = office.vault.device(device.tag)
    return made(office, device, engine_id, {name: own[name] for name in PASSPHRASES})


def made(office: Office, device: Device, engine_id: bytes, secrets: dict[str, Secret]) -> snmp.Target:
    """Make a target from an engine ID and passphrases."""
    user = str(office.home.intents[device.tag].facts["snmp_user"])
    return snmp.target(device, user, secrets, families.load(device.driver).usm, engine_id)
