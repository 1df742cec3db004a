"""The ledger's provisioned devices as Ansible's inventory: shown, or written into the home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provision.core.errors import UsageError
from provision.home import ansible_inventory, peers
from provision.home.workspace import Office
from provision.ledger.events import ACCEPTED, REVOKED


def show(office: Office, host: str = "") -> str:
    """Give the text of `--list`, or of `--host`."""
    built = ansible_inventory.build(_accepted(office), str(office.place.root / "var"))
    if not host:
        return ansible_inventory.to_json(built)
    known = built["_meta"]["hostvars"]
    if host.lower() not in known:
        raise UsageError(f"no such host: {host}", hint="provision inventory --list shows all")
    return ansible_inventory.to_json(known[host.lower()])


def write(office: Office) -> Path:
    """Write inventory/devices.yml, which `ansible -i inventory/` reads, and the hub's peers."""
    peers.write(office)
    built = ansible_inventory.build(_accepted(office), "{{ inventory_dir }}/../var")
    path = office.place.inventory / "devices.yml"
    text = ansible_inventory.to_yaml(built)
    if not path.exists() or path.read_text() != text:
        temporary = path.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(path)
    return path


def _accepted(office: Office) -> list[tuple[str, dict[str, Any]]]:
    return [(tag, body) for tag, verb, body in office.newest(ACCEPTED, REVOKED) if verb == ACCEPTED]
