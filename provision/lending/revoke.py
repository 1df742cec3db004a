"""A device that no longer serves: its secrets, its peer in the tunnel and its host key are taken away in one act."""

from __future__ import annotations

from provision.core.host_keys import fingerprint as fingerprint_of
from provision.home import keys
from provision.home.workspace import Workspace
from provision.ledger.act import Line
from provision.ledger.events import Revoked


def lines(workspace: Workspace, tags: list[str], because: str) -> list[Line]:
    """Return the events that revoke those of `tags` that are known devices."""
    found: list[Line] = []
    for tag in tags:
        known = workspace.known.get(tag)
        if known is not None:
            key = keys.pinned(workspace.place.host_keys, tag)
            fingerprint = fingerprint_of(key) if key else ""
            revoked = Revoked(because=because, host_key=fingerprint, tunnel_key=known.device.tunnel_key)
            found.append((tag, revoked))
    return found


def sweep(workspace: Workspace) -> None:
    """Take away what revoked devices still have: it is done again where a run died in between."""
    workspace.forget_known()
    gone = [e.subject for e in workspace.ledger.latest(Revoked.VERB) if e.subject not in workspace.known]
    if not gone:
        return
    workspace.vault.drop(gone)
    for tag in gone:
        keys.unpin(workspace.place.host_keys, tag)
