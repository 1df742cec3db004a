"""Start a home's lab, send it requests, cause faults in it, and stop it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from provision.core.errors import ProvisionError
from provision.lab import values
from provision.lab.box import Box
from provision.lab.pcfactory import Pc
from provision.local import children

START_S = 30
STANDINS = "PROVISION_LAB_STANDINS"  # set: no real parts, though they are installed


def run_directory(home: Path) -> Path:
    """Return the short path where a home's lab keeps its sockets."""
    name = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:10]
    return Path(tempfile.gettempdir()) / f"provision-lab-{os.getuid()}-{name}"


def up(home: Path, boxes: list[Box | Pc]) -> dict[str, Any]:
    """Start the lab in the background and return its status; boxes keep their state from the last time.

    A lab that runs already gets the boxes that are new, and loses those that are no longer named. Raises ProvisionError
    if the lab ends or is not ready within START_S seconds.
    """
    run = run_directory(home)
    if running(run):
        return ask(home, {"verb": "boxes", "boxes": [asdict(b) for b in boxes]})
    children.run(["rm", "-rf", str(run)], check=True)
    run.mkdir(mode=0o700)
    home.mkdir(parents=True, exist_ok=True)
    (home / "boxes.json").write_text(json.dumps([asdict(b) for b in boxes], indent=1))
    with (home / "lab.log").open("ab") as log:
        process = children.start(
            [sys.executable, "-m", "provision.lab.daemon", str(home), str(run)],
            {STANDINS: os.environ[STANDINS]} if STANDINS in os.environ else {},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S
    while not (run / "ready").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            if (run / "refused").exists():
                refused = json.loads((run / "refused").read_text())
                raise ProvisionError(refused["why"], hint=refused["hint"])
            raise ProvisionError("the lab did not start", where=str(home / "lab.log"), hint="read its last lines")
        time.sleep(0.05)
    return ask(home, {"verb": "status"})


def running(run: Path) -> bool:
    """Return True if a lab accepts connections on the control socket in `run`."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(run / "control"))
        except OSError:
            return False
    return True


def ask(home: Path, request: dict[str, Any], *, timeout_s: float = 120) -> dict[str, Any]:
    """Send one request to the home's running lab and return its reply.

    Raises ProvisionError if no lab runs, the reply is an error, the lab closes the connection without one, or none
    comes within `timeout_s`.
    """
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(timeout_s)
        try:
            client.connect(str(run_directory(home) / "control"))
        except OSError:
            raise ProvisionError("no lab runs in this home", hint="provision lab up") from None
        client.sendall(json.dumps(request).encode() + b"\n")
        try:
            with client.makefile("rb") as stream:
                reply: dict[str, Any] = json.loads(stream.readline() or b'{"error": "the lab went away"}')
        except TimeoutError:
            hint = f"its log: {home / 'lab.log'}; provision lab down"
            raise ProvisionError(f"the lab did not answer in {timeout_s:g} s", hint=hint) from None
    if "error" in reply:
        hint = (
            "provision lab break --help; docs/lab.md lists the faults" if "fault" in request else "provision lab status"
        )
        raise ProvisionError(f"the lab said: {reply['error']}", hint=hint)
    return reply


def down(home: Path) -> None:
    """Stop the lab and wait until its runtime directory is gone, but at most START_S seconds.

    Raises ProvisionError if no lab runs.
    """
    run = run_directory(home)
    ask(home, {"verb": "down"})
    deadline = time.monotonic() + START_S
    while run.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def break_(home: Path, tag: str, fault: str, value: str) -> dict[str, Any]:
    """Cause or mend one fault of one box; return its status, with how the fault shows as `said`. See values.FAULTS.

    Raises UsageError for another fault or a value that it cannot have, ProvisionError if no lab runs, this device
    cannot have the fault, or it did not bite.
    """
    values.checked(fault, value)
    return ask(home, {"verb": "break", "tag": tag, "fault": fault, "value": value})
