"""What all commands share: the home, the questions, the kinds of arguments."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provision.core.errors import ProvisionError, UsageError
from provision.core.foreign import visible_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from provision.core.model import Plan, Secret
    from provision.devices.run import Callbacks, OnStep
    from provision.home.workspace import Workspace


def names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the kecamatan, device tags and `all` that begin with `incomplete`, in any case, to complete a TARGET.

    The list is empty if there is no home or its intent is wrong.
    """
    from provision.home.place import Place

    directory = context.find_root().params.get("directory") or "."
    try:
        found = Place(Path(directory)).intent()
    except ProvisionError:
        return []
    known = [*found.kits, *found.intents, *found.computers, "all"]
    return [n for n in known if n.lower().startswith(incomplete.lower())]


Targets = Annotated[
    list[str] | None,
    typer.Argument(metavar="TARGET", help="kecamatan, device tag, or all", autocompletion=names),
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document")]
Bench = Annotated[bool, typer.Option("--bench", help="reach the box over its bench cable, not the tunnel")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]
Packages = Annotated[
    Path | None,
    typer.Option("--packages", metavar="DIR", exists=True, file_okay=False, help="folder with packages for the device"),
]


def said_why(reason: str) -> str:
    """Return a reason without the blanks around it. Raises typer.BadParameter if it is blank."""
    if not reason.strip():
        raise typer.BadParameter("say why")
    return reason.strip()


def workspace(context: typer.Context) -> "Workspace":
    """Return the Workspace of the home that --home names."""
    from provision.home.workspace import Workspace

    return Workspace(Path(context.find_root().obj))


def approve(question: str, yes: bool) -> bool:
    """Ask a yes-or-no question and return the answer; with `yes`, print it without asking and return True.

    Raises ProvisionError if there is nobody to ask: standard input is not a terminal.
    """
    from provision.cli import console

    if yes:
        console.say(question.replace("; pin it?", "").replace("?", ""))
        return True
    if not sys.stdin.isatty():
        raise ProvisionError(f"nobody to ask: {question}", hint="run it in a terminal, or add --yes")
    return typer.confirm(visible_lines(question), err=True)


def callbacks(yes: bool, on_step: "OnStep | None" = None) -> "Callbacks":
    """Return the callbacks of an apply: one that has its plans approved (without asking if `yes`), and `on_step`.

    Without `on_step`, steps are not shown.
    """
    from provision.devices.run import Callbacks

    return Callbacks(approve=_approve_plans(yes), on_step=on_step or (lambda _: None), asks=not yes)


def _approve_plans(yes: bool) -> "Callable[[list[Plan]], bool]":
    """Return a function that shows plans, asks whether to carry them out, and returns the answer.

    With `yes` it only prints how many devices are changed, and returns True.
    """

    def ask(plans: "list[Plan]") -> bool:
        from provision.cli import console

        if not yes:
            console.print_plans(plans, as_json=False)
        return approve(f"change {console.counted(len(plans), 'device')}?", yes)

    return ask


def secret_of(path: Path) -> "Secret":
    """Return the secret in a file. Raises UsageError if it cannot be read, or holds no short text."""
    from provision.core.budget import SECRET_FILE_BYTES
    from provision.core.model import Secret
    from provision.local.reading import text_within

    try:
        return Secret(text_within(path, SECRET_FILE_BYTES).strip())
    except OSError as error:
        what = f"the password file cannot be read: {error.strerror}"
        raise UsageError(what, where=str(path), hint="a file with the password and nothing else") from None
