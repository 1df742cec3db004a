"""Firmware: known good, known bad with its reason, or unknown; what is unknown is never written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.core import firmware
from provision.home.place import Place

BASELINE = Place(Path(__file__).parents[2]).intent().firmware


@pytest.mark.parametrize(
    ("family", "version", "standing", "write"),
    [
        ("routeros", "7.23.8", "good", True),
        ("routeros", "7.20.6 (stable)", "bad", True),
        ("routeros", "7.24.3", "bad", False),
        ("routeros", "7.99.1", "unknown", False),
        ("routeros", "6.49.23", "good", True),
        ("routeros", "6.45.7", "bad", True),
        ("routeros", "7.24rc1", "unknown", False),
        ("rutos", "RUT9_R_00.07.06.21", "good", True),
        ("rutos", "RUTX_R_00.07.03.4", "bad", True),
        ("rutos", "RUTX_R_00.07.23.1", "bad", True),
        ("openwrt", "25.12.5", "good", True),
        ("openwrt", "21.02.0-rc4", "bad", True),
        ("openwrt", "SNAPSHOT", "unknown", False),
        ("openwrt", "", "unknown", False),
        ("huawei", "1.0.1", "unknown", False),
    ],
)
def test_a_firmware_is_known_or_not(family: str, version: str, standing: str, *, write: bool) -> None:
    found = firmware.judge(BASELINE, family, "any", version)
    assert (found.standing, found.write) == (standing, write)
    assert found.because or standing == "good"


def test_a_rule_of_one_model_is_for_that_model() -> None:
    rule = firmware.Rule(versions=">=1.0", standing="bad", because="bricks", model="LHG*")
    good = firmware.Rule(versions=">=1.0", standing="good")
    base = {"x": (good, rule)}
    assert firmware.judge(base, "x", "LHG 4G", "1.2.3").standing == "bad"
    assert firmware.judge(base, "x", "Chateau", "1.2.3").standing == "good"
