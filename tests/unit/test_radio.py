"""The one reader of all tables: absent by every face, in range or an anomaly, nothing invented, nothing crashes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snmprec import walk

from provision import families
from provision.families.readings import mib

RECORDINGS = Path(__file__).parents[1] / "recordings/snmp"
EXPECTED = json.loads((RECORDINGS / "expected.json").read_text())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_recording_is_read_as_expected(name: str) -> None:
    wanted, values = EXPECTED[name], walk(RECORDINGS / f"{name}.snmprec")
    family = families.recognise(values)
    box = mib.read(families.mibs()[family], values)
    assert [family, box.model, box.firmware, box.serial] == [
        wanted[k] for k in ("family", "model", "firmware", "serial")
    ]
    assert [{"index": m.index} | dict(m.readings) for m in box.modems] == wanted["modems"]


def test_every_missing_value_has_a_reason() -> None:
    for name in EXPECTED:
        values = walk(RECORDINGS / f"{name}.snmprec")
        family = families.mibs()[families.recognise(values)]
        for modem in mib.read(family, values).modems:
            named = {c.name for rows in family.rows for c in rows.columns}
            assert {n for n in named if n not in modem.readings} >= set(modem.missing)
            assert all(modem.missing.values())


def test_a_value_out_of_range_is_an_anomaly_and_no_number() -> None:
    values = walk(RECORDINGS / "icr-two-modems.snmprec")
    second = mib.read(families.mibs()["icr"], values).modems[1]
    assert second.anomalies == ("rsrp_dbm out of range: -200",)
    assert second.missing["rsrq_db"] == "not measured (0 without RSRP)"


@pytest.mark.parametrize(
    ("name", "raw", "value", "why"),
    [
        ("rsrp_dbm", "-98.5", -98.5, ""),
        ("rsrp_dbm", b"-98", -98, ""),
        ("rsrp_dbm", 0, None, "not measured (0)"),
        ("rsrp_dbm", "-inf", None, "out of range: -inf"),
        ("rsrp_dbm", "nan", None, "out of range: nan"),
        ("rsrp_dbm", True, None, "not reported"),
        ("rsrp_dbm", b"\x00", None, "not reported"),
        ("rsrp_dbm", "1e999", None, "out of range: inf"),
        ("sinr_db", 0, 0, ""),
        ("rsrq_db", "0", 0, ""),
        ("rssi_dbm", -2147483648, None, "out of range: -2.14748e+09"),
    ],
)
def test_a_number_or_the_reason(name: str, raw: Any, value: float | None, why: str) -> None:
    assert mib.number(name, raw) == (value, why)


def test_a_negative_counter_is_read_modulo_and_a_silly_one_is_none() -> None:
    assert mib.counter(-1) == ((1 << 32) - 1, "")
    assert mib.counter(-(1 << 40)) == (None, f"out of range: {-(1 << 40)}")
    assert mib.counter("x") == (None, "not a number: 'x'")
    assert mib.counter(None) == (None, "not reported")


def test_identities_lose_filler_and_zeros_are_none() -> None:
    assert mib.identity("8962100000000000001F") == "8962100000000000001"
    assert mib.identity("000000000000000") == ""
    assert mib.identity("10.111.111.111 ") == "10.111.111.111"


def test_a_prefix_ends_at_a_dot() -> None:
    """E.14988.10 is not E.14988.1."""
    assert families.recognise({mib.SYS_OBJECT_ID: b"1.3.6.1.4.1.14988.10"}) == ""
    assert families.recognise({mib.SYS_OBJECT_ID: b"1.3.6.1.4.1.14988.1"}) == "routeros"
    assert families.recognise({}) == ""


RAW = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.binary(max_size=40)
PLACES = st.sampled_from(
    sorted({
        f"{mib.place(r, c)}.{i}" for f in families.mibs().values() for r in f.rows for c in r.columns for i in (0, 1)
    })
)  # fmt: skip


@given(values=st.dictionaries(PLACES, RAW, max_size=30))
def test_whatever_an_agent_says_no_value_is_invented(values: dict[str, Any]) -> None:
    for family in families.mibs().values():
        for modem in mib.read(family, values).modems:
            for name, reading in modem.readings.items():
                if name in mib.RANGES:
                    low, high = mib.RANGES[name]
                    assert low <= reading <= high
                assert name not in modem.missing
            said = {mib.text(v) for v in values.values()}
            texts = [v for n, v in modem.readings.items() if n in {"operator", "imei", "imsi"}]
            assert all(any(t in s for s in said) for t in texts)
