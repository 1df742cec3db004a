"""A radio on the bench -> a known device: it has no shell, so its SNMP engine is asked, proved and pinned.

A person has set its SNMPv3 user and passphrase in its web page; nothing is written to the radio here.
"""

from __future__ import annotations

import secrets

from provision.connectors import settable
from provision.connectors.ansible import Writer
from provision.core import read_back
from provision.core.device import Device, Intent
from provision.core.errors import DeviceError, IdentityError, UnreachableError, UsageError
from provision.core.model import Secret, Snapshot, Stage
from provision.devices.door import EnrolRequest, pinned_for
from provision.devices.journal import Enrolment, read_identity
from provision.devices.modem.enrol import compare
from provision.devices.radio import engine
from provision.devices.radio.look import ask
from provision.devices.replies import NONCE_BYTES
from provision.home.workspace import Workspace

LEAST, MOST = 8, 64  # of a passphrase: CAMBIUM-PMP80211-MIB 4.7.1, and RFC 3414


def enrol(workspace: Workspace, _: Writer, intent: Intent, request: EnrolRequest) -> Enrolment:
    """Enrol one radio: compare it with its record, keep its passphrase, pin its SNMP engine; return the enrolment.

    Raises UsageError for a passphrase that cannot be one, UnreachableError if no agent answers, DeviceError if it does
    not let the user in, IdentityError if it is another radio than the record's or the pinned one, or is enrolled as
    another device.
    """
    (host, port), tag = request.where, intent.tag
    where = f"{host} port {port}"
    own = _passphrases(request.password, intent)
    engine_id = workspace.network.learn_engines({tag: request.where}).get(tag)
    if not engine_id:
        hint = "is it on, is this computer in its subnet, is SNMPv3 switched on in its web page?"
        raise UnreachableError("no SNMP answer", where=where, hint=hint)
    _compare_pins(workspace, tag, engine_id, new_key=request.new_key)
    device = Device(
        tag=tag,
        kecamatan=intent.kit.kecamatan.slug,
        family=intent.family,
        host=host,
        bench_host=host,
        username="",
        ssh_port=intent.ssh_port,
        snmp_port=port,
        stage=Stage.ENROLLED,
        link=intent.kit.kecamatan.link,
    )
    seen = _look(workspace, device, engine_id, own)
    compare(intent, dict(seen.readings), where, "radio")
    engine.pin(workspace, tag, engine_id)
    return Enrolment(
        device=read_identity(device, seen),
        snapshot=read_back.sealed(device.box, seen, workspace.vault.seal_key(), {}),
        host_key=engine.key_of(engine_id),
        fingerprint=engine_id.hex(),
        installed=(),
        secrets=own,
    )


def _passphrases(passphrase: Secret | None, intent: Intent) -> dict[str, Secret]:
    text = passphrase.reveal() if passphrase else ""
    if not (LEAST <= len(text) <= MOST and text.isascii() and text.isprintable()):
        what = "no passphrase can look like this" if text else "no passphrase"
        raise UsageError(
            f"{what}: {LEAST} to {MOST} printable characters",
            where=intent.tag,
            hint=f"set the SNMPv3 user {intent.snmp_user} in the radio's web page (read-write, SHA-1, AES), "
            "and give its passphrase in a file: --password-file FILE",
        )
    return dict.fromkeys(engine.PASSPHRASES, Secret(text))


def _compare_pins(workspace: Workspace, tag: str, engine_id: bytes, *, new_key: bool) -> None:
    known = engine.pinned(workspace, tag)
    if known and known != engine_id and not new_key:
        raise IdentityError(
            f"another SNMP engine answers: pinned {known.hex()}, now {engine_id.hex()}",
            where=tag,
            hint="is this the same radio? after a factory reset: provision enrol TAG --address A --new-key",
        )
    if other := pinned_for(workspace.place.host_keys, tag, engine.key_of(engine_id)):
        hint = "take the one whose label says " + tag
        raise IdentityError(f"this radio is enrolled already, as {other}", where=tag, hint=hint)


def _look(workspace: Workspace, device: Device, engine_id: bytes, own: dict[str, Secret]) -> Snapshot:
    nonce = secrets.token_hex(NONCE_BYTES)
    target = engine.target_of(workspace, device, engine_id, own)
    try:
        answer = ask(workspace, device, target, nonce)
    except settable.SilentError as error:
        user = workspace.home.intents[device.tag].snmp_user
        raise DeviceError(
            f"it does not let the SNMPv3 user {user} in: {error}",
            where=f"{device.host} port {device.snmp_port}",
            hint=f"in its web page: user {user}, authPriv, SHA-1, AES, this passphrase, access from this computer",
        ) from None
    return device.box.configuration.dialect.read_look(device.box, answer, nonce, device.tag, workspace.now())[0]
