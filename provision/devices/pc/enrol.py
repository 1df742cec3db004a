"""A PC on the bench -> a known, pinned device, with its camera, microphone and speaker bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provision.core import host_keys, peripherals
from provision.core.device import Computer, Device
from provision.core.errors import DeviceError, IdentityError, ProvisionError, UsageError
from provision.core.identity import FILLERS
from provision.core.model import Snapshot
from provision.devices import door
from provision.devices.pc import look
from provision.devices.run import single
from provision.home import keys
from provision.home.workspace import Workspace
from provision.ledger.events import BOUND, CONFIGURED, ENROLLED, REGISTERED, configuration, record


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What enrol did: the PC, its key's fingerprint, what was bound, and what could not be."""

    device: Device
    fingerprint: str
    bound: Mapping[str, Mapping[str, Any]]
    unbound: tuple[str, ...]


def enrol(
    workspace: Workspace, computer: Computer, host: str, port: int, *, approve: Callable[[str], bool], new_key: bool
) -> Enrolled:
    """Take one PC in: show and pin its host key, compare it with the record, bind what is plugged in.

    Raises IdentityError where it is not the PC of the record; then its key is not kept.
    """
    tag = computer.item.asset_tag
    if tag not in {e.subject for e in workspace.ledger.latest(REGISTERED)}:
        raise UsageError(f"{tag} is not registered", hint="provision register FILE takes the delivery list first")
    with single(workspace, tag) as writer:
        folder = workspace.place.host_keys
        before = keys.pinned(folder, tag)
        key = door.shown(folder, tag, (host, port), approve=approve, new_key=new_key)
        keys.pin(folder, tag, key, over=new_key)
        one = look.first_visit(workspace, computer, host, port)
        try:
            snapshot = _look(workspace, writer, one)
            compare(computer, snapshot, f"{host} port {port}")
        except ProvisionError:
            keys.pin(folder, tag, before, over=True) if before else keys.unpin(folder, tag)
            raise
        device = replace(
            one.device, model=str(snapshot.readings.get("model", "")), firmware=str(snapshot.readings.get("system", ""))
        )
        bound, unbound = peripherals.candidates(snapshot.readings)
        workspace.vault.report_key(tag, anew=True)  # what was signed before is of another life
        shown = {"host_key": key, "fingerprint": host_keys.fingerprint(key)}
        workspace.ledger.extend(
            [
                (CONFIGURED, tag, configuration(snapshot)), (ENROLLED, tag, record(device) | shown),
                (BOUND, tag, {"things": {k: dict(v) for k, v in bound.items()}, "reason": "enrolled"}),
            ],
            at=workspace.now(),
        )  # fmt: skip
    workspace.forget_known()
    return Enrolled(device=device, fingerprint=host_keys.fingerprint(key), bound=bound, unbound=tuple(unbound))


def _look(workspace: Workspace, writer: Any, one: look.Visit) -> Snapshot:
    seen = look.ask(workspace, writer, [one])[one.device.tag]
    if not isinstance(seen, ProvisionError):
        return seen.answer.snapshot
    if "Permission denied" in seen.what:
        public = workspace.place.ssh_key.with_suffix(".pub")
        raise DeviceError(
            "the PC does not let the office's key in", where=seen.where,
            hint=f"ssh-copy-id -f -i {public} -p {one.device.ssh_port} {one.device.username}@{one.device.host}",
        )  # fmt: skip
    raise seen


def compare(computer: Computer, snapshot: Snapshot, where: str) -> None:
    """Compare what the PC says with its record; raises IdentityError where it is another one."""
    item, said = computer.item, snapshot.readings
    serial = str(said.get("serial", "")).strip()
    macs = [str(m).lower() for m in said.get("macs", ())]
    wrong = []
    if serial.lower() not in FILLERS and serial != item.serial:
        wrong.append(f"serial is {serial}, recorded {item.serial}")
    if item.mac and item.mac.lower() not in macs:
        wrong.append(f"MAC is {', '.join(macs) or 'not said'}, recorded {item.mac}")
    if not item.mac and serial.lower() in FILLERS:
        wrong.append(f"it says no serial of its own ({serial or 'none'}), and the record has no MAC")
    if wrong:
        raise IdentityError(
            f"this is not {item.asset_tag}: {'; '.join(wrong)}", where=where,
            hint="take the PC with this label, or correct the kit and the delivery list",
        )  # fmt: skip


def bind(workspace: Workspace, computer: Computer, reason: str, *, bench: bool) -> dict[str, Mapping[str, Any]]:
    """Bind anew what is plugged into a known PC, on record; raises where a kind has none or several."""
    tag = computer.item.asset_tag
    if tag not in workspace.known:
        raise DeviceError("not enrolled yet", where=tag, hint=f"provision enrol {tag} --address A")
    with single(workspace, tag) as writer:
        snapshot = _look(workspace, writer, look.visit(workspace, computer, bench=bench))
        compare(computer, snapshot, tag)
        bound, unbound = peripherals.candidates(snapshot.readings)
        if unbound:
            raise DeviceError(
                f"cannot tell which is the kit's: {'; '.join(unbound)}", where=tag,
                hint="plug in the kit's own three, and no other of their kind; then bind again",
            )  # fmt: skip
        workspace.ledger.append(
            BOUND, tag, {"things": {k: dict(v) for k, v in bound.items()}, "reason": reason}, at=workspace.now()
        )
    return bound
