"""End what dead runs left open, on every kind of device."""

from __future__ import annotations

from provision.core.model import Ending, Kind
from provision.devices import journal, kinds
from provision.devices.run import ApplyRequest, Callbacks, RunEnd, Session, writer_of
from provision.home.workspace import Workspace
from provision.operations.apply import PATIENCE_S


def resume(workspace: Workspace) -> dict[str, RunEnd]:
    """Settle every run that has no recorded end and no living holder; return how each run ended, by asset tag.

    A device that a living run holds is left alone: it is UNCONFIRMED in what is returned.
    """
    ended: dict[str, RunEnd] = {}
    for kind in Kind:
        ended |= _resume(workspace, kind)
    return ended


def _resume(workspace: Workspace, kind: Kind) -> dict[str, RunEnd]:
    begun = journal.unfinished(workspace, kind)
    if not begun:
        return {}
    with workspace.hold(sorted(begun), workspace.new_run()) as held:
        ended = {
            t: RunEnd(ending=Ending.UNCONFIRMED, because=f"still at work: {who}") for t, who in held.refused.items()
        }
        mine = {t: e for t, e in journal.unfinished(workspace, kind).items() if t in held.devices}
        if mine:
            with writer_of(workspace, held.run) as writer:
                session = Session(
                    workspace=workspace, held=held, writer=writer, request=ApplyRequest(), callbacks=Callbacks()
                )
                ended |= kinds.of(kind).settle(session, mine, wait_s=PATIENCE_S)
    workspace.forget_known()
    return ended
