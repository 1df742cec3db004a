"""What a command is about: the devices that its TARGETs name."""

from __future__ import annotations

from dataclasses import dataclass

from provision.core.device import Computer, Intent
from provision.core.model import Kit, slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a command is about."""

    modems: list[Intent]
    computers: list[Computer]

    def names(self) -> dict[str, str]:
        """Give the name of each device's kecamatan, by asset tag."""
        modems = {i.item.asset_tag: i.kit.kecamatan.name for i in self.modems}
        return modems | {c.item.asset_tag: c.kit.kecamatan.name for c in self.computers}

    def only(self, tags: set[str]) -> Targets:
        """Keep those of `tags`."""
        return Targets(
            modems=[i for i in self.modems if i.item.asset_tag in tags],
            computers=[c for c in self.computers if c.item.asset_tag in tags],
        )


def _named(name: str, tag: str, kit: Kit) -> bool:
    return name == "all" or name.upper() == tag or slug(name) == kit.kecamatan.slug
