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
from provision.core.model import Secret
from provision.local.files import write_whole
from provision.local.share import share

FAREWELL_S = 5.0
Start = Callable[[Path, str, Mapping[str, str], str], Phase]  # (place, playbook, environment, mark)
Variables = dict[str, Any]  # of one host: names that Ansible knows, and those of our own plays


class Writer:
    """One run's hold on Ansible; its ssh connections live from phase to phase."""

    def __init__(self, run: str, ssh_key: Path, host_keys: Path, start: Start = Phase) -> None:
        """Name the run; nothing starts before a phase does."""
        self.run = run
        self.ssh_key = ssh_key
        self.host_keys = host_keys
        self._starts = start
        self.path = Path()
        self._ahead: Phase | None = None
        self._newest: Phase | None = None

    def __enter__(self) -> Self:
        """Make the private directory."""
        private.reap()
        self.path = private.make(self.run)
        (self.path / "cp").mkdir(mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Make the ssh masters exit, sweep what is left, remove the directory."""
        farewells = [
            subprocess.Popen(
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
        private.remove(self.path)
        if self._ahead:
            self._ahead.call_off()

    def put(self, name: str, document: bytes) -> Path:
        """Keep a document in the private directory; it appears whole."""
        path = self.path / name
        write_whole(path, document)
        return path

    def take(self, name: str) -> bytes | None:
        """Return what a device printed and remove it; None where it printed nothing."""
        path = self.path / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def host(self, device: Device, password: Secret | None = None) -> Variables:
        """Return the connection variables of one device; a password is for the first login of a box from the carton."""
        words = options(self.host_keys / device.tag, device.tag, rsa=device.rsa, asks=bool(password))
        own = " ".join(shlex.quote(word) for word in words)
        with_password = {"ansible_password": password.reveal()} if password else {}
        return with_password | {
            "ansible_host": device.host,
            "ansible_port": device.ssh_port,
            "ansible_user": device.username,
            "ansible_connection": "ssh",
            "ansible_ssh_private_key_file": str(identity(self.ssh_key, device)),
            "ansible_ssh_common_args": own,
            "ansible_ssh_transfer_method": "sftp",
            "ansible_control_path": self.control_path(),
        }

    def local(self, device: Device) -> Variables:
        """Return the variables of a device whose commands run here: they reach it themselves."""
        return {"ansible_host": device.host, "ansible_connection": "ansible.builtin.local"}

    def control_path(self, prefix: str = "") -> str:
        """Return the pattern of the sockets by which phases share one connection."""
        return str(self.path / "cp" / f"{prefix}%%C")

    def begin(self, playbook: str) -> None:
        """Start Ansible ahead, where a phase is sure to follow; it waits for its hosts."""
        self._ahead = self._start(playbook)

    def phase(
        self, playbook: str, hosts: Mapping[str, Mapping[str, Any]], on_step: OnStep, *, deadline_s: float
    ) -> None:
        """Run one playbook for all `hosts`; see Phase.follow."""
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
        """Settings of our own, whatever the user's ansible.cfg says."""
        config = self.path / "ansible.cfg"
        config.touch()
        return {
            "PROVISION_RUN": self.run,
            "PROVISION_VAULT_PASSWORD": "",
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
