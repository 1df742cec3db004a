"""Modems and PCs side by side: while the modems' services reload, the PCs are set.

Each has its own run and its own Ansible process; a person is asked about one after the other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision.connectors import private
from provision.core.device import Computer
from provision.core.errors import Interrupted, ProvisionError
from provision.core.model import Ending, Outcome
from provision.devices.pc import apply as computers
from provision.devices.pc.look import Seen
from provision.devices.run import Run
from provision.home.targets import Targets
from provision.home.workspace import Workspace
from provision.local import processes
from provision.operations import apply as modems

Ended = tuple[list[Outcome], dict[str, Seen]]


def apply(workspace: Workspace, targets: Targets, run: Run, packages: Path | None, *, asks: bool) -> Ended:
    """Bring all of `targets` to their intent; give the outcomes in their order, and what each PC said last."""
    if not targets.modems or not targets.computers or asks:
        outcomes = modems.apply(workspace, targets.modems, run) if targets.modems else []
        if not targets.computers:
            return outcomes, {}
        second = Run(approve=run.approve, tell=run.tell, bench=run.bench, name=run.name)
        ended, seen = computers.apply(workspace, targets.computers, second, packages)
        run.name = run.name or second.name
        return outcomes + ended, seen
    _ = workspace.vault.seal_key(), workspace.known  # opened once, before two threads use them
    other = Run(tell=run.tell, bench=run.bench, name=workspace.new_run())
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(_pcs, workspace, targets.computers, other, packages)
        try:
            outcomes = modems.apply(workspace, targets.modems, run)
            ended, seen = waiting.result()
        except Interrupted:
            processes.sweep(private.mark(other.name))  # nothing of it outlives an interruption
            raise
    return outcomes + ended, seen


def _pcs(workspace: Workspace, pcs: list[Computer], run: Run, packages: Path | None) -> Ended:
    """Apply to the PCs; what stops them all is an outcome of each, and hides no modem."""
    try:
        return computers.apply(workspace, pcs, run, packages)
    except ProvisionError as error:
        return [computers.outcome(c, Ending.FAILED, "begin", str(error)) for c in pcs], {}
