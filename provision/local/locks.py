"""Locks that a living process holds on a file; the system drops them when it ends, however it ends.

They hold across PID namespaces, where a process id means nothing.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def hold(path: Path) -> int:
    """Make the file if there is none, lock it, and return its descriptor; the lock is held until that is closed.

    Waits while another process holds it. A child that this process starts does not hold it.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def is_held(path: Path) -> bool:
    """Return whether a living process holds the lock of a file. Raises FileNotFoundError if there is no such file."""
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
