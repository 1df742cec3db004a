"""Devices and checks -> findings, recorded."""

from __future__ import annotations

from collections.abc import Sequence

from provision.core import shapes
from provision.core.device import Intended
from provision.core.model import Ending, Finding, Outcome, Verdict
from provision.devices import kinds
from provision.devices.run import VerifyRequest
from provision.home.workspace import Workspace
from provision.ledger.events import Judged

SETTLE_S = 12.0  # services restart after an apply; the first sample comes with them


def verify(workspace: Workspace, devices: Sequence[Intended], request: VerifyRequest) -> list[Finding]:
    """Judge every device by the checks of its kind, record the findings and return them.

    A device is read for that, but for a PC whose answer is in the request. One that was never provisioned gets one
    finding, with the verdict unknown.
    """
    seen = workspace.seen([one.tag for one in devices])
    findings = [f for kind, group in kinds.groups(devices) for f in kind.verify(workspace, group, request)]
    by_device: dict[str, list[Finding]] = {}
    for finding in findings:
        by_device.setdefault(finding.device, []).append(finding)
    lines = [(tag, Judged(findings=tuple(shapes.finding_kept(f) for f in some))) for tag, some in by_device.items()]
    workspace.observe(lines, seen=seen)
    return findings


def patience_s(workspace: Workspace, outcomes: Sequence[Outcome]) -> float:
    """Return how many seconds devices may take until their reading counts, after an apply with these outcomes.

    It is 12 if a modem or radio was changed, else 0.
    """
    changed = any(o.ending is Ending.APPLIED and o.device in workspace.home.intents for o in outcomes)
    return SETTLE_S if changed else 0.0


def is_red(findings: list[Finding]) -> bool:
    """Say whether a finding failed or is unknown; a warning is not red."""
    return any(f.verdict in {Verdict.FAIL, Verdict.UNKNOWN} for f in findings)
