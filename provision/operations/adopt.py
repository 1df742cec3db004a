"""Accept a legitimate local change, on record: what runs becomes what was accepted."""

from __future__ import annotations

from dataclasses import dataclass

from provision.core import identity, shapes
from provision.core.device import Intent
from provision.core.errors import DeviceError, IdentityError
from provision.core.model import Change
from provision.devices import box, journal
from provision.devices.run import run_on
from provision.home.workspace import Workspace
from provision.ledger.events import Adopted


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """The settings in which a device differed from what was accepted (`changes`) and differs from its intent."""

    changes: tuple[Change, ...]
    against_intent: tuple[Change, ...]


def adopt(workspace: Workspace, intent: Intent, reason: str, *, bench: bool) -> Adoption:
    """Accept what runs on one device now, on record, if it is not what was accepted; return the differences.

    Raises DeviceError if the device was never provisioned or an earlier run is open, LeaseError if another run holds
    it, IdentityError if it is another box, and the ProvisionError that says why it cannot be read.
    """
    tag = intent.tag
    with run_on(workspace, tag) as (held, writer):
        known = workspace.known.get(tag)
        if known is None or not known.accepted:
            hint = f"provision apply {tag} --bench"
            raise DeviceError("never provisioned: nothing was accepted yet", where=tag, hint=hint)
        running = box.read(workspace, writer, known.device.at(bench=bench))
        if why := identity.another(intent.item, running.readings):
            raise IdentityError(why, where=tag, hint="look at the box; nothing was adopted")
        changes = box.drift(workspace, known, running)
        if changes:
            event = Adopted(reason=reason, changes=tuple(shapes.change_from_accepted(c) for c in changes))
            journal.accept(held, known, running, [event])
    return Adoption(changes=changes, against_intent=box.against_intent(workspace, intent, running).changes)
