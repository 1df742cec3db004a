"""End a run on a PC that did not end by itself: look, then say which settings run.

Nothing has to be confirmed or reverted, since each setting is whole by itself; what is missing is set
by the next apply, and what was not given back by the next return.
"""

from __future__ import annotations

from collections.abc import Mapping

from provision.core.errors import ProvisionError
from provision.core.model import Ending, Event, Kind
from provision.core.settings import diff
from provision.devices import journal
from provision.devices.journal import Conclusion
from provision.devices.pc.apply import failures, given_back, is_given_back, named
from provision.devices.pc.look import Program, TimedAnswer, Visit, run_program, visit
from provision.devices.run import Assumption, RunEnd, Session
from provision.ledger.events import PcBegun


def settle(session: Session, begun: Mapping[str, Event]) -> dict[str, RunEnd]:
    """Look once at every PC in `begun` (asset tag -> begun event), record how its run ended, and return it.

    The look ends the run on the PC, too: what a process that was stopped sends later changes nothing.

    A run whose PC gave no answer stays open, as UNCONFIRMED, unless it was an undo and the PC denies the office's key.
    """
    workspace = session.workspace
    runs = {tag: PcBegun.read(event.payload) for tag, event in begun.items()}
    visits = {t: visit(workspace, workspace.home.computers[t], bench=run.bench) for t, run in runs.items()}
    if not visits:
        return {}
    program = Program(verb="settle", runs={tag: run.run for tag, run in runs.items()})
    answers = run_program(workspace, session.writer, list(visits.values()), program, session.callbacks.on_step)
    return {tag: _end(session, runs[tag], one, answers[tag]) for tag, one in visits.items()}


def _end(session: Session, run: PcBegun, visited: Visit, reply: TimedAnswer | ProvisionError) -> RunEnd:
    tag = visited.device.tag
    if isinstance(reply, ProvisionError):
        if is_given_back(run, reply):
            journal.conclude(session.held, Kind.PC, [given_back(tag, run.run)])
            return RunEnd(ending=Ending.APPLIED, because="it was given back: provision return again")
        return RunEnd(ending=Ending.UNCONFIRMED, because=str(reply))
    if reply.answer.failed:  # it could still begin: another PC, or one that cannot keep that it may not
        return RunEnd(ending=Ending.UNCONFIRMED, because=failures(reply.answer))
    snapshot = reply.answer.snapshot
    missing = [c.path for c in diff(snapshot.settings, visited.settings, owns=())]
    if run.undo:
        end = RunEnd(ending=Ending.FAILED, because="giving it back broke off: provision return again")
    elif missing:
        because = f"not all was set ({', '.join(missing)}): provision apply {tag}"
        end = RunEnd(ending=Ending.FAILED, because=because)
    else:
        end = RunEnd(ending=Ending.APPLIED, because="read back: all is as intended")
    applied = end.ending is Ending.APPLIED
    accepted = (named(session.workspace, visited.device, snapshot), snapshot) if applied else None
    conclusion = Conclusion(tag=tag, run=run.run, ending=str(end.ending), because=end.because, accepted=accepted)
    journal.conclude(session.held, Kind.PC, [conclusion])
    return end


def assume(session: Session, tag: str, begun: Event, assumption: Assumption) -> RunEnd:
    """Record how the open run of a PC ended as a person says; nothing is accepted: the next look says what runs."""
    because = f"assumed: {assumption.reason}"
    conclusion = Conclusion(
        tag=tag,
        run=PcBegun.read(begun.payload).run,
        ending=str(assumption.ending),
        because=because,
        assumed=assumption.reason,
    )
    journal.conclude(session.held, Kind.PC, [conclusion])
    return RunEnd(ending=assumption.ending, because=because)
