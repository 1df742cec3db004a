"""The writer: Ansible through ansible-runner, one process per phase for all devices of a run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from provision.connectors import private
from provision.connectors.openssh import identity, options
from provision.connectors.phase import OnStep, Phase
from provision.core.device import Device
from provision.core.foreign import literal
from provision.core.link import deadlines
from provision.core.model import Secret
from provision.local import children
from provision.local.files import write_whole
from provision.local.share import share

FAREWELL_S = 5.0
Start = Callable[[Path, str, Mapping[str, str], str], Phase]  # (place, playbook, environment, mark)
Variables = dict[str, Any]  # of one host: names that Ansible knows, and those of our own plays


class Writer:
    """The Ansible phases of one run, its private directory, and the ssh connections that the phases share."""

    def __init__(self, run: str, ssh_key: Path, host_keys: Path, start: Start = Phase) -> None:
        """Keep what phases need; nothing is started and no directory is made yet.

        `ssh_key` is the office's private key, `host_keys` the folder of pinned host keys, `start` makes a phase.
        """
        self.run = run
        self.ssh_key = ssh_key
        self.host_keys = host_keys
        self._starts = start
        self.path = Path()
        self._ahead: Phase | None = None
        self._newest: Phase | None = None

    def __enter__(self) -> Self:
        """Make the run's private directory, and return the writer."""
        self.path = private.make(self.run)
        (self.path / "cp").mkdir(mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make the ssh masters exit, end the run's other processes, and remove the private directory.

        The masters get 5 s in all to exit; a phase that was started ahead and never used is let go.
        """
        farewells = [
            children.start(
                ["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "x"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for socket in (self.path / "cp").iterdir()
        ]
        deadline = time.monotonic() + FAREWELL_S
        for farewell in farewells:
            try:
                farewell.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                farewell.kill()
                farewell.wait()
        if self._newest:  # one mark for all processes of a run: it ends those of earlier phases, too
            self._newest.end()
        if self._ahead:
            self._ahead.call_off()  # its thread still writes below the directory
        private.remove(self.path)

    def put(self, name: str, document: bytes) -> Path:
        """Write a document to a file of the private directory, whole at once, and return its path."""
        path = self.path / name
        write_whole(path, document)
        return path

    def take(self, name: str) -> bytes | None:
        """Return the bytes of a file of the private directory, such as what a device printed.

        None if there is no such file. The file stays for as long as the run.
        """
        path = self.path / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def host(self, device: Device, password: Secret | None = None) -> Variables:
        """Return Ansible's variables for SSH to one device, which accept only its pinned host key.

        A password is for the first login of a box from the carton; without one, ssh never asks for any.
        """
        words = options(self.host_keys, device, asks=bool(password))
        own = " ".join(shlex.quote(word) for word in words)
        with_password = {"ansible_password": literal(password.reveal())} if password else {}
        return with_password | {
            "ansible_host": literal(device.host),
            "ansible_port": device.ssh_port,
            "ansible_user": literal(device.username),
            "ansible_connection": "ssh",
            "ansible_ssh_private_key_file": literal(str(identity(self.ssh_key, device))),
            "ansible_ssh_common_args": literal(own),
            "ansible_ssh_executable": str(share("playbooks") / "ssh-within"),
            "ansible_ssh_transfer_method": "sftp",
            "ansible_ssh_timeout": deadlines(device.link).connect_s,
            "ansible_control_path": self.control_path(),
        }

    def local(self, device: Device) -> Variables:
        """Return Ansible's variables of a device whose commands run on this computer and reach it themselves."""
        return {"ansible_host": device.host, "ansible_connection": "ansible.builtin.local"}

    def control_path(self, prefix: str = "") -> str:
        """Return the pattern of ssh's control sockets, by which phases share one connection.

        Another `prefix` makes connections of its own, so that a new login takes place.
        """
        return str(self.path / "cp" / f"{prefix}%%C")

    def begin(self, playbook: str) -> None:
        """Start Ansible for a playbook ahead of its phase; it waits until `phase` gives it its hosts.

        This is for a phase that is sure to follow.
        """
        self._ahead = self._start(playbook)

    def phase(
        self, playbook: str, hosts: Mapping[str, Mapping[str, Any]], on_step: OnStep, *, deadline_s: float
    ) -> None:
        """Run one playbook on `hosts` (name -> variables) to its end; do nothing if there are none.

        An Ansible that `begin` started for this playbook is used. For `on_step`, the deadline and errors see
        Phase.follow.
        """
        if not hosts:
            return
        if self._ahead and self._ahead.playbook == playbook:
            phase, self._ahead = self._ahead, None
        else:
            phase = self._start(playbook)
        phase.follow(hosts, on_step, deadline_s=deadline_s)

    def _start(self, playbook: str) -> Phase:
        place = self.path / playbook.removesuffix(".yml")
        self._newest = self._starts(place, playbook, self._environment(), private.mark(self.run))
        return self._newest

    def _environment(self) -> dict[str, str]:
        """Return Ansible's environment: the run's mark and settings of our own.

        An empty ansible.cfg is made in the private directory, so that the user's does not count.
        """
        config = self.path / "ansible.cfg"
        config.touch()
        return {
            "PROVISION_RUN": self.run,
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(self.path / "home"),
            "ANSIBLE_LOCAL_TEMP": str(self.path / "tmp"),
            "ANSIBLE_ACTION_PLUGINS": str(share("playbooks") / "action_plugins"),
            "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",  # others would read from the pipe
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_SSH_RETRIES": "0",
            "ANSIBLE_TIMEOUT": "30",
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=120s",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_DEPRECATION_WARNINGS": "False",
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        }
