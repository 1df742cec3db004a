"""The hub's list of WireGuard peers: one for each provisioned modem that has a tunnel key, and no other.

It holds preshared keys, so it is kept in Ansible Vault's format, as `var/hub/peers.vault`; on the hub,
`ansible-vault view` gives it to `wg syncconf`, behind the hub's own [Interface].
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from provision.core.device import Device
from provision.home.vault import wireguard_public
from provision.home.workspace import Workspace
from provision.local.files import write_whole

NOTE = "# Written by provision; do not edit. One peer for each provisioned modem.\n"


def write(workspace: Workspace, pending: Iterable[str] = ()) -> Path | None:
    """Write the list of peers if it differs; return its path, or None if there are no peers and no list yet.

    Devices of `pending` stand in it with the keys that they are about to take.
    """
    waiting = set(pending)
    blocks = [
        _block(workspace, one.device, pending=tag in waiting)
        for tag, one in workspace.known.items()
        if one.accepted and one.device.tunnel_key
    ]
    path = workspace.place.var / "hub" / "peers.vault"
    if not blocks and not path.exists():
        return None
    text = (NOTE + "".join(blocks)).encode()
    if _reads(workspace, path) == text:
        return path
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, workspace.vault.seal(text))
    return path


def _reads(workspace: Workspace, path: Path) -> bytes | None:
    try:
        return workspace.vault.open(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _block(workspace: Workspace, device: Device, *, pending: bool) -> str:
    own = workspace.vault.pending(device.tag) if pending else workspace.vault.device(device.tag)
    public = wireguard_public(own["wireguard_private"]) if pending else device.tunnel_key
    intent = workspace.home.intents.get(device.tag)
    networks = [f"{device.host}/32"]
    if intent is not None:
        from ipaddress import IPv4Interface

        lan = intent.lan
        networks.append(str(IPv4Interface(f"{lan.address}/{lan.netmask}").network))
    return (
        f"\n[Peer]  # {device.tag}, {device.kecamatan}\nPublicKey = {public}\n"
        f"PresharedKey = {own['wireguard_preshared'].reveal()}\nAllowedIPs = {', '.join(networks)}\n"
    )
