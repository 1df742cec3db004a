"""The moments between which a program can die: each lock, each file that is put into place, each program started.

Python says them itself (sys.addaudithook), so what is tried is not changed for it. After each commit the ledger's head
file is put into place, so that a commit lies between two of them. A process that dies at a boundary dies as by
`kill -9`; nothing of it cleans up.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

BOUNDARIES = {"fcntl.flock", "os.rename", "subprocess.Popen"}


def die(asked: str) -> None:
    """Have this process killed at boundary number AT of `AT:FILE`, 0 for never, or stopped at that of `stop AT:FILE`.

    A word in the place of AT is of the program that is started there. The count of boundaries and the process id are
    kept in the file.
    """
    place, _, path = asked.partition(":")
    blow = signal.SIGSTOP if place.startswith("stop ") else signal.SIGKILL
    place, count = place.removeprefix("stop "), 0
    counted = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal count
        if event not in BOUNDARIES:
            return
        count += 1
        os.pwrite(counted, f"{count} {os.getpid()}".encode(), 0)
        if str(count) == place or (not place.isdigit() and event == "subprocess.Popen" and place in str(args[1])):
            os.kill(os.getpid(), blow)

    sys.addaudithook(hook)


def counted(path: Path) -> int:
    """Return how many boundaries there were."""
    return reached(path)[0]


def reached(path: Path) -> tuple[int, int]:
    """Return how many boundaries there were, and the process id; both are 0 before the first one."""
    count, _, pid = (path.read_text() if path.exists() else "").partition(" ")
    return int(count or 0), int(pid or 0)
