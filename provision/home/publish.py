"""The ledger's provisioned devices as Ansible's inventory: shown, or written into the home."""

from __future__ import annotations

from pathlib import Path

from provision.core.errors import UsageError
from provision.home import ansible_inventory, peers
from provision.home.workspace import Workspace
from provision.ledger.events import Accepted, Revoked
from provision.ledger.known import accepted_records
from provision.ledger.records import DeviceRecord
from provision.local.files import ORDINARY, write_whole


def show(workspace: Workspace, host: str = "") -> str:
    """Return the inventory of provisioned devices as JSON (`--list`), or the variables of one `host` (`--host`).

    Raises UsageError if there is no such host.
    """
    built = ansible_inventory.build(_accepted(workspace), str(workspace.place.root / "var"))
    if not host:
        return ansible_inventory.to_json(built)
    known = built["_meta"]["hostvars"]
    if host.lower() not in known:
        raise UsageError(f"no such host: {host}", hint="provision inventory --list shows all")
    return ansible_inventory.to_json(known[host.lower()])


def write(workspace: Workspace) -> Path:
    """Write the hub's peers and inventory/devices.yml, each if it differs; return the path of devices.yml.

    `ansible -i inventory/` reads it.
    """
    peers.write(workspace)
    built = ansible_inventory.build(_accepted(workspace), "{{ inventory_dir }}/../var")
    path = workspace.place.inventory / "devices.yml"
    text = ansible_inventory.to_yaml(built)
    if not path.exists() or path.read_bytes() != text.encode():
        write_whole(path, text, ORDINARY)
    return path


def _accepted(workspace: Workspace) -> list[tuple[str, DeviceRecord]]:
    return accepted_records(workspace.reader.newest(Accepted.VERB, Revoked.VERB))
