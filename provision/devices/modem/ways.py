"""The ways of a modem: over SSH, with a way back on its own flash."""

from __future__ import annotations

from provision.core.model import Kind
from provision.devices.carrier import Carrier
from provision.devices.modem.candidate import after_of
from provision.devices.modem.look import ssh_host
from provision.devices.modem.refusals import way_back_not_shown
from provision.devices.modem.resume import GRACE_S

CARRIER = Carrier(
    kind=Kind.MODEM,
    host=ssh_host,
    after=after_of,
    not_afield=way_back_not_shown,
    drill_hint=lambda tag: f"; provision selftest {tag} --bench shows its way back",
    silent_s=GRACE_S,
    waits_for_window=True,
    left="no answer; its guard puts the old configuration back by itself: provision resume",
)
