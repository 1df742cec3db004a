"""The ledger's own commands."""

import typer

from provision.cli.door import workspace

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def ledger() -> None:
    """The append-only ledger."""


@app.command("verify", epilog="Example: provision ledger verify")
def ledger_verify(context: typer.Context) -> None:
    """Walk the hash chain; name the first bad event. Exit 0 whole, 3 broken."""
    from provision.cli import console
    from provision.ledger import verify as walk

    here = workspace(context).ledger
    count, found = walk(here)
    if found:
        console.say(f"broken at event {found.number}: {found.because}")
        console.say(f"  where: {here.where}\n  next:  keep this file as it is; restore the newest backup beside it")
        raise typer.Exit(3)
    console.say(f"whole: {count} events")
