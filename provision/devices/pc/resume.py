"""End a run on a PC that did not end by itself: look, then say which settings run.

Nothing has to be confirmed or reverted, since each setting is whole by itself; what is missing is set
by the next apply, and what was not given back by the next return.
"""

from __future__ import annotations

from dataclasses import dataclass

from provision.connectors.ansible import Writer
from provision.core.errors import ProvisionError
from provision.core.model import Ending, Event
from provision.core.settings import diff
from provision.devices.pc import look
from provision.devices.pc.apply import accept, given_back, undone_lines, unfinished
from provision.home.workspace import Workspace
from provision.ledger.events import PC_ENDED
from provision.ledger.lease import hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How an open run ended on one PC."""

    ending: Ending
    because: str


def resume(workspace: Workspace) -> dict[str, Settled]:
    """Look at every PC whose run has no end and no living holder, and record how it stands."""
    begun = {t: e for t, e in unfinished(workspace).items() if t in workspace.known and t in workspace.home.computers}
    name = workspace.new_run()
    with hold(workspace.ledger, sorted(begun), name, now=workspace.clock_s()) as held:
        ended = {t: Settled(ending=Ending.UNCONFIRMED, because=f"still at work: {w}") for t, w in held.items()}
        mine = [t for t in begun if t not in held]
        if mine:
            visits = [
                look.visit(workspace, workspace.home.computers[t], bench=bool(begun[t].payload.get("bench")))
                for t in mine
            ]
            with Writer(name, workspace.place.ssh_key, workspace.place.host_keys) as writer:
                answers = look.ask(workspace, writer, visits)
            ended |= {v.device.tag: _end(workspace, begun[v.device.tag], v, answers[v.device.tag]) for v in visits}
    return ended


def _end(workspace: Workspace, begun: Event, visit: look.Visit, said: look.Seen | ProvisionError) -> Settled:
    tag, run = begun.subject, begun.payload["run"]
    if isinstance(said, ProvisionError) and given_back(begun, said):
        workspace.ledger.extend(undone_lines(tag, run), at=workspace.now())
        return Settled(ending=Ending.APPLIED, because="it was given back: provision return again")
    if isinstance(said, ProvisionError):
        return Settled(ending=Ending.UNCONFIRMED, because=str(said))
    missing = [c.path for c in diff(said.answer.snapshot.settings, visit.settings, owns=())]
    if begun.payload.get("undo"):
        done = Settled(ending=Ending.FAILED, because="giving it back broke off: provision return again")
    elif missing:
        done = Settled(ending=Ending.FAILED, because=f"not all was set ({', '.join(missing)}): provision apply {tag}")
    else:
        done = Settled(ending=Ending.APPLIED, because="read back: all is as intended")
    body = {"run": run, "ending": str(done.ending), "because": done.because}
    if done.ending is Ending.APPLIED:
        accept(workspace, visit.device, said.answer.snapshot, [(PC_ENDED, tag, body)])
    else:
        workspace.ledger.append(PC_ENDED, tag, body, at=workspace.now())
    return done
