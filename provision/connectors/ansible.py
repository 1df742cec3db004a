"""The writer: Ansible through ansible-runner, one process per phase for all devices of a run."""

from __future__ import annotations

import codecs
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from provision import processes
from provision.connectors import private
from provision.errors import ProvisionError
from provision.home import share
from provision.model import Device

STARTED, DONE, UNREACHABLE, FAILED, SKIPPED = "started", "done", "unreachable", "failed", "skipped"
EVENTS = {
    "runner_on_start": STARTED, "runner_on_ok": DONE, "runner_on_unreachable": UNREACHABLE,
    "runner_on_failed": FAILED, "runner_on_skipped": SKIPPED,
}  # fmt: skip
FORKS = 16
FAREWELL_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of a phase: what happened to which device in which task."""

    device: str
    task: str
    state: str
    because: str = ""


class Writer:
    """One run's hold on Ansible; its ssh connections live from phase to phase."""

    def __init__(self, run: str, ssh_key: Path, host_keys: Path) -> None:
        """Name the run; nothing starts before a phase does."""
        self.run = run
        self.ssh_key = ssh_key
        self.host_keys = host_keys
        self.path = Path()

    def __enter__(self) -> Self:
        """Make the private directory."""
        private.reap()
        self.path = private.make(self.run)
        (self.path / "cp").mkdir(mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell the ssh masters to exit, sweep what is left, remove the directory."""
        farewells = [
            subprocess.Popen(
                ["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "x"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for socket in (self.path / "cp").iterdir()
        ]  # fmt: skip
        deadline = time.monotonic() + FAREWELL_S
        for farewell in farewells:
            try:
                farewell.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                farewell.kill()
                farewell.wait()
        private.remove(self.path, self.run)

    def put(self, name: str, document: bytes) -> Path:
        """Keep a document in the private directory; it appears whole."""
        path = self.path / name
        temporary = path.with_name(path.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(document)
        temporary.replace(path)
        return path

    def take(self, name: str) -> bytes | None:
        """Give what a device printed, and forget it; None where it printed nothing."""
        path = self.path / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def host(self, device: Device, host: str = "", port: int = 0) -> dict[str, Any]:
        """Give the connection variables of one device."""
        pinned = self.host_keys / device.tag
        options = (
            f"-F none -o UserKnownHostsFile='\"{pinned}\"' -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes "
            f"-o HostKeyAlias={device.tag} -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR "
            f"-o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o ConnectTimeout=20"
        )
        return {
            "ansible_host": host or device.host, "ansible_port": port or device.ssh_port,
            "ansible_user": device.username, "ansible_connection": "ssh",
            "ansible_ssh_private_key_file": str(self.ssh_key), "ansible_ssh_common_args": options,
            "ansible_control_path": self.control_path(),
        }  # fmt: skip

    def control_path(self, prefix: str = "") -> str:
        """Give the pattern of the sockets through which phases share a connection."""
        return str(self.path / "cp" / f"{prefix}%%C")

    def phase(
        self, playbook: str, hosts: Mapping[str, Mapping[str, Any]], told: Callable[[Step], None], *, deadline_s: float
    ) -> None:
        """Run one playbook for all `hosts`; `told` hears each step as it happens.

        Raises ProvisionError where Ansible itself failed; a device's failure is a step. At the
        deadline everything is ended: what was under way is then unknown.
        """
        if not hosts:
            return
        from ansible_runner import Runner, RunnerConfig
        from ansible_runner.utils import OutputEventFilter

        place = self.path / playbook.removesuffix(".yml")
        place.mkdir(exist_ok=True)
        inventory = place / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": {name: dict(v) for name, v in hosts.items()}}}))
        config = RunnerConfig(
            private_data_dir=str(place), playbook=str(share("playbooks") / playbook), inventory=str(inventory),
            ident=f"{time.monotonic_ns()}", quiet=True, envvars=self._environment(),
            cmdline=f"--forks {min(FORKS, len(hosts))}",
        )  # fmt: skip
        config.prepare()
        config.runner_mode = "subprocess"
        config.subprocess_timeout = None
        config.suppress_output_file = True
        reading, config.output_fd = os.pipe()
        runner = Runner(config=config, event_handler=lambda event: _tell(event, told))
        work = threading.Thread(target=self._run, args=(runner, config.output_fd), daemon=True)
        events = OutputEventFilter(None, runner.event_callback, suppress_ansible_output=True)
        work.start()
        timer = threading.Timer(deadline_s, processes.sweep, args=(private.mark(self.run),))
        timer.daemon = True
        timer.start()
        try:
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while piece := os.read(reading, 65536):
                events.write(decoder.decode(piece))
            work.join()
        finally:
            timer.cancel()
            os.close(reading)
        if runner.rc not in (0, 2, 4) and timer.finished.is_set() is False:
            raise ProvisionError(
                f"Ansible ended with {runner.rc}", where=playbook, hint="run again; see README, when Ansible fails"
            )

    @staticmethod
    def _run(runner: Any, writing: int) -> None:
        try:
            runner.run()
        finally:
            os.close(writing)

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
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_SSH_RETRIES": "0",
            "ANSIBLE_TIMEOUT": "30",
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=120s",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_DEPRECATION_WARNINGS": "False",
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        }


def _tell(event: Mapping[str, Any], told: Callable[[Step], None]) -> bool:
    """Turn one of Ansible's events into a step; keep no file of it."""
    state = EVENTS.get(event.get("event", ""))
    body = event.get("event_data", {})
    if state and body.get("host"):
        said = body.get("res") or {}
        because = str(said.get("msg", "")) if state in {UNREACHABLE, FAILED} else ""
        if said.get("skipped"):
            state = SKIPPED
        told(Step(device=body["host"], task=body.get("task", ""), state=state, because=because))
    return False
