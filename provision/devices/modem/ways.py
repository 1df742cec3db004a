"""The carrier of modems: over SSH, with a way back on the modem's own flash."""

from __future__ import annotations

from collections.abc import Mapping

from provision.core.device import Device, Intent
from provision.core.model import Kind, Secret
from provision.devices.carrier import Carrier
from provision.devices.modem.look import ssh_host
from provision.devices.modem.refusals import way_back_not_shown

GRACE_S = 20.0  # after the window: for the revert itself, and for a boot


def _after(intent: Intent, device: Device, own: Mapping[str, Secret]) -> Device:
    from provision.devices.modem.candidate import after_of

    return after_of(intent, device, own)


CARRIER = Carrier(
    kind=Kind.MODEM,
    host=ssh_host,
    after=_after,
    not_afield=way_back_not_shown,
    drill_hint=lambda tag: f"; provision selftest {tag} --bench shows its way back",
    silent_s=GRACE_S,
    waits_for_window=True,
    left="no answer; its guard puts the old configuration back by itself: provision resume",
)
