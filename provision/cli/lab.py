"""The lab's commands."""

from typing import Annotated

import typer

from provision.cli.door import Json, workspace

app = typer.Typer(
    help="Emulated modems and PCs on loopback, and their faults.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command("up", epilog="Example: provision --home demo lab up")
def lab_up(context: typer.Context) -> None:
    """Start this home's lab: its modems and PCs, in factory state the first time."""
    from provision.cli import console
    from provision.operations import lab

    console.print_lab(lab.up(workspace(context)))


@app.command("down", epilog="Example: provision --home demo lab down")
def lab_down(context: typer.Context) -> None:
    """Stop this home's lab; its modems and PCs keep their state."""
    from provision.lab import client

    client.down(workspace(context).place.lab)


@app.command("status", epilog="Example: provision --home demo lab status")
def lab_status(context: typer.Context, as_json: Json = False) -> None:
    """Print each lab device's power, addresses, hostname and active faults."""
    from provision.cli import console
    from provision.lab import client

    said = client.ask(workspace(context).place.lab, {"verb": "status"})
    if as_json:
        console.print_json(said)
    else:
        console.print_lab(said)


@app.command("break", epilog="Example: provision --home demo lab break BRU-PC-04 speaker gone")
def lab_break(
    context: typer.Context,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="kecamatan or device tag")],
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="as link, power, webcam: see docs/lab.md")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="seconds, text, or nothing to mend")] = "",
) -> None:
    """Break one lab device: cut its link or power, refuse logins, and so on; an empty VALUE mends it.

    It says how the fault shows on the device; one that does not bite is an error.
    """
    from provision.cli import console
    from provision.core.model import slug
    from provision.lab import client

    here = workspace(context)
    intent = here.targets([target]).modems[0] if slug(target) in here.home.kits else here.device(target)
    said = client.break_(here.place.lab, intent.item.asset_tag, fault, value)
    console.say(f"{said['tag']}: {said['said']}")
