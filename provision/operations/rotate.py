"""Secrets of one device: shown on record, and replaced as a confirmed commit that cannot lock anybody out.

The new set is kept beside the old one before anything is sent. Whatever happens on the way, the device
runs one of the two whole, and the vault ends with that one.
"""

from __future__ import annotations

from provision.core.device import Intent
from provision.core.errors import DeviceError, UsageError
from provision.core.model import Kind, Outcome, Secret
from provision.devices.run import Run, Wanted
from provision.home.workspace import Workspace
from provision.ledger.events import SHOWN
from provision.operations import apply


def show(workspace: Workspace, intent: Intent, names: list[str], reason: str) -> dict[str, Secret]:
    """Give secrets of one device, after the ledger knows who asked and why; from then on they are due for rotation."""
    tag = intent.item.asset_tag
    if tag not in workspace.known:
        raise DeviceError("not enrolled, or revoked: it has no secrets", where=tag, hint=f"provision history {tag}")
    own = workspace.vault.device(tag)
    if unknown := [n for n in names if n not in own]:
        raise UsageError(f"no such secret: {', '.join(unknown)}", hint="one of: " + ", ".join(own))
    wanted = names or list(own)
    workspace.ledger.append(SHOWN, tag, {"names": wanted, "reason": reason}, at=workspace.now())
    return {name: own[name] for name in wanted}


def rotate(workspace: Workspace, intent: Intent, run: Run) -> Outcome:
    """Replace every secret of one device: password, SNMP keys, tunnel key and preshared key."""
    tag = intent.item.asset_tag
    known = workspace.known.get(tag)
    if known is None or not known.accepted:
        raise DeviceError("never provisioned", where=tag, hint=f"provision apply {tag} --bench gives it its secrets")
    if intent.family.kind is Kind.RADIO:
        raise DeviceError(
            "its SNMPv3 user is set by hand",
            where=tag,
            hint=f"set a new passphrase in its web page, then provision enrol {tag} --address A --password-file FILE",
        )
    if tag not in workspace.unfinished():
        workspace.vault.discard(tag)  # a set that was never sent
    new = workspace.vault.pending(tag)
    candidate = apply.candidates_of(workspace, [intent], {tag: new})[tag]
    after = apply.after_of(intent, known.device, new)
    run.wanted = {tag: Wanted(candidate=candidate, after=after, rotation=True)}
    try:
        (outcome,) = apply.apply(workspace, [intent], run)
    finally:
        if tag not in workspace.unfinished():
            workspace.vault.discard(tag)  # refused, or not approved: nothing was sent
    return outcome
