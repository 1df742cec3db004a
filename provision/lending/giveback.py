"""End a loan: its PC is put back as it was, the devices' keys are revoked, the items go to the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.core import custody
from provision.core.custody import State
from provision.core.device import Intended
from provision.core.errors import ChangedError, ProvisionError, UsageError
from provision.devices import kinds
from provision.home.workspace import Workspace
from provision.ledger.act import Line
from provision.ledger.events import Accepted, Undone
from provision.ledger.lending_events import Move, Returned
from provision.lending import loans, revoke

CONDITIONS = ("baik", "rusak_ringan", "rusak_berat", "hilang")


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What a person enters for a return: who takes the kit back, the day (empty: today), and `conditions`.

    `conditions` are by asset tag; an item that is not in them keeps its condition. `not_undone` is the reason why a PC
    cannot be put back as it was; if it is given, that is not tried.
    """

    receiver: str
    day: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    not_undone: str = ""


def give_back(workspace: Workspace, name: str, asked: Return, *, bench: bool) -> custody.Handover:
    """End the loan of one kecamatan, and return the loan.

    The PC's baseline is undone first, unless a reason why that cannot be done is given, which is then recorded; one
    transaction records the return, moves all items to the store and revokes their devices. Raises ProvisionError if no
    signed loan is open or the undo fails, UsageError if the day, a condition or the receiver is not valid.
    """
    receiver, conditions = asked.receiver, asked.conditions
    file = loans.read(workspace, name)
    loan = loans.needed(file, (State.ACTIVE, State.OVERDUE), "return")
    tags = [i["asset_tag"] for i in loan.items]
    effective = loans.effective_day(workspace, asked.day or workspace.today(), "--date", tags)
    condition = {i["asset_tag"]: _condition(i, conditions) for i in loan.items}
    if unknown := sorted(set(conditions) - set(tags)):
        raise UsageError(f"--condition: not lent to {file.slug}: {', '.join(unknown)}", hint=f"lent: {', '.join(tags)}")
    if not receiver.strip():
        raise UsageError("--receiver: nobody is named", hint="who takes the kit back for the office")
    undone = _undo_all(workspace, tags, asked.not_undone, bench=bench)
    expected = loans.last_moves(workspace, tags) | loans.states(workspace, tags)
    if not asked.not_undone.strip():
        _still_undone(undone, expected)
    returned = Returned(id=loan.id, effective=effective, receiver=receiver.strip(), conditions=condition, undone=undone)
    move = Move(place=custody.STORE, holder=receiver.strip(), effective=effective, because="returned", loan=loan.id)
    lines: list[Line] = [(file.subject, returned)]
    lines += [(i["asset_tag"], move.of({**i, "condition": condition[i["asset_tag"]]})) for i in loan.items]
    with revoke.held(workspace, tags) as held:
        revoking = held, revoke.lines(workspace, tags, f"returned, {loan.id}")
        loans.record(workspace, file, lines, moves=expected, revoking=revoking)
    revoke.sweep(workspace)
    return next(one for one in loans.read(workspace, name).loans if one.id == loan.id)


def _condition(item: Mapping[str, Any], given: Mapping[str, str]) -> str:
    said = given.get(item["asset_tag"], item["condition"])
    if said not in CONDITIONS:
        raise UsageError(f"--condition: no such condition: {said}", hint="one of: " + ", ".join(CONDITIONS))
    return str(said)


def _still_undone(undone: Mapping[str, str], seen: loans.Expected) -> None:
    """Raise ChangedError if a device was provisioned again since it was undone."""
    for tag in undone:
        if seen[tag, Accepted.VERB] > seen[tag, Undone.VERB]:
            raise ChangedError("it was provisioned while it was given back", where=tag, hint="return it again")


def _undo_all(workspace: Workspace, tags: list[str], not_undone: str, *, bench: bool) -> dict[str, str]:
    """Undo what was provisioned on each device of `tags`; return what was undone, or why not, by asset tag.

    A device that is reset by hand is left out.
    """
    undone: dict[str, str] = {}
    for intended in workspace.targets(["all"]):
        if intended.tag in tags:
            text = _undo(workspace, intended, not_undone, bench=bench)
            undone |= {intended.tag: text} if text is not None else {}
    return undone


def _undo(workspace: Workspace, intended: Intended, not_undone: str, *, bench: bool) -> str | None:
    """Undo what was provisioned on a device; return the settings that were undone, or why it was not undone.

    None if its kind is reset by hand; what an earlier return undid is not undone again. Raises ProvisionError if the
    undo fails, with a hint at --not-undone.
    """
    tag, kind = intended.tag, kinds.of(intended.kind)
    if not kind.gives_back:
        return None
    known = workspace.known.get(tag)
    if known is None or not known.accepted:
        return "never provisioned"
    last = {e.subject: e for e in workspace.ledger.latest(Undone.VERB, Accepted.VERB)}.get(tag)
    if last is not None and last.verb == Undone.VERB:  # an earlier return came this far
        return ", ".join(Undone.read(last.payload).settings)
    if not_undone.strip():
        return f"not undone: {not_undone.strip()}"
    try:
        return ", ".join(kind.undo(workspace, intended, bench=bench))
    except ProvisionError as error:
        error.hint = (
            f"switch it on and connect it, then return again; where that cannot be: --not-undone REASON ({error.hint})"
        )
        raise
