"""One Ansible process: started, given its hosts, followed event by event to its end.

Ansible needs two thirds of a second to come up, so it may be started ahead: its inventory is a
named pipe, on which it waits until the caller knows the hosts.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.core.errors import ProvisionError
from provision.core.foreign import in_yaml
from provision.local import children, processes
from provision.local.files import write_pipe, write_whole
from provision.local.share import share

STARTED, DONE, UNREACHABLE, FAILED, SKIPPED = "started", "done", "unreachable", "failed", "skipped"
EVENTS = {
    "runner_on_start": STARTED, "runner_on_ok": DONE, "runner_on_unreachable": UNREACHABLE,
    "runner_on_failed": FAILED, "runner_on_skipped": SKIPPED,
}  # fmt: skip
FORKS = 16
RUNNERS = (  # what ansible-runner itself sets, whatever it was before
    "ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_RETRY_FILES_ENABLED", "AWX_ISOLATED_DATA_DIR",
    "ANSIBLE_CACHE_PLUGIN", "ANSIBLE_CACHE_PLUGIN_CONNECTION", "RUNNER_OMIT_EVENTS", "RUNNER_ONLY_FAILED_EVENTS",
)  # fmt: skip
NEVER_BEGAN = 254  # what ansible-runner says where its own start of Ansible failed
SHOWN = 300  # characters of Ansible's own last words
ENDINGS = (0, 2, 4)  # all well, a host failed, a host was unreachable
POLL_S = 0.01
LAST_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of a phase: the device, the task, and what happened (`state`).

    `because` is Ansible's message if the device failed or was unreachable.
    """

    device: str
    task: str
    state: str
    because: str = ""


OnStep = Callable[[Step], None]


class Phase:
    """One Ansible process that runs one playbook once.

    `place` is its private directory; `mark` is in the environment of all processes of the run.
    """

    def __init__(self, place: Path, playbook: str, environment: Mapping[str, str], mark: str) -> None:
        """Start Ansible; it waits for its hosts."""
        from ansible_runner import Runner, RunnerConfig
        from ansible_runner.utils import OutputEventFilter, get_callback_dir

        self.playbook, self.mark = playbook, mark
        self._on_step: OnStep = lambda _: None
        place.mkdir(exist_ok=True)
        self._inventory = place / f"hosts-{time.monotonic_ns()}.json"
        os.mkfifo(self._inventory, 0o600)
        own = children.environment(environment)
        hooks = {"ANSIBLE_CALLBACK_PLUGINS": "", "AWX_LIB_DIRECTORY": get_callback_dir()}  # not the user's
        config = RunnerConfig(
            private_data_dir=str(place),
            playbook=str(share("playbooks") / playbook),
            inventory=str(self._inventory),
            ident=f"{time.monotonic_ns()}",
            quiet=True,
            envvars=own | hooks,
            cmdline=f"--forks {FORKS}",
        )
        config.prepare()
        config.env = {name: config.env[name] for name in (*own, *RUNNERS) if name in config.env}
        config.runner_mode = "subprocess"
        config.subprocess_timeout = None
        config.suppress_output_file = True
        self._output, config.output_fd = os.pipe()
        self._complaints = place / f"errors-{time.monotonic_ns()}"
        write_whole(self._complaints, b"")
        config.error_fd = os.open(self._complaints, os.O_WRONLY)
        self._runner = Runner(config=config, event_handler=self._on_event)
        self._events = OutputEventFilter(None, self._runner.event_callback, suppress_ansible_output=True)
        self._work = threading.Thread(target=self._run, args=(config.output_fd, config.error_fd), daemon=True)
        self._work.start()

    def follow(self, hosts: Mapping[str, Mapping[str, Any]], on_step: OnStep, *, deadline_s: float) -> None:
        """Pass the hosts (name -> variables) to Ansible and follow it to its end; `on_step` is called with each step.

        Raises ProvisionError if Ansible itself fails; a device's failure is a step. After `deadline_s` seconds all
        processes of the run are ended, and nothing is raised: what was under way is then unknown.
        """
        self._on_step = on_step
        late = threading.Event()

        def end() -> None:
            late.set()
            processes.sweep(self.mark)

        timer = threading.Timer(deadline_s, end)
        timer.daemon = True
        timer.start()
        try:
            self._give(in_yaml({"all": {"hosts": {name: dict(v) for name, v in hosts.items()}}}).encode())
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while piece := os.read(self._output, 65536):
                self._events.write(decoder.decode(piece))
            self._work.join()
        finally:
            timer.cancel()
            timer.join()  # a sweep that has begun is over before anybody goes on
            os.close(self._output)
        if self._runner.rc not in ENDINGS and not late.is_set():
            raise ProvisionError(
                f"Ansible ended with {self._runner.rc}: {self._last_words()}",
                where=self.playbook,
                hint="run again; see docs/install.md, When Ansible fails",
            )

    def end(self) -> None:
        """End every process of the run that is left: ssh's masters outlive the phase that started them."""
        processes.sweep(self.mark)

    def _last_words(self) -> str:
        """Return the last error that Ansible wrote to its error output, or its last line, or why there is none."""
        if self._runner.rc == NEVER_BEGAN:
            return "it could not be started: is ansible-playbook installed beside this program?"
        lines = self._complaints.read_text("utf-8", "replace").strip().splitlines()
        errors = [line for line in lines if line.lstrip("[").startswith("ERROR")]  # source and caret may follow it
        return [*lines, *errors][-1][:SHOWN] if lines else "it said nothing"

    def call_off(self) -> None:
        """Wait at most 5 s for the thread of a phase that was never given its hosts, and close its output.

        Its processes have to be ended before.
        """
        self._work.join(timeout=LAST_S)
        os.close(self._output)

    def _give(self, inventory: bytes) -> None:
        """Write the inventory into the pipe once Ansible has opened it; stop if Ansible ends first."""
        while self._work.is_alive():
            try:
                descriptor = os.open(self._inventory, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads yet
                time.sleep(POLL_S)
                continue
            os.set_blocking(descriptor, True)
            with contextlib.suppress(BrokenPipeError):
                write_pipe(descriptor, inventory)
            return

    def _run(self, *writing: int) -> None:
        try:
            self._runner.run()
        finally:
            for descriptor in writing:
                os.close(descriptor)

    def _on_event(self, event: Mapping[str, Any]) -> bool:
        """Call `on_step` with the step that one of Ansible's events is, if it is one of EVENTS and of a host.

        Return False: ansible-runner then keeps no file of the event.
        """
        state = EVENTS.get(event.get("event", ""))
        body = event.get("event_data", {})
        if state and body.get("host"):
            said = body.get("res") or {}
            because = str(said.get("msg", "")) if state in {UNREACHABLE, FAILED} else ""
            if said.get("skipped"):
                state = SKIPPED
            self._on_step(Step(device=body["host"], task=body.get("task", ""), state=state, because=because))
        return False
