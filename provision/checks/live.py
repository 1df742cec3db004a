"""Checks of what was last heard and seen on a PC: measured there, judged here.

A technician's word counts in place of a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from provision.checks.check import Case, Judgement, check
from provision.core import peripherals
from provision.core.model import Verdict
from provision.core.times import day_of

DAYS = 8  # once a week, and a day for the one who forgets
MARGIN_DB = 20.0
QUIET_DB, LOUD_DB, NEAR_DB = -40.0, -6.0, -34.0  # of the recording; measured with null sinks at 50 % volume: -36.3
ECHO_MS = 250  # own choice: later than that, echo cancelling loses it
DARK, BRIGHT = 16.0, 240.0  # limits of brightness in video (ITU-R BT.601: 16 to 235)
NUMBERS = ("tones_db", "off_db", "rms_db", "noise_db", "clipped")


@check(
    about="hearing", needs=("serial",),
    remedy="Look at volume, mute and the default devices, ask the room for quiet, then: provision verify DEVICE --live",
)  # fmt: skip
def it_hears_itself(case: Case) -> Judgement:
    """A chord through the speaker must come back through the microphone clear, undistorted and loud enough.

    A weak recording, or one over 250 ms late, is a warning; one that is too loud fails. A test that is older than 8
    days, was not tried since a program held the device, or is not understood, is unknown; a technician's word passes.
    """
    said = case.live["hearing"]
    if (early := _word(said, case.today, "heard")) is not None:
        return early
    if not _numbers(said):
        return Verdict.UNKNOWN, "the numbers of the recording are not understood"
    margin, rms, delay = min(said["tones_db"]) - said["off_db"], said["rms_db"], said.get("delay_ms")
    text = f"tones {margin:.0f} dB over the rest, {rms:.0f} dBFS, noise {said['noise_db']:.0f} dBFS" + (
        f", {delay} ms late" if isinstance(delay, int) else ""
    )
    if said["clipped"]:
        return Verdict.FAIL, f"distorted: {said['clipped']} samples at full scale; {text}"
    if rms < QUIET_DB:
        return Verdict.FAIL, f"{'no signal' if rms <= -100 else 'too quiet'}: {text}"
    if margin < MARGIN_DB or rms > LOUD_DB:
        return Verdict.FAIL, f"{'the chord is not heard' if margin < MARGIN_DB else 'too loud'}: {text}"
    late = isinstance(delay, int) and delay > ECHO_MS
    return (Verdict.WARN if late or rms < NEAR_DB else Verdict.PASS), f"{'a late echo: ' if late else ''}{text}"


@check(
    about="sight", needs=("serial",),
    remedy="Open its shutter, switch on the light, close what holds it, then: provision verify DEVICE --live",
)  # fmt: skip
def it_sees(case: Case) -> Judgement:
    """The camera must give a picture that is neither dark, nor white, nor of one colour.

    Two identical pictures are a warning. A test that is older than 8 days, was not tried since a program held the
    camera, is not understood, or is of another camera than the bound webcam, is unknown; a technician's word passes.
    """
    said = case.live["sight"]
    if (early := _word(said, case.today, "seen")) is not None:
        return early
    bound, bus = case.bound.get("webcam"), said.get("usb")
    if bound is not None and not (isinstance(bus, dict) and peripherals.same(bound, bus)):
        return Verdict.UNKNOWN, f"the picture is of {said.get('camera') or 'another camera'}, not of the kit's webcam"
    if not (_number(said.get("luma")) and _number(said.get("variance"))):
        return Verdict.UNKNOWN, "the numbers of the picture are not understood"
    luma, variance = float(said["luma"]), float(said["variance"])
    text = f"brightness {luma:.0f} of 255, variance {variance:.0f}"
    if not DARK <= luma <= BRIGHT or variance <= 0:
        return Verdict.FAIL, f"{'dark' if luma < DARK else 'white' if luma > BRIGHT else 'one colour'}: {text}"
    return (
        (Verdict.WARN, f"two pictures are the same to the bit: {text}") if said.get("equal") else (Verdict.PASS, text)
    )


def _word(lived: Mapping[str, Any], today: str, done: str) -> Judgement | None:
    """Return the verdict on a live test that needs no numbers, or None if its numbers have to be judged.

    In this order: unknown if it is older than 8 days, pass if a technician attests it, unknown if a program held the
    device, fail if the test failed. `done` is the verb for the text (heard, seen).
    """
    age = (date.fromisoformat(today) - date.fromisoformat(day_of(str(lived["at"])))).days
    if age > DAYS:
        return Verdict.UNKNOWN, f"last {done} {age} days ago"
    if by := lived.get("by"):
        return Verdict.PASS, f"{done} by {by}: {lived['note']}"
    if busy := lived.get("busy"):
        return Verdict.UNKNOWN, f"not tried: held by {', '.join(map(str, busy)) if isinstance(busy, list) else busy}"
    return (Verdict.FAIL, str(lived["failed"])) if lived.get("failed") else None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(lived: Mapping[str, Any]) -> bool:
    tones = lived.get("tones_db")
    return bool(
        isinstance(tones, list)
        and tones
        and all(map(_number, tones))
        and all(_number(lived.get(n)) for n in NUMBERS[1:])
    )
