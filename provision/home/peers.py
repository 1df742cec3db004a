"""The hub's list of WireGuard peers: one for each provisioned modem that has a tunnel key, and no other.

While a rotation of a modem's secrets has no recorded end, nobody knows for sure which of its two keys it runs: then
both are peers, and its addresses stand at the one that last carried traffic. The list holds preshared keys, so it is
kept in Ansible Vault's format, as `var/hub/peers.vault`; on the hub, `ansible-vault view` gives it to `wg syncconf`,
behind the hub's own [Interface].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Interface
from pathlib import Path

from provision.core.device import Device
from provision.core.model import Secret
from provision.home.vault import wireguard_public
from provision.home.workspace import Workspace
from provision.ledger.events import Begun
from provision.local.files import locked, write_whole

NOTE = "# Written by provision; do not edit. One peer for each provisioned modem.\n"
CARRIES = re.compile(r"^\[Peer\]  # (\S+), .*\nPublicKey = (\S+)\nPresharedKey = .*\nAllowedIPs", re.MULTILINE)
Keys = dict[str, Secret]  # the preshared key by public key


def write(workspace: Workspace, carries: Mapping[str, str] | None = None) -> Path | None:
    """Write the list of peers if it differs; return its path, or None if there are no peers and no list yet.

    It is made of what ledger and vault hold now, not of what was read before. Of a modem with two keys, the addresses
    stand at the public key in `carries`, by asset tag, or else where the list has them.
    """
    path = workspace.place.var / "hub" / "peers.vault"
    workspace.forget_known()
    devices = [one.device for one in workspace.known.values() if one.accepted and one.device.tunnel_key]
    if not devices and not path.exists():
        return None
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with locked(path):
        workspace.forget_known()
        workspace.forget_vault()
        devices = [one.device for one in workspace.known.values() if one.accepted and one.device.tunnel_key]
        before = _read(workspace, path)
        text = _text(workspace, devices, dict(CARRIES.findall(before)) | dict(carries or {}))
        if before != text:
            write_whole(path, workspace.vault.seal(text.encode()))
    return path


def _read(workspace: Workspace, path: Path) -> str:
    """Return the list as it is, or an empty text if there is none that can be read."""
    try:
        return workspace.vault.open(path.read_bytes()).decode()
    except (FileNotFoundError, ValueError):
        return ""


def _text(workspace: Workspace, devices: list[Device], carries: Mapping[str, str]) -> str:
    open_runs = {tag: Begun.read(event.payload) for tag, event in workspace.unfinished().items()}
    blocks = []
    for device in devices:
        run = open_runs.get(device.tag)
        keys = _keys(workspace, device, rotating=run is not None and run.rotation)
        carrying = carries.get(device.tag, "")
        carrying = carrying if carrying in keys else next(iter(keys))
        blocks += [_block(workspace, device, (public, keys[public]), carries=public == carrying) for public in keys]
    return NOTE + "".join(blocks)


def _keys(workspace: Workspace, device: Device, *, rotating: bool) -> Keys:
    """Return the keys that a modem may run: its own, and in a rotation without a proved end the others, too."""
    vault, tag = workspace.vault, device.tag
    own, others = vault.device(tag), (vault.waiting(tag) if rotating else None, vault.spare(tag))
    if not any(others):
        return {device.tunnel_key: own["wireguard_preshared"]}
    sets = [own, *(one for one in others if one)]
    return {wireguard_public(one["wireguard_private"]): one["wireguard_preshared"] for one in sets}


def _block(workspace: Workspace, device: Device, key: tuple[str, Secret], *, carries: bool) -> str:
    public, preshared = key
    intent = workspace.home.intents.get(device.tag)
    networks = [f"{device.host}/32"]
    if intent is not None:
        networks.append(str(IPv4Interface(f"{intent.lan.address}/{intent.lan.netmask}").network))
    allowed = f"AllowedIPs = {', '.join(networks)}\n" if carries else ""
    return (
        f"\n[Peer]  # {device.tag}, {device.kecamatan}\nPublicKey = {public}\n"
        f"PresharedKey = {preshared.reveal()}\n{allowed}"
    )
