"""The commands that are measured, and how long one takes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import size

PYTHON = sys.executable
ROUNDS = size.of(5, 1)


def timed(argv: list[str], code: int = 0) -> float:
    """Run a command and return its seconds. Raises SystemExit, with what it printed, if its exit code is not `code`."""
    started = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, check=False, text=True)
    if done.returncode != code:
        raise SystemExit(f"{argv} gave {done.returncode}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def provision(home: Path, *words: str) -> list[str]:
    """Return a command of the program in `home`, as words."""
    return [PYTHON, "-m", "provision", "--home", str(home), *words]


def fresh(home: Path, tag: str) -> None:
    """Reset a lab device to factory state and enrol it again. Raises SystemExit if the enrolment fails."""
    from provision.lab import client

    client.break_(home / "var/lab", tag, "reset", "")
    timed(provision(home, "enrol", tag, "--packages", str(home / "var/lab/packages"), "--yes", "--new-key"))
