"""A device that no longer serves: its secrets, its peer in the tunnel and its host key are taken away in one act."""

from __future__ import annotations

from provision.core import host_keys
from provision.home import keys
from provision.home.workspace import Workspace
from provision.ledger.events import REVOKED
from provision.lending.loans import Line


def lines(workspace: Workspace, tags: list[str], because: str) -> list[Line]:
    """Give the events that revoke those of `tags` that are known devices."""
    found: list[Line] = []
    for tag in tags:
        known = workspace.known.get(tag)
        if known is not None:
            key = keys.pinned(workspace.place.host_keys, tag)
            body = {
                "because": because, "host_key": host_keys.fingerprint(key) if key else "", "tunnel_key": known.device.tunnel_key,
            }  # fmt: skip
            found.append((REVOKED, tag, body))
    return found


def sweep(workspace: Workspace) -> None:
    """Take away what revoked devices still have: it is done again where a run died in between."""
    workspace.forget_known()
    gone = [e.subject for e in workspace.ledger.latest(REVOKED) if e.subject not in workspace.known]
    if not gone:
        return
    workspace.vault.drop(gone)
    for tag in gone:
        keys.unpin(workspace.place.host_keys, tag)
