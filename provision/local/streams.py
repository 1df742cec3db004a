"""The standard files of a command, which may be shut, full or a pipe that nobody reads any more."""

import contextlib
import io
import os
import sys

from provision.core.errors import ProvisionError

HINT = "what the command did is done, as it says above if it says anything; send its output elsewhere, and look again"


class OutputError(ProvisionError):
    """What was printed could not be written."""

    def __init__(self, error: OSError) -> None:
        """Say why."""
        what = f"the output could not be written: {error.strerror}; what was printed is not whole"
        super().__init__(what, where="standard output", hint=HINT)


class Output(io.TextIOWrapper):
    """Standard output; its failure is told from that of a file, and nobody left to read is BrokenPipeError."""

    def write(self, text: str, /) -> int:
        """Write text. Raises OutputError."""
        try:
            return super().write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error) from None

    def flush(self) -> None:
        """Write what is kept. Raises OutputError."""
        try:
            super().flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error) from None


def make_ready() -> None:
    """Open what is shut of the three standard files, so that no file of a home gets one of their numbers.

    What a child or we print would else go into it. A shut output stays one that nothing can be written to.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    had = sys.stdout
    if had is None:
        sys.stdout = Output(os.fdopen(1, "wb", closefd=False), encoding="utf-8")
    elif type(had) is io.TextIOWrapper:  # none that a test has put there
        with contextlib.suppress(OSError):
            had.flush()
        raw = os.fdopen(1, "wb", closefd=False)
        sys.stdout = Output(raw, encoding=had.encoding, errors=had.errors, line_buffering=had.line_buffering)


def give_up() -> None:
    """Have whatever is still printed go nowhere, so that the interpreter's end finds nothing to complain about."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
    with contextlib.suppress(OSError, ValueError, OutputError):
        sys.stdout.flush()
