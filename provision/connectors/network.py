"""Every way by which this program reaches a device, in one place.

An operation gets it with its workspace, so that a test can answer from recordings. What is heavy is imported when a
way is used: a look by SNMP loads neither Ansible nor netmiko.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from provision.connectors import snmp

if TYPE_CHECKING:
    from provision.connectors.openssh import Question
    from provision.connectors.phase import Phase
    from provision.connectors.prompt import Login
    from provision.connectors.setter import Box
    from provision.connectors.snmp_v2c import Agent
    from provision.core.device import Device
    from provision.families.readings.mib import Raw

BANNER_S = 3.0
BANNER_BYTES = 255  # RFC 4253, 4.2


class Network:
    """The network of this computer."""

    def phase(self, place: Path, playbook: str, environment: Mapping[str, str], mark: str) -> Phase:
        """Start Ansible for one playbook; see Phase."""
        from provision.connectors.phase import Phase

        return Phase(place, playbook, environment, mark)

    def question(self, device: Device, command: str, document: bytes, ssh_key: Path, host_keys: Path) -> Question:
        """Run one command on a device by OpenSSH, with a document on its standard input; see Question."""
        from provision.connectors.openssh import Question

        return Question(device, command, document, ssh_key, host_keys)

    def host_key(self, host: str, port: int) -> str:
        """Return a server's host key. Raises UnreachableError where nothing answers as an SSH server."""
        from provision.connectors.host_key import read_host_key

        return read_host_key(host, port)

    def banner(self, host: str, port: int) -> bytes:
        """Return what an SSH server says before anything else (at most 255 bytes), or nothing."""
        try:
            with socket.create_connection((host, port), timeout=BANNER_S) as door:
                door.settimeout(BANNER_S)
                return door.recv(BANNER_BYTES)
        except OSError:
            return b""

    def prompt(self, login: Login, commands: Mapping[str, str]) -> dict[str, str]:
        """Run commands (name -> command) at a prompt; return what each printed. Raises as `prompt.read`."""
        from provision.connectors import prompt

        return prompt.read(login, commands)

    def read_snmp(self, targets: list[snmp.Target], *, retries: int = 1) -> dict[str, snmp.Answer]:
        """GET from all targets at once, each its own OIDs; a failed target is an answer with a reason."""
        return snmp.read(targets, retries=retries)

    def walk_snmp(self, target: snmp.Target, root: str) -> snmp.Answer:
        """Return what lies below `root`, in one exchange."""
        return snmp.walk(target, root)

    def learn_engines(self, addresses: Mapping[str, tuple[str, int]]) -> dict[str, bytes]:
        """Return the engine ID of each device (by name) that answers."""
        return snmp.learn(addresses)

    def setter(self, target: snmp.Target, old_values: Path) -> Box:
        """Return what reads and sets a device over SNMP, with its old values kept in a file; see setter.Box."""
        from provision.connectors import setter
        from provision.connectors.old_values import OldValues

        return setter.Box(target, OldValues(old_values))

    def read_v2c(self, agent: Agent, oids: tuple[str, ...]) -> dict[str, Raw] | None:
        """Return values by OID over SNMP v2c, or nothing where the agent does not answer."""
        from provision.connectors import snmp_v2c

        return snmp_v2c.get(agent, oids)

    def walk_v2c(self, agent: Agent, roots: tuple[str, ...]) -> dict[str, Raw]:
        """Return what lies below each of `roots` over SNMP v2c."""
        from provision.connectors import snmp_v2c

        return snmp_v2c.columns(agent, roots)
