"""Locks that a living process holds on a file; the system drops them when it ends, however it ends.

They hold across PID namespaces, where a process id means nothing.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def hold(path: Path) -> int:
    """Make the file if there is none, lock it, and return its descriptor; the lock is held until that is closed.

    Waits while another process holds it. A child that this process starts does not hold it. Where somebody removed the
    file between the two, it is made again: a lock on a file that nobody finds is none.
    """
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_there(path, lock):
            return lock
        os.close(lock)


def _is_there(path: Path, lock: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(lock).st_ino
    except FileNotFoundError:
        return False


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
