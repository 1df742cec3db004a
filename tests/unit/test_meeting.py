"""Whatever a PC prints, it gives a finding or nothing is known: never a crash, never green without proof."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_computer import DEVICE, ITEM, JSON, NONCE

from provision import checks, families
from provision.core import peripherals
from provision.core.device import App
from provision.core.errors import ProvisionError
from provision.core.model import Snapshot, Verdict
from provision.families.languages import pc_facts, pc_json, pc_task

USB = {"vid_pid": "046d:082d", "serial": "S1", "port": "1-2", "product": "C920"}
MIC = {"vid_pid": "f0a1:0669", "serial": "", "port": "1-3", "product": "K669"}
SPEAKER = {"vid_pid": "f0a2:0150", "serial": "", "port": "1-4", "product": "S150"}
BOUND = {"webcam": USB | {"name": "C920"}, "microphone": MIC | {"name": "K669"}, "speaker": SPEAKER | {"name": "S150"}}
NOW = 1_795_000_000
ZOOM = App(title="Zoom", packages=("zoom", "Zoom Workplace*"), at_least="6.0")
WHOLE: dict[str, Any] = {
    "schema": 2, "os": "windows", "serial": "AC1", "hostname": "BRU-PC-01", "clock_s": NOW, "zone": "Singapore Standard Time",
    "utc_offset_s": 28800, "disk": {"free_mb": 90000}, "logon": "desktop", "holders": [],
    "cameras": [{"name": "C920", "status": "OK", "present": True, "problem": 0, "usb": USB}],
    "audio": [
        {"name": "K669", "usb": MIC, "capture": True, "playback": False}, {"name": "S150", "usb": SPEAKER, "capture": False, "playback": True},
    ],
    "sound": {
        side: [{"role": r, "name": "x", "usb": thing, "state": 1, "muted": False, "volume_percent": 80} for r in ("console", "communications")]
        for side, thing in (("playback", SPEAKER), ("capture", MIC))
    },
    "consent": {k: {"machine": "Allow", "user": "Allow", "desktop apps": "Allow"} for k in ("webcam", "microphone")},
    "apps": [{"name": "Zoom Workplace (64-bit)", "version": "6.2.11"}], "updates": {"newest": NOW - 86400 * 5},
    "antivirus": {"on": True, "age_days": 1},
}  # fmt: skip


def answer(**changes: Any) -> bytes:
    body = {k: v for k, v in (WHOLE | changes).items() if v is not ...}
    return json.dumps({"settings": {}, "failed": {}, "changed": [], "collected": body, "end": NONCE}).encode()


def findings(raw: bytes) -> dict[str, tuple[Verdict, str]]:
    from dataclasses import replace

    snapshot = pc_task.read(raw, nonce=NONCE, device="BRU-PC-01", at="now").snapshot
    case = checks.Case(
        snapshot=snapshot, item=ITEM, device=replace(DEVICE, family=families.pc("windows")), bound=BOUND, asked_s=(NOW, NOW + 1),
        zone="Singapore Standard Time", needed=(ZOOM,), today="2026-11-26",
    )  # fmt: skip
    return {f.check: (f.verdict, f.because) for f in checks.judge(case)}


def test_a_whole_answer_is_green() -> None:
    found = findings(answer())
    red = {n: f for n, f in found.items() if f[0] is not Verdict.PASS}
    assert set(red) == {"baseline_is_the_accepted_one"}, "nothing was accepted in this test"


DEFAULT = "default_devices_are_the_kits_own"
OWN = "peripherals_are_the_kits_own"


@pytest.mark.parametrize(
    ("changes", "check", "verdict"),
    [
        ({"cameras": WHOLE["cameras"][0]}, OWN, "pass"),  # an object in the place of a list
        ({"cameras": {"value": WHOLE["cameras"], "Count": 1}}, OWN, "pass"),  # the wrapper of some versions
        ({"cameras": None}, "camera_is_present", "unknown"),
        ({"cameras": []}, "camera_is_present", "fail"),
        ({"cameras": {}}, "camera_is_present", "fail"),
        ({"cameras": ...}, "camera_is_present", "unknown"),
        ({"cameras": "C920"}, "camera_is_present", "unknown"),
        ({"cameras": [{"name": "x" * 300, "usb": USB}]}, "camera_is_present", "pass"),
        ({"cameras": [{"name": "(null)", "usb": USB}]}, OWN, "pass"),
        ({"cameras": [{"name": "Kamera\u00ae", "usb": USB}]}, OWN, "pass"),
        ({"cameras": WHOLE["cameras"] * 2}, "camera_is_present", "warn"),  # two of one name
        ({"cameras": [WHOLE["cameras"][0] | {"present": False}]}, "camera_is_present", "fail"),  # a phantom
        ({"cameras": [WHOLE["cameras"][0] | {"present": "False"}]}, "camera_is_present", "fail"),
        ({"cameras": [WHOLE["cameras"][0] | {"problem": 10}]}, "devices_have_no_fault", "fail"),
        ({"cameras": [WHOLE["cameras"][0] | {"problem": 22}]}, "devices_have_no_fault", "fail"),
        ({"cameras": [WHOLE["cameras"][0] | {"problem": 28}]}, "devices_have_no_fault", "fail"),
        ({"cameras": [WHOLE["cameras"][0] | {"problem": [10]}]}, "devices_have_no_fault", "unknown"),
        ({"cameras": [WHOLE["cameras"][0] | {"problem": True}]}, "devices_have_no_fault", "unknown"),
        ({"serial": "To Be Filled By O.E.M."}, "it_is_the_recorded_computer", "unknown"),
        ({"cameras": [{"name": "C920", "usb": USB | {"serial": ""}}]}, OWN, "fail"),  # a serial that Windows made up
        ({"sound": None}, DEFAULT, "unknown"),
        ({"sound": {"playback": [], "capture": WHOLE["sound"]["capture"]}}, DEFAULT, "fail"),  # no default at all
        ({"sound": {"playback": [{"role": "console", "name": "HDMI", "usb": None}], "capture": WHOLE["sound"]["capture"]}}, DEFAULT, "fail"),
        ({"sound": WHOLE["sound"] | {"playback": [{"usb": SPEAKER, "state": 0x10000001, "muted": False}]}}, DEFAULT, "fail"),
        ({"sound": WHOLE["sound"] | {"playback": {"usb": SPEAKER, "state": 1, "muted": False}}}, DEFAULT, "pass"),
        ({"sound": WHOLE["sound"] | {"playback": [{"usb": SPEAKER, "state": 1, "muted": True}]}}, "sound_is_on", "fail"),
        ({"sound": WHOLE["sound"] | {"playback": [{"usb": SPEAKER, "state": 1}]}}, "sound_is_on", "unknown"),
        ({"logon": "remote"}, DEFAULT, "unknown"),
        ({"consent": None}, "apps_may_use_camera_and_microphone", "unknown"),
        ({"consent": {}}, "apps_may_use_camera_and_microphone", "unknown"),
        ({"consent": WHOLE["consent"] | {"webcam": {"machine": "Allow"}}}, "apps_may_use_camera_and_microphone", "unknown"),
        ({"sound": WHOLE["sound"] | {"capture": []}}, "sound_is_on", "fail"),
        ({"sound": WHOLE["sound"] | {"playback": [{"usb": SPEAKER, "state": 1, "muted": False, "volume_percent": -1}]}}, "sound_is_on", "unknown"),
        ({"cameras": [{"name": "x"}], "audio": []}, "devices_have_no_fault", "unknown"),
        ({"consent": {"webcam": {"machine": "Allow"}}}, "apps_may_use_camera_and_microphone", "unknown"),
        ({"consent": WHOLE["consent"] | {"webcam": {"machine": "Allow", "user": "Deny"}}}, "apps_may_use_camera_and_microphone", "fail"),
        ({"consent": WHOLE["consent"] | {"webcam": {"machine": 1}}}, "apps_may_use_camera_and_microphone", "unknown"),
        ({"holders": "Zoom.exe"}, "nobody_holds_the_camera", "warn"),
        ({"holders": None}, "nobody_holds_the_camera", "unknown"),
        ({"antivirus": None}, "antivirus_is_on", "unknown"),
        ({"antivirus": {"on": "False", "age_days": 1}}, "antivirus_is_on", "fail"),
        ({"antivirus": {"on": "ja", "age_days": 1}}, "antivirus_is_on", "unknown"),
        ({"antivirus": {"on": True, "age_days": 30}}, "antivirus_is_on", "warn"),
        ({"apps": [{"name": f"app {n}", "version": "1"} for n in range(5000)]}, "conference_app_is_new_enough", "fail"),
        ({"apps": [{"name": "zoom", "version": ""}]}, "conference_app_is_new_enough", "fail"),
        ({"apps": [{"name": "zoom", "version": None}, {"name": 7}]}, "conference_app_is_new_enough", "fail"),
        ({"apps": [{"name": "zoom", "version": "5.17.11"}, {"name": "zoom", "version": "6.10.1"}]}, "conference_app_is_new_enough", "pass"),
        ({"apps": [{"name": "zoom", "version": "6.0"}]}, "conference_app_is_new_enough", "pass"),
        ({"apps": [7]}, "conference_app_is_new_enough", "unknown"),
        ({"clock_s": 315532800}, "clock_is_right", "fail"),  # 1980
        ({"clock_s": NOW + 7200}, "clock_is_right", "fail"),
        ({"clock_s": "29/09/2026 9.12.03"}, "clock_is_right", "unknown"),
        ({"updates": {"newest": "/Date(1794000000000)/"}}, "updates_are_recent", "pass"),
        ({"updates": {"newest": "2026-11-01T00:00:00+00:00"}}, "updates_are_recent", "pass"),
        ({"updates": {"newest": "30/05/2023 20:21:27"}}, "updates_are_recent", "unknown"),  # in words of a language
        ({"updates": {"newest": NOW - 86400 * 100}}, "updates_are_recent", "warn"),
        ({"updates": {"newest": NOW + 86400 * 9}}, "updates_are_recent", "unknown"),
        ({"updates": {"newest": 10**18}}, "updates_are_recent", "unknown"),
        ({"schema": 1}, OWN, "unknown"),
        ({"schema": "2"}, OWN, "unknown"),
    ],
)  # fmt: skip
def test_every_oddity_gives_a_finding_or_unknown(changes: dict[str, Any], check: str, verdict: str) -> None:
    found = findings(answer(**changes))
    assert str(found[check][0]) == verdict, found[check]


NOISE = '#< CLIXML\r\n<Objs Version="1.1.0.1"><Obj S="progress">{ "a": 1 }</Obj></Objs>\r\n'


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + answer(), answer().decode().encode("utf-16"), answer().decode().encode("utf-16-le"),
        b"WARNING: { this is no object\r\n".replace(b"{", b"(") + answer() + b"\r\n", NOISE.encode() + answer(),
        answer() + b"\r\n" + NOISE.encode(), json.dumps(json.loads(answer()), indent=2).replace("\n", "\r\n").encode(),
    ],
    ids=["bom", "utf-16", "utf-16-le", "warning", "clixml before", "clixml behind", "crlf"],
)  # fmt: skip
def test_what_windows_puts_around_the_answer_does_no_harm(raw: bytes) -> None:
    assert findings(raw)[OWN][0] is Verdict.PASS


@pytest.mark.parametrize(
    "raw",
    [
        answer() + b"\n" + answer(), answer() + b" " + answer(), answer()[:-30], answer().replace(b"90000", b"NaN"),
        answer().replace(b"90000", b"1e999"), answer().replace(b'"hostname"', b'"SERIAL"'), b'{"a": ' * 5000, b"[" + answer() + b"]",
        answer(hostname="\ud800"), b"<Objs " * 30000,
    ],
    ids=["two objects", "two on a line", "cut off", "NaN", "infinite", "keys that differ in case", "deep", "a list", "half a character", "an endless frame"],
)  # fmt: skip
def test_what_leaves_room_for_two_readings_is_refused(raw: bytes) -> None:
    with pytest.raises(ProvisionError):
        findings(raw)


@given(st.dictionaries(st.sampled_from(list(pc_facts.FIELDS)), JSON, max_size=6))
def test_no_oddity_crashes_a_check_or_turns_green_what_it_took_away(changes: dict[str, Any]) -> None:
    found = findings(answer(**changes))
    if not isinstance(changes.get("cameras", []), list | dict):
        assert found["camera_is_present"][0] is not Verdict.PASS
    if changes.get("serial", "AC1") != "AC1":
        assert found["it_is_the_recorded_computer"][0] is not Verdict.PASS


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(raw: bytes) -> None:
    with contextlib.suppress(ValueError, RecursionError):
        assert isinstance(pc_json.only_object(raw), dict)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ([1], [1]), ({"value": [1], "Count": 1}, [1]), ({"value": 1, "Count": 1}, None), ({}, []), ({"a": 1}, [{"a": 1}]),
        (None, None), ("x", None),
    ],
)  # fmt: skip
def test_a_list_is_a_list_however_it_was_printed(value: Any, wanted: Any) -> None:
    assert pc_json.as_list(value) == wanted


def test_a_thing_of_the_same_serial_in_two_kits_is_not_this_kits() -> None:
    """A webcam without a serial of its own is known by port and numbers; another serial is another webcam."""
    things = peripherals.present({"cameras": [{"name": "C920", "usb": USB | {"serial": "S2"}}]})["webcam"]
    assert peripherals.compare("webcam", BOUND["webcam"], things)[0] == "other"


def live(name: str, said: dict[str, Any], today: str = "2026-11-26") -> tuple[str, str]:
    snapshot = Snapshot(device="x", at="now", readings={"serial": "AC1"})
    case = checks.Case(
        snapshot=snapshot, item=ITEM, device=DEVICE, live={name: {"at": "2026-11-20T00:00:00Z"} | said}, today=today
    )
    check = {"hearing": "it_hears_itself", "sight": "it_sees"}[name]
    found = next(f for f in checks.judge(case) if f.check == check)
    return str(found.verdict), found.because


@pytest.mark.parametrize(
    "said",
    [
        {"hearing": {"by": "Kepala Dinas", "note": "x"}}, {"sight": {"by": "x"}}, {"sight": {"luma": 10**400, "variance": 1}},
        {"hearing": {"tones_db": [1] * 1000, "clipped": "x" * 10**5}}, {"hearing": 7, "sight": []}, {"sight": {"luma": 1e300}}, 7,
    ],
)  # fmt: skip
def test_a_pc_cannot_attest_itself_nor_say_what_crashes_a_check(said: Any) -> None:
    raw = json.dumps(json.loads(answer()) | {"live": said}).encode()
    for name, body in pc_task.read(raw, nonce=NONCE, device="x", at="now").live.items():
        assert live(name, dict(body))[0] == "unknown"


HEARD = {
    "tones_db": [-20.0, -20.1, -20.2],
    "off_db": -90.0,
    "rms_db": -18.2,
    "noise_db": -100.0,
    "clipped": 0,
    "delay_ms": 40,
}


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({}, "pass"), ({"clipped": 3}, "fail"), ({"rms_db": -60.0}, "fail"), ({"off_db": -30.0}, "fail"), ({"rms_db": -3.0}, "fail"),
        ({"rms_db": -36.0}, "warn"), ({"delay_ms": 400}, "warn"), ({"delay_ms": None}, "pass"), ({"tones_db": []}, "unknown"),
        ({"tones_db": ["x"]}, "unknown"), ({"off_db": None}, "unknown"), ({"clipped": True}, "unknown"), ({"failed": "no sound"}, "fail"),
        ({"busy": ["zoom"]}, "unknown"), ({"busy": "zoom"}, "unknown"),
    ],
)  # fmt: skip
def test_a_recording_is_judged_by_its_numbers(said: dict[str, Any], verdict: str) -> None:
    assert live("hearing", HEARD | said)[0] == verdict


def test_what_was_heard_too_long_ago_is_not_known_any_more() -> None:
    assert live("hearing", HEARD, "2026-11-28")[0] == "pass"
    assert live("hearing", HEARD, "2026-11-29") == ("unknown", "last heard 9 days ago")
    assert live("sight", {"by": "Siti", "note": "jelas"}) == ("pass", "seen by Siti: jelas")


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"luma": 120, "variance": 900.0, "equal": False}, "pass"), ({"luma": 3, "variance": 2.0}, "fail"), ({"luma": 250, "variance": 2.0}, "fail"),
        ({"luma": 120, "variance": 0}, "fail"), ({"luma": 120, "variance": 9, "equal": True}, "warn"), ({"luma": "x", "variance": 9}, "unknown"),
        ({}, "unknown"), ({"failed": "no camera"}, "fail"),
    ],
)  # fmt: skip
def test_a_picture_is_judged_by_its_numbers(said: dict[str, Any], verdict: str) -> None:
    assert live("sight", said)[0] == verdict
