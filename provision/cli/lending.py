"""The commands of lending: handover, waive, training, custody, return, replace."""

import gc
from typing import TYPE_CHECKING, Annotated

import typer

from provision.cli.door import Bench, Json, Packages, Yes, callbacks, names, workspace

if TYPE_CHECKING:
    from provision.core.custody import Handover
    from provision.home.workspace import Workspace

Kecamatan = Annotated[str, typer.Argument(metavar="KECAMATAN", help="in any spelling", autocompletion=names)]


def handover(
    context: typer.Context,
    kecamatan: Kecamatan,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="who receives the kit")] = "",
    nip: Annotated[str, typer.Option("--nip", metavar="NIP", help="the 18 digits of who receives it")] = "",
    position: Annotated[str, typer.Option("--position", metavar="TEXT", help="default: Camat and the name")] = "",
    signed: Annotated[
        str | None, typer.Option("--signed", metavar="DATE", help="the day on which the paper was signed")
    ] = None,
    void: Annotated[
        str | None, typer.Option("--void", metavar="REASON", help="call it off before it is signed")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draft a handover with its paper; record its signature; call it off; or show how it stands."""
    from provision.cli import console
    from provision.core import shapes
    from provision.lending import handover as use_case
    from provision.lending import loans

    if sum((bool(to or nip), signed is not None, void is not None)) > 1:
        raise typer.BadParameter("choose one: --to NAME --nip NIP, --signed DATE, or --void REASON")
    here = workspace(context)
    if void is not None:
        console.say(f"void: {use_case.void(here, kecamatan, void)}")
        return
    if signed is not None:
        loan = use_case.sign(here, kecamatan, signed)
    elif to or nip:
        place = loans.read(here, kecamatan).kit.kecamatan
        who = use_case.receiver(to, nip, position.strip() or f"Camat {place.name}")
        loan = use_case.draft(here, kecamatan, who)
    else:
        loan = _standing(here, kecamatan)
    if as_json:
        console.print_json(shapes.handover(loan))
        return
    _print_loan(here, loan)


def _standing(here: "Workspace", kecamatan: str) -> "Handover":
    """Return a kecamatan's newest loan; if it is not signed yet, its paper is made (again) first.

    Raises ProvisionError if nothing was ever lent there, or the paper comes out different from the printed one.
    """
    from provision.core.custody import State
    from provision.core.errors import ProvisionError
    from provision.lending import handover as use_case
    from provision.lending import loans

    file = loans.read(here, kecamatan)
    if not file.loans:
        raise ProvisionError(
            f"nothing was lent to {file.kit.kecamatan.name} yet",
            where=file.slug,
            hint="--to NAME --nip NIP begins a handover",
        )
    last = file.loans[-1]
    return use_case.issue(here, kecamatan) if last.state in {State.DRAFT, State.AWAITING} else last


def _print_loan(here: "Workspace", loan: "Handover") -> None:
    from provision.cli import console
    from provision.lending.loans import NEXT

    console.say(f"{loan.kecamatan}: handover {loan.paper['number']} to {loan.paper['to']['name']}: {loan.state}")
    if loan.file:
        console.say(f"  paper: {here.place.var / 'papers' / loan.file}")
    if loan.signed_at:
        console.say(f"  signed {loan.signed_at}, in use until {loan.until}")
    if loan.returned_at:
        console.say(f"  returned {loan.returned_at}")
    console.say(f"  next:  {NEXT[loan.state].format(slug=loan.kecamatan)}")


def waive(
    context: typer.Context,
    kecamatan: Kecamatan,
    check: Annotated[str, typer.Argument(metavar="CHECK", help="its name, as verify prints it")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="who answers for it")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why it cannot be green now")],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="its last day")],
) -> None:
    """Answer by name for one red or unknown check until a day; recorded, and printed on the paper."""
    from provision.cli import console
    from provision.core.custody import Waiver
    from provision.lending import notes

    done = notes.waive(workspace(context), kecamatan, Waiver(check=check, by=by, reason=reason, until=until))
    console.say(f"waived: {done.check}, by {done.by}, until {done.until}")


def training(
    context: typer.Context,
    kecamatan: Kecamatan,
    person: Annotated[list[str], typer.Option("--person", metavar="NAME", help="who was trained; repeat it")],
    topic: Annotated[list[str], typer.Option("--topic", metavar="TEXT", help="on what; repeat it")],
    date: Annotated[str, typer.Option("--date", metavar="DATE", help="default: today")] = "",
) -> None:
    """Record who was trained on what."""
    from provision.cli import console
    from provision.lending import notes

    done = notes.train(workspace(context), kecamatan, person, topic, date)
    console.say(f"recorded: {console.counted(len(person), 'person')} trained on {done.day}")


def custody(
    context: typer.Context,
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="TARGET", help="kecamatan, asset tag, or gudang")
    ] = None,
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="on which day; default: now")] = "",
    recorded_by: Annotated[
        str, typer.Option("--recorded-by", metavar="DATE", help="as the register said on that day")
    ] = "",
    as_json: Json = False,
) -> None:
    """Print which item is where, held by whom, since when, by which act."""
    gc.disable()  # ten thousand rows and no cycle among them
    from dataclasses import asdict

    from provision.cli import console
    from provision.lending.holdings import custody_of

    found = custody_of(workspace(context), targets or [], effective=as_of, recorded=recorded_by)
    if as_json:
        console.print_json({"items": [asdict(h) for h in found]})
        return
    console.table(
        ("item", "place", "what", "serial", "held by", "since", "by"),
        ((h.item, h.place, h.model, h.serial, h.holder, h.since, f"{h.because} {h.loan}".strip()) for h in found),
    )


def give_back(
    context: typer.Context,
    kecamatan: Kecamatan,
    receiver: Annotated[str, typer.Option("--receiver", metavar="NAME", help="who takes it back for the office")],
    date: Annotated[str, typer.Option("--date", metavar="DATE", help="default: today")] = "",
    condition: Annotated[
        list[str] | None,
        typer.Option("--condition", metavar="TAG=STATE", help="baik, rusak_ringan, rusak_berat or hilang; repeat it"),
    ] = None,
    not_undone: Annotated[
        str, typer.Option("--not-undone", metavar="REASON", help="why the PC could not be given back as it was")
    ] = "",
    bench: Bench = False,
    as_json: Json = False,
) -> None:
    """End a loan: undo the PC's baseline, revoke the devices' keys, take the items back into the store."""
    from provision.cli import console
    from provision.core import shapes
    from provision.core.errors import UsageError
    from provision.home import publish
    from provision.lending.giveback import Return
    from provision.lending.giveback import give_back as use_case

    given = {}
    for one in condition or []:
        tag, sign, state = one.partition("=")
        if not sign:
            raise UsageError(f"--condition: {one}", hint="write it as BRU-PC-01=rusak_ringan")
        given[tag.upper()] = state
    here = workspace(context)
    asked = Return(receiver=receiver, day=date, conditions=given, not_undone=not_undone)
    loan = use_case(here, kecamatan, asked, bench=bench)
    publish.write(here)
    if as_json:
        console.print_json(shapes.handover(loan))
    console.say(
        f"{loan.kecamatan}: {console.counted(len(loan.items), 'item')} returned on {loan.returned_at}, {loan.id}"
    )
    if any(i["kind"] == "modem" for i in loan.items):
        console.say("  next:  press the modem's reset button; enrol it again with --new-key before it is lent again")


def replace(
    context: typer.Context,
    kecamatan: Kecamatan,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why; recorded")],
    date: Annotated[str, typer.Option("--date", metavar="DATE", help="default: today")] = "",
    condition: Annotated[
        str, typer.Option("--condition", metavar="STATE", help="of what goes: baik, rusak_ringan, rusak_berat, hilang")
    ] = "rusak_ringan",
    packages: Packages = None,
    yes: Yes = False,
    bench: Bench = False,
) -> None:
    """Put a new item in the place of an old one: same loan, same addresses; the old one's keys end in the same act."""
    from provision.cli import console
    from provision.devices.run import ApplyRequest
    from provision.home import publish
    from provision.lending.replace import Replacement
    from provision.lending.replace import replace as use_case

    here = workspace(context)
    asked = Replacement(reason=reason, day=date, condition=condition)
    request = ApplyRequest(bench=bench, packages=packages)
    pairs = use_case(here, kecamatan, asked, request, callbacks(yes))
    publish.write(here)
    for pair in pairs:
        console.say(f"replaced: {pair.old['asset_tag']} by {pair.new.asset_tag}")
    if any(p.new.kind in {"webcam", "microphone", "speaker"} for p in pairs):
        console.say("  next:  plug it into the PC, then: provision bind PC --reason TEXT")


COMMANDS = {c.__name__: c for c in (handover, waive, training, custody, replace)} | {"return": give_back}
