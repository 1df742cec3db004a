"""Revoke devices that no longer serve: one event for each, then their secrets and host keys are removed.

The hub's peers are those of known devices, so a revoked one has no peer in the tunnel any more.
"""

from __future__ import annotations

from provision.core.host_keys import fingerprint as fingerprint_of
from provision.home import keys
from provision.home.workspace import Workspace
from provision.ledger.act import Line
from provision.ledger.events import Revoked


def lines(workspace: Workspace, tags: list[str], because: str) -> list[Line]:
    """Return (tag, event) of the revocation of each of `tags` that is a known device; nothing is recorded yet."""
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
    """Remove the secrets and the pinned host key of every device that is revoked and not enrolled again.

    It goes through all of them each time, so it also finishes what an interrupted run left.
    """
    workspace.forget_known()
    gone = [e.subject for e in workspace.ledger.latest(Revoked.VERB) if e.subject not in workspace.known]
    if not gone:
        return
    workspace.vault.drop(gone)
    for tag in gone:
        keys.unpin(workspace.place.host_keys, tag)
