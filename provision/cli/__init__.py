"""The command line: it reads the words, calls one operation, prints its result and exits. It decides nothing."""

from __future__ import annotations

import signal
import sys

from provision.core.errors import Interrupted, ProvisionError, of_machine
from provision.local import streams


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

    A ProvisionError is printed (what, where, the next step) and exits with its own code, and so is what the machine
    refuses: a full disk, a file that may not be read, an output that cannot be written. Ctrl-C and SIGTERM exit 130, a
    broken pipe 1.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    streams.make_ready()
    try:
        code = _run()
        sys.stdout.flush()
    except streams.OutputError as error:
        streams.give_up()
        code = _print(error)
    except BrokenPipeError:
        streams.give_up()
        code = 1
    sys.exit(code)


def _run() -> int:
    """Run the command line and return its exit code."""
    from provision.cli.commands import app

    try:
        app()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except streams.OutputError:
        raise
    except ProvisionError as error:
        return _print(error)
    except Interrupted:
        from provision.cli import console

        console.say(f"interrupted; {_left()}")
        return 130
    except BrokenPipeError:
        raise
    except OSError as error:
        return _print(of_machine(error, _left()))
    return 0


def _print(error: ProvisionError) -> int:
    from provision.cli import console

    console.print_error(error)
    return error.exit_code
