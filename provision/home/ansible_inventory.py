"""Accepted devices -> Ansible's inventory: a pure view, the same bytes for the same state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from provision import families
from provision.ledger.records import DeviceRecord


@cache
def group(name: str) -> str:
    """Return a group name that Ansible takes without a warning."""
    return re.sub(r"\W", "_", name)


def all_vars(var: str) -> dict[str, str]:
    """Return the variables of every host; `var` is the home's state directory, as seen from Ansible."""
    pinned = f"{var}/host-keys/{{{{ asset_tag }}}}"
    return {
        "ansible_ssh_private_key_file": f"{var}/ssh/id_ed25519",
        "ansible_ssh_common_args": (
            f"-o UserKnownHostsFile='\"{pinned}\"' -o StrictHostKeyChecking=yes "
            "-o HostKeyAlias={{ asset_tag }} -o IdentitiesOnly=yes"
        ),
    }


def host_vars(tag: str, record: DeviceRecord, var: str) -> dict[str, Any]:
    """Return one host's own variables; firmware that knows only RSA gets the office's RSA key."""
    role = record.role
    own: dict[str, Any] = {"snmp_port": record.snmp_port} if role in {"modems", "radios"} else {}
    if role == "modems":
        own["tunnel_key"] = record.tunnel_key
    if role == "computers" and (shell := families.pc(record.driver).ansible_shell):
        own["ansible_shell_type"] = shell
    if record.rsa:
        own["ansible_ssh_private_key_file"] = f"{var}/ssh/id_ed25519-rsa"
        own["ansible_ssh_extra_args"] = "-o HostKeyAlgorithms=+ssh-rsa -o PubkeyAcceptedAlgorithms=+ssh-rsa"
    return {
        "ansible_host": record.host,
        "ansible_port": record.ssh_port,
        "ansible_user": record.username,
        "asset_tag": tag,
        "kecamatan": record.kecamatan,
        "kit_driver": record.driver,
        "kit_firmware": record.firmware,
        "kit_link": record.link,
        "kit_model": record.model,
        **own,
    }


def build(accepted: Iterable[tuple[str, DeviceRecord]], var: str) -> dict[str, Any]:
    """Return the whole inventory as `--list` prints it: groups, and `_meta` with host variables.

    Groups: the kecamatan, the role (modems, radios, computers), `driver_…` and `link_…`.
    """
    hosts: dict[str, dict[str, Any]] = {}
    groups: dict[str, list[str]] = {}
    for tag, record in sorted(accepted, key=lambda pair: pair[0]):
        name = tag.lower()
        hosts[name] = host_vars(tag, record, var)
        names = [group(record.kecamatan), record.role, "driver_" + group(record.driver)]
        if record.link:
            names.append("link_" + group(record.link))
        for one in names:
            groups.setdefault(one, []).append(name)
    return {
        "_meta": {"hostvars": hosts},
        "all": {"children": sorted(groups), "vars": all_vars(var)},
        **{name: {"hosts": groups[name]} for name in sorted(groups)},
    }


def to_json(value: Mapping[str, Any]) -> str:
    """Write an inventory, the same bytes each time.

    Without `indent`, which would take json's slow encoder (four times the time for 10,000 hosts).
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False) + "\n"


def to_yaml(value: Mapping[str, Any]) -> str:
    """Write it as Ansible's YAML plugin reads it (JSON is YAML), for a home that is used as it is."""
    hosts = value["_meta"]["hostvars"]
    children: dict[str, Any] = {
        name: {"hosts": {host: {} for host in body["hosts"]}}
        for name, body in value.items()
        if name not in {"_meta", "all"}
    }
    note = "# Written by `provision inventory --write` and after each apply; do not edit.\n"
    return (
        note
        + json.dumps(
            {"all": {"hosts": hosts, "children": children, "vars": value["all"]["vars"]}}, indent=2, sort_keys=True
        )
        + "\n"
    )
