"""Bring PCs to the baseline; give one back as it was.

No confirmed commit: not one of these settings is on the way to the PC, each is set by itself, and the
PC keeps what was there before. A run that dies is made whole by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from provision.connectors.ansible import Writer
from provision.core.device import Computer, Device
from provision.core.errors import DeviceError, ProvisionError, UnreachableError
from provision.core.model import Candidate, Ending, Event, Outcome, Plan, Snapshot
from provision.core.settings import diff
from provision.devices.pc import look
from provision.devices.replies import NEVER_SENT
from provision.devices.run import Run, single
from provision.families.languages import pc_task
from provision.home.workspace import Workspace
from provision.ledger.events import ACCEPTED, CONFIGURED, PC_BEGUN, PC_ENDED, UNDONE, configuration, record
from provision.ledger.lease import hold

Line = tuple[str, str, Mapping[str, Any]]


def apply(
    workspace: Workspace, computers: list[Computer], run: Run, packages: Path | None = None
) -> tuple[list[Outcome], dict[str, look.Seen]]:
    """Bring every PC to its baseline; give each outcome, and what each said last."""
    name = run.name = run.name or workspace.new_run()
    by_tag = {c.item.asset_tag: c for c in computers}
    outcomes = {
        t: outcome(c, Ending.FAILED, "record", f"not enrolled yet: provision enrol {t} --address A")
        for t, c in by_tag.items() if t not in workspace.known
    }  # fmt: skip
    if not run.replacing and not run.plan_only:
        outcomes |= {
            t: outcome(c, Ending.FAILED, "record", f"{other} still serves {c.kit.kecamatan.name}: provision replace")
            for t, c in by_tag.items() if t not in outcomes and (other := workspace.serving(c))
        }  # fmt: skip
    with hold(workspace.ledger, [t for t in by_tag if t not in outcomes], name, now=workspace.clock_s()) as held:
        outcomes |= {t: outcome(by_tag[t], Ending.FAILED, "lease", f"held by {who}") for t, who in held.items()}
        ready = [c for t, c in by_tag.items() if t not in outcomes]
        seen: dict[str, look.Seen] = {}
        if ready:
            with Writer(name, workspace.place.ssh_key, workspace.place.host_keys) as writer:
                ended, seen = _work(workspace, writer, ready, run, packages)
                outcomes |= ended
    return [outcomes[t] for t in by_tag if t in outcomes], seen


def _work(
    workspace: Workspace, writer: Writer, computers: list[Computer], run: Run, packages: Path | None
) -> tuple[dict[str, Outcome], dict[str, look.Seen]]:
    """Look where something was accepted, plan, ask, change."""
    visits = {c.item.asset_tag: look.visit(workspace, c, bench=run.bench) for c in computers}
    by_tag = {c.item.asset_tag: c for c in computers}
    outcomes, seen = _look(workspace, writer, visits, by_tag, run)
    waiting = []
    for tag in (t for t in visits if t not in outcomes):
        running = seen[tag].answer.snapshot if tag in seen else workspace.known[tag].snapshot
        made = _plan(running, visits[tag])
        run.plans.append(made)
        if tag not in seen or made.changes:
            waiting.append(made)
            continue
        outcomes[tag] = outcome(by_tag[tag], Ending.UNCHANGED, "plan", "runs as intended")
        if not run.plan_only and not workspace.known[tag].accepted:
            accept(workspace, visits[tag].device, running, [])
    if run.plan_only or not waiting:
        return outcomes, seen
    if not run.approve(waiting):
        refused = {p.device: outcome(by_tag[p.device], Ending.UNCHANGED, "ask", "not approved") for p in waiting}
        return outcomes | refused, seen
    ended, after = _change(workspace, writer, [visits[p.device] for p in waiting], by_tag, run, packages)
    return outcomes | ended, seen | after


def _look(
    workspace: Workspace, writer: Writer, visits: Mapping[str, look.Visit], by_tag: Mapping[str, Computer], run: Run
) -> tuple[dict[str, Outcome], dict[str, look.Seen]]:
    """Look at those of which something was accepted; a silent one is an outcome."""
    known = [v for t, v in visits.items() if workspace.known[t].accepted or run.plan_only]
    answers = look.ask(workspace, writer, known, tell=run.tell) if known else {}
    outcomes = {
        t: outcome(by_tag[t], Ending.FAILED, "look", str(said))
        for t, said in answers.items() if isinstance(said, ProvisionError)
    }  # fmt: skip
    return outcomes, {t: said for t, said in answers.items() if isinstance(said, look.Seen)}


def _plan(running: Snapshot, one: look.Visit) -> Plan:
    return Plan(
        device=one.device.tag, candidate=Candidate(settings=one.settings), locators={}, marker=running.marker,
        changes=diff(running.settings, one.settings, owns=()),
    )  # fmt: skip


def _change(
    workspace: Workspace, writer: Writer, visits: list[look.Visit], by_tag: Mapping[str, Computer], run: Run,
    packages: Path | None,
) -> tuple[dict[str, Outcome], dict[str, look.Seen]]:  # fmt: skip
    """One Ansible process: packages where they are missing, then the baseline; an event before and after."""
    begun: list[Line] = [
        (PC_BEGUN, v.device.tag, {"run": run.name, "bench": run.bench, "settings": sorted(v.settings)}) for v in visits
    ]
    workspace.ledger.extend(begun, at=workspace.now())
    files = {v.device.tag: _debs(packages, _lacking(workspace, v)) for v in visits}
    answers = look.ask(workspace, writer, visits, verb="apply", packages=files, tell=run.tell)
    outcomes: dict[str, Outcome] = {}
    seen: dict[str, look.Seen] = {}
    for one in visits:
        tag, said = one.device.tag, answers[one.device.tag]
        if isinstance(said, ProvisionError):
            ending = Ending.UNCONFIRMED if may_have_begun(said) else Ending.FAILED
            outcomes[tag] = outcome(by_tag[tag], ending, "baseline", f"{said}")
            if ending is Ending.FAILED:
                workspace.ledger.append(PC_ENDED, tag, _ended(run, outcomes[tag]), at=workspace.now())
            continue
        seen[tag] = said
        outcomes[tag] = _judge(by_tag[tag], one, said.answer)
        ended: Line = (PC_ENDED, tag, _ended(run, outcomes[tag]))
        if outcomes[tag].ending is Ending.FAILED:
            workspace.ledger.extend([ended], at=workspace.now())
        else:
            accept(workspace, one.device, said.answer.snapshot, [ended])
    return outcomes, seen


def _ended(run: Run, done: Outcome) -> dict[str, str]:
    return {"run": run.name, "ending": str(done.ending), "because": done.because}


def _lacking(workspace: Workspace, one: look.Visit) -> list[str]:
    have = workspace.known[one.device.tag].snapshot.settings
    return [p.removeprefix("app.") for p in one.settings if p.startswith("app.") and p not in have]


def _debs(folder: Path | None, apps: list[str]) -> list[Path]:
    """Give the newest .deb of each app in `folder`; an app without one is told by the PC itself."""
    found = [sorted(folder.glob(f"{name}_*.deb"))[-1:] for name in apps] if folder else []
    return [path for some in found for path in some]


def _judge(computer: Computer, one: look.Visit, answer: pc_task.Answer) -> Outcome:
    if answer.failed:
        because = "; ".join(f"{path}: {why}" for path, why in sorted(answer.failed.items()))
        return outcome(computer, Ending.FAILED, "baseline", because)
    if wrong := diff(answer.snapshot.settings, one.settings, owns=()):
        because = "what was read back is not what was sent: " + ", ".join(c.path for c in wrong)
        return outcome(computer, Ending.FAILED, "read back", because)
    count = len(answer.changed)
    ending = Ending.APPLIED if count else Ending.UNCHANGED
    return outcome(computer, ending, "baseline", f"{count} settings" if count else "runs as intended")


def accept(workspace: Workspace, device: Device, snapshot: Snapshot, before: list[Line]) -> None:
    """Make what runs the accepted settings, in one transaction with the events `before` it."""
    tag = device.tag
    known = workspace.known[tag].device
    kept = replace(
        device, bench_host=known.bench_host, model=str(snapshot.readings.get("model", known.model)),
        firmware=str(snapshot.readings.get("system", known.firmware)),
    )  # fmt: skip
    workspace.ledger.extend(
        [*before, (CONFIGURED, tag, configuration(snapshot)), (ACCEPTED, tag, record(kept))], at=workspace.now()
    )
    workspace.forget_known()


def undo(workspace: Workspace, computer: Computer, *, bench: bool) -> tuple[str, ...]:
    """Give one PC back as it was before the baseline; the office's key goes last. Gives what was undone.

    Raises DeviceError where the PC does not answer or something could not be given back.
    """
    tag = computer.item.asset_tag
    before = unfinished(workspace).get(tag)
    with single(workspace, tag) as writer:
        run = writer.run
        workspace.ledger.append(PC_BEGUN, tag, {"run": run, "bench": bench, "undo": True}, at=workspace.now())
        said = look.ask(workspace, writer, [look.visit(workspace, computer, bench=bench)], verb="undo")[tag]
        if isinstance(said, ProvisionError):
            if before is not None and given_back(before, said):
                workspace.ledger.extend(undone_lines(tag, run), at=workspace.now())
                return ()
            if before is None and not may_have_begun(said):
                ended = {"run": run, "ending": "failed", "because": str(said)}
                workspace.ledger.append(PC_ENDED, tag, ended, at=workspace.now())
            raise said
        answer = said.answer
        body = {"run": run, "ending": "undone", "because": ", ".join(answer.changed)}
        if answer.failed:
            why = "; ".join(f"{p}: {w}" for p, w in sorted(answer.failed.items()))
            workspace.ledger.append(PC_ENDED, tag, body | {"ending": "failed", "because": why}, at=workspace.now())
            raise DeviceError(f"not all could be given back: {why}", where=tag, hint="mend it, then return again")
        workspace.ledger.extend(
            [(PC_ENDED, tag, body), (UNDONE, tag, {"run": run, "settings": list(answer.changed)})], at=workspace.now()
        )
    workspace.forget_known()
    return answer.changed


def unfinished(workspace: Workspace) -> dict[str, Event]:
    """Give the runs that began on a PC and have no recorded end."""
    last = {e.subject: e for e in workspace.ledger.latest(PC_BEGUN, PC_ENDED)}
    return {tag: e for tag, e in last.items() if e.verb == PC_BEGUN}


def may_have_begun(error: ProvisionError) -> bool:
    """Say whether the PC may have got the program: its state is then unknown, and the run stays open for resume."""
    return not isinstance(error, DeviceError) or (
        isinstance(error, UnreachableError) and not any(sign in error.what for sign in NEVER_SENT)
    )


def given_back(begun: Event, error: ProvisionError) -> bool:
    """Say whether a PC whose undo broke off is through: the office's key, which goes last, no longer opens it."""
    return bool(begun.payload.get("undo")) and "Permission denied" in error.what


def undone_lines(tag: str, run: str) -> list[Line]:
    """Give the events of an undo whose answer was lost."""
    body = {"run": run, "ending": "undone", "because": "it no longer lets the office's key in, which goes last"}
    return [(PC_ENDED, tag, body), (UNDONE, tag, {"run": run, "settings": []})]


def outcome(computer: Computer, ending: Ending, step: str, because: str) -> Outcome:
    """Make the outcome of one PC."""
    return Outcome(
        device=computer.item.asset_tag, kecamatan=computer.kit.kecamatan.slug, ending=ending, step=step, because=because
    )
