"""Modems or radios and checks -> findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provision import checks
from provision.core import firmware
from provision.core.device import Device, Intent
from provision.core.model import Finding, Snapshot
from provision.core.traffic import Traffic
from provision.devices.carrier import Look
from provision.devices.case import case_of
from provision.devices.modem import data_used, login
from provision.devices.replies import not_provisioned
from provision.devices.run import VerifyRequest
from provision.home.workspace import Workspace

PAUSE_S = 0.5


def verify(workspace: Workspace, look: Look, intents: Sequence[Intent], request: VerifyRequest) -> list[Finding]:
    """Read every provisioned device, log in to it anew, and return the findings; one never provisioned is UNKNOWN.

    A device that was changed just now has let that run in (`request.answers`), and is not logged in to once more. The
    bytes that modems counted are added to the sums of their SIM cards.
    """
    ready = [k.device for i in intents if (k := workspace.known.get(i.tag)) and k.accepted]
    let_in = {d.tag for d in ready if login.is_asked(d) and request.answers.get(d.tag) == login.PROVED}
    rest = [device.at(bench=request.bench) for device in ready if device.tag not in let_in]
    asked = login.ask(workspace, rest)  # they come up meanwhile
    try:
        snapshots = login.proved(workspace, asked, _settled_looks(workspace, look, intents, request))
        snapshots |= {tag: login.let_in(snapshots[tag]) for tag in let_in}
    except BaseException:
        login.end(asked)
        raise
    sums = data_used.keep(workspace, snapshots)
    findings = [_judge(workspace, i, snapshots.get(i.tag), sums.get(i.tag)) for i in intents]
    return [finding for some in findings for finding in some]


def _settled_looks(
    workspace: Workspace, look: Look, intents: Sequence[Intent], request: VerifyRequest
) -> dict[str, Snapshot]:
    """Return the last look at each provisioned device, by asset tag.

    A device is looked at again until it says all that its checks need and shows the accepted marker, or until the
    patience is over.
    """
    deadline = workspace.clock.monotonic() + request.patience_s
    snapshots: dict[str, Snapshot] = {}
    waiting = [i.tag for i in intents if (k := workspace.known.get(i.tag)) and k.accepted]
    while waiting:
        devices = [workspace.known[tag].device.at(bench=request.bench) for tag in waiting]
        snapshots |= look(workspace, devices)
        waiting = [tag for tag in waiting if _may_say_more(workspace, tag, snapshots[tag])]
        if workspace.clock.monotonic() >= deadline:
            break
        workspace.clock.sleep(PAUSE_S if waiting else 0)
    return snapshots


def _may_say_more(workspace: Workspace, tag: str, snapshot: Snapshot) -> bool:
    """Say whether a later look may say more: a needed reading is missing, or the marker is not the accepted one.

    The marker may come from snmpd's cache (5 s).
    """
    needed = {name for check in checks.load("modems") for name in check.needs} - {login.READING}
    return not needed.isdisjoint(snapshot.missing) or snapshot.marker != workspace.known[tag].snapshot.marker


def _judge(workspace: Workspace, intent: Intent, snapshot: Snapshot | None, counted: Traffic | None) -> list[Finding]:
    known = workspace.known.get(intent.tag)
    if known is None or snapshot is None:
        return [not_provisioned(workspace, intent.tag)]
    return checks.judge(
        replace(
            case_of(workspace, intent, snapshot),
            shown_secret=workspace.shown_secret(intent.tag),
            firmware=_standing(workspace, known.device, snapshot),
            sim=intent.sim_card,
            traffic=counted,
        )
    )


def _standing(workspace: Workspace, device: Device, snapshot: Snapshot) -> tuple[str, str]:
    said = str(snapshot.readings.get("firmware", ""))
    rule = firmware.judge(workspace.home.firmware, device.family.name, device.model.raw, said)
    return rule.standing, rule.because
