"""Read by plain OpenSSH, many at once: for a look that is not worth Ansible's start.

It reads; what changes a device goes through the writer. The options are the writer's own.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from provision.connectors.bounded import TooMuchError, communicate
from provision.core.budget import TOO_MUCH
from provision.core.device import Device
from provision.core.errors import ProvisionError
from provision.core.link import deadlines
from provision.local import children

RSA = ["-o", "HostKeyAlgorithms=+ssh-rsa", "-o", "PubkeyAcceptedAlgorithms=+ssh-rsa"]


def options(host_keys: Path, device: Device, *, asks: bool = False) -> list[str]:
    """Return ssh's options: only the pinned host key of the device is accepted, and nothing is asked (unless `asks`).

    `host_keys` is the folder of pinned keys; the user's own settings do not count. A device that knows no other
    signatures than ssh-rsa may use these. How long a connection may take depends on the device's link.
    """
    return [
        *(RSA if device.rsa else ()),
        "-F",
        "none",
        "-o",
        f'UserKnownHostsFile="{host_keys / device.tag}"',
        "-o",
        "GlobalKnownHostsFile=none",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        f"HostKeyAlias={device.tag}",
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
        f"ConnectTimeout={deadlines(device.link).connect_s}",
    ]


def identity(ssh_key: Path, device: Device) -> Path:
    """Return the path of the office's private key that a device accepts.

    It is `ssh_key` (Ed25519), or the RSA key beside it for a device whose firmware is too old for that.
    """
    return ssh_key.with_name(f"{ssh_key.name}-rsa") if device.rsa else ssh_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The end of a question: exit code, output, and the error output as text (`said`).

    The code is 255 if ssh itself failed, -1 if there was no answer in time.
    """

    code: int
    output: bytes
    said: str


class Question:
    """One command under way on one device, with a document on its standard input."""

    def __init__(self, device: Device, command: str, document: bytes, ssh_key: Path, host_keys: Path) -> None:
        """Start ssh with `command` on the device; `answer` waits for it. Raises ProvisionError if ssh is missing."""
        where = ["-i", str(identity(ssh_key, device)), "-p", str(device.ssh_port), f"{device.username}@{device.host}"]
        try:
            self._process = children.start(
                ["ssh", *options(host_keys, device), *where, command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError:
            raise ProvisionError("ssh is not installed here", hint="sudo apt-get install openssh-client") from None
        self._document: bytes | None = document

    def answer(self, deadline: float) -> Reply:
        """Wait until the command ends and return its reply; the document is sent if `send` did not.

        At `deadline` (of time.monotonic), and at more output than the budget, ssh is killed: the reply then has the
        code -1 and no output.
        """
        try:
            out, err = communicate(self._process, self._document, max(deadline, time.monotonic() + 0.1))
        except subprocess.TimeoutExpired:
            self.end()
            return Reply(code=-1, output=b"", said="no answer in time")
        except TooMuchError:
            self.end()
            return Reply(code=-1, output=b"", said=TOO_MUCH)
        return Reply(code=self._process.returncode, output=out, said=err.decode("utf-8", "replace").strip())

    def send(self) -> None:
        """Write the document to the command's standard input now, and close that, so that many devices work at once.

        The document has to fit into a pipe. An ssh that has ended already is no error here: its reply says why.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(self._document or b"")
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.stdin = None
        self._document = None

    def end(self) -> None:
        """Kill ssh, whatever it does, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
