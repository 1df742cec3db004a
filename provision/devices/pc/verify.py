"""PCs and checks -> findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from provision import checks
from provision.core.device import Computer
from provision.core.errors import ProvisionError
from provision.core.model import Finding, Snapshot
from provision.devices.case import case_of
from provision.devices.pc.look import Program, TimedAnswer, run_program, visit
from provision.devices.replies import not_provisioned
from provision.devices.run import VerifyRequest, writer_of
from provision.families.languages import pc_facts, pc_task
from provision.home.workspace import Workspace
from provision.ledger.events import Bound, Enrolled, Heard, Seen

VERBS: dict[str, type[Heard]] = {"hearing": Heard, "sight": Seen}
Things = Mapping[str, Mapping[str, Any]]


def verify(workspace: Workspace, computers: Sequence[Computer], request: VerifyRequest) -> list[Finding]:
    """Read every provisioned PC that did not answer just now, and return the findings of all.

    One that was never provisioned gets one UNKNOWN finding; one that gives no answer has all readings missing. With
    `live` each PC that is read plays a chord, records it and takes a picture, if its kind can: recorded, and judged
    from then on.
    """
    by_tag = {c.tag: c for c in computers}
    ready = [t for t in by_tag if (k := workspace.known.get(t)) and k.accepted]
    answers: dict[str, TimedAnswer | ProvisionError] = {t: request.answers[t] for t in ready if t in request.answers}
    if rest := [by_tag[t] for t in ready if t not in answers]:
        answers |= _read(workspace, rest, request)
    keep(workspace, answers)
    bound, lived = things(workspace), last_lived(workspace)
    findings = []
    for tag, one in by_tag.items():
        if tag not in answers:
            findings.append(not_provisioned(workspace, tag))
        else:
            findings += _judge(workspace, one, answers[tag], (bound.get(tag, {}), lived.get(tag, {})))
    return findings


def _read(
    workspace: Workspace, computers: Sequence[Computer], request: VerifyRequest
) -> dict[str, TimedAnswer | ProvisionError]:
    with writer_of(workspace, workspace.new_run()) as writer:
        writer.begin("gather.yml")
        _ = workspace.ledger, checks.load("computers")  # they are wanted after; Ansible comes up meanwhile
        visits = [visit(workspace, one, bench=request.bench) for one in computers]
        return run_program(workspace, writer, visits, Program(live=request.live))


def keep(workspace: Workspace, answers: Mapping[str, TimedAnswer | ProvisionError]) -> None:
    """Record what was heard and seen on each PC that answered."""
    lines = [
        (tag, VERBS[name](body=dict(body)))
        for tag, said in answers.items()
        if isinstance(said, TimedAnswer)
        for name, body in said.answer.live.items()
    ]
    workspace.observe(lines, seen=workspace.seen([tag for tag, _ in lines]))


def things(workspace: Workspace) -> dict[str, Things]:
    """Return the peripherals that were last bound to each PC: by asset tag, then by kind."""
    return {e.subject: Bound.read(e.payload).things for e in workspace.latest(Bound.VERB)}


def last_lived(workspace: Workspace) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return by asset tag what was last heard and seen on each PC since it was enrolled and its things were bound.

    It is under `hearing` and `sight`, each with its time (`at`).
    """
    lived: dict[str, dict[str, Mapping[str, Any]]] = {}
    changed = workspace.latest(Bound.VERB, Enrolled.VERB)  # by another thing, or in another life
    fresh = {e.subject: e.number for e in changed}
    for event in workspace.latest(*(act.VERB for act in VERBS.values())):
        if event.number > fresh.get(event.subject, 0):
            name = next(n for n, act in VERBS.items() if event.verb == act.VERB)
            lived.setdefault(event.subject, {})[name] = {**Heard.read(event.payload).body, "at": event.at}
    return lived


def _judge(
    workspace: Workspace,
    computer: Computer,
    reply: TimedAnswer | ProvisionError,
    recorded: tuple[Things, Mapping[str, Mapping[str, Any]]],
) -> list[Finding]:
    known = workspace.known[computer.tag]
    if isinstance(reply, ProvisionError):
        silent = dict.fromkeys((*pc_facts.FIELDS, "disk_free_mb"), reply.what)
        snapshot, asked_s = Snapshot(device=computer.tag, at=workspace.now(), missing=silent), (0.0, 0.0)
    else:
        running, asked_s = reply.answer.snapshot, reply.asked_s
        accepted = {p: v for p, v in running.settings.items() if p in known.snapshot.settings}
        snapshot = replace(running, marker=pc_task.marker(accepted))  # what is intended beside it is not drift
    return checks.judge(
        replace(
            case_of(workspace, computer, snapshot),
            bound=recorded[0],
            asked_s=asked_s,
            zone=str(computer.settings["system.timezone"]),
            apps=tuple(p for p in computer.settings if p.startswith("app.")),
            needed=computer.needed,
            updates_days=computer.updates_days,
            live=recorded[1],
        )
    )
