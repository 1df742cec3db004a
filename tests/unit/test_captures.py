"""Recorded walks of real devices, read in place: every value as expected, none invented.

PROVISION_SHARED names the folder in which they lie; without it, it is looked for beside the checkout. PROVISION_CAPTURES
names their own folder, where it is another one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from snmprec import walk

from provision import families
from provision.families.readings import mib

SHARED = Path(os.environ.get("PROVISION_SHARED") or Path(__file__).parents[3] / "shared")
FOLDER = Path(os.environ.get("PROVISION_CAPTURES") or SHARED / "captures")
VALUES = ("rssi_dbm", "rsrp_dbm", "rsrq_db", "sinr_db", "operator", "technology", "cell_id", "temperature_c")
EXPECTED = json.loads((FOLDER / "expected.json").read_text()) if (FOLDER / "expected.json").exists() else {}

pytestmark = pytest.mark.skipif(not EXPECTED, reason="no captures: set PROVISION_SHARED")


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_capture_is_read_as_expected(name: str) -> None:
    wanted, values = EXPECTED[name], walk(FOLDER / name)
    family = families.recognise(values)
    assert family, "not identified"
    box = mib.read(families.mibs()[family], values)
    assert (box.vendor, box.model or None, box.firmware or None, box.serial or None) == tuple(
        wanted[key] for key in ("vendor", "model", "firmware", "serial")
    )
    seen = [
        {"index": m.index, "imei_masked": m.readings.get("imei")} | {key: m.readings.get(key) for key in VALUES}
        for m in box.modems
    ]
    assert seen == wanted["modems"]
    for modem in box.modems:
        assert all(modem.missing[key] for key in VALUES if key not in modem.readings and key in modem.missing)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("teltonika/rutos-2xx.snmprec", "RSRP -74 dBm above RSSI -103 dBm"),
        ("ge-mds-orbit/gemds_mxncl4ene4sn1s1e6dcnn.snmprec", "RSRP -79 dBm above RSSI -87 dBm"),
    ],
)
def test_what_cannot_be_is_marked(name: str, said: str) -> None:
    values = walk(FOLDER / name)
    (modem,) = mib.read(families.mibs()[families.recognise(values)], values).modems
    assert said in modem.anomalies


def test_negative_counters_are_read_modulo_two_to_the_32() -> None:
    values = walk(FOLDER / "teltonika/rutos-rutx_rut950.snmprec")
    (modem,) = mib.read(families.mibs()["rutos"], values).modems
    assert modem.readings["sent_bytes"] == (1 << 32) - 1835401583
