"""The private directory of one run: in memory if there is such a disk, for this user only.

Documents with secrets live here and nowhere else. A run that dies leaves its directory and perhaps its children
behind; the next run that makes a directory ends the children and removes the old one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from provision.local import processes
from provision.local.files import write_whole

PREFIX = f"provision-{os.getuid()}-"


def _places() -> list[Path]:
    shm = Path("/dev/shm")  # noqa: S108 (that is the point)
    return [p for p in (shm, Path(tempfile.gettempdir())) if p.is_dir() and os.access(p, os.W_OK)]


def make(run: str) -> Path:
    """Make the private directory of `run` and return its path.

    Its file `owner` names this process (id and start time) and the run.
    """
    path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_places()[0]))
    write_whole(path / "owner", f"{os.getpid()} {processes.born(os.getpid())} {run}\n")
    return path


def remove(path: Path) -> None:
    """Remove the directory of a run whose processes have ended; what cannot be removed is no error."""
    shutil.rmtree(path, ignore_errors=True)


def mark(run: str) -> str:
    """Return the environment entry (NAME=value) by which every process of a run is known."""
    return f"PROVISION_RUN={run}"


def reap() -> list[str]:
    """End the processes and remove the directories of runs whose owner is dead; return the names of these runs.

    A directory whose owner cannot be read is left alone: it may be in the making.
    """
    found = []
    for place in _places():
        for path in place.glob(PREFIX + "*"):
            try:
                pid, born, run = (path / "owner").read_text().split()
            except (OSError, ValueError):
                continue  # being made at this moment, or not readable
            if str(processes.born(int(pid))) != born:
                processes.sweep(mark(run))
                remove(path)
                found.append(run)
    return found
