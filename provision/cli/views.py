"""Views of the ledger."""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer

from provision.cli.door import Json, office
from provision.errors import ProvisionError


def add(app: typer.Typer) -> None:
    """Put these commands on the front door."""
    for command in (inventory, history):
        app.command()(command)


def inventory(
    as_list: Annotated[bool, typer.Option("--list", help="the whole inventory, as Ansible asks for it")] = False,
    host: Annotated[str, typer.Option("--host", metavar="H", help="one host's variables")] = "",
    write: Annotated[bool, typer.Option("--write", help="write inventory/devices.yml")] = False,
) -> None:
    """Ansible's dynamic inventory of provisioned devices."""
    gc.disable()  # a hundred thousand small values and no cycle among them: a quarter of the time
    from provision import console, publish

    if (as_list, bool(host), write).count(True) != 1:
        raise typer.BadParameter("choose one of --list, --host H, --write")
    if write:
        console.say(f"wrote {publish.write(office())}")
        return
    sys.stdout.write(publish.show(office(), host))


def history(
    subject: Annotated[str, typer.Argument(metavar="TARGET", help="an asset tag or a kecamatan")],
    as_json: Json = False,
) -> None:
    """Every event of one item, or of all items of a kecamatan, oldest first."""
    from provision import console

    here = office()
    events = here.ledger.history(subject.upper())
    if not events and (kit := here.home.kit(subject)):
        events = here.ledger.history(*(i.asset_tag for i in kit.items))
    if not events:
        raise ProvisionError(f"no event of {subject}", hint="provision register FILE; is the tag right?")
    if as_json:
        console.print_json(
            {
                "events": [
                    {
                        "number": e.number,
                        "at": e.at,
                        "actor": e.actor,
                        "verb": e.verb,
                        "subject": e.subject,
                        "payload": e.payload,
                    }
                    for e in events
                ]
            }
        )
        return
    console.table(
        ("number", "at", "actor", "item", "verb", "what"),
        (
            (
                str(e.number),
                e.at,
                e.actor,
                e.subject,
                e.verb,
                str(e.payload.get("ending") or e.payload.get("because") or ""),
            )
            for e in events
        ),
    )


ledger = typer.Typer(help="The append-only ledger.", no_args_is_help=True, rich_markup_mode=None)


@ledger.command("verify")
def ledger_verify() -> None:
    """Walk the hash chain; name the first bad event. Exit 0 whole, 3 broken."""
    from provision import console
    from provision.ledger import verify as walk

    here = office().ledger
    count, found = walk(here)
    if found:
        console.say(f"broken at event {found.number}: {found.because}")
        console.say(f"  where: {here.where}\n  next:  keep this file as it is; restore the newest backup beside it")
        raise typer.Exit(3)
    console.say(f"whole: {count} events")
