"""The command line: it reads the words, calls one operation, prints its result and exits. It decides nothing."""

from __future__ import annotations

import os
import signal
import sys

from provision.core.errors import Interrupted, ProvisionError


def _interrupt(*_: object) -> None:
    raise Interrupted


def _left() -> str:
    """Return what an interrupted command leaves on devices, and the next step if there is one."""
    journal = sys.modules.get("provision.devices.journal")  # a command that began nothing did not load it
    tags = journal.begun_here() if journal else []
    if not tags:
        return "nothing was begun on a device"
    return f"what was begun on {', '.join(tags)} ends by itself: provision resume"


def main() -> None:
    """Run the command line, then exit with its code.

    A ProvisionError is printed (what, where, the next step) and exits with its own code. Ctrl-C and SIGTERM exit 130, a
    broken pipe 1.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    from provision.cli.commands import app

    try:
        app()
    except ProvisionError as error:
        from provision.cli import console

        console.print_error(error)
        sys.exit(error.exit_code)
    except Interrupted:
        sys.stderr.write(f"interrupted; {_left()}\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
