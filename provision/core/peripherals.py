"""Which camera, microphone and speaker belong to the kit: bound on the bench, compared at each later look.

A USB serial is not the serial on the label, and many things have none, so a thing is known by its USB port, its
vendor and product numbers, and its serial where it has one (domain page on conference, 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = ("webcam", "microphone", "speaker")
Thing = Mapping[str, Any]
NUMBERS = ("vid_pid", "serial")


def present(readings: Mapping[str, Any]) -> dict[str, list[Thing]]:
    """Return by kind (webcam, microphone, speaker) the USB things in the readings, each with its identity and name.

    Things without a whole USB identity are left out, and sound cards at a camera's port: a camera's own microphone does
    not count.
    """
    cameras: list[Thing] = [dict(c["usb"], name=c["name"]) for c in readings.get("cameras", ()) if usb(c)]
    ports = {c["port"] for c in cameras}
    cards = [c for c in readings.get("audio", ()) if usb(c) and c["usb"]["port"] not in ports]
    found: dict[str, list[Thing]] = {"webcam": cameras}
    for kind, able in (("microphone", "capture"), ("speaker", "playback")):
        found[kind] = [dict(c["usb"], name=c["usb"].get("product") or c["name"]) for c in cards if c.get(able) is True]
    return found


def usb(thing: Thing) -> bool:
    """Return whether vendor and product number, serial and port of a USB thing are all known (strings)."""
    bus = thing.get("usb")
    return isinstance(bus, dict) and all(isinstance(bus.get(k), str) for k in ("vid_pid", "serial", "port"))


def candidates(readings: Mapping[str, Any]) -> tuple[dict[str, Thing], list[str]]:
    """Return by kind the USB thing to bind, if there is just one, and a reason (none, several) for each other kind."""
    chosen: dict[str, Thing] = {}
    wrong = []
    for kind, things in present(readings).items():
        if len(things) == 1:
            chosen[kind] = things[0]
        elif things:
            wrong.append(f"{len(things)} x {kind}: " + ", ".join(f"{t['name']} at {t['port']}" for t in things))
        else:
            wrong.append(f"no USB {kind}")
    return chosen, wrong


def same(bound: Thing, thing: Thing) -> bool:
    """Return whether a thing has the vendor and product numbers and the serial of the bound one, at whatever port."""
    return all(bound.get(k) == thing.get(k) for k in NUMBERS)


def compare(kind: str, bound: Thing | None, things: list[Thing]) -> tuple[str, str]:
    """Return how the things of one kind compare with the bound one, as a word and a sentence that explains it.

    `absent`: there are none; `unbound`: none was bound; `own`: the bound one is at its port; `moved`: it is at another
    port; `other`: none of them is the bound one.
    """
    if not things:
        return "absent", f"{kind}: not there"
    if bound is None:
        return "unbound", f"{kind}: none was bound on the bench"
    own = [t for t in things if same(bound, t)]
    if any(t["port"] == bound["port"] for t in own):
        return "own", f"{kind}: {bound['name']} at {bound['port']}"
    if own:
        return "moved", f"{kind}: moved from {bound['port']} to {own[0]['port']}"
    seen = ", ".join(f"{t['name']} {t['vid_pid']} at {t['port']}" for t in things)
    return "other", f"{kind}: {seen} is not the bound {bound['name']} {bound['vid_pid']}"
