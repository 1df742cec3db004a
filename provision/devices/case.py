"""What the checks of every kind are told of a device."""

from __future__ import annotations

from provision.checks import Case
from provision.core.device import Intended
from provision.core.model import Snapshot
from provision.home.workspace import Workspace


def case_of(workspace: Workspace, intended: Intended, snapshot: Snapshot) -> Case:
    """Return the case of a device that is known: what it said, its record, what was accepted, the day."""
    known = workspace.known[intended.tag]
    return Case(
        snapshot=snapshot,
        item=intended.item,
        device=known.device,
        accepted_marker=known.snapshot.marker,
        today=workspace.today(),
    )
