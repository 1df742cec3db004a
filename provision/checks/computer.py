"""What must be true of a conference PC."""

from __future__ import annotations

from datetime import datetime

from provision.checks.check import Case, Judgement, check
from provision.core import identity, peripherals
from provision.core.durations import spoken
from provision.core.model import Verdict
from provision.core.times import WITA

SKEW_S = 5  # domain page on conference, section 4: the clock against the controller
ROOM_FAIL_MB, ROOM_WARN_MB = 2_000, 10_000  # own choice: an update of the app needs about 1 GB
WITA_S = 8 * 3600


@check(needs=("serial",), remedy="Find out which PC this is: compare its label with the record.", guards="identity")
def it_is_the_recorded_computer(case: Case) -> Judgement:
    """The PC must report the recorded serial number; a factory's placeholder proves nothing (unknown)."""
    serial = str(case.snapshot.readings["serial"])
    if identity.is_filler(serial):
        return Verdict.UNKNOWN, f"it says no serial of its own ({serial})"
    if not identity.same("serial", case.item.serial, serial):
        return Verdict.FAIL, f"serial is {serial}, recorded {case.item.serial}"
    return Verdict.PASS, f"serial {serial}"


@check(needs=("serial",), remedy="provision plan shows what moved; provision apply sets it again.", guards="security")
def baseline_is_the_accepted_one(case: Case) -> Judgement:
    """Hostname, zone, time servers, the office's key and the app must be as they were accepted.

    Unknown if nothing was accepted yet.
    """
    if not case.accepted_marker:
        return Verdict.UNKNOWN, "nothing was accepted yet"
    if case.snapshot.marker != case.accepted_marker:
        return Verdict.FAIL, "a setting moved since it was accepted"
    return Verdict.PASS, f"{len(case.snapshot.settings)} settings"


@check(needs=("hostname",), remedy="provision apply sets it; a Windows PC takes it at its next restart.")
def hostname_is_the_asset_tag(case: Case) -> Judgement:
    """The PC's hostname must be its asset tag; upper and lower case are the same."""
    said = str(case.snapshot.readings["hostname"])
    if said.lower() != case.item.asset_tag.lower():
        return Verdict.FAIL, f"it calls itself {said}"
    return Verdict.PASS, said


def _is_there(case: Case, kind: str) -> Judgement:
    things = peripherals.present(case.snapshot.readings)[kind]
    names = ", ".join(str(t["name"]) for t in things)
    if not things:
        return Verdict.FAIL, f"no {kind} is plugged in"
    if len(things) > 1:
        return Verdict.WARN, f"{len(things)} are plugged in: {names}"
    return Verdict.PASS, names


@check(needs=("cameras",), remedy="Plug the kit's webcam in, at the port with its label.")
def camera_is_present(case: Case) -> Judgement:
    """One USB camera must be plugged in: none fails, several are a warning."""
    return _is_there(case, "webcam")


@check(needs=("audio", "cameras"), remedy="Plug the kit's microphone in, at the port with its label.")
def microphone_is_present(case: Case) -> Judgement:
    """One USB microphone must be plugged in, not counting a camera's own: none fails, several are a warning."""
    return _is_there(case, "microphone")


@check(needs=("audio", "cameras"), remedy="Plug the kit's speaker in, at the port with its label.")
def speaker_is_present(case: Case) -> Judgement:
    """One USB speaker must be plugged in, not counting a camera's own: none fails, several are a warning."""
    return _is_there(case, "speaker")


@check(
    needs=("audio", "cameras"),
    remedy="A thing of another kit, or an exchange without paper: ask, then provision bind DEVICE --reason TEXT.",
    guards="identity",
)
def peripherals_are_the_kits_own(case: Case) -> Judgement:
    """Camera, microphone and speaker must be those bound on the bench, at the same USB ports.

    A different one fails, one at another port is a warning; unknown if one that is plugged in was never bound, or if
    all three are absent. The absence of one is judged by its own check.
    """
    things = peripherals.present(case.snapshot.readings)
    found = [peripherals.compare(kind, case.bound.get(kind), things[kind]) for kind in peripherals.KINDS]
    states = {state for state, _ in found}
    said = "; ".join(text for _, text in found)
    if "other" in states:
        return Verdict.FAIL, said
    if "unbound" in states or states == {"absent"}:
        return Verdict.UNKNOWN, said
    return (Verdict.WARN if "moved" in states else Verdict.PASS), said


@check(needs=("clock_s",), remedy="Let it reach its time servers: is the network up? Then look again.")
def clock_is_right(case: Case) -> Judgement:
    """The clock must be within 5 s of the controller's, and the zone the intended one or at UTC+8 (WITA).

    Unknown if the PC reports neither its zone nor its offset from UTC.
    """
    clock, (first, last) = float(case.snapshot.readings["clock_s"]), case.asked_s
    skew = max(first - 1 - clock, clock - last, 0.0)  # a whole second may have been cut off
    if skew > SKEW_S:
        try:
            said = datetime.fromtimestamp(clock, WITA).strftime("%Y-%m-%d %H:%M %Z")
        except (OverflowError, ValueError, OSError):
            said = f"{clock:.0f} s since 1970"
        return Verdict.FAIL, f"it is off by {spoken(skew)}: it says {said}"
    zone, offset = case.snapshot.readings.get("zone"), case.snapshot.readings.get("utc_offset_s")
    if zone is None and offset is None:
        return Verdict.UNKNOWN, "no reading: zone"
    if zone != case.zone and offset != WITA_S:
        return Verdict.FAIL, f"the zone is {zone}, not {case.zone}"
    return Verdict.PASS, f"within {SKEW_S} s, {zone}"


@check(needs=("disk_free_mb",), remedy="Remove recordings and downloads; empty the trash.")
def disk_has_room(case: Case) -> Judgement:
    """At least 2 GB of disk must be free for an update of the app; less than 10 GB is a warning."""
    free = case.snapshot.readings["disk_free_mb"]
    verdict = Verdict.FAIL if free < ROOM_FAIL_MB else Verdict.WARN if free < ROOM_WARN_MB else Verdict.PASS
    return verdict, f"{free / 1000:.1f} GB free"


@check(needs=("serial",), remedy="provision apply --packages DIR, with the app's .deb in that folder.")
def conference_app_is_there(case: Case) -> Judgement:
    """Every app package that the PC is to have must be installed; passes if none is asked for."""
    lacking = [path.removeprefix("app.") for path in case.apps if case.snapshot.settings.get(path) != "installed"]
    if lacking:
        return Verdict.FAIL, f"not installed: {', '.join(lacking)}"
    return Verdict.PASS, ", ".join(path.removeprefix("app.") for path in case.apps) or "none asked for"
