"""Secrets of one device: shown on record, and replaced as a confirmed commit that cannot lock anybody out.

The new set is kept beside the old one before anything is sent. Whatever happens on the way, the device
runs one of the two whole, and the vault ends with that one.
"""

from __future__ import annotations

from dataclasses import replace

from provision.core.device import Intent
from provision.core.errors import DeviceError, UsageError
from provision.core.model import Secret
from provision.devices import box
from provision.devices.run import Applied, ApplyRequest, Callbacks, Override
from provision.home.workspace import Workspace
from provision.ledger.events import SecretShown
from provision.operations import apply


def show(workspace: Workspace, intent: Intent, names: list[str], reason: str) -> dict[str, Secret]:
    """Return secrets of one device by name (all of them without `names`), after the ledger has who asked and why.

    From then on they are due for rotation. After a rotation whose end was assumed, those that it may run otherwise are
    among them, as spare_NAME. Raises DeviceError if the device is not enrolled or was revoked, UsageError
    for a name that it does not have.
    """
    tag = intent.tag
    if tag not in workspace.known:
        raise DeviceError("not enrolled, or revoked: it has no secrets", where=tag, hint=f"provision history {tag}")
    seen = workspace.known[tag].seen
    spare = workspace.vault.spare(tag) or {}
    own = {**workspace.vault.device(tag), **{f"spare_{name}": secret for name, secret in spare.items()}}
    if unknown := [n for n in names if n not in own]:
        raise UsageError(f"no such secret: {', '.join(unknown)}", hint="one of: " + ", ".join(own))
    wanted = names or list(own)
    workspace.observe([(tag, SecretShown(names=tuple(wanted), reason=reason))], seen=seen)
    return {name: own[name] for name in wanted}


def rotate(workspace: Workspace, intent: Intent, request: ApplyRequest, callbacks: Callbacks) -> Applied:
    """Replace a device's secrets (password, SNMP keys, tunnel key, preshared key) by an apply; return its result.

    A new set that was not sent is dropped. Raises DeviceError if the device was never provisioned, or if its SNMPv3
    user is set by hand, LeaseError if another run holds it.
    """
    tag = intent.tag
    if not intent.family.door.feed and not intent.family.door.netmiko:
        raise DeviceError(
            "its SNMPv3 user is set by hand",
            where=tag,
            hint=f"set a new passphrase in its web page, then provision enrol {tag} --address A --password-file FILE",
        )
    with workspace.hold([tag], workspace.new_run()) as held:
        known = workspace.known.get(held.only())
        if known is None or not known.accepted:
            hint = f"provision apply {tag} --bench gives it its secrets"
            raise DeviceError("never provisioned", where=tag, hint=hint)
        holding = workspace, held, intent
        if stuck := apply.settle_held(holding, request, callbacks):
            return stuck
        held.discard(tag)  # a set that was never sent
        new = held.pending(tag)
        candidate = box.candidates_of(workspace, [intent], {tag: new})[tag]
        after = box.after_of(intent, workspace.known[tag].device, new)
        overrides = {tag: Override(candidate=candidate, after=after, rotation=True)}
        try:
            return apply.apply_held(holding, replace(request, overrides=overrides), callbacks)
        finally:
            if tag not in workspace.unfinished():
                held.discard(tag)  # refused, or not approved: nothing was sent
