"""Accept a legitimate local change, on record: what runs becomes what was accepted."""

from __future__ import annotations

from dataclasses import dataclass

from provision.core import plan
from provision.core.device import Intent
from provision.core.errors import DeviceError, IdentityError, ProvisionError
from provision.core.model import Change
from provision.devices.modem import look as modem_look
from provision.devices.run import single
from provision.home.workspace import Workspace
from provision.ledger.events import ADOPTED
from provision.operations.apply import candidates_of
from provision.operations.watch import accept, change_record, drift, reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What was adopted, and what the intent still wants otherwise."""

    changes: tuple[Change, ...]
    against_intent: tuple[Change, ...]


def adopt(workspace: Workspace, intent: Intent, reason: str, *, bench: bool) -> Adoption:
    """Accept what runs on one device now, on record; raises where it is another box or cannot be read."""
    tag = intent.item.asset_tag
    known = workspace.known.get(tag)
    if known is None or not known.accepted:
        raise DeviceError(
            "never provisioned: nothing was accepted yet", where=tag, hint=f"provision apply {tag} --bench"
        )
    with single(workspace, tag) as writer:
        look = modem_look.by_ssh(workspace, writer, [reach(known.device, bench=bench)])[tag]
        if isinstance(look, ProvisionError):
            raise look
        if (said := look.readings.get("serial")) != intent.item.serial:
            raise IdentityError(
                f"another box answers: serial {said or 'not said'}, recorded {intent.item.serial}",
                where=tag,
                hint="look at the box; nothing was adopted",
            )
        changes = drift(workspace, known, look)
        if changes:
            body = {"reason": reason, "changes": [change_record(c) for c in changes]}
            accept(workspace, known, look, [(ADOPTED, tag, body)])
    family = intent.family
    wanted = plan.make(family, look, candidates_of(workspace, [intent])[tag], workspace.vault.seal_key())
    return Adoption(changes=changes, against_intent=wanted.changes)
