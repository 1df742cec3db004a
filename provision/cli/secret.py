"""The commands on a device's secrets: show, on record, and rotate."""

import sys
from typing import Annotated

import typer

from provision.cli.door import Bench, Json, Yes, callbacks, names, said_why, workspace

app = typer.Typer(help="Secrets of one device.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)
Device = Annotated[str, typer.Argument(metavar="DEVICE", help="a modem's tag, or a kecamatan", autocompletion=names)]


@app.command("show", epilog='Example: provision secret show BRU-MDM-01 --only snmp_auth --reason "uji SNMP"')
def secret_show(
    context: typer.Context,
    device: Device,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why; recorded", callback=said_why)],
    only: Annotated[list[str] | None, typer.Option("--only", metavar="NAME", help="one secret; repeat it")] = None,
    as_json: Json = False,
) -> None:
    """Print secrets of one device. It is recorded, and verify is red until they are rotated."""
    from provision.cli import console
    from provision.operations import rotate as use_case

    here = workspace(context)
    intent = here.intent(device)
    found = {n: s.reveal() for n, s in use_case.show(here, intent, only or [], reason).items()}
    if as_json:
        console.print_json({"device": intent.item.asset_tag, "secrets": found})
    else:
        sys.stdout.write("".join(f"{name}\t{text}\n" for name, text in found.items()))
    console.say(f"recorded; when you are done: provision secret rotate {intent.item.asset_tag}")


@app.command("rotate", epilog="Example: provision secret rotate BRU-MDM-01")
def secret_rotate(
    context: typer.Context, device: Device, yes: Yes = False, bench: Bench = False, as_json: Json = False
) -> None:
    """Replace all secrets of one device, as a confirmed commit. Exit 0 as intended, 1 could not."""
    from provision.cli import console
    from provision.devices.run import ApplyRequest
    from provision.home import publish
    from provision.operations import rotate as use_case

    here = workspace(context)
    intent = here.intent(device)
    done = use_case.rotate(here, intent, ApplyRequest(bench=bench), callbacks(yes))
    console.print_outcomes(done.run, done.outcomes, as_json=as_json)
    publish.write(here)
    raise typer.Exit(0 if all(o.ending == "applied" for o in done.outcomes) else 1)
