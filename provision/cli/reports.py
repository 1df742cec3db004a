"""The commands on what PCs report by themselves (ingest, fetch) and what a technician attests (attest)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provision.cli.door import Bench, Json, Targets, names, workspace

if TYPE_CHECKING:
    from provision.devices.pc.reports import Ingested


def ingest(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="reports of PCs, as they left them")],
    as_json: Json = False,
) -> None:
    """Take in reports that were brought from PCs. Exit 0 green, 1 one was refused, 3 anything red or unknown."""
    from provision.devices.pc import reports as use_case

    here = workspace(context)
    _print_reports(use_case.ingest(here, use_case.read_files(files)), {}, as_json=as_json)


def fetch(context: typer.Context, targets: Targets = None, as_json: Json = False, bench: Bench = False) -> None:
    """Read what waits in the PCs' outboxes, and take it in.

    Exit 0 green, 1 a PC was silent or a report was refused, 3 anything red or unknown.
    """
    from provision.devices.pc import reports as use_case

    here = workspace(context)
    raws, silent = use_case.fetch(here, here.targets(targets or ["all"]).computers, bench=bench)
    _print_reports(use_case.ingest(here, raws), silent, as_json=as_json)


def _json(report: "Ingested") -> "dict[str, object]":
    """Return a report, with its findings, as `fetch --json` and `ingest --json` print it."""
    from provision.core import shapes

    own = {n: getattr(report, n) for n in ("source", "device", "counter", "at", "refused")}
    return own | {"findings": [shapes.finding(f) for f in report.findings]}


def _print_reports(taken: "list[Ingested]", silent: dict[str, str], *, as_json: bool) -> None:
    from provision.cli import console
    from provision.core.times import in_berau
    from provision.devices.pc import reports as use_case
    from provision.operations import verify

    last = use_case.newest(taken)
    findings = [f for one in last for f in one.findings]
    refused = [one for one in taken if one.refused]
    if as_json:
        console.print_json({"reports": [_json(one) for one in taken], "silent": silent})
    else:
        for one in last:
            console.say(f"{one.device}: report {one.counter} of {in_berau(one.at)}")
        if findings:
            console.print_findings(findings, as_json=False)
        for one in refused:
            console.say(f"refused: {one.source}{f' ({one.device})' if one.device else ''}: {one.refused}")
        for tag, why in silent.items():
            console.say(f"{tag}: no answer: {why}")
        if not taken and not silent:
            console.say("nothing new: no PC has a report that was not taken in")
        if refused:
            console.say(
                "  next:  bring the files as the PC left them (/var/lib/kit/outbox, C:\\ProgramData\\Kit\\outbox)"
            )
    raise typer.Exit(1 if refused or silent else 3 if verify.is_red(findings) else 0)


def attest(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="a PC's tag", autocompletion=names)],
    what: Annotated[str, typer.Argument(metavar="hearing|sight", help="what the technician tried")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="who heard or saw it")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="how it was tried, and what came out")],
    photo: Annotated[
        Path | None,
        typer.Option("--photo", metavar="FILE", exists=True, dir_okay=False, help="the picture that the camera took"),
    ] = None,
) -> None:
    """Record by name that a technician heard a PC or saw its picture.

    For PCs where it cannot be measured (Windows). Sight needs a photo.
    """
    from provision.cli import console
    from provision.core.device import Computer
    from provision.core.errors import UsageError
    from provision.operations import attest as use_case

    here = workspace(context)
    computer = here.device(device)
    if not isinstance(computer, Computer):
        raise UsageError(f"{device} is no PC", hint="only a PC hears and sees")
    kept = use_case.attest(here, computer, what, use_case.Word(by=by.strip(), note=note.strip(), photo=photo))
    console.say(f"{computer.item.asset_tag}: {what} attested by {by.strip()} on {here.today()}{kept}")


COMMANDS = {c.__name__: c for c in (ingest, fetch, attest)}
