"""Accepted devices -> Ansible's inventory: a pure view, the same bytes for the same state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from provision import families
from provision.core.errors import ProvisionError
from provision.core.foreign import OurTemplate, in_yaml, literal, without_templates
from provision.ledger.records import DeviceRecord

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # it is a part of file names and of ssh's options
HOST = re.compile(r"[A-Za-z0-9:\[][A-Za-z0-9:%._\]-]*")
USER = re.compile(
    r"""[^\s"'-][^"'\x00-\x1f\x7f]*"""
)  # ssh's own quotes stand around it, and an option begins with a hyphen


@cache
def group(name: str) -> str:
    """Return `name` with each character but letters, digits and `_` replaced by `_`.

    Ansible takes such a group name without a warning.
    """
    return re.sub(r"\W", "_", name)


def all_vars(var: str) -> dict[str, str]:
    """Return the SSH variables that all hosts share: the office's key, and the host key pinned for each device.

    `var` is the home's state directory, as seen from Ansible.
    """
    pinned = f"{var}/host-keys/{{{{ asset_tag }}}}"
    return {
        "ansible_ssh_private_key_file": OurTemplate(f"{var}/ssh/id_ed25519"),
        "ansible_ssh_common_args": OurTemplate(
            f"-o UserKnownHostsFile='\"{pinned}\"' -o StrictHostKeyChecking=yes "
            "-o HostKeyAlias={{ asset_tag }} -o IdentitiesOnly=yes"
        ),
    }


def host_vars(tag: str, record: DeviceRecord, var: str) -> dict[str, Any]:
    """Return the variables of one device: how it is reached, its kecamatan, family, firmware, link and model.

    A modem or radio also has its SNMP port, a modem its tunnel key, a PC its shell if it is not a POSIX one. Firmware
    that knows only RSA gets the office's RSA key (below `var`) and the SSH options for it. What a device, a list or a
    file said of it is literal: Ansible takes it for no template. Raises ProvisionError if tag, address or user is none.
    """
    role = record.role
    for text, name, shape in ((tag, "tag", TAG), (record.host, "address", HOST), (record.username, "user", USER)):
        if not shape.fullmatch(text) and (text or name != "user"):  # a radio has no user of SSH
            raise ProvisionError(
                f"this is no {name}: {text}", where=tag, hint=f"provision history {tag} shows where it comes from"
            )
    own: dict[str, Any] = {"snmp_port": record.snmp_port} if role in {"modems", "radios"} else {}
    if role == "modems":
        own["tunnel_key"] = literal(record.tunnel_key)
    if role == "computers" and (shell := families.pc(record.driver).ansible_shell):
        own["ansible_shell_type"] = shell
    if record.rsa:
        own["ansible_ssh_private_key_file"] = OurTemplate(f"{var}/ssh/id_ed25519-rsa")
        own["ansible_ssh_extra_args"] = "-o HostKeyAlgorithms=+ssh-rsa -o PubkeyAcceptedAlgorithms=+ssh-rsa"
    return {
        "ansible_host": literal(record.host),
        "ansible_port": record.ssh_port,
        "ansible_user": literal(record.username),
        "asset_tag": literal(tag),
        "kecamatan": literal(record.kecamatan),
        "kit_driver": literal(record.driver),
        "kit_firmware": record.firmware.literal,
        "kit_link": literal(record.link),
        "kit_model": record.model.literal,
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
        names = [group(record.kecamatan), group(record.role), "driver_" + group(record.driver)]
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
    """Return `value` as one line of JSON with sorted keys: the same value gives the same bytes.

    It is not indented, since `indent` would take json's slow encoder (four times the time for 10,000 hosts).
    """
    return json.dumps(without_templates(value), sort_keys=True, ensure_ascii=False) + "\n"


def to_yaml(value: Mapping[str, Any]) -> str:
    """Return the inventory that `build` made as text of devices.yml, for Ansible's YAML plugin (JSON is YAML).

    Its first line is a comment that says not to edit it. A literal value is a string with the tag `!unsafe`.
    """
    hosts = value["_meta"]["hostvars"]
    children: dict[str, Any] = {
        name: {"hosts": {host: {} for host in body["hosts"]}}
        for name, body in value.items()
        if name not in {"_meta", "all"}
    }
    note = "# Written by `provision inventory --write` and after each apply; do not edit.\n"
    whole = {"all": {"hosts": hosts, "children": children, "vars": value["all"]["vars"]}}
    return note + in_yaml(whole, indent=2) + "\n"
