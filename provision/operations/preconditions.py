"""What has to hold before a device is changed at all, whatever kind it is; each refusal names the next step."""

from __future__ import annotations

from provision.core.device import Intended
from provision.core.model import ApplyStep
from provision.devices.kinds import DeviceKind
from provision.devices.run import ApplyRequest
from provision.home.workspace import Workspace
from provision.ledger import places


def refusal(
    workspace: Workspace, kind: DeviceKind, intended: Intended, request: ApplyRequest
) -> tuple[ApplyStep, str] | None:
    """Return at which step and why a device may not be changed, or None if it may.

    It may not if it is not enrolled, if another device still serves its place (unless it replaces that, or only a plan
    is asked for), or if its kind refuses.
    """
    tag, place = intended.tag, intended.kit.kecamatan
    known = workspace.known.get(tag)
    if known is None:
        return ApplyStep.RECORD, f"not enrolled yet: provision enrol {tag} --address A"
    if not request.replacing and not request.plan_only and (serving := _serving(workspace, intended)):
        return ApplyStep.RECORD, f"{serving} still serves {place.name}: provision replace {place.slug}"
    return kind.refusal(workspace, known, request)


def _serving(workspace: Workspace, intended: Intended) -> str:
    """Return the tag of another provisioned device in the place of `intended`, or an empty text."""
    names = places.slugs(workspace.latest, intended.kit.kecamatan)
    serving = (
        tag
        for tag, known in workspace.known.items()
        if known.accepted
        and tag != intended.tag
        and known.device.takes_place_of(intended.kind)
        and known.device.kecamatan in names
    )
    return next(serving, "")
