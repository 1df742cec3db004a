"""Snapshot and checks -> findings, recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace

from provision import checks
from provision.core import firmware
from provision.core.device import Device, Intent
from provision.core.model import Finding, Snapshot, Verdict
from provision.core.traffic import Traffic
from provision.devices.modem import data_used
from provision.devices.modem import look as modem_look
from provision.devices.pc import verify as computers
from provision.devices.pc.look import Seen
from provision.home.targets import Targets
from provision.home.workspace import Workspace
from provision.ledger.events import JUDGED

SETTLE_S = 12.0  # services restart after an apply; the first sample comes with them
PAUSE_S = 0.5


def verify(
    workspace: Workspace,
    targets: Targets,
    *,
    bench: bool = False,
    patience_s: float = 0.0,
    seen: Mapping[str, Seen] | None = None,
    live: bool = False,
) -> list[Finding]:
    """Read every device once and judge it by all checks; each device's findings are recorded.

    A device that was never provisioned is unknown. `patience_s` lets a fresh modem's agent and
    its first radio sample come up before the last reading counts; `seen` are PCs that were just read, `live` has
    each PC hear itself and see.
    """
    snapshots = _modems(workspace, targets.modems, bench=bench, patience_s=patience_s)
    ours = {
        i.item.asset_tag: look
        for i in targets.modems
        if (look := snapshots.get(i.item.asset_tag)) and look.readings.get("serial") == i.item.serial
    }
    sums = data_used.keep(workspace, ours)
    findings = [
        f
        for i in targets.modems
        for f in _judge(workspace, i, snapshots.get(i.item.asset_tag), sums.get(i.item.asset_tag))
    ]
    findings += computers.verify(workspace, targets.computers, bench=bench, seen=seen or {}, live=live)
    workspace.ledger.extend(
        [
            (JUDGED, tag, {"findings": [asdict(f) | {"verdict": str(f.verdict)} for f in findings if f.device == tag]})
            for tag in dict.fromkeys(f.device for f in findings)
        ],
        at=workspace.now(),
    )
    return findings


def _modems(workspace: Workspace, intents: list[Intent], *, bench: bool, patience_s: float) -> dict[str, Snapshot]:
    deadline = time.monotonic() + patience_s
    found: dict[str, Snapshot] = {}
    waiting = [i for i in intents if i.item.asset_tag in workspace.known and workspace.known[i.item.asset_tag].accepted]
    while waiting:
        devices = [workspace.known[i.item.asset_tag].device for i in waiting]
        if bench:
            devices = [replace(d, host=d.bench_host) for d in devices]
        found |= modem_look.look(workspace, devices)
        waiting = [i for i in waiting if _not_settled(workspace, i.item.asset_tag, found[i.item.asset_tag])]
        if time.monotonic() >= deadline:
            break
        time.sleep(PAUSE_S if waiting else 0)
    return found


def _not_settled(workspace: Workspace, tag: str, snapshot: Snapshot) -> bool:
    """Say whether a later look may say more: no answer yet, or one from snmpd's cache (5 s)."""
    wanted = {name for check in checks.load("modems") for name in check.needs}
    return not wanted.isdisjoint(snapshot.missing) or snapshot.marker != workspace.known[tag].snapshot.marker


def _judge(workspace: Workspace, intent: Intent, snapshot: Snapshot | None, counted: Traffic | None) -> list[Finding]:
    tag = intent.item.asset_tag
    known = workspace.known.get(tag)
    if known is None or snapshot is None:
        return [computers.not_provisioned(workspace, tag)]
    return checks.judge(
        checks.Case(
            snapshot=snapshot, item=intent.item, device=known.device, accepted_marker=known.snapshot.marker,
            shown_secret=workspace.shown_secret(tag), firmware=_standing(workspace, known.device, snapshot),
            sim=intent.sim_card, today=workspace.today(), traffic=counted,
        )
    )  # fmt: skip


def _standing(workspace: Workspace, device: Device, snapshot: Snapshot) -> tuple[str, str]:
    said = str(snapshot.readings.get("firmware", ""))
    found = firmware.judge(workspace.home.firmware, device.family.name, device.model, said)
    return found.standing, found.because


def red(findings: list[Finding]) -> bool:
    """Say whether anything is not green: a warning is, unknown is not."""
    return any(f.verdict in {Verdict.FAIL, Verdict.UNKNOWN} for f in findings)
