"""The moments between which a program can die: each lock, each file that is put into place, each program started.

Python says them itself (sys.addaudithook), so what is tried is not changed for it. After each commit the ledger's head
file is put into place, so that a commit lies between two of them. A process that dies at a boundary dies as by
`kill -9`; nothing of it cleans up.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path

BOUNDARIES = {"fcntl.flock", "os.rename", "subprocess.Popen"}


def die(asked: str) -> None:
    """Have this process killed at boundary number AT of `AT:FILE`, 0 for never, or stopped at that of `stop AT:FILE`.

    A word in the place of AT is of the program that is started there. With `full AT` the disk is full from there on: no
    file is put into place any more. With `clock SECONDS` the clock of the computer has jumped. The count of boundaries
    and the process id are kept in the file.
    """
    place, _, path = asked.partition(":")
    how, _, place = place.rpartition(" ")
    blow = signal.SIGSTOP if how == "stop" else signal.SIGKILL
    count = 0
    counted = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    if how == "clock":
        _jump(int(place))

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal count
        if event not in BOUNDARIES:
            return
        count += 1
        os.pwrite(counted, f"{count} {os.getpid()}".encode(), 0)
        if how == "clock":
            return
        if how == "full":
            if count >= int(place) and event == "os.rename":
                os.pwrite(counted, f"{count} {os.getpid()} full".encode(), 0)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return
        if str(count) == place or (not place.isdigit() and event == "subprocess.Popen" and place in str(args[1])):
            os.kill(os.getpid(), blow)

    sys.addaudithook(hook)


def _jump(seconds: int) -> None:
    """Have this computer's clock say another time: its own cannot be set for one process."""
    from datetime import datetime, timedelta

    from provision.local.clock import Clock

    true = Clock.utc

    def utc(self: Clock) -> datetime:
        return true(self) + timedelta(seconds=seconds)

    Clock.utc = utc  # type: ignore[method-assign]


def was_full(path: Path) -> bool:
    """Return whether a file could not be put into place."""
    return path.exists() and path.read_text().endswith(" full")


def counted(path: Path) -> int:
    """Return how many boundaries there were."""
    return reached(path)[0]


def reached(path: Path) -> tuple[int, int]:
    """Return how many boundaries there were, and the process id; both are 0 before the first one."""
    count, pid, *_ = [*(path.read_text() if path.exists() else "").split(), "0", "0"]
    return int(count), int(pid)
