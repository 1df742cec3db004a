"""The front door: words -> one use case -> exit code. No decisions."""

from __future__ import annotations

import importlib
import os
import signal
import sys

from provision.cli.door import app
from provision.core.errors import Interrupted, ProvisionError

# Which room a word is in, so that one command does not pay for all the others.
ROOMS = {
    "intake": ("init", "check", "register", "enrol", "bind", "identify"),
    "change": ("plan", "apply", "verify", "resume", "selftest"),
    "lending": ("handover", "waive", "training", "custody", "replace", "return"),
    "drift": ("watch", "adopt", "rollback"),
    "reports": ("ingest", "fetch", "attest"),
    "views": ("inventory", "history", "backup", "restore", "demo"),
}
GROUPS = {"ledger": "ledger", "secret": "secret", "lab": "lab"}
TAKES_VALUE = "--home"


def word(arguments: list[str]) -> str:
    """Give the command that is called, or nothing: then all of them have to be there (help, completion, a typing error)."""
    rest = iter(arguments)
    for one in rest:
        if one == TAKES_VALUE:
            next(rest, None)
        elif not one.startswith(TAKES_VALUE + "="):
            return one
    return ""


def furnish(only: str) -> None:
    """Put the command `only` on the front door, or all of them where it is none."""
    for room, words in ROOMS.items():
        wanted = words if only not in ALL else [w for w in words if w == only]
        commands = importlib.import_module(f"provision.cli.{room}").COMMANDS if wanted else {}
        for name in wanted:
            app.command(name)(commands[name])
    for group, room in GROUPS.items():
        if only == group or only not in ALL:
            app.add_typer(importlib.import_module(f"provision.cli.{room}").app, name=group)


ALL = {w for words in ROOMS.values() for w in words} | set(GROUPS)


def _interrupt(*_: object) -> None:
    raise Interrupted


def main() -> None:
    """Run the command line; every refusal says what, where and the next step."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    furnish("" if "_PROVISION_COMPLETE" in os.environ else word(sys.argv[1:]))
    try:
        app()
    except ProvisionError as error:
        from provision.cli import console

        console.print_error(error)
        sys.exit(error.exit_code)
    except Interrupted:
        sys.stderr.write("interrupted; what was begun on a device ends by itself: provision resume\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
