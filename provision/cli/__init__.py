"""The front door: words -> one use case -> exit code. No decisions."""

from __future__ import annotations

import os
import signal
import sys

from provision.cli import change, drift, intake, lab, lending, secret, views
from provision.cli.door import app
from provision.errors import Interrupted, ProvisionError

for room in (intake, change, lending, drift, views):
    room.add(app)
app.add_typer(views.ledger, name="ledger")
app.add_typer(secret.app, name="secret")
app.add_typer(lab.app, name="lab")


def _interrupt(*_: object) -> None:
    raise Interrupted


def main() -> None:
    """Run the command line; every refusal says what, where and the next step."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        app()
    except ProvisionError as error:
        from provision import console

        console.print_error(error)
        sys.exit(error.exit_code)
    except Interrupted:
        sys.stderr.write("interrupted; what was begun on a device ends by itself: provision resume\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
