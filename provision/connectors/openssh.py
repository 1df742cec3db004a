"""Read by plain OpenSSH, many at once: for a look that is not worth Ansible's start.

It reads; what changes a device goes through the writer. The options are the writer's own.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from provision.core.device import Device
from provision.core.errors import ProvisionError

CONNECT_S = 20


RSA = ["-o", "HostKeyAlgorithms=+ssh-rsa", "-o", "PubkeyAcceptedAlgorithms=+ssh-rsa"]


def options(pinned: Path, tag: str, *, rsa: bool = False, asks: bool = False) -> list[str]:
    """Return ssh's options by which only the pinned key of `tag` is taken, and nothing is asked (unless `asks`).

    `rsa` lets the old signatures in, for a device that knows no others.
    """
    return [
        *(RSA if rsa else ()),
        "-F",
        "none",
        "-o",
        f'UserKnownHostsFile="{pinned}"',
        "-o",
        "GlobalKnownHostsFile=none",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        f"HostKeyAlias={tag}",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        f"BatchMode={'no' if asks else 'yes'}",
        "-o",
        "LogLevel=ERROR",
        "-o",
        "ServerAliveInterval=10",
        "-o",
        "ServerAliveCountMax=3",
        "-o",
        f"ConnectTimeout={CONNECT_S}",
    ]


def identity(ssh_key: Path, device: Device) -> Path:
    """Return the office's key that a device knows: beside the Ed25519 one there is an RSA one for old firmware."""
    return ssh_key.with_name(f"{ssh_key.name}-rsa") if device.rsa else ssh_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: ssh's own exit code is 255, -1 is no answer in time."""

    code: int
    output: bytes
    said: str


class Question:
    """One command under way on one device, with a document on its standard input."""

    def __init__(self, device: Device, command: str, document: bytes, ssh_key: Path, host_keys: Path) -> None:
        """Start ssh with `command` on the device; `answer` waits for it. Raises ProvisionError if ssh is missing."""
        where = ["-i", str(identity(ssh_key, device)), "-p", str(device.ssh_port), f"{device.username}@{device.host}"]
        try:
            self._process = subprocess.Popen(
                ["ssh", *options(host_keys / device.tag, device.tag, rsa=device.rsa), *where, command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError:
            raise ProvisionError("ssh is not installed here", hint="sudo apt-get install openssh-client") from None
        self._document: bytes | None = document

    def answer(self, deadline: float) -> Reply:
        """Return the answer, or what there is at `deadline` (of time.monotonic)."""
        try:
            out, err = self._process.communicate(self._document, timeout=max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            self.end()
            return Reply(code=-1, output=b"", said="no answer in time")
        return Reply(code=self._process.returncode, output=out, said=err.decode("utf-8", "replace").strip())

    def send(self) -> None:
        """Hand the document over now, so that many devices work at the same time; it fits into a pipe."""
        assert self._process.stdin
        try:
            self._process.stdin.write(self._document or b"")
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.stdin = None
        self._document = None

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate()
