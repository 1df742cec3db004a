"""PCs and checks -> findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provision import checks
from provision.connectors.ansible import Writer
from provision.core.device import Computer
from provision.core.errors import ProvisionError
from provision.core.model import Finding, Snapshot, Verdict
from provision.devices.pc import look
from provision.families.languages import pc_facts, pc_task
from provision.home.workspace import Workspace
from provision.ledger.events import BOUND, ENROLLED, HEARD, SEEN

VERBS = {"hearing": HEARD, "sight": SEEN}


def verify(
    workspace: Workspace, computers: list[Computer], *, bench: bool, seen: Mapping[str, look.Seen], live: bool = False
) -> list[Finding]:
    """Read every provisioned PC that was not just `seen`, and judge all; one that is silent is unknown.

    `live` has each of them play a chord, record it and take a picture: recorded, and judged from then on.
    """
    by_tag = {c.item.asset_tag: c for c in computers}
    ready = [t for t in by_tag if (k := workspace.known.get(t)) and k.accepted]
    found: dict[str, look.Seen | ProvisionError] = {t: seen[t] for t in ready if t in seen}
    if rest := [t for t in ready if t not in found]:
        with Writer(workspace.new_run(), workspace.place.ssh_key, workspace.place.host_keys) as writer:
            writer.begin("gather.yml")
            _ = workspace.ledger, checks.load("computers")  # they are wanted after; Ansible comes up meanwhile
            visits = [look.visit(workspace, by_tag[t], bench=bench) for t in rest]
            found |= look.ask(workspace, writer, visits, live=live)
    keep(workspace, found)
    bound = {e.subject: e.payload["things"] for e in workspace.ledger.latest(BOUND)}
    lived = last_lived(workspace)
    findings = []
    for tag, one in by_tag.items():
        if tag not in found:
            findings.append(not_provisioned(workspace, tag))
        else:
            findings += _judge(workspace, one, found[tag], bound.get(tag, {}), lived.get(tag, {}))
    return findings


def keep(workspace: Workspace, found: Mapping[str, look.Seen | ProvisionError]) -> None:
    """Record what was heard and seen."""
    lines = [
        (VERBS[name], tag, dict(body))
        for tag, said in found.items()
        if isinstance(said, look.Seen)
        for name, body in said.answer.live.items()
    ]
    if lines:
        workspace.ledger.extend(lines, at=workspace.now())


def last_lived(workspace: Workspace) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Give what was last heard and seen on each PC since its things were bound: `hearing` and `sight`, each with its time."""
    lived: dict[str, dict[str, Mapping[str, Any]]] = {}
    fresh = {e.subject: e.number for e in workspace.latest(BOUND, ENROLLED)}  # by another thing, or in another life
    for event in (e for e in workspace.latest(*VERBS.values()) if e.number > fresh.get(e.subject, 0)):
        name = next(n for n, verb in VERBS.items() if verb == event.verb)
        lived.setdefault(event.subject, {})[name] = {**event.payload, "at": event.at}
    return lived


def _judge(
    workspace: Workspace,
    computer: Computer,
    said: look.Seen | ProvisionError,
    bound: Mapping[str, Mapping[str, object]],
    lived: Mapping[str, Mapping[str, Any]],
) -> list[Finding]:
    known = workspace.known[computer.item.asset_tag]
    if isinstance(said, ProvisionError):
        silent = dict.fromkeys((*pc_facts.FIELDS, "disk_free_mb"), said.what)
        snapshot, asked_s = Snapshot(device=computer.item.asset_tag, at=workspace.now(), missing=silent), (0.0, 0.0)
    else:
        running, asked_s = said.answer.snapshot, said.asked_s
        accepted = {p: v for p, v in running.settings.items() if p in known.snapshot.settings}
        snapshot = replace(running, marker=pc_task.marker(accepted))  # what is intended beside it is not drift
    return checks.judge(
        checks.Case(
            snapshot=snapshot, item=computer.item, device=known.device, accepted_marker=known.snapshot.marker,
            bound=bound, asked_s=asked_s, zone=str(computer.settings["system.timezone"]),
            apps=tuple(p for p in computer.settings if p.startswith("app.")), needed=computer.needed,
            updates_days=computer.updates_days, live=lived, today=workspace.today(),
        )
    )  # fmt: skip


def not_provisioned(workspace: Workspace, tag: str) -> Finding:
    """Give the one finding of a device that was never provisioned."""
    known = tag in workspace.known
    return Finding(
        check="it_is_provisioned", device=tag, verdict=Verdict.UNKNOWN,
        because="enrolled, never provisioned" if known else "not enrolled",
        remedy=f"provision apply {tag} --bench" if known else f"provision enrol {tag} --address A",
    )  # fmt: skip
