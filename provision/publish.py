"""The ledger's provisioned devices as Ansible's inventory: shown, or written into the home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provision import inventory, peers
from provision.errors import UsageError
from provision.office import ACCEPTED, REVOKED, Office


def show(office: Office, host: str = "") -> str:
    """Give the text of `--list`, or of `--host`."""
    built = inventory.build(_accepted(office), str(office.place.root / "var"))
    if not host:
        return inventory.to_json(built)
    known = built["_meta"]["hostvars"]
    if host.lower() not in known:
        raise UsageError(f"no such host: {host}", hint="provision inventory --list shows all")
    return inventory.to_json(known[host.lower()])


def write(office: Office) -> Path:
    """Write inventory/devices.yml, which `ansible -i inventory/` reads, and the hub's peers."""
    peers.write(office)
    built = inventory.build(_accepted(office), "{{ inventory_dir }}/../var")
    path = office.place.inventory / "devices.yml"
    text = inventory.to_yaml(built)
    if not path.exists() or path.read_text() != text:
        temporary = path.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(path)
    return path


def _accepted(office: Office) -> list[tuple[str, dict[str, Any]]]:
    return [(tag, body) for tag, verb, body in office.newest(ACCEPTED, REVOKED) if verb == ACCEPTED]
