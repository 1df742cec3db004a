"""Checks of whether a PC is ready for a meeting.

Its devices work and are the defaults, sound is on, no program is in the way, apps, updates and antivirus are new
enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from provision.checks.check import Case, Judgement, check
from provision.core import peripherals
from provision.core.model import Verdict
from provision.core.versions import version

PROBLEMS = {10: "cannot start", 22: "is disabled", 28: "has no driver"}  # Windows' device manager
QUIET_PERCENT = 20  # measured with null sinks: at 20 % a recording is too quiet to be judged
SIGNATURES_DAYS = 7
DAY_S = 86400
LEVELS = ("machine", "user", "desktop apps")  # the user's are there while somebody is logged in at the desktop
SIDES = {"playback": ("speaker", "speaker"), "capture": ("microphone", "microphone")}
REMOTE = "remote"


@check(
    only="windows",
    needs=("cameras", "audio"),
    remedy="Unplug it and plug it in again; then look at it in the device manager.",
)
def devices_have_no_fault(case: Case) -> Judgement:
    """No camera and no sound device may have a fault that Windows knows of.

    Unknown if Windows reports the state of no device, or a state that is not understood.
    """
    wrong, told = [], 0
    for one in (*case.snapshot.readings["cameras"], *case.snapshot.readings["audio"]):
        code = one.get("problem")
        told += code is not None
        if isinstance(code, bool) or not isinstance(code, int | None):
            return Verdict.UNKNOWN, f"{one['name']}: its state is not understood"
        if code:
            wrong.append(f"{one['name']} {PROBLEMS.get(code, f'has the problem {code}')}")
    if not told:
        return Verdict.UNKNOWN, "not told of any device"
    return (Verdict.FAIL, "; ".join(wrong)) if wrong else (Verdict.PASS, "none known")


@check(
    needs=("sound", "audio", "cameras"),
    remedy="Log in at its desktop, choose the kit's own speaker and microphone in the sound settings, then look again.",
)
def default_devices_are_the_kits_own(case: Case) -> Judgement:
    """The default speaker and microphone must be active and the kit's own, for every role.

    Unknown if somebody is logged in by remote desktop, if one of them was never bound, or if neither is plugged in. The
    absence of one is judged by its own check.
    """
    if case.snapshot.readings.get("logon") == REMOTE:
        return Verdict.UNKNOWN, "somebody is logged in by remote desktop: its devices stand in the place of the PC's"
    wrong: list[str] = []
    unbound: list[str] = []
    judged: list[str] = []
    there = peripherals.present(case.snapshot.readings)
    for side, (kind, word) in SIDES.items():
        bound = case.bound.get(kind)
        if bound is None:
            unbound.append(kind)
        elif there[kind]:  # that it is not there at all is told by its own check
            judged.append(word)
            wrong += _others(case.snapshot.readings["sound"][side], bound, word)
    if wrong:
        return Verdict.FAIL, "; ".join(dict.fromkeys(wrong))
    if unbound or not judged:
        return Verdict.UNKNOWN, f"not bound: {', '.join(unbound)}" if unbound else "neither of them is there"
    return Verdict.PASS, " and ".join(judged)


def _others(entries: list[Mapping[str, Any]], bound: Mapping[str, Any], word: str) -> list[str]:
    """Return a text for each default device that is not the bound one, or one text if there is no default."""
    wrong = [f"default {word}{_role(e)} is {_name(e)}" for e in entries if not _is(e, bound)]
    return wrong if entries else [f"no default {word}"]


def _is(entry: Mapping[str, Any], bound: Mapping[str, Any]) -> bool:
    """Say whether a default device is active and the bound one."""
    return entry.get("state", 1) == 1 and peripherals.usb(entry) and peripherals.same(bound, entry["usb"])


def _role(entry: Mapping[str, Any]) -> str:
    role = entry.get("role")
    return f" for {role}" if isinstance(role, str) and role not in {"", "default"} else ""


def _name(entry: Mapping[str, Any]) -> str:
    if entry.get("monitor") is True:
        return "what the PC itself plays (a monitor)"
    product = entry["usb"].get("product") if peripherals.usb(entry) else None
    off = "" if entry.get("state", 1) == 1 else f" (its state is {entry.get('state')})"
    return f"{product or entry.get('name') or 'without a name'}{off}"


@check(needs=("sound",), remedy="Turn it up in the sound settings, and look at the wheel or key on the device itself.")
def sound_is_on(case: Case) -> Judgement:
    """The default speaker and microphone must exist, not be muted, and be set above 20 % volume.

    Unknown if mute or volume is not reported.
    """
    wrong, unread = [], []
    for side, (_, word) in SIDES.items():
        entries = case.snapshot.readings["sound"][side]
        wrong += [] if entries else [f"no default {word}"]
        for entry in entries:
            percent = entry.get("volume_percent")
            told = isinstance(percent, int) and not isinstance(percent, bool) and percent >= 0
            if entry.get("muted") is True:
                wrong.append(f"the {word} is muted")
            elif told and percent <= QUIET_PERCENT:
                wrong.append(f"the {word} is at {percent} %")
            elif entry.get("muted") is not False or not told:
                unread.append(word)
    if wrong:
        return Verdict.FAIL, "; ".join(dict.fromkeys(wrong))
    return (Verdict.UNKNOWN, f"not told: {', '.join(unread)}") if unread else (Verdict.PASS, "on")


@check(
    only="windows", needs=("consent",), remedy="Settings > Privacy: allow camera and microphone, for desktop apps, too."
)
def apps_may_use_camera_and_microphone(case: Case) -> Judgement:
    """Windows must let apps use camera and microphone for the machine, the user and desktop apps.

    Unknown if none is denied, but one of these levels is not reported.
    """
    consent = case.snapshot.readings["consent"]
    wrong = [
        f"{kind}: {level} says {value}"
        for kind, levels in consent.items()
        for level, value in levels.items()
        if value != "Allow"
    ]
    lacking = [
        f"{kind} ({level})"
        for kind in ("webcam", "microphone")
        for level in LEVELS
        if level not in consent.get(kind, {})
    ]
    if wrong:
        return Verdict.FAIL, "; ".join(wrong)
    return (Verdict.UNKNOWN, f"not told: {', '.join(lacking)}") if lacking else (Verdict.PASS, "allowed")


@check(needs=("holders",), remedy="Is a meeting going on? Else close that program.")
def nobody_holds_the_camera(case: Case) -> Judgement:
    """No program should hold a camera now, since a second one would get no picture; a holder is a warning."""
    holders = case.snapshot.readings["holders"]
    return (Verdict.WARN, f"held by {', '.join(holders)}") if holders else (Verdict.PASS, "free")


@check(about="needed", needs=("apps",), remedy="Install or update it on the PC; inventory/apps.yml says what will do.")
def conference_app_is_new_enough(case: Case) -> Judgement:
    """Every conference app that is asked for is there, at or over the office's baseline."""
    said, wrong = [], []
    for app in case.needed:
        found = [
            str(one.get("version", ""))
            for one in case.snapshot.readings["apps"]
            if any(fnmatchcase(str(one.get("name", "")), glob) for glob in app.packages)
        ]
        best = max(found, key=version, default="")
        if not found:
            wrong.append(f"{app.title} is not there")
        elif not version(best) or version(best) < tuple(int(number) for number in app.at_least.split(".")):
            wrong.append(f"{app.title} is {best or 'of unknown version'}, {app.at_least} is needed")
        else:
            said.append(f"{app.title} {best}")
    return (Verdict.FAIL, "; ".join(wrong)) if wrong else (Verdict.PASS, ", ".join(said))


@check(needs=("updates", "clock_s"), remedy="Let it update where the link is good, and restart it.")
def updates_are_recent(case: Case) -> Judgement:
    """The newest update should not be older than the office allows; an older one is a warning.

    Unknown if its date is later than the PC's clock, or is no valid date.
    """
    now, newest = int(case.snapshot.readings["clock_s"]), case.snapshot.readings["updates"]["newest_s"]
    try:
        day = datetime.fromtimestamp(newest, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return Verdict.UNKNOWN, f"no day: {newest}"
    age = (now - newest) // DAY_S
    if age < 0:
        return Verdict.UNKNOWN, f"updated {day}, which is not yet"
    return (Verdict.WARN if age > case.updates_days else Verdict.PASS), f"updated {day}, {age} days ago"


@check(
    only="windows", needs=("antivirus",), remedy="Switch it on in Windows Security, and let it fetch its signatures."
)
def antivirus_is_on(case: Case) -> Judgement:
    """The antivirus must be on; signatures older than 7 days are a warning."""
    own = case.snapshot.readings["antivirus"]
    said = f"signatures {own['age_days']} days old"
    if not own["on"]:
        return Verdict.FAIL, f"off, {said}"
    return (Verdict.WARN if own["age_days"] > SIGNATURES_DAYS else Verdict.PASS), said
