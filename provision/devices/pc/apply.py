"""Bring PCs to the baseline; give one back as it was.

No confirmed commit: not one of these settings is on the way to the PC, each is set by itself, and the
PC keeps what was there before. A run that dies is made whole by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from provision.core.device import Computer, Device
from provision.core.errors import DeviceError, ProvisionError, UnreachableError
from provision.core.foreign import Foreign
from provision.core.model import ApplyStep, Candidate, Ending, Kind, Outcome, Plan, Snapshot
from provision.core.settings import diff
from provision.devices import journal
from provision.devices.journal import Conclusion
from provision.devices.pc.look import LOOK, Program, TimedAnswer, Visit, run_program, visit
from provision.devices.replies import NEVER_SENT
from provision.devices.run import Changed, Job, Running, Session, outcome, run_on
from provision.families.languages.pc_task import Answer
from provision.home.held import Held
from provision.home.workspace import Workspace
from provision.ledger.events import PcBegun

GIVEN_BACK = "it no longer lets the office's key in, which goes last"


def visits_of(session: Session, computers: Sequence[Computer]) -> dict[str, Visit]:
    """Return what a visit to each PC needs in this run, by asset tag."""
    return {c.tag: visit(session.workspace, c, bench=session.request.bench) for c in computers}


def running(session: Session, computers: Sequence[Computer]) -> Running:
    """Return what runs on each PC, or why it could not be read, and the answers of those that were looked at.

    A PC is looked at if its configuration was accepted, or if only a plan is asked for; any other is taken to run what
    it was enrolled with.
    """
    known = session.workspace.known
    visits = visits_of(session, computers)
    looked = [v for t, v in visits.items() if known[t].accepted or session.request.plan_only]
    answers: Mapping[str, TimedAnswer | ProvisionError] = {}
    if looked:
        answers = run_program(session.workspace, session.writer, looked, LOOK, session.callbacks.on_step)
    snapshots: dict[str, Snapshot | ProvisionError] = {t: known[t].snapshot for t in visits if t not in answers}
    for tag, reply in answers.items():
        snapshots[tag] = reply.answer.snapshot if isinstance(reply, TimedAnswer) else reply
    return Running(snapshots=snapshots, answers=answers)


def plans(session: Session, computers: Sequence[Computer], snapshots: Mapping[str, Snapshot]) -> dict[str, Plan]:
    """Return by asset tag the plan from what runs on each PC to its baseline; nothing is removed."""
    made = {}
    for tag, one in visits_of(session, computers).items():
        now = snapshots[tag]
        changes = diff(now.settings, one.settings, owns=())
        made[tag] = Plan(
            device=tag,
            candidate=Candidate(settings=one.settings),
            intended=one.settings,
            locators={},
            marker=now.marker,
            changes=changes,
        )
    return made


def change(session: Session, jobs: Sequence[Job]) -> Changed:
    """Bring PCs to the baseline in one Ansible process, with the packages that they lack; return how each ended.

    The begin is recorded before; the end and what was accepted are recorded after, but not for an UNCONFIRMED outcome,
    whose run stays open.
    """
    workspace, request = session.workspace, session.request
    computers = {job.tag: job.intended for job in jobs if isinstance(job.intended, Computer)}
    visits = visits_of(session, list(computers.values()))
    begun = [
        (t, PcBegun(run=session.run, bench=request.bench, settings=tuple(sorted(v.settings))))
        for t, v in visits.items()
    ]
    journal.begin(session.held, begun)
    files = {t: _debs(request.packages, _lacking(workspace, v)) for t, v in visits.items()}
    program = Program(verb="apply", packages=files, runs=dict.fromkeys(visits, session.run))
    on_step = session.callbacks.on_step
    answers = run_program(workspace, session.writer, list(visits.values()), program, on_step)
    outcomes = {tag: _judge(computers[tag], visits[tag], answers[tag]) for tag in visits}
    journal.conclude(
        session.held,
        Kind.PC,
        [
            Conclusion(
                tag=tag,
                run=session.run,
                ending=str(done.ending),
                because=done.because,
                accepted=_accepted(workspace, visits[tag].device, answers[tag], done),
            )
            for tag, done in outcomes.items()
            if done.ending is not Ending.UNCONFIRMED
        ],
    )
    return Changed(outcomes=outcomes, answers={t: a for t, a in answers.items() if isinstance(a, TimedAnswer)})


def _judge(computer: Computer, visited: Visit, reply: TimedAnswer | ProvisionError) -> Outcome:
    if isinstance(reply, ProvisionError):
        ending = Ending.UNCONFIRMED if may_have_begun(reply) else Ending.FAILED
        return outcome(computer, ending, ApplyStep.BASELINE, f"{reply}")
    answer = reply.answer
    if answer.failed:
        return outcome(computer, Ending.FAILED, ApplyStep.BASELINE, failures(answer))
    if wrong := diff(answer.snapshot.settings, visited.settings, owns=()):
        because = "what was read back is not what was sent: " + ", ".join(c.path for c in wrong)
        return outcome(computer, Ending.FAILED, ApplyStep.READ_BACK, because)
    count = len(answer.changed)
    ending = Ending.APPLIED if count else Ending.UNCHANGED
    return outcome(computer, ending, ApplyStep.BASELINE, f"{count} settings" if count else "runs as intended")


def failures(answer: Answer) -> str:
    """Return which settings failed and why, as one line."""
    return "; ".join(f"{path}: {why}" for path, why in sorted(answer.failed.items()))


def _accepted(
    workspace: Workspace, device: Device, reply: TimedAnswer | ProvisionError, done: Outcome
) -> tuple[Device, Snapshot] | None:
    if isinstance(reply, ProvisionError) or done.ending is Ending.FAILED:
        return None
    return named(workspace, device, reply.answer.snapshot), reply.answer.snapshot


def named(workspace: Workspace, device: Device, snapshot: Snapshot) -> Device:
    """Return the PC as it is recorded: with its bench address, and the model and system that it said.

    What it did not say stays as it was recorded.
    """
    known, said = workspace.known[device.tag].device, snapshot.readings
    return replace(
        device,
        bench_host=known.bench_host,
        model=Foreign(str(said["model"])) if "model" in said else known.model,
        firmware=Foreign(str(said["system"])) if "system" in said else known.firmware,
    )


def _lacking(workspace: Workspace, visited: Visit) -> list[str]:
    have = workspace.known[visited.device.tag].snapshot.settings
    return [p.removeprefix("app.") for p in visited.settings if p.startswith("app.") and p not in have]


def _debs(folder: Path | None, apps: list[str]) -> list[Path]:
    """Return from `folder` the .deb of each app whose name sorts last; without a folder there are none.

    An app without a file is left out; the PC itself then says that it is missing.
    """
    newest = [sorted(folder.glob(f"{name}_*.deb"))[-1:] for name in apps] if folder else []
    return [path for some in newest for path in some]


def undo(workspace: Workspace, computer: Computer, *, bench: bool) -> tuple[str, ...]:
    """Put one PC back as it was before the baseline, the office's key last; return the settings that were undone.

    It returns none if an earlier undo broke off and the PC no longer lets the office's key in: that undo was complete.
    Raises DeviceError if something could not be given back, ProvisionError if the PC gave no answer, LeaseError if
    another run holds the PC.
    """
    tag = computer.tag
    before = journal.unfinished(workspace, Kind.PC).get(tag)
    with run_on(workspace, tag) as (held, writer):
        run = held.run
        journal.begin(held, [(tag, PcBegun(run=run, bench=bench, undo=True))])
        program = Program(verb="undo", runs={tag: run})
        said = run_program(workspace, writer, [visit(workspace, computer, bench=bench)], program)[tag]
        if isinstance(said, ProvisionError):
            if before is not None and is_given_back(PcBegun.read(before.payload), said):
                journal.conclude(held, Kind.PC, [given_back(tag, run)])
                return ()
            if before is None and not may_have_begun(said):
                _failed(held, tag, run, str(said))
            raise said
        answer = said.answer
        if answer.failed:
            why = failures(answer)
            _failed(held, tag, run, why)
            raise DeviceError(f"not all could be given back: {why}", where=tag, hint="mend it, then return again")
        because = ", ".join(answer.changed)
        undone = Conclusion(tag=tag, run=run, ending="undone", because=because, undone=tuple(answer.changed))
        journal.conclude(held, Kind.PC, [undone])
    return answer.changed


def _failed(held: Held, tag: str, run: str, because: str) -> None:
    conclusion = Conclusion(tag=tag, run=run, ending=str(Ending.FAILED), because=because)
    journal.conclude(held, Kind.PC, [conclusion])


def may_have_begun(error: ProvisionError) -> bool:
    """Say whether a PC with this error may have got the program: its state is then unknown, and the run stays open.

    It has not if the error is a DeviceError that is no UnreachableError, or an UnreachableError that says that nothing
    was sent.
    """
    return not isinstance(error, DeviceError) or (
        isinstance(error, UnreachableError) and not any(sign in error.what for sign in NEVER_SENT)
    )


def is_given_back(begun: PcBegun, error: ProvisionError) -> bool:
    """Say whether a run that broke off was an undo that is complete.

    It is if the PC denies the office's key, which goes last.
    """
    return bool(begun.undo) and "Permission denied" in error.what


def given_back(tag: str, run: str) -> Conclusion:
    """Return the conclusion, `undone`, of an undo whose answer was lost; it names no setting."""
    return Conclusion(tag=tag, run=run, ending="undone", because=GIVEN_BACK, undone=())
