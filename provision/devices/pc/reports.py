"""Reports of PCs -> findings, recorded: files that somebody brought, or what waits in the PCs' outboxes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from provision import checks
from provision.connectors.openssh import Question
from provision.core import shapes
from provision.core.device import Computer
from provision.core.model import Finding, Snapshot
from provision.devices.case import case_of
from provision.devices.pc.look import feed, visit
from provision.devices.pc.verify import Things, things
from provision.devices.replies import NONCE_BYTES, last_line
from provision.families.languages import pc_report
from provision.home.workspace import Workspace
from provision.ledger.events import Enrolled, Reported, Revoked

FETCH_S = 120.0
NOT_IN_A_FILE = {
    "baseline_is_the_accepted_one",
    "conference_app_is_there",
    "clock_is_right",
    "it_hears_itself",
    "it_sees",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """One report: where it came from, whose it is, and either why it was refused or what it says."""

    source: str
    device: str = ""
    counter: int = 0
    at: str = ""
    refused: str = ""
    findings: tuple[Finding, ...] = ()


def read_files(paths: list[Path]) -> list[tuple[str, bytes | str]]:
    """Return each file's path with its content, or with a text that says why it cannot be read.

    At most one byte more than a report can have is read.
    """
    found: list[tuple[str, bytes | str]] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                found.append((str(path), file.read(pc_report.LARGEST + 1)))
        except OSError as error:
            found.append((str(path), f"cannot be read: {error.strerror}"))
    return found


def counters(workspace: Workspace) -> dict[str, int]:
    """Return by asset tag the number of the newest report that was taken in since the device was enrolled, or 0.

    A PC gets a new key when it is enrolled, and counts anew.
    """
    return {tag: counter for tag, (counter, _) in _taken_in(workspace).items()}


def _taken_in(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """Return as `counters` does, with the number of the newest event of a report that was taken in, 0 for none."""
    highest: dict[str, tuple[int, int]] = {}
    for event in workspace.latest(Reported.VERB, Enrolled.VERB):
        before = highest.get(event.subject, (0, 0))[1]
        new = event.verb == Reported.VERB
        highest[event.subject] = (Reported.read(event.payload).counter, event.number) if new else (0, before)
    return highest


def ingest(workspace: Workspace, raws: Iterable[tuple[str, bytes | str]]) -> list[Ingested]:
    """Prove reports (source and content), record those that are proven with their findings, and return all.

    Each PC's reports are taken in the order in which it made them. One that is not proven, or whose content is a reason
    as text, is returned as refused and not recorded. Raises ChangedError, with nothing recorded, if another command
    took a report of one of these PCs in meanwhile.
    """
    workspace.forget_known()
    taken_in = _taken_in(workspace)
    last = {tag: counter for tag, (counter, _) in taken_in.items()}
    done: list[Ingested] = []
    claims: list[tuple[str, pc_report.Claim]] = []
    for source, raw in raws:
        if isinstance(raw, str):
            done.append(Ingested(source=source, refused=raw))
            continue
        try:
            claims.append((source, pc_report.claim(raw)))
        except pc_report.ReportError as error:
            done.append(Ingested(source=source, refused=str(error)))
    lines = []
    bound = things(workspace) if claims else {}
    for source, one in sorted(claims, key=lambda pair: (pair[1].tag, pair[1].counter)):
        taken = _take(workspace, (source, one), last.get(one.tag, 0), bound.get(one.tag, {}))
        done.append(taken)
        if not taken.refused:
            last[one.tag] = one.counter
            findings = tuple(shapes.finding_kept(f) for f in taken.findings)
            lines.append((one.tag, Reported(counter=one.counter, at=taken.at, findings=findings)))
    if lines:
        before = {(tag, Reported.VERB): taken_in.get(tag, (0, 0))[1] for tag, _ in lines}
        for tag, _ in lines:  # a PC that was enrolled again has another key, and counts anew
            seen = workspace.known[tag].seen
            before |= {(tag, verb): seen[tag, verb] for verb in (Enrolled.VERB, Revoked.VERB)}
        workspace.observe(lines, seen=before)
    return done


def _take(workspace: Workspace, claimed: tuple[str, pc_report.Claim], last: int, bound: Things) -> Ingested:
    source, one = claimed
    computer = workspace.home.computers.get(one.tag)
    known = workspace.known.get(one.tag)
    if computer is None or known is None or not known.accepted:
        return Ingested(source=source, device=one.tag[:40], refused="of no PC that was provisioned here")
    try:
        key, now_s = workspace.vault.report_key(one.tag), workspace.clock_s()
        proven = pc_report.prove(one, key, last=last, now_s=now_s)
    except pc_report.ReportError as error:
        return Ingested(source=source, device=one.tag, refused=str(error))
    at = datetime.fromtimestamp(proven.at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    snapshot = Snapshot(
        device=one.tag, at=at, readings={**proven.readings, "clock_s": proven.at_s}, missing=proven.missing
    )
    wanted = tuple(c for c in checks.load("computers") if c.name not in NOT_IN_A_FILE)
    case = replace(
        case_of(workspace, computer, snapshot),
        bound=bound,
        needed=computer.needed,
        updates_days=computer.updates_days,
    )
    findings = tuple(checks.judge(case, wanted))
    return Ingested(source=source, device=one.tag, counter=one.counter, at=at, findings=findings)


def fetch(
    workspace: Workspace, computers: Sequence[Computer], *, bench: bool
) -> tuple[list[tuple[str, bytes | str]], dict[str, str]]:
    """Read the reports that wait in the outboxes of provisioned PCs and were not taken in yet.

    Return them with their sources, and by asset tag why a PC was not asked or gave no whole answer; the reports of such
    an answer are returned, too.
    """
    last = counters(workspace)
    asked: dict[str, tuple[Question, str]] = {}
    silent: dict[str, str] = {}
    for one in computers:
        tag = one.tag
        if not ((known := workspace.known.get(tag)) and known.accepted):
            silent[tag] = f"not provisioned: provision apply {tag} --bench"
            continue
        device = visit(workspace, one, bench=bench).device
        nonce = secrets.token_hex(NONCE_BYTES)
        document = f"{nonce} {last.get(tag, 0):06d}\n".encode()
        command = feed(device, one.family.outbox)
        place = workspace.place
        asked[tag] = workspace.network.question(device, command, document, place.ssh_key, place.host_keys), nonce
    for question, _ in asked.values():
        question.send()
    deadline = workspace.clock.monotonic() + FETCH_S
    raws: list[tuple[str, bytes | str]] = []
    for tag, (question, nonce) in asked.items():
        reply = question.answer(deadline)
        lines = reply.output.replace(b"\r", b"").splitlines()
        if reply.code or not lines or lines[-1].decode("utf-8", "replace") != f"end {nonce}":
            silent[tag] = last_line(reply.said) or "no whole answer"
        raws += [(f"{tag} ({n})", line) for n, line in enumerate(lines, 1) if line.startswith(b"{")]
    return raws, silent


def newest(taken: list[Ingested]) -> list[Ingested]:
    """Return the last report of each PC among `taken` that was not refused."""
    last: dict[str, Ingested] = {}
    for one in (t for t in taken if not t.refused):
        last[one.device] = one
    return list(last.values())
