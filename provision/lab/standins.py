"""The commands of a lab device: which of the machine's it has, and the proof that the lab's own come before them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from provision.lab import ssh
from provision.local import children

# What the devices' programs and a technician's hand use. Nothing in it ends a machine, mounts, or becomes another user.
_NAMES = (
    "[ awk base64 basename cat chmod chown cksum clear cmp comm cp cut date dd df diff dirname du echo egrep env expr "
    "false fgrep find flock fold free getopt grep groups gunzip gzip head hexdump hostname id kill less ln logger ls "
    "md5sum mkdir mkfifo mktemp more mv nc nice nohup nproc od paste pgrep ping printenv printf ps pwd readlink "
    "realpath rev rm rmdir sed seq setsid sh sha1sum sha256sum sha512sum shuf sleep sort split stat stty strings sync "
    "tac tail tar tee test time timeout top touch tr true truncate tty uname uniq unlink uptime usleep vi wc which "
    "whoami xargs xxd yes zcat"
)
TOOLS = frozenset(_NAMES.split())
FIRST = "df"  # the stand-in that is tried alone, before any whose name ends a machine
ENDS = ("reboot", "halt", "poweroff")  # they are tried, too: under the fence
WAIT_S = 10


class StandinError(Exception):
    """A command of the machine would run in the place of one of the lab's; `hint` says what to install."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def link(target: Path) -> None:
    """Fill `target` with links to the TOOLS of busybox, or of the host if busybox or the real SSH server is missing."""
    target.mkdir(parents=True)
    if busybox := box_shell():
        names = children.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
        for name in TOOLS & set(names):
            (target / name).symlink_to(busybox)
        return
    for place in ("/usr/bin", "/bin"):
        for name in TOOLS:
            if (Path(place) / name).exists() and not (target / name).exists():
                (target / name).symlink_to(Path(place) / name)


def box_shell() -> str | None:
    """Return the path of busybox, whose shell the modems have, or None where a modem has the host's `/bin/sh`."""
    return shutil.which("busybox") if ssh.real() else None


def shells() -> list[Sequence[str]]:
    """Return the words that start each shell of the lab's devices: a modem's and a PC's."""
    busybox = box_shell()
    return [[busybox, "sh"], ["/bin/sh"]] if busybox else [["/bin/sh"]]


def prove(folder: Path, names: Iterable[str]) -> None:
    """Have every shell call each name, with a stand-in of that name first in its PATH, and see the stand-in run.

    `folder` is made for it. Raises StandinError for a shell that prefers its own: neither a power cut nor a full flash
    would then be one, and a reboot would be the machine's. To be called behind the fence.
    """
    folder.mkdir(parents=True)
    called = [FIRST, *sorted({*names, *ENDS} - {FIRST})]
    for name in called:
        (folder / name).write_text(f"#!/bin/sh\necho 'stand-in {name}'\n")
        (folder / name).chmod(0o755)
    for shell in shells():
        for batch in (called[:1], called):
            done = children.run(
                [*shell, "-c", "\n".join(batch)],
                {"PATH": f"{folder}:{folder.parent}/bin"}, capture_output=True, text=True, timeout=WAIT_S,
            )  # fmt: skip
            ran = set(done.stdout.splitlines())
            if lost := [name for name in batch if f"stand-in {name}" not in ran]:
                raise StandinError(
                    f"the shell {' '.join(shell)} runs its own {', '.join(lost)} in the place of the lab's",
                    "apt-get install busybox (busybox-static prefers its own commands, and cannot serve here)",
                )
