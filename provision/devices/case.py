"""The part of a check's case that is the same for every kind of device."""

from __future__ import annotations

from provision.checks import Case
from provision.core.device import Intended
from provision.core.model import Snapshot
from provision.home.workspace import Workspace


def case_of(workspace: Workspace, intended: Intended, snapshot: Snapshot) -> Case:
    """Return the case of a known device: the snapshot, recorded item, known device, its kept marker, and today.

    Raises DeviceError if the ledger does not know the device.
    """
    known = workspace.known[intended.tag]
    return Case(
        snapshot=snapshot,
        item=intended.item,
        device=known.device,
        accepted_marker=known.snapshot.marker,
        today=workspace.today(),
    )
