"""Compare what a device says of itself with its record: one rule for every kind of device."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from provision.core.model import Item, ItemKind

FILLERS = frozenset(  # what factories write where a serial should be (domain page on conference, section 4)
    ("", "0", "none", "default string", "system serial number", "to be filled by o.e.m.", "not specified")
)
NOT_SAID = "not said"


def is_filler(serial: object) -> bool:
    """Return whether a serial number is empty, or a placeholder that factories write (`FILLERS`, in any case)."""
    return str(serial or "").strip().lower() in FILLERS


def colons(mac: str) -> str:
    """Return a MAC address as the record writes it, however the box writes it: lower case, with colons."""
    digits = re.sub(r"[^0-9a-f]", "", mac.lower())
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def clean(name: str, text: object) -> str:
    """Return one identity as the record writes it; empty if `text` is None or empty.

    A MAC is in lower case with colons, an IMEI has digits only, a serial has no NUL and no blanks around it.
    """
    plain = str(text or "").replace("\0", "").strip()
    return colons(plain) if name == "mac" else re.sub(r"\D", "", plain) if name == "imei" else plain


def same(name: str, recorded: object, reported: object) -> bool:
    """Say whether two identities of one kind (serial, mac, imei) are the same, however each is written."""
    return clean(name, recorded).lower() == clean(name, reported).lower()


def differences(item: Item, readings: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Return a sentence for each of `names` (serial, mac, imei) that the device states otherwise than its record.

    An empty list means that it is the recorded device. What the device does not state, but the record has, differs,
    too. A device may have several MAC addresses (`macs`): one of them has to be the recorded one.
    """
    wrong = []
    for name in names:
        said = [clean(name, m) for m in readings["macs"]] if name == "mac" and "macs" in readings else []
        said = said or [clean(name, readings.get(name))]
        if not any(same(name, getattr(item, name), text) for text in said):
            label = "MAC" if "macs" in readings and name == "mac" else name
            wrong.append(f"{label} is {', '.join(filter(None, said)) or NOT_SAID}, recorded {getattr(item, name)}")
    return wrong


def differences_of_pc(item: Item, readings: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each identity that a PC states otherwise than its record; empty: it is the recorded PC.

    The serial is compared unless the PC's own is empty or a placeholder, the MAC if the record has one. If neither can
    be compared, that is returned as a difference: the PC cannot be told from another one.
    """
    filler = is_filler(readings.get("serial"))
    if filler and not item.mac:
        said = clean("serial", readings.get("serial")) or "none"
        return [f"it says no serial of its own ({said}), and the record has no MAC"]
    names = [*(() if filler else ("serial",)), *(("mac",) if item.mac else ())]
    return differences(item, {"macs": (), **readings}, names)


def another(item: Item, readings: Mapping[str, Any]) -> str:
    """Return why the readings are of another device than the recorded one, or an empty text if they are not.

    Only the serial is compared. Readings without a serial count as another device's, except those of a PC with no
    serial of its own: its MAC was compared when it was enrolled.
    """
    is_pc = item.kind is ItemKind.COMPUTER
    said = clean("serial", readings.get("serial"))
    if same("serial", item.serial, said) or (is_pc and is_filler(said)):
        return ""
    return f"another {'PC' if is_pc else 'box'} answers: serial {said or NOT_SAID}, recorded {item.serial}"
