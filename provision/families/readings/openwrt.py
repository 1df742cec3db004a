"""OpenWrt through net-snmp's `extend`: one line of JSON, made by our own status script.

nsExtendOutput1Line is NET-SNMP-EXTEND-MIB 1.3.6.1.4.1.8072.1.3.2.3.1.1, indexed by the length
and the characters of the name; `kit` is 3.107.105.116.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provision.families.readings.look import UPTIME, StatusLine
from provision.families.readings.mib import Mib, TextAt, counter, number

KIT = "1.3.6.1.4.1.8072.1.3.2.3.1.1.3.107.105.116"
STALE_S = 300  # the sample is made each minute; five missed ones are no reading
RADIO = {"rsrp_dbm": "rsrp", "rsrq_db": "rsrq", "rssi_dbm": "rssi"}
TENTHS = 0.1
NOT_CONNECTED = -32768


def read(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the readings in the status line (JSON at the OID KIT), and the reason for each missing one.

    Without a status line there are no readings; without a sample in it, all that a sample holds is missing. Of a sample
    that is older than STALE_S, or of unknown age, only the IMEI counts.
    """
    readings: dict[str, Any] = {}
    missing: dict[str, str] = {}
    try:
        line = bytes(values[KIT]).decode("utf-8", "backslashreplace")
        said = dict(json.loads(line))
    except (KeyError, ValueError, TypeError):
        why = "the device publishes no status line"
        return readings, dict.fromkeys(("serial", "firmware", "marker", "guard", *_ALL), why)
    for name, key in (
        ("serial", "serial"),
        ("firmware", "fw"),
        ("marker", "marker"),
        ("guard", "guard"),
        ("uptime_s", "up"),
        ("clock", "now"),
    ):
        if said.get(key) in (None, ""):
            missing[name] = "not reported"
        else:
            readings[name] = said[key]
    sample = said.get("sample")
    if not isinstance(sample, dict):
        return readings, missing | dict.fromkeys(_ALL, "not sampled yet")
    _radio(sample, said.get("up"), readings, missing)
    return readings, missing


COUNTERS = {"sent_bytes": "tx", "received_bytes": "rx"}
_ALL = (
    "imei", "rsrp_dbm", "rsrq_db", "sinr_db", "rssi_dbm", "operator", "technology", "registration", "sampled_ago_s",
    *COUNTERS,
)  # fmt: skip


def _radio(sample: Mapping[str, Any], up: Any, readings: dict[str, Any], missing: dict[str, str]) -> None:
    if isinstance(sample.get("imei"), str) and sample["imei"].isdigit():
        readings["imei"] = sample["imei"]
    else:
        missing["imei"] = "not reported"
    try:
        age = float(up) - float(sample["up"])
    except (KeyError, TypeError, ValueError):
        age = -1.0
    if not 0 <= age <= STALE_S:
        missing |= dict.fromkeys(_ALL[1:], f"stale: sampled {age:.0f} s ago")
        return
    readings["sampled_ago_s"] = age
    _counted(sample, readings, missing)
    _fresh(sample, readings, missing)


def _counted(sample: Mapping[str, Any], readings: dict[str, Any], missing: dict[str, str]) -> None:
    for name, key in COUNTERS.items():
        value, why = counter(sample.get(key))
        if value is None:
            missing[name] = why
        else:
            readings[name] = value


def _fresh(sample: Mapping[str, Any], readings: dict[str, Any], missing: dict[str, str]) -> None:
    signal, serving = sample.get("signal"), sample.get("serving")
    if isinstance(signal, list):  # EN-DC: LTE and NR side by side
        _nr(next((s for s in signal if isinstance(s, dict) and s.get("type") == "5gnr"), {}), readings, missing)
        signal = next((s for s in signal if isinstance(s, dict) and s.get("type") == "lte"), None)
    signal = signal if isinstance(signal, dict) else {}
    serving = serving if isinstance(serving, dict) else {}
    raw: dict[str, Any] = {name: signal.get(key) for name, key in RADIO.items()}
    snr = signal.get("snr")
    raw["sinr_db"] = snr * TENTHS if isinstance(snr, int) else snr  # older uqmi: tenths, as an integer
    for name, value in raw.items():
        reading, why = number(name, value)
        if reading is None:
            missing[name] = why
        else:
            readings[name] = reading
    for name, value in (
        ("technology", signal.get("type")),
        ("operator", serving.get("plmn_description")),
        ("registration", serving.get("registration")),
    ):
        if isinstance(value, str) and value:
            readings[name] = value
        else:
            missing[name] = "not reported"
    if readings.get("rsrp_dbm", -200) > readings.get("rssi_dbm", 0):
        missing["rsrp_dbm"] = "anomaly: RSRP above RSSI"
        readings.pop("rsrp_dbm", None)


TABLE = StatusLine(places=(UPTIME, KIT), reader=read)


def _nr(signal: Mapping[str, Any], readings: dict[str, Any], missing: dict[str, str]) -> None:
    """Add RSRP, RSRQ and SINR of the 5G cell beside the LTE one to `readings`, or the reason to `missing`.

    -32768 is uqmi's value for not connected.
    """
    for name, key in (("nr_rsrp_dbm", "rsrp"), ("nr_rsrq_db", "rsrq"), ("nr_sinr_db", "snr")):
        raw = signal.get(key)
        reading, why = number(name, None if raw == NOT_CONNECTED else raw)
        if reading is None:
            missing[name] = why
        else:
            readings[name] = reading


DISTRO = "1.3.6.1.4.1.8072.1.3.2.3.1.1.6.100.105.115.116.114.111"
HARDWARE = "1.3.6.1.4.1.8072.1.3.2.3.1.1.8.104.97.114.100.119.97.114.101"

MIB = Mib(
    vendor="OpenWrt",
    systems=("1.3.6.1.4.1.8072.3.2.10",),
    evidence=(TextAt(oid=DISTRO, pattern=r"^(OpenWrt)"), TextAt(oid=KIT)),
    lacks=("1.3.6.1.4.1.48690.1.3.0", "1.3.6.1.4.1.48690.1.6.0"),
    model=(TextAt(oid=HARDWARE),),
    firmware=(TextAt(oid=DISTRO, pattern=r"^OpenWrt (\S+)"), TextAt(oid=KIT, pattern=r'"fw":"([^"]+)"')),
    serial=(TextAt(oid=KIT, pattern=r'"serial":"([^"]+)"'),),
)
