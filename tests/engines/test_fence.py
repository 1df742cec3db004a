"""What a device of the lab can never reach: the power and the first process of the machine, whatever its shell runs."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import subprocess
import sys

import pytest

from provision.lab.fence import REFUSED

REBOOT = {"x86_64": 169, "aarch64": 142}[platform.machine()]  # asm/unistd.h
NO_COMMAND = 0xDEADBEEF  # reboot(2) ends nothing with it: EINVAL for root, EPERM for others
TRIES = f"""
import ctypes, os, sys
from provision.lab import fence
if sys.argv[1] == "shut":
    fence.shut()
libc = ctypes.CDLL(None, use_errno=True)
def of(call):
    try:
        call()
    except OSError as error:
        return error.errno
    return 0
def reboot():
    if libc.syscall({REBOOT}, 0xFEE1DEAD, 672274793, {NO_COMMAND}, 0):
        raise OSError(ctypes.get_errno(), "reboot")
print(of(reboot), of(lambda: os.kill(1, 0)), of(lambda: os.kill(-1, 0)), of(lambda: os.pidfd_open(1)),
      of(lambda: os.kill(os.getpid(), 0)))
"""


def tried(how: str) -> list[int]:
    done = subprocess.run([sys.executable, "-c", TRIES, how], check=True, capture_output=True, text=True)
    return [int(word) for word in done.stdout.split()]


def test_the_power_and_the_first_process_are_out_of_reach() -> None:
    assert tried("shut") == [REFUSED] * 4 + [0]


def test_without_the_fence_the_kernel_says_something_else() -> None:
    reboot, first, *_ = tried("open")
    assert reboot in {errno.EINVAL, errno.EPERM}
    assert first in {0, errno.EPERM}


@pytest.mark.skipif(shutil.which("busybox") is None, reason="no busybox")
@pytest.mark.parametrize("word", ["halt -f", "poweroff -f", "reboot -f", "halt", "poweroff", "reboot"])
def test_what_busybox_does_to_end_a_machine_is_refused(word: str) -> None:
    """Behind a fence that is seen to hold first; a PID namespace of its own would take the rest."""
    guarded = (
        "import os, subprocess, sys\n"
        "from provision.lab import fence\n"
        "fence.shut()\n"
        "try:\n    os.kill(1, 0)\nexcept PermissionError:\n    pass\nelse:\n    sys.exit('no fence')\n"
        f"print(subprocess.run(['busybox', *{word.split()!r}], capture_output=True, text=True).stderr)\n"
    )
    way = ["unshare", "--pid", "--fork"] if os.geteuid() == 0 and shutil.which("unshare") else []
    done = subprocess.run([*way, sys.executable, "-c", guarded], check=True, capture_output=True, text=True)
    assert "ermission denied" in done.stdout, done
