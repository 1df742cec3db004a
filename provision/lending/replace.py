"""Replace items of a kit: the loan goes on, and the old devices are revoked in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Any

from provision.core import custody
from provision.core.custody import State
from provision.core.errors import DeviceError, ProvisionError, UsageError
from provision.core.model import Ending, Item
from provision.devices.run import ApplyRequest, Callbacks, VerifyRequest
from provision.home.workspace import Workspace
from provision.ledger import places
from provision.ledger.act import Line
from provision.ledger.events import Registered
from provision.ledger.lending_events import Move, Replaced
from provision.lending import loans, proof, revoke
from provision.lending.giveback import CONDITIONS
from provision.lending.loans import File, row
from provision.operations import apply, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One exchange: the old item, as its fields, and the new item that takes its place."""

    old: dict[str, Any]
    new: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What a person enters for an exchange: the reason, the day (empty: today), the old items' condition."""

    reason: str
    day: str
    condition: str


def replace(
    workspace: Workspace, name: str, asked: Replacement, request: ApplyRequest, callbacks: Callbacks
) -> list[Pair]:
    """Replace what is lent with what the kit's file now names in its place; return the pairs.

    Before a loan, the provisioned devices are replaced. The new devices are applied and verified first; then one
    transaction records the exchange, moves the items (if there is a loan) and revokes the old devices. Raises
    UsageError if the request is not valid or the kit names no other item, ProvisionError if the loan is not signed yet
    or something of a new item is not green.
    """
    if not asked.reason.strip():
        raise UsageError("--reason: say why", hint="as: --reason 'tersambar petir'")
    if asked.condition not in CONDITIONS:
        raise UsageError(f"--condition: no such condition: {asked.condition}", hint="one of: " + ", ".join(CONDITIONS))
    file = loans.read(workspace, name)
    loan = file.open
    if loan is not None and loan.state in {State.DRAFT, State.AWAITING}:
        raise ProvisionError(
            f"the handover {loan.id} is {loan.state}",
            where=file.slug,
            hint="call it off (--void REASON), replace, and draft it again",
        )
    pairs = _pairs(workspace, file, [dict(i) for i in loan.items] if loan else _serving(workspace, file))
    _validate(workspace, file, pairs)
    tags = [tag for p in pairs for tag in (p.old["asset_tag"], p.new.asset_tag)]
    effective = loans.effective_day(workspace, asked.day or workspace.today(), "--date", tags)
    expected = _bring_up(workspace, file, pairs, request, callbacks) | loans.last_moves(workspace, tags)
    replaced = Replaced(
        id=loan.id if loan else "",
        effective=effective,
        reason=asked.reason.strip(),
        pairs=tuple({"old": p.old, "new": row(p.new)} for p in pairs),
    )
    lines: list[Line] = [(file.subject, replaced)]
    lines += _moves(file, loan, pairs, (effective, asked.condition)) if loan else []
    _record(workspace, file, (lines, expected), pairs)
    revoke.sweep(workspace)
    return pairs


def _record(workspace: Workspace, file: File, exchange: tuple[list[Line], loans.Expected], pairs: list[Pair]) -> None:
    """Record the exchange, as lines with their condition, and revoke the old devices, which nobody else may hold."""
    lines, expected = exchange
    old = [p.old["asset_tag"] for p in pairs]
    with revoke.held(workspace, old) as held:
        revoking = held, revoke.lines(workspace, old, f"replaced by {pairs[0].new.asset_tag}")
        loans.record(workspace, file, lines, moves=expected, revoking=revoking)


def _moves(file: File, loan: custody.Handover, pairs: list[Pair], how: tuple[str, str]) -> list[Line]:
    """Return the events that move the old items to the store and the new ones to the receiver of the loan.

    `how` is the day (ISO 8601) and the condition of the old items.
    """
    effective, condition = how
    about = {"effective": effective, "because": "replaced", "loan": loan.id}
    to_store = Move(place=custody.STORE, holder="Pengurus Barang", **about)
    to_loan = Move(place=file.slug, holder=loan.paper["to"]["name"], **about)
    lines: list[Line] = []
    for pair in pairs:
        lines.append((pair.old["asset_tag"], to_store.of({**pair.old, "condition": condition})))
        lines.append((pair.new.asset_tag, to_loan.of(pair.new)))
    return lines


def _serving(workspace: Workspace, file: File) -> list[dict[str, Any]]:
    """Return the provisioned devices of a kecamatan as they were registered, for use if nothing is lent yet.

    A device that was not registered is left out.
    """
    registered = {e.subject: Registered.read(e.payload).payload() for e in workspace.ledger.latest(Registered.VERB)}
    names = places.slugs(workspace.latest, file.kit.kecamatan)
    known = [t for t, k in workspace.known.items() if k.device.kecamatan in names and k.accepted]
    return [dict(registered[t]) for t in known if t in registered]


def _pairs(workspace: Workspace, file: File, held: list[dict[str, Any]]) -> list[Pair]:
    own = {i.asset_tag for i in file.kit.items}
    pairs = [
        Pair(old=old, new=new)
        for old in held
        if old["asset_tag"] not in own
        for new in file.kit.items
        if str(new.kind) == old["kind"]
    ]
    if not pairs:
        path = workspace.place.inventory / "kits" / f"{file.slug}.yml"
        raise UsageError(
            f"the kit of {file.kit.kecamatan.name} names no other item than those it has",
            hint=f"put the new item in the place of the old one in {path}, then: provision check",
        )
    return pairs


def _validate(workspace: Workspace, file: File, pairs: list[Pair]) -> None:
    """Raise ProvisionError with every reason against the new items, if there is any.

    A new item has to be registered with its serial number, be in the store if it ever moved and, if it is a PC or
    modem, be enrolled.
    """
    reasons = loans.registered(workspace, [p.new for p in pairs])
    where = loans.whereabouts(workspace, [p.new.asset_tag for p in pairs])
    reasons += [
        f"{tag} is at {moved.place}, not in the store" for tag, moved in where.items() if moved.place != custody.STORE
    ]
    reasons += [
        f"{p.new.asset_tag} is not enrolled: provision enrol {p.new.asset_tag} --address A"
        for p in pairs
        if p.new.kind in proof.MANAGED and p.new.asset_tag not in workspace.known
    ]
    if reasons:
        raise ProvisionError(
            "it cannot be replaced:\n" + "\n".join(f"  - {r}" for r in reasons),
            where=file.slug,
            hint="mend it, then replace again",
        )


def _bring_up(
    workspace: Workspace, file: File, pairs: list[Pair], request: ApplyRequest, callbacks: Callbacks
) -> loans.Numbers:
    """Apply and verify those new items that are PCs or modems; return what state was verified, as `states` does.

    Raises DeviceError if one cannot be applied, ProvisionError if a finding is red or unknown and not waived.
    """
    new = {p.new.asset_tag for p in pairs if p.new.kind in proof.MANAGED}
    if not new:
        return {}
    devices = list(workspace.targets([file.slug]).only(new))
    applied = apply.apply(workspace, devices, changed(request, replacing=True), callbacks)
    bad = [o for o in applied.outcomes if o.ending not in {Ending.APPLIED, Ending.UNCHANGED}]
    if bad:
        raise DeviceError(f"not replaced: {bad[0].because}", where=bad[0].device, hint="mend it, then replace again")
    seen = loans.states(workspace, sorted(new))
    patience_s = verify.patience_s(workspace, applied.outcomes)
    findings = verify.verify(
        workspace, devices, VerifyRequest(bench=request.bench, patience_s=patience_s, answers=applied.answers)
    )
    waived = {w.check for w in file.waivers}
    red = [f for f in findings if f.verdict in proof.RED and not proof.answered(f.check, waived)]
    if red:
        said = "\n".join(f"  - {f.device}: {f.check}: {f.verdict}: {f.because}" for f in red)
        raise ProvisionError(f"not replaced: the new one is not green:\n{said}", where=file.slug, hint=red[0].remedy)
    return seen
