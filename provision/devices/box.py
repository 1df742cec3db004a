"""What adopt, rollback and rotate need of a modem or radio beyond `kinds.DeviceKind`.

That is: its running settings, what differs from the accepted ones or from the intent, its candidate, and how it is
reached afterwards.
"""

from __future__ import annotations

from provision.connectors.ansible import Writer
from provision.core.device import Device
from provision.core.model import Kind, Snapshot
from provision.devices.carrier import Carrier
from provision.devices.modem.candidate import after_of, candidates_of
from provision.devices.modem.drift import drift
from provision.devices.modem.look import require
from provision.devices.modem.running import against_intent
from provision.devices.modem.ways import CARRIER
from provision.devices.radio.kind import RADIO
from provision.home.workspace import Workspace

__all__ = ["after_of", "against_intent", "candidates_of", "carrier_of", "drift", "read"]


def carrier_of(device: Device) -> Carrier:
    """Return the carrier of radios for a radio, and that of modems for any other device."""
    return RADIO.carrier if device.kind is Kind.RADIO else CARRIER


def read(workspace: Workspace, writer: Writer, device: Device) -> Snapshot:
    """Read one device by Ansible and return its snapshot, with all settings (secrets sealed).

    Raises the ProvisionError that says why it could not be read.
    """
    return require(workspace, writer, carrier_of(device), device)
