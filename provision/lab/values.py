"""The faults of the lab: what each does, and which values it can have."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from provision.core.errors import UsageError

MOST_S = 86400.0  # a day
LONGEST = 64  # characters of a serial number, a version, a password


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: a sentence for people, which values it takes in words, and the test of a value."""

    text: str
    takes: str
    fits: Callable[[str], bool]


def seconds(value: str) -> float:
    """Return a value in seconds; none is 0. Raises ValueError for what is no number."""
    return float(value or 0)


def _seconds(value: str) -> bool:
    return re.fullmatch(r"\d{0,5}(\.\d{1,3})?", value, re.ASCII) is not None and seconds(value) <= MOST_S


def _count(value: str) -> bool:
    return re.fullmatch(r"\d{0,4}", value, re.ASCII) is not None


def _number(value: str) -> bool:
    return re.fullmatch(r"\d{0,12}", value, re.ASCII) is not None


def _switch(value: str) -> bool:
    return value in {"", "yes", "1", "on"}


def _text(value: str) -> bool:
    return len(value) <= LONGEST and value.isprintable()


def _door(value: str) -> bool:
    return re.fullmatch(r"((refuse|drop)( [0-9.]+)?)?", value, re.ASCII) is not None


def _pair(value: str) -> bool:
    return re.fullmatch(r"\d{1,18},\d{1,18}", value, re.ASCII) is not None


def _object(value: str) -> bool:
    try:
        return not value or isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value in {"", *words}


PLUGGED = ("gone", "other", "moved", "twice")
SOUND = (
    "muted", "mic-muted", "default", "quiet", "clipped", "late", "busy", "dead", "none", "disabled", "remote",
)  # fmt: skip
CAMERA = ("black", "white", "flat", "frozen", "held", "phantom")
CONSENT = ("machine", "user", "desktop apps")
SECONDS, SWITCH, TEXT, COUNT = (
    "seconds, up to 86400",
    "yes, or nothing to mend",
    "a text of up to 64 characters",
    "a number",
)
PLUG = ", ".join(PLUGGED)
FAULTS = {
    "link": Fault("cut the link for N seconds (nothing answers, nothing closes)", SECONDS, _seconds),
    "power": Fault("cut the power now, back after N seconds", SECONDS, _seconds),
    "cut": Fault("cut the power at the N-th flash operation from now, then boot", COUNT, _count),
    "reset": Fault("press the reset button: factory state, all forgotten", "nothing", _one_of()),
    "login": Fault("refuse every login", SWITCH, _switch),
    "door": Fault(
        "refuse (or drop) new connections to SSH, everywhere, or at one port or address",
        "refuse or drop, and a port or an address after it, as `drop 2223`", _door,
    ),
    "slow": Fault("delay every piece over SSH by N seconds", SECONDS, _seconds),
    "serial": Fault("lie about the serial number (empty value: the truth)", TEXT, _text),
    "snmp": Fault("drop SNMP", SWITCH, _switch),
    "full": Fault("fill the flash", SWITCH, _switch),
    "label": Fault("a MikroTik: press reset; its label then shows this password", TEXT, _text),
    "firmware": Fault("a MikroTik: this version, in factory state", TEXT, _text),
    "mode": Fault("a MikroTik: device-mode forbids the scheduler", SWITCH, _switch),
    "fail": Fault("a MikroTik: refuse the N-th change from now", COUNT, _count),
    "lose": Fault("a MikroTik: cut the link for 16 s at the N-th change from now", COUNT, _count),
    "radio": Fault("set what the modem answers for the signal (empty value: the usual)", "an object in JSON", _object),
    "bytes": Fault("set what the modem counted", "SENT,RECEIVED", _pair),
    "off": Fault("a PC: switch it off (empty value: on)", SWITCH, _switch),
    "webcam": Fault("a PC: another one, or in another place (empty value: its own)", PLUG, _one_of(*PLUGGED)),
    "microphone": Fault("a PC: as webcam", PLUG, _one_of(*PLUGGED)),
    "speaker": Fault("a PC: as webcam", PLUG, _one_of(*PLUGGED)),
    "clock": Fault("a PC: set its clock (empty value: right)", "seconds since 1970", _number),
    "sound": Fault("a PC: what is wrong with its sound", ", ".join(SOUND), _one_of(*SOUND)),
    "camera": Fault("a PC: what is wrong with its picture", ", ".join(CAMERA), _one_of(*CAMERA)),
    "app": Fault("a PC: this version of the conference app (empty value: a new one)", TEXT, _text),
    "consent": Fault("a Windows PC: this level says Deny", ", ".join(CONSENT), _one_of(*CONSENT)),
    "problem": Fault("a Windows PC: the camera has this problem code (empty value: none)", COUNT, _count),
    "noise": Fault("a MikroTik, a Windows PC: noise around what it says", SWITCH, _switch),
    "report": Fault("a PC: make its daily report now", "nothing", _one_of()),
    "disk": Fault("a PC: leave N MB of room (empty value: the usual)", COUNT, _count),
}  # fmt: skip


def checked(fault: str, value: str) -> None:
    """Raise UsageError for a fault that there is not, or a value that it cannot have, with what it can."""
    if fault not in FAULTS:
        raise UsageError(f"no such fault: {fault}", hint="one of: " + ", ".join(FAULTS))
    if not FAULTS[fault].fits(value):
        raise UsageError(f"{fault}: it cannot be {value}", hint=f"{FAULTS[fault].takes}; an empty value mends it")
