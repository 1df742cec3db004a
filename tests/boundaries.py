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
    """Have this process killed at boundary number AT of `AT:FILE`, 0 for never; their count is kept in the file."""
    number, _, path = asked.partition(":")
    at, count = int(number), 0
    counted = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)

    def hook(event: str, _: object) -> None:
        nonlocal count
        if event not in BOUNDARIES:
            return
        count += 1
        os.pwrite(counted, str(count).encode(), 0)
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def counted(path: Path) -> int:
    """Return how many boundaries there were."""
    return int(path.read_text() or 0)
