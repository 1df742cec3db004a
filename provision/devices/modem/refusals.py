"""Why a modem or radio may not be changed at all, in words of the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.core import firmware
from provision.core.device import Device
from provision.core.model import ApplyStep
from provision.devices.carrier import Carrier
from provision.home.workspace import Workspace
from provision.ledger.known import Known

if TYPE_CHECKING:
    from provision.devices.run import ApplyRequest

NEVER_PROVISIONED = "never provisioned: the first apply is on the bench (--bench)"


def refusal(
    workspace: Workspace, carrier: Carrier, known: Known, request: ApplyRequest
) -> tuple[ApplyStep, str] | None:
    """Return the step that refuses the change and the reason, or None if the device may be changed."""
    if request.plan_only:
        return None
    if unfit := _unfit(workspace, carrier, known.device):
        return ApplyStep.FIRMWARE, unfit
    if request.bench:
        return None
    because = carrier.not_afield(workspace, known) if known.accepted else NEVER_PROVISIONED
    return (ApplyStep.RECORD, because) if because else None


def way_back_not_shown(workspace: Workspace, known: Known) -> str:
    """Return why a modem may not be changed away from the bench, or an empty text.

    It may be if a selftest passed on its family, model and firmware.
    """
    device = known.device
    if workspace.way_back_is_proved(device):
        return ""
    return (
        f"the way back was not shown on {device.model.visible} {device.firmware.visible}: "
        f"provision selftest {device.tag}, or --bench with the box in reach"
    )


def _unfit(workspace: Workspace, carrier: Carrier, device: Device) -> str:
    """Return why a device with its firmware may not be written to, or an empty text.

    The office's baseline of firmware decides.
    """
    rule = firmware.judge(workspace.home.firmware, device.family.name, device.model.raw, device.firmware.raw)
    if rule.write:
        return ""
    if rule.standing == firmware.BAD:
        which = f"{device.model.visible} {device.firmware.visible}"
        return f"{which}: {rule.because}; update it on the bench, then enrol it again"
    hint = carrier.drill_hint(device.tag)
    return f"{rule.because}: it is read only{hint}; list it there once you have tried it on the bench"
