"""A PC on the bench -> a known, pinned device, with its camera, microphone and speaker bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provision.connectors.ansible import Writer
from provision.core import host_keys, identity, peripherals
from provision.core.device import Computer
from provision.core.errors import DeviceError, IdentityError, ProvisionError
from provision.core.foreign import Foreign
from provision.core.model import Snapshot
from provision.devices.door import EnrolRequest, approve_host_key
from provision.devices.journal import Enrolment
from provision.devices.pc.look import TimedAnswer, Visit, first_visit, run_program, visit
from provision.devices.run import run_on
from provision.home import keys
from provision.home.workspace import Workspace
from provision.ledger.events import Bound


def enrol(workspace: Workspace, writer: Writer, computer: Computer, request: EnrolRequest) -> Enrolment:
    """Enrol one PC: approve and pin its host key, compare it with its record, see which peripherals to bind.

    Return the enrolment. Raises IdentityError if it is not the PC of the record,
    DeviceError if its host key is not approved or it refuses the office's SSH key. If the visit fails, the host key
    that was pinned before is pinned again.
    """
    tag, (host, port), folder = computer.tag, request.where, workspace.place.host_keys
    before = keys.pinned(folder, tag)
    key = approve_host_key(workspace, tag, request)
    keys.pin(folder, tag, key, over=request.new_key)
    try:
        one = first_visit(workspace, computer, host, port)
        snapshot = _look(workspace, writer, one)
        compare(computer, snapshot, f"{host} port {port}")
    except ProvisionError:
        keys.pin(folder, tag, before, over=True) if before else keys.unpin(folder, tag)
        raise
    said = snapshot.readings
    bound, unbound = peripherals.candidates(said)
    return Enrolment(
        device=replace(
            one.device, model=Foreign(str(said.get("model", ""))), firmware=Foreign(str(said.get("system", "")))
        ),
        snapshot=snapshot,
        host_key=key,
        fingerprint=host_keys.fingerprint(key),
        bound=_bound(bound, "enrolled"),
        unbound=tuple(unbound),
    )


def _bound(things: Mapping[str, Mapping[str, Any]], reason: str) -> Bound:
    return Bound(things={kind: dict(one) for kind, one in things.items()}, reason=reason)


def _look(workspace: Workspace, writer: Writer, visited: Visit) -> Snapshot:
    seen = run_program(workspace, writer, [visited])[visited.device.tag]
    if isinstance(seen, TimedAnswer):
        return seen.answer.snapshot
    if "Permission denied" in seen.what:
        public, device = workspace.place.ssh_key.with_suffix(".pub"), visited.device
        raise DeviceError(
            "the PC does not let the office's key in",
            where=seen.where,
            hint=f"ssh-copy-id -f -i {public} -p {device.ssh_port} {device.username}@{device.host}",
        )
    raise seen


def compare(computer: Computer, snapshot: Snapshot, where: str) -> None:
    """Compare what the PC says with its record. Raises IdentityError where it is another one."""
    if wrong := identity.differences_of_pc(computer.item, snapshot.readings):
        raise IdentityError(
            f"this is not {computer.tag}: {'; '.join(wrong)}",
            where=where,
            hint="take the PC with this label, or correct the kit and the delivery list",
        )


def bind(workspace: Workspace, computer: Computer, reason: str, *, bench: bool) -> dict[str, Mapping[str, Any]]:
    """Bind anew what is plugged into a known PC, on record, and return it by kind.

    Raises DeviceError if the PC is not enrolled or a kind has no thing or several, IdentityError if it is another PC.
    """
    tag = computer.tag
    if tag not in workspace.known:
        raise DeviceError("not enrolled yet", where=tag, hint=f"provision enrol {tag} --address A")
    with run_on(workspace, tag) as (held, writer):
        snapshot = _look(workspace, writer, visit(workspace, computer, bench=bench))
        compare(computer, snapshot, tag)
        bound, unbound = peripherals.candidates(snapshot.readings)
        if unbound:
            raise DeviceError(
                f"cannot tell which is the kit's: {'; '.join(unbound)}",
                where=tag,
                hint="plug in the kit's own three, and no other of their kind; then bind again",
            )
        held.record([(tag, _bound(bound, reason))])
    return bound
