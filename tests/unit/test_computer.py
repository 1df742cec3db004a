"""A conference PC: the program that is sent, its answer whatever it looks like, what is plugged in, the checks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision import checks, families
from provision.core import identity, peripherals
from provision.core.device import Device
from provision.core.errors import ProvisionError
from provision.core.model import Item, ItemKind, Snapshot, Stage, Verdict
from provision.families.languages import pc_facts, pc_task

NONCE = "n0nce"


# -- the answer, whatever it looks like ---------------------------------------------------------------
def read(text: bytes) -> pc_task.Answer:
    return pc_task.read(text, nonce=NONCE, device="BRU-PC-01", at="now")


def whole(**collected: Any) -> bytes:
    return json.dumps(
        {"settings": {}, "failed": {}, "changed": [], "end": NONCE, "collected": {"schema": 2, **collected}}
    ).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{} {}",
        b"\xff\xfe{\x00}\x00",
        b"NaN",
        b"[" * 100000,
        b"Traceback (most recent call last):",
    ],
)
def test_what_is_no_answer_is_an_error_that_says_the_next_step(text: bytes) -> None:
    with pytest.raises(ProvisionError) as caught:
        read(text)
    assert caught.value.hint


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    assert read(b"\xef\xbb\xbf" + whole(serial="AC1") + b"\r\n").snapshot.readings["serial"] == "AC1"


def test_a_field_of_the_wrong_kind_is_missing_with_the_reason() -> None:
    snapshot = read(
        whole(serial=1, clock_s="now", cameras={}, audio=[1], disk={"free_mb": "x"}, hostname="", clock_synced=1)
    ).snapshot
    assert snapshot.readings == {"disk": {"free_mb": "x"}, "clock_synced": True, "cameras": []}
    assert (
        snapshot.missing["audio"] == snapshot.missing["serial"] == snapshot.missing["disk_free_mb"] == "not understood"
    )
    assert snapshot.missing["hostname"] == "not reported"


def test_another_version_of_the_collector_is_not_guessed_at() -> None:
    text = json.dumps(
        {"settings": {}, "failed": {}, "end": NONCE, "collected": {"schema": 1, "serial": "AC1"}}
    ).encode()
    assert read(text).snapshot.readings == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=5), c, max_size=3),
    max_leaves=4,
)
NAMES = st.sampled_from([*pc_facts.FIELDS, "vid_pid", "usb", "port", "name", "free_mb"])


@given(st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=3), max_size=8))
def test_no_answer_makes_the_reader_or_a_check_crash_or_turn_green_without_proof(collected: dict[str, Any]) -> None:
    snapshot = read(whole(**collected)).snapshot
    findings = judge(snapshot)
    by_name = {f.check: f.verdict for f in findings}
    assert by_name["peripherals_are_the_kits_own"] is not Verdict.PASS
    if collected.get("serial") != "AC1":
        assert by_name["it_is_the_recorded_computer"] is not Verdict.PASS


# -- checks ------------------------------------------------------------------------------------------
ITEM = Item(
    asset_tag="BRU-PC-01",
    kind=ItemKind.COMPUTER,
    brand="Acer",
    model="V",
    serial="AC1",
    kode_barang="x",
    condition="baik",
    year=2026,
    value_idr=1,
)
DEVICE = Device(
    tag="BRU-PC-01",
    kecamatan="kelay",
    family=families.pc("linux"),
    host="h",
    bench_host="h",
    ssh_port=22,
    snmp_port=0,
    stage=Stage.PROVISIONED,
)
BOUND = {"webcam": {"port": "1-2", "vid_pid": "a:b", "serial": "S", "name": "C920"}}


def judge(snapshot: Snapshot, bound: Any = None, now: float = 0.0) -> list[Any]:
    case = checks.Case(
        snapshot=snapshot, item=ITEM, device=DEVICE, accepted_marker="m", bound=bound or {}, asked_s=(now, now + 1),
        zone="Asia/Makassar", apps=("app.zoom",),
    )  # fmt: skip
    return checks.judge(case)


def verdict(name: str, bound: Any = None, now: float = 0.0, **readings: Any) -> tuple[Verdict, str]:
    snapshot = Snapshot(device="BRU-PC-01", at="now", readings=readings)
    found = next(f for f in judge(snapshot, bound, now) if f.check == name)
    return found.verdict, found.because


def test_a_clock_in_1970_is_red_and_one_behind_a_slow_link_is_not() -> None:
    now = 1_795_000_000.0
    assert verdict("clock_is_right", now=now, clock_s=3, zone="Asia/Makassar")[1].endswith(
        "it says 1970-01-01 08:00 WITA"
    )
    assert verdict("clock_is_right", now=now, clock_s=int(now), zone="Asia/Makassar")[0] is Verdict.PASS
    assert verdict("clock_is_right", now=now, clock_s=10**30, zone="Asia/Makassar")[0] is Verdict.FAIL
    assert (
        verdict("clock_is_right", now=now, clock_s=int(now), zone="Asia/Jakarta", utc_offset_s=25200)[0] is Verdict.FAIL
    )
    assert verdict("clock_is_right", now=now, clock_s=int(now), zone="Singapore", utc_offset_s=28800)[0] is Verdict.PASS
    assert verdict("clock_is_right", now=now, clock_s=int(now))[0] is Verdict.UNKNOWN


@pytest.mark.parametrize("filler", sorted(identity.FILLERS - {""}))
def test_a_serial_that_the_factory_never_wrote_proves_nothing(filler: str) -> None:
    assert verdict("it_is_the_recorded_computer", serial=filler.upper())[0] is Verdict.UNKNOWN


def test_a_serial_in_small_letters_is_the_same_pc() -> None:
    assert identity.differences_of_pc(replace(ITEM, serial="ac1", mac=""), {"serial": "AC1"}) == []
    assert identity.another(replace(ITEM, serial="ac1", mac=""), {"serial": "AC1"}) == ""
    assert identity.another(replace(ITEM, serial="ac1", mac=""), {"serial": "AC2"}).startswith("another PC answers")


def camera(port: str = "1-2", numbers: str = "a:b", serial: str = "S") -> dict[str, Any]:
    return {"name": "C920", "usb": {"port": port, "vid_pid": numbers, "serial": serial, "product": "C920"}}


@pytest.mark.parametrize(
    ("cameras", "said"),
    [
        ([camera()], "own"), ([camera(port="2-1")], "moved"), ([camera(numbers="c:d")], "other"), ([camera(serial="T")], "other"),
        ([], "absent"), ([camera(numbers="c:d"), camera()], "own"), ([camera(numbers="c:d"), camera(port="2-1")], "moved"),
    ],
)  # fmt: skip
def test_a_camera_is_known_by_port_numbers_and_serial(cameras: list[Any], said: str) -> None:
    things = peripherals.present({"cameras": cameras})["webcam"]
    assert peripherals.compare("webcam", BOUND["webcam"], things)[0] == said


def test_the_cameras_own_microphone_is_not_the_kits() -> None:
    audio = [{"name": "Webcam", "usb": camera()["usb"], "capture": True, "playback": False}]
    assert peripherals.present({"cameras": [camera()], "audio": audio})["microphone"] == []
    assert peripherals.present({"cameras": [], "audio": audio})["microphone"] != []


def test_two_of_a_kind_are_not_guessed_between() -> None:
    chosen, wrong = peripherals.candidates({"cameras": [camera(), camera(port="1-9")], "audio": []})
    assert chosen == {}
    assert wrong[0].startswith("2 x webcam: C920 at 1-2, C920 at 1-9")
