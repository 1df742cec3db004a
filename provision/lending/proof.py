"""Whether a kit is fit to be handed over: what was verified and when, and which checks are waived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from provision import checks
from provision.core.model import Event, Item, ItemKind, Verdict
from provision.core.times import day_of
from provision.devices import journal
from provision.home.workspace import Workspace
from provision.ledger.events import Accepted, Bound, Judged
from provision.lending.loans import File

MANAGED = (ItemKind.COMPUTER, ItemKind.MODEM)
TRIED = {"it_hears_itself": "heard", "it_sees": "seen"}
RED = (Verdict.FAIL, Verdict.UNKNOWN)


def proofs(workspace: Workspace, file: File) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the proof of each PC and modem of a kit, and every reason against a handover.

    A device has a proof if it is provisioned, has no run without an end, and was verified since what is accepted of it
    last changed, and within `proof_days`. Reasons are a lacking proof, each red or unknown finding, and a PC that was
    not heard or not seen, unless the check is waived.
    """
    judged = {e.subject: e for e in workspace.ledger.latest(Judged.VERB)}
    changed = {e.subject: e.number for e in workspace.ledger.latest(Accepted.VERB, Bound.VERB)}
    pending = journal.all_unfinished(workspace)
    waived = {w.check for w in file.waivers}
    found: list[dict[str, Any]] = []
    against: list[str] = []
    for item in (i for i in file.kit.items if i.kind in MANAGED):
        tag = item.asset_tag
        known = workspace.known.get(tag)
        if known is None or not known.accepted:
            against.append(f"{tag} was never provisioned: provision apply {tag} --bench")
        elif tag in pending:
            against.append(f"{tag}: a run on it has no end: provision resume")
        elif why := _no_proof(workspace, judged.get(tag), changed[tag]):
            against.append(f"{tag}: {why}: provision verify {tag} --bench")
        else:
            findings = list(Judged.read(judged[tag].payload).findings)
            against += _red(tag, findings, waived)
            against += _untried(item, findings, waived)
            found.append(_proof(tag, str(item.kind), judged[tag], waived))
    return found, against


def _no_proof(workspace: Workspace, judged: Event | None, changed: int) -> str:
    if judged is None:
        return "never verified"
    if judged.number < changed:
        return "not verified since it was changed"
    oldest = datetime.fromisoformat(workspace.now()) - timedelta(days=workspace.home.lending.proof_days)
    if datetime.fromisoformat(judged.at) < oldest:
        return f"verified on {day_of(judged.at)}, longer ago than {workspace.home.lending.proof_days} days"
    return ""


def _red(tag: str, findings: list[Mapping[str, Any]], waived: set[str]) -> list[str]:
    red = [f for f in findings if f["verdict"] in RED]
    return [f"{tag}: {f['check']}: {f['verdict']}: {f['because']}" for f in red if not answered(f["check"], waived)]


def _untried(item: Item, findings: list[Mapping[str, Any]], waived: set[str]) -> list[str]:
    """Return a reason for each of hearing and sight that was never tried on a PC and is not waived.

    Empty for an item that is no PC. That a PC has the devices proves neither.
    """
    if item.kind is not ItemKind.COMPUTER:
        return []
    tried = {f["check"] for f in findings}
    return [
        f"{item.asset_tag}: it was never {word}: provision verify {item.asset_tag} --live, or provision attest"
        for name, word in TRIED.items()
        if name not in tried and not answered(name, waived)
    ]


def answered(name: str, waived: set[str]) -> bool:
    """Return whether a check is waived; False for one that is unknown or guards identity or security."""
    found = checks.named(name)
    return name in waived and found is not None and not found.guards


def _proof(tag: str, kind: str, judged: Event, waived: set[str]) -> dict[str, Any]:
    findings = Judged.read(judged.payload).findings
    untried = [
        n for n in TRIED if kind == ItemKind.COMPUTER and n not in {f["check"] for f in findings} and n in waived
    ]
    return {
        "tag": tag,
        "kind": kind,
        "event": judged.number,
        "at": judged.at,
        "checks": len(findings),
        "passed": sum(f["verdict"] not in RED for f in findings),
        "waived": sorted([*untried, *(f["check"] for f in findings if f["verdict"] in RED and f["check"] in waived)]),
        "warned": {f["check"]: f["because"] for f in findings if f["verdict"] == Verdict.WARN},
    }
