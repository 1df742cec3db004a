"""One item of a kit takes the place of another: the loan goes on, the old device's keys end in the same act."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.core import custody
from provision.core.custody import State
from provision.core.errors import DeviceError, ProvisionError, UsageError
from provision.core.model import Ending, Item
from provision.devices.pc import apply as pcs
from provision.devices.run import Run
from provision.home.workspace import Workspace
from provision.ledger.events import REGISTERED
from provision.lending import loans, proof, revoke
from provision.lending.giveback import CONDITIONS
from provision.lending.loans import File, Line, row
from provision.operations import apply, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The item that goes, and the one that comes."""

    old: dict[str, Any]
    new: Item


def replace(
    workspace: Workspace, name: str, run: Run, *, reason: str, day: str, condition: str, packages: Path | None = None
) -> list[Pair]:
    """Put what the kit's file names in the place of what is lent (or, before a loan, of what still serves).

    The new device is applied and verified first; then one transaction records the exchange, moves the
    items and revokes the old devices. Raises ProvisionError where anything of the new one is not green.
    """
    if not reason.strip():
        raise UsageError("--reason: say why", hint="as: --reason 'tersambar petir'")
    if condition not in CONDITIONS:
        raise UsageError(f"--condition: no such condition: {condition}", hint="one of: " + ", ".join(CONDITIONS))
    file = loans.read(workspace, name)
    loan = file.open
    if loan is not None and loan.state in {State.DRAFT, State.AWAITING}:
        raise ProvisionError(
            f"the handover {loan.id} is {loan.state}", where=file.slug,
            hint="call it off (--void REASON), replace, and draft it again",
        )  # fmt: skip
    pairs = _pairs(workspace, file, [dict(i) for i in loan.items] if loan else _serving(workspace, file))
    _insist(workspace, file, pairs)
    tags = [tag for p in pairs for tag in (p.old["asset_tag"], p.new.asset_tag)]
    effective = loans.effective_day(workspace, day or workspace.today(), "--date", tags)
    _bring_up(workspace, file, pairs, run, packages)
    expected = loans.last_moves(workspace, tags)
    holder = loan.paper["to"]["name"] if loan else ""
    body = {
        "id": loan.id if loan else "", "effective": effective, "reason": reason.strip(),
        "pairs": [{"old": p.old, "new": row(p.new)} for p in pairs],
    }  # fmt: skip
    lines: list[Line] = [(custody.REPLACED, file.slug, body)]
    for pair in pairs if loan else []:
        old, new = pair.old | {"condition": condition}, row(pair.new)
        about = {"effective": effective, "because": "replaced", "loan": loan.id if loan else ""}
        lines.append((custody.MOVED, old["asset_tag"], custody.move(old, custody.STORE, "Pengurus Barang", **about)))
        lines.append((custody.MOVED, new["asset_tag"], custody.move(new, file.slug, holder, **about)))
    lines += revoke.lines(workspace, [p.old["asset_tag"] for p in pairs], f"replaced by {pairs[0].new.asset_tag}")
    loans.record(workspace, file, lines, moves=expected)
    revoke.sweep(workspace)
    return pairs


def _serving(workspace: Workspace, file: File) -> list[dict[str, Any]]:
    """Give the provisioned devices of a kecamatan as items, where nothing is lent yet."""
    registered = {e.subject: e.payload for e in workspace.ledger.latest(REGISTERED)}
    known = [t for t, k in workspace.known.items() if k.device.kecamatan == file.slug and k.accepted]
    return [dict(registered[t]) for t in known if t in registered]


def _pairs(workspace: Workspace, file: File, held: list[dict[str, Any]]) -> list[Pair]:
    own = {i.asset_tag for i in file.kit.items}
    pairs = [
        Pair(old=old, new=new)
        for old in held if old["asset_tag"] not in own
        for new in file.kit.items if str(new.kind) == old["kind"]
    ]  # fmt: skip
    if not pairs:
        path = workspace.place.inventory / "kits" / f"{file.slug}.yml"
        raise UsageError(
            f"the kit of {file.kit.kecamatan.name} names no other item than those it has",
            hint=f"put the new item in the place of the old one in {path}, then: provision check",
        )
    return pairs


def _insist(workspace: Workspace, file: File, pairs: list[Pair]) -> None:
    """Raise with every reason against the new items."""
    reasons = loans.registered(workspace, [p.new for p in pairs])
    where = loans.whereabouts(workspace, [p.new.asset_tag for p in pairs])
    reasons += [
        f"{tag} is at {body['place']}, not in the store"
        for tag, body in where.items()
        if body["place"] != custody.STORE
    ]
    reasons += [
        f"{p.new.asset_tag} is not enrolled: provision enrol {p.new.asset_tag} --address A"
        for p in pairs if p.new.kind in proof.MANAGED and p.new.asset_tag not in workspace.known
    ]  # fmt: skip
    if reasons:
        raise ProvisionError(
            "it cannot be replaced:\n" + "\n".join(f"  - {r}" for r in reasons), where=file.slug,
            hint="mend it, then replace again",
        )  # fmt: skip


def _bring_up(workspace: Workspace, file: File, pairs: list[Pair], run: Run, packages: Path | None) -> None:
    """Apply and verify the new devices; raises where one does not come up green."""
    new = {p.new.asset_tag for p in pairs if p.new.kind in proof.MANAGED}
    if not new:
        return
    run.replacing = True
    targets = workspace.targets([file.slug]).only(new)
    outcomes = apply.apply(workspace, targets.modems, run) if targets.modems else []
    changed = any(o.ending is Ending.APPLIED for o in outcomes)
    ended, seen = pcs.apply(workspace, targets.computers, run, packages) if targets.computers else ([], {})
    bad = [o for o in (*outcomes, *ended) if o.ending not in {Ending.APPLIED, Ending.UNCHANGED} or o.step == "ask"]
    if bad:
        raise DeviceError(f"not replaced: {bad[0].because}", where=bad[0].device, hint="mend it, then replace again")
    findings = verify.verify(
        workspace, targets, bench=run.bench, patience_s=verify.SETTLE_S if changed else 0, seen=seen
    )
    waived = {w.check for w in file.waivers}
    red = [f for f in findings if f.verdict in proof.RED and not proof.answered(f.check, waived)]
    if red:
        said = "\n".join(f"  - {f.device}: {f.check}: {f.verdict}: {f.because}" for f in red)
        raise ProvisionError(f"not replaced: the new one is not green:\n{said}", where=file.slug, hint=red[0].remedy)
