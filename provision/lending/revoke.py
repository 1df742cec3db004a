"""Revoke devices that no longer serve: one event for each, then their secrets and host keys are removed.

The hub's peers are those of known devices, so a revoked one has no peer in the tunnel any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from provision.core.errors import LeaseError
from provision.core.host_keys import fingerprint as fingerprint_of
from provision.devices import journal
from provision.home import keys
from provision.home.held import Held
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
            found += [(tag, revoked), *journal.ended_by_revocation(workspace, tag, because)]
    return found


@contextmanager
def held(workspace: Workspace, tags: list[str]) -> Iterator[Held]:
    """Hold those of `tags` that are known devices, to revoke them. Raises LeaseError if a run works on one."""
    with workspace.hold([tag for tag in tags if tag in workspace.known], workspace.new_run()) as devices:
        for tag, holder in devices.refused.items():
            raise LeaseError(f"held by {holder}", where=tag, hint="wait for it, or provision resume; then try again")
        yield devices


def sweep(workspace: Workspace) -> None:
    """Remove the secrets and the pinned host key of every device that is revoked and not enrolled again.

    It goes through all of them each time, so it also finishes what an interrupted run left. A device that another run
    holds is left to the next time.
    """
    workspace.forget_known()
    if not (gone := _left(workspace)):
        return
    with workspace.hold(gone, workspace.new_run()) as held:
        tags = [tag for tag in _left(workspace) if tag in held.devices]
        held.drop(tags)
        for tag in tags:
            keys.unpin(workspace.place.host_keys, tag)


def _left(workspace: Workspace) -> list[str]:
    """Return the devices that are revoked and not enrolled again, and have a secret or a pinned host key left."""
    gone = [e.subject for e in workspace.ledger.latest(Revoked.VERB) if e.subject not in workspace.known]
    return [t for t in gone if keys.pinned(workspace.place.host_keys, t) or workspace.vault.has(t)]
