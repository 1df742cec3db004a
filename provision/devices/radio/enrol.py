"""A radio on the bench -> a known device: it has no shell, so its SNMP engine is asked, proved and pinned.

A person has set its SNMPv3 user and passphrase in its web page; nothing is written here.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

from provision.connectors import setter, snmp
from provision.connectors.old_values import Way
from provision.core.device import Device, Intent
from provision.core.errors import DeviceError, IdentityError, UnreachableError, UsageError
from provision.core.model import Secret, Snapshot, Stage
from provision.devices import replies
from provision.devices.modem import look
from provision.devices.radio import apply
from provision.home import keys
from provision.home.workspace import Workspace
from provision.ledger.events import CONFIGURED, ENROLLED, configuration, record

LEAST, MOST = 8, 64  # of a passphrase: CAMBIUM-PMP80211-MIB 4.7.1, and RFC 3414


def attach(
    workspace: Workspace, intent: Intent, where: tuple[str, int], *, passphrase: Secret | None, new_key: bool
) -> Device:
    """Take one radio in; the ledger keeps what it says and runs.

    Raises UsageError for a passphrase that cannot be one, UnreachableError where no agent answers, IdentityError
    where it is another radio than the record's, or than the one that was pinned.
    """
    (host, port), tag = where, intent.item.asset_tag
    own = _passphrases(passphrase, intent)
    found = snmp.learn({tag: where}).get(tag)
    if not found:
        raise UnreachableError(
            "no SNMP answer", where=f"{host} port {port}",
            hint="is it on, is this computer in its subnet, is SNMPv3 switched on in its web page?",
        )  # fmt: skip
    _compare_pins(workspace, tag, found, new_key=new_key)
    device = Device(
        tag=tag, kecamatan=intent.kit.kecamatan.slug, family=intent.family, host=host, bench_host=host, username="",
        ssh_port=intent.ssh_port, snmp_port=port, stage=Stage.ENROLLED, link=intent.kit.kecamatan.link,
    )  # fmt: skip
    seen = _look(workspace, device, found, own, f"{host} port {port}")
    _compare(intent, seen, f"{host} port {port}")
    workspace.vault.keep(tag, own)
    apply.pin(workspace, tag, found)
    said = seen.readings
    device = replace(device, model=str(said.get("model", "")), firmware=str(said.get("firmware", "")))
    sealed = look.sealed(workspace, device, seen, {})
    shown = {"host_key": f"{apply.PIN} {found.hex()}", "fingerprint": found.hex(), "installed": []}
    lines = [(CONFIGURED, tag, configuration(sealed)), (ENROLLED, tag, record(device) | shown)]
    workspace.ledger.extend(lines, at=workspace.now())
    return device


def _passphrases(passphrase: Secret | None, intent: Intent) -> dict[str, Secret]:
    text = passphrase.reveal() if passphrase else ""
    if not (LEAST <= len(text) <= MOST and text.isascii() and text.isprintable()):
        raise UsageError(
            f"{'no passphrase' if not text else 'no passphrase can look like this'}: {LEAST} to {MOST} printable characters",
            where=intent.item.asset_tag,
            hint=f"set the SNMPv3 user {intent.snmp_user} in the radio's web page (read-write, SHA-1, AES), "
            "and give its passphrase in a file: --password-file FILE",
        )
    return dict.fromkeys(apply.PASSPHRASES, Secret(text))


def _compare_pins(workspace: Workspace, tag: str, found: bytes, *, new_key: bool) -> None:
    known = apply.pinned(workspace, tag)
    if known and known != found and not new_key:
        raise IdentityError(
            f"another SNMP engine answers: pinned {known.hex()}, now {found.hex()}", where=tag,
            hint="is this the same radio? after a factory reset: provision enrol TAG --address A --new-key",
        )  # fmt: skip
    folder = workspace.place.host_keys
    for other in sorted(p.name for p in folder.glob("[!.]*")) if folder.is_dir() else ():
        if other != tag and keys.pinned(folder, other) == f"{apply.PIN} {found.hex()}":
            raise IdentityError(
                f"this radio is enrolled already, as {other}", where=tag, hint="take the one whose label says " + tag
            )


def _look(workspace: Workspace, device: Device, found: bytes, own: dict[str, Secret], where: str) -> Snapshot:
    nonce = secrets.token_hex(replies.NONCE_BYTES)
    box = setter.Box(apply.made(workspace, device, found, own), Way(apply.way(workspace, device.tag)))
    try:
        said = setter.obey(box, json.loads(look.document_of(device, nonce)))
    except setter.SilentError as error:
        user = workspace.home.intents[device.tag].snmp_user
        raise DeviceError(
            f"it does not let the SNMPv3 user {user} in: {error}", where=where,
            hint=f"in its web page: user {user}, authPriv, SHA-1, AES, this passphrase, access from this computer",
        ) from None  # fmt: skip
    family = device.box
    return family.configuration.dialect.read_look(
        family, json.dumps(said).encode(), nonce, device.tag, workspace.now()
    )[0]


def _compare(intent: Intent, seen: Snapshot, where: str) -> None:
    """Compare what the radio says with its record; one that does not say is refused, too."""
    item = intent.item
    pairs = (("serial", item.serial), ("mac", item.mac))
    wrong = [
        f"{name} is {said or 'not said'}, recorded {wanted}"
        for name, wanted in pairs
        if (said := str(seen.readings.get(name, ""))).lower() != wanted.lower()
    ]
    if wrong:
        raise IdentityError(
            f"this is not {item.asset_tag}: " + "; ".join(wrong), where=where,
            hint="take the radio with this label, or correct the kit and the delivery list",
        )  # fmt: skip
