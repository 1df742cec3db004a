"""Compare devices with what was accepted for them; a difference is drift: a plan nobody asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from provision.core import shapes
from provision.core.device import Intended
from provision.core.errors import ChangedError, ProvisionError
from provision.core.model import NOT_MOVED, Watched
from provision.devices import kinds
from provision.home.workspace import Workspace
from provision.ledger import events
from provision.ledger.known import Known
from provision.operations import owed

if TYPE_CHECKING:
    from provision.devices.run import OnStep

REPEAT_S = 3600  # the same state is written again after an hour: the age of the last contact stays known


def watch(
    workspace: Workspace, devices: Sequence[Intended], *, bench: bool, on_step: OnStep = lambda _: None
) -> list[Watched]:
    """Compare each provisioned device with what was accepted; record and return how each stands.

    A device that is owed a look and has nothing accepted is UNKNOWN; see `owed`. A state is recorded if it is new or
    its last record is an hour old. PCs are asked before the modems are read, and work meanwhile. Raises ProvisionError
    if none of the devices is provisioned or owed.
    """
    workspace.forget_known()
    known = workspace.known
    accepted = [one for one in devices if one.tag in known and known[one.tag].accepted]
    watched = owed.not_comparable(workspace, devices, known)
    if not accepted and not watched:
        raise ProvisionError("nothing to watch: none of these is provisioned", hint="provision apply TARGET --bench")
    pending = [kind.watch(workspace, group, bench=bench, on_step=on_step) for kind, group in kinds.groups(accepted)]
    for collect in pending:
        watched |= collect()
    _record(workspace, known, watched)
    order = [one.tag for one in devices if one.tag in watched]
    return [watched[tag] for tag in (*order, *sorted(watched.keys() - set(order)))]


def _record(workspace: Workspace, known: Mapping[str, Known], watched: Mapping[str, Watched]) -> None:
    """Record how each device stands if that differs from the last record or the last record is an hour old.

    A device that was enrolled, accepted or revoked since it was looked at is left out.
    """
    last = {e.subject: e for e in workspace.latest(events.Watched.VERB)}
    now = workspace.now()
    lines = []
    for tag, one in watched.items():
        changes = tuple(shapes.change_from_accepted(c) for c in one.changes)
        event = events.Watched(state=one.state, because=one.because, seen_at=one.seen_at, changes=changes)
        old = last.get(tag)
        if old and str(events.Watched.read(old.payload).seen_at) > one.seen_at:
            continue  # another watch has seen it since
        if not old or not _is_same(events.Watched.read(old.payload), event) or _age_s(old.at, now) >= REPEAT_S:
            lines.append((tag, event))
    for line in lines:
        tag = line[0]
        own = tag not in known or watched[tag].because == NOT_MOVED  # this watch itself accepted it just now
        before = {} if own else known[tag].seen
        with contextlib.suppress(ChangedError):  # changed meanwhile: what was seen is of the time before
            workspace.observe([line], seen=before)


def _is_same(old: events.Watched, new: events.Watched) -> bool:
    return (old.state, old.because, tuple(old.changes)) == (new.state, new.because, tuple(new.changes))


def _age_s(then: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()
