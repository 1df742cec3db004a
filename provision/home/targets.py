"""What a command is about: the devices that its TARGETs name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from provision.core.device import Computer, Intended, Intent
from provision.core.errors import UsageError
from provision.core.model import Kit, slug
from provision.home.intent import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The devices that a command is about."""

    modems: list[Intent]
    computers: list[Computer]

    def __iter__(self) -> Iterator[Intended]:
        """Yield every device, modems first."""
        yield from self.modems
        yield from self.computers

    def names(self) -> dict[str, str]:
        """Return the name of each device's kecamatan, by asset tag."""
        return {one.tag: one.kit.kecamatan.name for one in self}

    def only(self, tags: set[str]) -> Targets:
        """Return the targets whose asset tag is in `tags`."""
        return Targets(
            modems=[one for one in self.modems if one.tag in tags],
            computers=[one for one in self.computers if one.tag in tags],
        )


def resolve(home: Home, names: list[str]) -> Targets:
    """Resolve TARGETs (kecamatan in any spelling, device tag, `all`) to devices. Raises UsageError for another name."""
    modems: dict[str, Intent] = {}
    computers: dict[str, Computer] = {}
    for name in names:
        some = {t: i for t, i in home.intents.items() if _is_named(name, t, i.kit)}
        more = {t: c for t, c in home.computers.items() if _is_named(name, t, c.kit)}
        if not some and not more:
            raise UsageError(f"no such target: {name}", hint=_hint(home, name))
        modems |= some
        computers |= more
    return Targets(modems=list(modems.values()), computers=list(computers.values()))


def only_modem(home: Home, target: str) -> Intent:
    """Return the intent of the one modem that a TARGET names; PCs that it names, too, do not count.

    Raises UsageError if it names no modem, or several.
    """
    modems = resolve(home, [target]).modems
    if not modems:
        raise UsageError(f"{target} names no modem", hint="this is for modems; see provision inventory --list")
    if len(modems) != 1:
        raise UsageError(f"{target} names {len(modems)} devices; this takes one", hint="a device tag or a kecamatan")
    return modems[0]


def only_device(home: Home, target: str) -> Intended:
    """Return the one device that a TARGET names. Raises UsageError if it names none or several."""
    devices = list(resolve(home, [target]))
    if len(devices) != 1:
        tags = ", ".join(one.tag for one in devices[:3])
        raise UsageError(f"{target} names {len(devices)} devices; this takes one", hint=f"a device tag, as {tags}")
    return devices[0]


def _is_named(name: str, tag: str, kit: Kit) -> bool:
    return name == "all" or name.upper() == tag or slug(name) == kit.kecamatan.slug


def _hint(home: Home, target: str) -> str:
    tags = [*home.intents, *home.computers]
    near = get_close_matches(slug(target), home.kits, n=1) or get_close_matches(target.upper(), tags, n=1)
    return f"did you mean {near[0]}?" if near else "a kecamatan, a device tag, or all"
