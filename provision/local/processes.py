"""Find and end processes by a mark in their environment, which is the sure way to end all processes of a run.

Ansible's workers and ssh's masters leave the process group, so a group kill misses them. Linux only: it reads
/proc.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

QUIET_SCANS = 2
PAUSE_S = 0.01


def marked(mark: str) -> list[int]:
    """Return the ids of the live processes, without this one, whose environment holds `mark` (NAME=value).

    Processes whose environment this user may not read are left out.
    """
    found = []
    wanted = mark.encode()
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environ = Path(entry.path, "environ").read_bytes()
        except OSError:
            continue  # ended meanwhile, or not ours
        if wanted in environ.split(b"\0") and alive(int(entry.name)):
            found.append(int(entry.name))
    return found


def alive(pid: int) -> bool:
    """Say whether the process runs; a zombie does not."""
    return born(pid) is not None


def born(pid: int) -> int | None:
    """Return the start time of a process in clock ticks since boot, or None if it does not exist or is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def stopped(pid: int) -> bool:
    """Say whether a signal stopped the process, so that it does nothing until it is continued."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def sweep(mark: str, *, grace_s: float = 3.0) -> int:
    """End every process that carries `mark`, and return how many carried it at the start.

    Those get SIGTERM; what is left after `grace_s` seconds gets SIGKILL, until two scans in a row find no such process.
    """
    first = marked(mark)
    for pid in first:
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    quiet = 0
    while quiet < QUIET_SCANS:  # a process in the middle of its exec shows no environment
        for pid in left:
            _signal(pid, signal.SIGKILL)
        quiet = 0 if left else quiet + 1
        time.sleep(PAUSE_S)
        left = marked(mark)
    return len(first)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
