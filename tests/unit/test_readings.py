"""Readings and checks: what is absent, stale or silly is unknown, never a number, never green."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provision import checks, families
from provision.core.device import Device, SimCard
from provision.core.model import Item, ItemKind, Snapshot, Stage, Verdict
from provision.families.readings.openwrt import KIT

TABLE = families.box("openwrt").snmp.readings
LINE = {
    "v": 1, "serial": "S1", "fw": "23.05.5", "marker": "abc", "guard": "none", "now": 1700000000, "up": 1000,
    "sample": {
        "up": 990, "imei": "861140836008088",
        "signal": {"type": "lte", "rssi": -65, "rsrq": -9, "rsrp": -94, "snr": 13.4},
        "serving": {"registration": "registered", "plmn_description": "TELKOMSEL"}, "tx": 2000, "rx": 5000,
    },
}  # fmt: skip
ITEM = Item(
    asset_tag="BRU-MDM-01", kind=ItemKind.MODEM, brand="b", model="m", serial="S1", kode_barang="k", condition="baik",
    year=2026, value_idr=1, imei="861140836008088",
)  # fmt: skip
DEVICE = Device(
    tag="BRU-MDM-01",
    kecamatan="kelay",
    family=families.box("openwrt"),
    host="h",
    bench_host="h",
    ssh_port=22,
    snmp_port=161,
    stage=Stage.PROVISIONED,
)


def read(**changes: object) -> tuple[dict, dict]:
    line = json.loads(json.dumps(LINE))
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = line
        for parent in parents:
            node = node[parent]
        node[last] = value
    return TABLE.read({KIT: json.dumps(line).encode()}, 0)


def judged(readings_: dict, missing: dict | None = None, marker: str = "abc") -> dict[str, Verdict]:
    snapshot = Snapshot(device="x", at="now", readings=readings_, missing=missing or {})
    case = checks.Case(snapshot=snapshot, item=ITEM, device=DEVICE, accepted_marker=marker, firmware=("good", ""))
    return {f.check: f.verdict for f in checks.judge(case)}


def test_a_whole_answer_is_read_and_green() -> None:
    said, missing = read()
    assert missing == {}
    assert (said["rsrp_dbm"], said["rsrq_db"], said["sinr_db"], said["rssi_dbm"]) == (-94, -9, 13.4, -65)
    assert (said["operator"], said["technology"], said["imei"], said["sampled_ago_s"]) == (
        "TELKOMSEL",
        "lte",
        ITEM.imei,
        10,
    )
    assert set(judged(said | {"login": "ok"}).values()) == {Verdict.PASS}


def test_no_answer_at_all_is_unknown_everywhere() -> None:
    said, missing = TABLE.read({}, 0)
    assert said == {}
    assert set(judged(said, missing).values()) == {Verdict.UNKNOWN}


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff\xfe", b"null", b"42"])
def test_a_line_that_is_no_object_gives_no_reading(raw: bytes) -> None:
    said, missing = TABLE.read({KIT: raw}, 0)
    assert said == {}
    assert missing["rsrp_dbm"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0, "not measured"),
        (-200, "out of range"),
        ("n/a", "not reported"),
        ("strong", "not a number"),
        (None, "not reported"),
        ("", "not reported"),
    ],
)
def test_an_absent_or_silly_rsrp_is_missing_with_its_reason(value: object, why: str) -> None:
    said, missing = read(sample__signal__rsrp=value)
    assert "rsrp_dbm" not in said
    assert why in missing["rsrp_dbm"]
    assert judged(said, missing)["signal_carries_a_call"] is Verdict.UNKNOWN


def test_a_sinr_of_zero_is_a_value_and_an_integer_is_tenths() -> None:
    assert read(sample__signal__snr=0.0)[0]["sinr_db"] == 0
    assert read(sample__signal__snr=70)[0]["sinr_db"] == 7


def test_a_stale_sample_is_no_reading() -> None:
    said, missing = read(sample__up=1000 - 301)
    assert "rsrp_dbm" not in said
    assert "stale" in missing["rsrp_dbm"]
    said, missing = read(sample__up=2000)  # from before a reboot
    assert "rsrp_dbm" not in said


def test_rsrp_above_rssi_is_an_anomaly_not_a_good_signal() -> None:
    said, missing = read(sample__signal__rsrp=-60)
    assert "anomaly" in missing["rsrp_dbm"]
    assert "rsrp_dbm" not in said


def test_lte_is_taken_beside_nr() -> None:
    pair = [
        {"type": "lte", "rsrp": -90, "rssi": -60, "rsrq": -8, "snr": 9.5},
        {"type": "5gnr", "rsrp": -80, "snr": 20.0, "rsrq": -7},
    ]
    assert read(sample__signal=pair)[0]["rsrp_dbm"] == -90


@pytest.mark.parametrize(
    ("change", "check", "verdict"),
    [
        ({"serial": "S2"}, "it_is_the_recorded_modem", Verdict.FAIL),
        ({"imei": "1"}, "it_is_the_recorded_modem", Verdict.FAIL),
        ({"guard": "armed r1 20"}, "no_guard_is_left_behind", Verdict.FAIL),
        ({"guard": "armed r1 -500"}, "no_guard_is_left_behind", Verdict.FAIL),
        ({"guard": "reverted r1 timer"}, "no_guard_is_left_behind", Verdict.WARN),
        ({"marker": "moved"}, "configuration_is_the_accepted_one", Verdict.FAIL),
        ({"registration": "searching"}, "it_is_registered", Verdict.FAIL),
        ({"rsrp_dbm": -109.0}, "signal_carries_a_call", Verdict.FAIL),
        ({"sinr_db": 4.0}, "signal_carries_a_call", Verdict.FAIL),
        ({"rsrp_dbm": -104.0}, "signal_carries_a_call", Verdict.WARN),
    ],
)
def test_each_check_can_be_red(change: dict, check: str, verdict: Verdict) -> None:
    assert judged(read()[0] | change)[check] is verdict


def test_nothing_accepted_is_unknown() -> None:
    assert judged(read()[0], marker="")["configuration_is_the_accepted_one"] is Verdict.UNKNOWN


def test_every_check_has_a_claim_a_remedy_and_needs() -> None:
    for one in (*checks.load("modems"), *checks.load("computers")):
        assert one.needs or one.about
        assert one.remedy
        assert one.judge.__doc__


def test_a_finding_carries_its_evidence() -> None:
    case = checks.Case(
        snapshot=Snapshot(device="x", at="now", readings=read()[0]),
        item=ITEM,
        device=replace(DEVICE, tag="T"),
        accepted_marker="abc",
    )
    found = next(f for f in checks.judge(case) if f.check == "signal_carries_a_call")
    assert found.evidence == {"rsrp_dbm": -94, "sinr_db": 13.4}
    assert found.remedy == ""


def test_a_silent_modem_asks_for_power_and_link_not_for_what_each_check_would_mend() -> None:
    case = checks.Case(
        snapshot=Snapshot(device="x", at="now", missing={"serial": "no answer", "marker": "no answer"}),
        item=ITEM, device=replace(DEVICE, tag="T"),
    )  # fmt: skip
    found = checks.judge(case)
    assert {f.verdict for f in found} == {Verdict.UNKNOWN}
    assert {f.because for f in found} == {"no answer"}
    assert {f.remedy for f in found} == {"Is it on, is the link up? Then provision verify T"}


def test_a_5g_cell_is_read_beside_the_lte_one() -> None:
    lte = LINE["sample"]["signal"]
    said, missing = read(sample__signal=[lte, {"type": "5gnr", "rsrp": -101, "rsrq": -11, "snr": 7.5}])
    assert (said["rsrp_dbm"], said["nr_rsrp_dbm"], said["nr_rsrq_db"], said["nr_sinr_db"]) == (-94, -101, -11, 7.5)
    said, missing = read(sample__signal=[lte, {"type": "5gnr", "rsrp": -32768, "rsrq": -32768, "snr": -32768}])
    assert said["rsrp_dbm"] == -94
    assert {n for n in missing if n.startswith("nr_")} == {"nr_rsrp_dbm", "nr_rsrq_db", "nr_sinr_db"}


SIM = {"number": "081234567890", "masa_aktif_sampai": "2026-12-31", "dicek_pada": "2026-11-20", "kuota_sampai": "",
       "masa_tenggang_sampai": "2027-01-30", "kuota_gb": None}  # fmt: skip


@pytest.mark.parametrize(
    ("today", "change", "verdict", "said"),
    [
        ("2026-11-24", {}, "pass", "masa aktif until 2026-12-31"),
        ("2026-12-17", {}, "warn", "14 days left (notice of 14)"),
        ("2026-12-24", {}, "warn", "7 days left (notice of 7)"),
        ("2026-12-30", {}, "warn", "1 days left (notice of 1)"),
        ("2026-12-31", {}, "warn", "0 days left (notice of 1)"),
        ("2027-01-01", {}, "fail", "the number is lost after 2027-01-30"),
        ("2026-11-24", {"kuota_sampai": "2026-11-30"}, "warn", "kuota until 2026-11-30, 6 days left"),
        ("2026-11-24", {"dicek_pada": "2026-11-25"}, "unknown", "correct dicek_pada"),
    ],
)
def test_the_end_of_a_sim_card_is_seen_coming(today: str, change: dict, verdict: str, said: str) -> None:
    case = checks.Case(
        snapshot=Snapshot(device="x", at="now"), item=ITEM, device=DEVICE, sim=SimCard(**SIM | change), today=today
    )
    found = {f.check: f for f in checks.judge(case)}["sim_card_stays_alive"]
    assert found.verdict == verdict
    assert said in found.because


def test_without_a_recorded_sim_card_there_is_nothing_to_judge() -> None:
    case = checks.Case(snapshot=Snapshot(device="x", at="now"), item=ITEM, device=DEVICE)
    assert "sim_card_stays_alive" not in {f.check for f in checks.judge(case)}
