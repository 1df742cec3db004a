"""Radios: a change is one SNMP SET with the old values kept at the office."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provision.core.device import Device, Intended, Intent
from provision.core.errors import UsageError
from provision.core.model import Kind, Secret
from provision.devices.carrier import Carrier
from provision.devices.modem.kind import BoxKind, intents
from provision.devices.radio.look import local_host, look
from provision.home.workspace import Workspace
from provision.ledger.known import Known

if TYPE_CHECKING:
    from provision.connectors.ansible import Writer
    from provision.devices.door import EnrolRequest
    from provision.devices.journal import Enrolment
    from provision.devices.run import Drill

SILENT_S = 12.0  # a device that is just moving its doors is in neither place for a moment


def _after(_: Intent, device: Device, __: Mapping[str, Secret]) -> Device:
    """Return the device as it is: the addresses of a radio are set by hand, and stay."""
    return device


def _not_afield(_: Workspace, __: Known) -> str:
    return "nothing on it leads back: changed on the bench only, with --bench in its reach"


def _usual_address(_: Workspace, intended: Intended) -> tuple[str, int]:
    """Return the radio's address on the bench (its kit's, else its family's factory address) and its SNMP port."""
    (intent,) = intents([intended])
    return intent.bench_address or intent.family.door.factory.address, intent.snmp_port


def _let_in(workspace: Workspace, writer: Writer, intent: Intent, request: EnrolRequest) -> Enrolment:
    from provision.devices.radio import enrol

    return enrol.enrol(workspace, writer, intent, request)


def _drill(_: Workspace, device: Device) -> list[Drill]:
    """Raise UsageError: a radio has no way back of its own."""
    hint = "a radio is changed on the bench only: --bench"
    raise UsageError(f"{device.tag} has no way back of its own to drill", hint=hint)


RADIO = BoxKind(
    carrier=Carrier(
        kind=Kind.RADIO,
        host=local_host,
        after=_after,
        not_afield=_not_afield,
        drill_hint=lambda _: "",
        silent_s=SILENT_S,
        waits_for_window=False,
        left="no answer; its old values are kept here: provision resume puts them back",
    ),
    look=look,
    usual_address=_usual_address,
    let_in=_let_in,
    drill=_drill,
)
