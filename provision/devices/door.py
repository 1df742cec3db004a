"""The first look at a box: what is asked of an enrol, and the host key that a person approves before any login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provision.core.errors import DeviceError, IdentityError, UsageError
from provision.core.host_keys import fingerprint
from provision.core.model import Secret
from provision.devices.run import OnStep
from provision.home.keys import pin, pinned
from provision.home.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolRequest:
    """The input of an enrol: where the box is now (host, port), who approves its host key, what lets us in.

    `approve` gets the fingerprint of the host key and returns whether it is approved. `packages` is a folder for what
    the box lacks; `password` is the one on the label or of its SNMPv3 user, None if there is none. `new_key` replaces
    the pinned key after a factory reset; `on_step` is called with each step of Ansible.
    """

    where: tuple[str, int]
    approve: Callable[[str], bool]
    packages: Path | None = None
    new_key: bool = False
    password: Secret | None = None
    on_step: OnStep = lambda _: None


def address_of(text: str, port_of_record: int) -> tuple[str, int]:
    """Return host and port from `A` or `A:PORT`, with `port_of_record` if the text has no port.

    Raises UsageError if the host is empty or the port is not a number.
    """
    host, _, port = text.partition(":")
    if not host or (port and not port.isdigit()):
        raise UsageError(f"not an address: {text}", hint="write 192.168.1.1 or 192.168.1.1:22")
    return host, int(port) if port else port_of_record


def approve_host_key(workspace: Workspace, tag: str, request: EnrolRequest) -> str:
    """Read a box's host key before any login, have a person approve it, and return it, not pinned yet.

    Raises IdentityError if another key is pinned for `tag` (unless a new one is asked for) or this key is pinned for
    another device, DeviceError if the key is not approved, UnreachableError if no SSH server answers.
    """
    (host, port), folder = request.where, workspace.place.host_keys
    key = workspace.network.host_key(host, port)
    if pinned(folder, tag) not in {"", key} and not request.new_key:
        pin(folder, tag, key)  # refuses
    if other := pinned_for(folder, tag, key):
        raise IdentityError(
            f"this box is enrolled already, as {other}", where=tag, hint="take the box whose label says " + tag
        )
    if not request.approve(fingerprint(key)):
        raise DeviceError(
            "the host key was not approved; nothing was sent",
            where=f"{host} port {port}",
            hint="compare it with the box",
        )
    return key


def pinned_for(folder: Path, tag: str, key: str) -> str:
    """Return the tag of another device for which `key` is pinned, or an empty text."""
    others = sorted(p.name for p in folder.glob("[!.]*")) if folder.is_dir() else []
    return next((other for other in others if other != tag and pinned(folder, other) == key), "")
