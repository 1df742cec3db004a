"""Accepted devices -> Ansible's inventory: a pure view, the same bytes for the same state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from provision import families


@cache
def group(name: str) -> str:
    """Give a group name that Ansible takes without a warning."""
    return re.sub(r"\W", "_", name)


def all_vars(var: str) -> dict[str, str]:
    """Give the variables of every host; `var` is the home's state directory, as seen from Ansible."""
    pinned = f"{var}/host-keys/{{{{ asset_tag }}}}"
    return {
        "ansible_ssh_private_key_file": f"{var}/ssh/id_ed25519",
        "ansible_ssh_common_args": (
            f"-o UserKnownHostsFile='\"{pinned}\"' -o StrictHostKeyChecking=yes "
            "-o HostKeyAlias={{ asset_tag }} -o IdentitiesOnly=yes"
        ),
    }


def host_vars(tag: str, body: Mapping[str, Any], var: str) -> dict[str, Any]:
    """Give one host's own variables; firmware that knows only RSA gets the office's RSA key."""
    role = body.get("role", "modems")
    own: dict[str, Any] = {"snmp_port": body["snmp_port"]} if role in {"modems", "radios"} else {}
    if role == "modems":
        own["tunnel_key"] = body.get("tunnel_key", "")
    if role == "computers" and (shell := families.pc(str(body["driver"])).ansible_shell):
        own["ansible_shell_type"] = shell
    if body.get("rsa"):
        own["ansible_ssh_private_key_file"] = f"{var}/ssh/id_ed25519-rsa"
        own["ansible_ssh_extra_args"] = "-o HostKeyAlgorithms=+ssh-rsa -o PubkeyAcceptedAlgorithms=+ssh-rsa"
    return {
        "ansible_host": body["host"],
        "ansible_port": body["ssh_port"],
        "ansible_user": body["username"],
        "asset_tag": tag,
        "kecamatan": body["kecamatan"],
        "kit_driver": body["driver"],
        "kit_firmware": body["firmware"],
        "kit_link": body.get("link", ""),
        "kit_model": body["model"],
        **own,
    }


def build(accepted: Iterable[tuple[str, Mapping[str, Any]]], var: str) -> dict[str, Any]:
    """Give the whole inventory as `--list` prints it: groups, and `_meta` with host variables.

    Groups: the kecamatan, the role (modems, radios, computers), `driver_…` and `link_…`.
    """
    hosts: dict[str, dict[str, Any]] = {}
    groups: dict[str, list[str]] = {}
    for tag, body in sorted(accepted, key=lambda pair: pair[0]):
        name = tag.lower()
        hosts[name] = host_vars(tag, body, var)
        names = [group(body["kecamatan"]), body.get("role", "modems"), "driver_" + group(body["driver"])]
        if body.get("link"):
            names.append("link_" + group(body["link"]))
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
