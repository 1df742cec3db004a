"""The ledger's own commands."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provision.cli.door import workspace
from provision.core.errors import UsageError

if TYPE_CHECKING:
    from provision.ledger.chain import Witness

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def ledger() -> None:
    """The append-only ledger."""


@app.command("verify", epilog="Example: provision ledger verify")
def ledger_verify(
    context: typer.Context,
    against: Annotated[
        str,
        typer.Option(
            metavar="EVENT", help="its number and hash as a paper prints them (N:HASH), or a head file kept elsewhere"
        ),
    ] = "",
) -> None:
    """Walk the hash chain; name the first bad event. Exit 0 whole, 3 broken."""
    from provision.cli import console
    from provision.ledger import verify as walk

    here = workspace(context).ledger
    count, found = walk(here, _witness(against) if against else None)
    if found:
        console.say(f"broken at event {found.number}: {found.because}")
        console.say(f"  where: {here.where}\n  next:  keep this file as it is; restore the newest backup beside it")
        if found.of_head:
            console.say("         or, where you know why: provision ledger trust-head --reason TEXT")
        raise typer.Exit(3)
    console.say(f"whole: {count} events")


def _witness(text: str) -> "Witness":
    """Return the witness that an option names, by itself or in a file. Raises UsageError if it names none."""
    from provision.ledger.chain import witness

    path = Path(text)
    found = witness(path.read_text(errors="replace") if path.is_file() else text)
    if found is None:
        raise UsageError(
            f"neither the number and hash of an event nor a file with them: {text}",
            hint="as 41:4e2991d062c41c7d (16 digits or more), or the file var/ledger.head of a copy",
        )
    return found


@app.command("trust-head", epilog='Example: provision ledger trust-head --reason "ledger.head lost with the old disk"')
def trust_head(
    context: typer.Context,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="why the events that are there are the right ones")],
) -> None:
    """Trust the events that are there, though the head file is missing or names others; the ledger keeps why."""
    from provision.cli import console
    from provision.ledger.office_events import HeadTrusted

    if not reason.strip():
        raise UsageError("a reason is needed", hint="--reason TEXT")
    here = workspace(context)
    number, because = here.ledger.trust(
        lambda because: HeadTrusted(because=because, reason=reason.strip()), at=here.now()
    )
    console.say(f"trusted, as event {number} says: {because}")
