"""The first look at a box: its host key is shown to a person before any login."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from provision.connectors.host_key import read_host_key
from provision.core.errors import DeviceError, IdentityError
from provision.core.host_keys import fingerprint
from provision.home.keys import pin, pinned


def shown(
    folder: Path, tag: str, where: tuple[str, int], *, approve: Callable[[str], bool], new_key: bool = False
) -> str:
    """Read a device's host key before any login and have a person approve it; give it, not pinned yet.

    Raises IdentityError where another key is pinned for `tag` (unless `new_key`), or this one for another.
    """
    host, port = where
    key = read_host_key(host, port)
    if pinned(folder, tag) not in {"", key} and not new_key:
        pin(folder, tag, key)  # refuses
    for other in sorted(p.name for p in folder.glob("*")) if folder.is_dir() else ():
        if other != tag and not other.startswith(".") and pinned(folder, other) == key:
            raise IdentityError(
                f"this box is enrolled already, as {other}", where=tag, hint="take the box whose label says " + tag
            )
    if not approve(fingerprint(key)):
        raise DeviceError(
            "the host key was not approved; nothing was sent",
            where=f"{host} port {port}",
            hint="compare it with the box",
        )
    return key
