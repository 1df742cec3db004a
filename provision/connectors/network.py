"""Every way by which this program reaches a device, in one place.

A workspace hands its Network to the operations, so that a test can put in one that answers from recordings. What is
heavy is imported when a way is used: a look by SNMP loads neither Ansible nor netmiko.
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
    from provision.connectors.settable import Box
    from provision.connectors.snmp_v2c import Agent
    from provision.core.device import Device
    from provision.families.readings.mib import Raw

BANNER_S = 3.0
BANNER_BYTES = 255  # RFC 4253, 4.2


class Network:
    """The ways to devices over the network of this computer, one method for each."""

    def phase(self, place: Path, playbook: str, environment: Mapping[str, str], mark: str) -> Phase:
        """Start Ansible for one playbook and return its Phase, which waits for its hosts."""
        from provision.connectors.phase import Phase

        return Phase(place, playbook, environment, mark)

    def question(self, device: Device, command: str, document: bytes, ssh_key: Path, host_keys: Path) -> Question:
        """Start one command on a device by OpenSSH and return its Question.

        The Question sends the document to the command's standard input and reads the answer. Raises ProvisionError if
        ssh is missing.
        """
        from provision.connectors.openssh import Question

        return Question(device, command, document, ssh_key, host_keys)

    def host_key(self, host: str, port: int) -> str:
        """Return a server's SSH host key as text, asked for before any login.

        Raises UnreachableError if nothing answers as an SSH server.
        """
        from provision.connectors.host_key import read_host_key

        return read_host_key(host, port)

    def banner(self, host: str, port: int) -> bytes:
        """Return the first bytes (at most 255) that a server sends by itself, which is its banner if it is SSH.

        Empty if it cannot be reached or sends nothing; the connection and the answer may take 3 s each.
        """
        try:
            with socket.create_connection((host, port), timeout=BANNER_S) as door:
                door.settimeout(BANNER_S)
                return door.recv(BANNER_BYTES)
        except OSError:
            return b""

    def prompt(self, login: Login, commands: Mapping[str, str]) -> dict[str, str]:
        """Log in, run commands (name -> command) at a prompt, and return what each printed (name -> text).

        Raises DeviceError if the host key is not the pinned one, UnreachableError for any other failure.
        """
        from provision.connectors import prompt

        return prompt.read(login, commands)

    def read_snmp(self, targets: list[snmp.Target], *, retries: int = 1) -> dict[str, snmp.Answer]:
        """GET each target's own OIDs over SNMPv3, all targets at once; return the answers by device.

        A target that fails has an answer with the reason.
        """
        return snmp.read(targets, retries=retries)

    def walk_snmp(self, target: snmp.Target, root: str) -> snmp.Answer:
        """Return a target's answer to one SNMPv3 GETBULK: those of at most 32 values that lie below `root`."""
        return snmp.walk(target, root)

    def learn_engines(self, addresses: Mapping[str, tuple[str, int]]) -> dict[str, bytes]:
        """Return the engine ID of each device that answers, by name; nobody vouches for it.

        `addresses` maps a name to host and port. A device that does not answer is left out.
        """
        return snmp.learn(addresses)

    def setter(self, target: snmp.Target, old_values: Path) -> Box:
        """Return the Box that reads and sets a device over SNMPv3 and keeps its old values in a file."""
        from provision.connectors.old_values import OldValues
        from provision.connectors.settable import Box

        return Box(target, OldValues(old_values))

    def read_v2c(self, agent: Agent, oids: tuple[str, ...]) -> dict[str, Raw] | None:
        """Return values by OID over SNMP v2c, or None if the agent does not answer or reports an error.

        A value is None if the agent does not have it. If only a later one of several questions fails, the values before
        it are returned.
        """
        from provision.connectors import snmp_v2c

        return snmp_v2c.get(agent, oids)

    def walk_v2c(self, agent: Agent, roots: tuple[str, ...]) -> dict[str, Raw]:
        """Return the values below each of `roots` over SNMP v2c, by OID, at most 16 for each root.

        A root whose question fails is left out.
        """
        from provision.connectors import snmp_v2c

        return snmp_v2c.columns(agent, roots)
