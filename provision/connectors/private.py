"""The private directory of one run: in memory if there is such a disk, for this user only.

Documents with secrets live here and nowhere else. A run that dies leaves its directory and perhaps its children
behind; the next command, whatever it is, ends the children and removes the directory. That a run lives is said by a
lock that its process holds on a file of the directory: a process id means nothing in another PID namespace.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from provision.local import locks, processes
from provision.local.files import write_whole

PREFIX = f"provision-{os.getuid()}-"
LONGEST_S = 86400  # no run takes longer
_locks: dict[Path, int] = {}  # the open lock of each directory that this process made


def _places() -> list[Path]:
    shm = Path("/dev/shm")  # noqa: S108 (that is the point)
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 (where there is no disk in memory)
    return [p for p in (shm, temporary) if p.is_dir() and os.access(p, os.W_OK)]


def make(run: str) -> Path:
    """Make the private directory of `run` and return its path.

    Its file `lock` is locked while this process lives or until `remove`; its file `owner` names the run.
    """
    from tempfile import mkdtemp

    path = Path(mkdtemp(prefix=PREFIX, dir=_places()[0]))
    _locks[path] = locks.hold(path / "lock")
    write_whole(path / "owner", f"{os.getpid()} {processes.born(os.getpid())} {run}\n")
    return path


def remove(path: Path) -> None:
    """Remove the directory of a run whose processes have ended; what cannot be removed is no error."""
    shutil.rmtree(path, ignore_errors=True)
    if (lock := _locks.pop(path, None)) is not None:
        os.close(lock)


def mark(run: str) -> str:
    """Return the environment entry (NAME=value) by which every process of a run is known."""
    return f"PROVISION_RUN={run}"


def reap() -> list[str]:
    """End the processes and remove the directories of runs that are dead; return the names of these runs.

    A directory that names no run is left alone: it may be in the making.
    """
    found = []
    for place in _places():
        for path in place.glob(PREFIX + "*"):
            try:
                pid, born, run = (path / "owner").read_text().split()
                lives = _lives(path, int(pid), born)
            except (OSError, ValueError):
                continue  # being made at this moment, gone meanwhile, or not readable
            if not lives:
                processes.sweep(mark(run))
                remove(path)
                found.append(run)
    return found


def _lives(path: Path, pid: int, born: str) -> bool:
    """Return whether the process of a run holds its lock.

    A run of an older release has none: it is dead if there is no such process and it began more than a day ago.
    """
    try:
        return locks.is_held(path / "lock")
    except FileNotFoundError:
        return str(processes.born(pid)) == born or time.time() - (path / "owner").stat().st_mtime < LONGEST_S
