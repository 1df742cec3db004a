"""The handover of a kit: its draft, its paper, its signature, or its end before it is signed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from provision.core import custody, nip
from provision.core.custody import State
from provision.core.errors import ProvisionError, UsageError
from provision.core.model import ItemKind
from provision.home.workspace import Workspace
from provision.ledger.act import Line
from provision.ledger.lending_events import Drafted, Issued, Move, Signed, Trained, Voided
from provision.lending import loans, paper, proof
from provision.lending.loans import File, row


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who receives a kit, for the kecamatan; `nip` is 18 digits."""

    name: str
    nip: str
    position: str


def receiver(name: str, number: str, position: str) -> Receiver:
    """Return the receiver, with single blanks in the name and a NIP of 18 digits.

    Raises UsageError if the name is empty or the NIP is not valid.
    """
    if not name.strip():
        raise UsageError("--to: nobody is named", hint="the full name of who receives the kit")
    try:
        digits = nip.read(number)
    except ValueError as error:
        raise UsageError(f"--nip: {error}", hint="read it from the person's own card") from None
    return Receiver(name=" ".join(name.split()), nip=digits, position=position)


def draft(workspace: Workspace, name: str, to: Receiver) -> custody.Handover:
    """Begin a loan and return it: record its draft, then make its paper.

    If an earlier draft was left without its paper, only the paper is made, and `to` is not used. Raises ProvisionError
    with every reason against the handover, or if another loan is open.
    """
    file = loans.read(workspace, name)
    loan = file.open
    if loan is None:
        tags = [i.asset_tag for i in file.kit.items]
        seen = loans.last_moves(workspace, tags) | loans.states(workspace, tags)  # before what they prove is read
        workspace.forget_known()
        _against(workspace, file)
        body = _content(workspace, file, to)
        loans.record(workspace, file, [(file.subject, Drafted(paper=body))], moves=seen)
    elif loan.state is not State.DRAFT:
        raise ProvisionError(
            f"{file.kit.kecamatan.name} has the handover {loan.id}, {loan.state}",
            where=file.slug,
            hint=loans.NEXT[loan.state].format(slug=file.slug),
        )
    return issue(workspace, name)


def issue(workspace: Workspace, name: str) -> custody.Handover:
    """Make the paper of the open loan, record it if it is the first one, and return the loan.

    Raises ProvisionError if no loan is open, the paper cannot be made, or a later paper is not the same bytes as the
    one that was recorded.
    """
    file = loans.read(workspace, name)
    loan = loans.needed(file, custody.OPEN, "print")
    made = paper.make(workspace, file, loan)
    if loan.state is State.DRAFT:
        loans.record(
            workspace,
            file,
            [(file.subject, Issued(id=loan.id, document=made.digest, file=made.path.name, made_with=made.made_with))],
        )
        file = loans.read(workspace, name)
    elif made.digest != loan.document:
        moved = paper.moved_since(loan)
        why = f": {' and '.join(moved)} moved since" if moved else ""
        raise ProvisionError(
            f"this program makes another paper than the one that was printed{why}",
            where=str(made.path),
            hint="use the printed one; its digest is in the ledger",
        )
    return loans.needed(file, custody.OPEN, "print")


def _against(workspace: Workspace, file: File) -> None:
    """Raise ProvisionError with every reason against a handover of this kit, if there is any.

    Reasons are those of `proof.proofs`, items that the register does not know as they are in the kit, and items that
    are not in the store.
    """
    _, reasons = proof.proofs(workspace, file)
    reasons += loans.registered(workspace, list(file.kit.items))
    where = loans.whereabouts(workspace, [i.asset_tag for i in file.kit.items])
    reasons += [
        f"{tag} is at {moved.place}, lent by {moved.loan}: provision return {moved.place} first"
        for tag, moved in sorted(where.items())
        if moved.place != custody.STORE
    ]
    if reasons:
        raise ProvisionError(
            f"the kit of {file.kit.kecamatan.name} cannot be handed over:\n" + "\n".join(f"  - {r}" for r in reasons),
            where=file.slug,
            hint="mend it and verify again; what cannot be known may be waived: provision waive",
        )


def _content(workspace: Workspace, file: File, to: Receiver) -> dict[str, Any]:
    """Return all that the paper of a new loan says, as it is now: parties, terms, items, proofs, trainings.

    Of the waivers, only those that a proof relies on are in it. What changes later does not change this handover.
    """
    terms, place = workspace.home.lending, file.kit.kecamatan
    done, _ = proof.proofs(workspace, file)
    count = len(file.loans) + 1
    used = {name for one in done for name in one["waived"]}
    order = list(ItemKind)
    return {
        "id": f"{place.code}/{count}",
        "number": f"{place.code}/{count}/{workspace.today()[:4]}",
        "day": workspace.today(),
        "to": asdict(to) | {"office": f"Kecamatan {place.name}"},
        "first": terms.first_party.model_dump(),
        "letterhead": terms.letterhead,
        "place": terms.place,
        "basis": terms.basis,
        "basis_title": terms.bases[terms.basis].title,
        "months": terms.months,
        "kecamatan": place.name,
        "items": [row(i) for i in sorted(file.kit.items, key=lambda i: order.index(i.kind))],
        "proofs": done,
        "waivers": [asdict(w) for w in file.waivers if w.check in used],
        "training": [Trained.read(e.payload).payload() for e in file.events if e.verb == Trained.VERB],
    }


def sign(workspace: Workspace, name: str, day: str) -> custody.Handover:
    """Record that the paper was signed on `day`, and return the loan: the kecamatan holds the items from then on.

    Raises ProvisionError if no loan awaits a signature, UsageError if the day is in the future or before an item's last
    move.
    """
    custody.day(day, "--signed")  # a wrong word is told before the state of the loan
    file = loans.read(workspace, name)
    loan = loans.needed(file, (State.AWAITING,), "sign")
    tags = [i["asset_tag"] for i in loan.items]
    effective = loans.effective_day(workspace, day, "--signed", tags)
    until = custody.last_day(effective, loan.paper["months"])
    expected = loans.last_moves(workspace, tags)
    move = Move(
        place=file.slug, holder=loan.paper["to"]["name"], effective=effective, because="handed over", loan=loan.id
    )
    lines: list[Line] = [(file.subject, Signed(id=loan.id, effective=effective, until=until))]
    lines += [(i["asset_tag"], move.of(i)) for i in loan.items]
    loans.record(workspace, file, lines, moves=expected)
    return loans.needed(loans.read(workspace, name), custody.OPEN, "sign")


def void(workspace: Workspace, name: str, reason: str) -> str:
    """Call off a handover that is not signed yet, for a reason; return its id.

    Raises UsageError if no reason is given, ProvisionError if no loan is open or it is signed already.
    """
    if not reason.strip():
        raise UsageError("--void: say why", hint="as: --void 'nama penerima keliru'")
    file = loans.read(workspace, name)
    loan = loans.needed(file, (State.DRAFT, State.AWAITING), "void")
    loans.record(workspace, file, [(file.subject, Voided(id=loan.id, reason=reason.strip()))])
    return loan.id
