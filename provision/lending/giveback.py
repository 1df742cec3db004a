"""The end of a loan: the PC is given back as it was, the devices' keys are revoked, the items go to the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provision.core import custody
from provision.core.custody import State
from provision.core.device import Computer
from provision.core.errors import ProvisionError, UsageError
from provision.devices.pc import apply as pcs
from provision.home.workspace import Workspace
from provision.ledger.events import ACCEPTED, UNDONE
from provision.lending import loans, revoke
from provision.lending.loans import Line

CONDITIONS = ("baik", "rusak_ringan", "rusak_berat", "hilang")


def give_back(
    workspace: Workspace,
    name: str,
    day: str,
    *,
    receiver: str,
    conditions: Mapping[str, str],
    not_undone: str,
    bench: bool,
) -> custody.Handover:
    """End the loan of one kecamatan on `day`; `conditions` by asset tag, where they changed.

    The PC's baseline is undone first; where that cannot be, `not_undone` says why, on record.
    Raises ProvisionError where nothing is lent, or the PC does not answer and no reason is given.
    """
    file = loans.read(workspace, name)
    loan = loans.needed(file, (State.ACTIVE, State.OVERDUE), "return")
    tags = [i["asset_tag"] for i in loan.items]
    effective = loans.effective_day(workspace, day or workspace.today(), "--date", tags)
    condition = {i["asset_tag"]: _condition(i, conditions) for i in loan.items}
    if unknown := sorted(set(conditions) - set(tags)):
        raise UsageError(f"--condition: not lent to {file.slug}: {', '.join(unknown)}", hint=f"lent: {', '.join(tags)}")
    if not receiver.strip():
        raise UsageError("--receiver: nobody is named", hint="who takes the kit back for the office")
    undone = {
        t: _undo(workspace, workspace.home.computers[t], not_undone, bench=bench)
        for t in tags
        if t in workspace.home.computers
    }
    expected = loans.last_moves(workspace, tags)
    lines: list[Line] = [
        (custody.GIVEN_BACK, file.slug, {
            "id": loan.id, "effective": effective, "receiver": receiver.strip(), "conditions": condition, "undone": undone,
        })
    ]  # fmt: skip
    lines += [
        (custody.MOVED, i["asset_tag"], custody.move(
            {**i, "condition": condition[i["asset_tag"]]}, custody.STORE, receiver.strip(),
            effective=effective, because="returned", loan=loan.id,
        ))
        for i in loan.items
    ]  # fmt: skip
    lines += revoke.lines(workspace, tags, f"returned, {loan.id}")
    loans.record(workspace, file, lines, moves=expected)
    revoke.sweep(workspace)
    return next(one for one in loans.read(workspace, name).loans if one.id == loan.id)


def _condition(item: Mapping[str, Any], given: Mapping[str, str]) -> str:
    said = given.get(item["asset_tag"], item["condition"])
    if said not in CONDITIONS:
        raise UsageError(f"--condition: no such condition: {said}", hint="one of: " + ", ".join(CONDITIONS))
    return str(said)


def _undo(workspace: Workspace, computer: Computer, not_undone: str, *, bench: bool) -> str:
    """Give a PC back as it was; give what was undone, or why it was not."""
    tag = computer.item.asset_tag
    known = workspace.known.get(tag)
    if known is None or not known.accepted:
        return "never provisioned"
    last = {e.subject: e for e in workspace.ledger.latest(UNDONE, ACCEPTED)}.get(tag)
    if last is not None and last.verb == UNDONE:  # an earlier return came this far
        return ", ".join(last.payload["settings"])
    if not_undone.strip():
        return f"not undone: {not_undone.strip()}"
    try:
        return ", ".join(pcs.undo(workspace, computer, bench=bench))
    except ProvisionError as error:
        error.hint = (
            f"switch it on and connect it, then return again; where that cannot be: --not-undone REASON ({error.hint})"
        )
        raise
