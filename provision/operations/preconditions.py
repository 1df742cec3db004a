"""What has to hold before a device is changed at all, whatever kind it is; each refusal names the next step."""

from __future__ import annotations

from provision.core.device import Intended
from provision.core.model import ApplyStep, Ending, Outcome
from provision.devices.kinds import DeviceKind
from provision.devices.run import ApplyRequest, outcome
from provision.home.workspace import Workspace


def refusal(workspace: Workspace, kind: DeviceKind, intended: Intended, request: ApplyRequest) -> Outcome | None:
    """Return the outcome of a device that may not be changed, or None."""
    tag, place = intended.tag, intended.kit.kecamatan
    known = workspace.known.get(tag)
    if known is None:
        because = f"not enrolled yet: provision enrol {tag} --address A"
        return outcome(intended, Ending.FAILED, ApplyStep.RECORD, because)
    if not request.replacing and not request.plan_only and (serving := workspace.serving(intended)):
        because = f"{serving} still serves {place.name}: provision replace {place.slug}"
        return outcome(intended, Ending.FAILED, ApplyStep.RECORD, because)
    refused = kind.refusal(workspace, known, request)
    return outcome(intended, Ending.FAILED, *refused) if refused else None
