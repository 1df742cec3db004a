"""Chaos on purpose: verbs at once, and blows at named steps. The gate has a blow of each kind, `./run soak chaos` time."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import pytest
from labhome import Bench
from storm import DEEPEST, KINDS, OF_A_COMPUTER, Storm, kept_kits

pytestmark = pytest.mark.lab
SECONDS = float(os.environ.get("PROVISION_SOAK_CHAOS", "0"))
SEED = int(os.environ.get("PROVISION_SOAK_SEED", "16"))
SHALLOW = 8  # boundaries that every command passes
ENOUGH_S, EACH = 900.0, 10  # from a quarter of an hour on each kind hits ten times


def families_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """In the gate a PC meets what can fall on it, and a modem the rest: a round of a modem takes three times as long."""
    return () if SECONDS else ("linux",) if kinds == KINDS else ("openwrt",)


@pytest.mark.timeout(7200 if SECONDS else 300)
def test_whatever_falls_upon_verbs_at_once_everything_ends_whole(bench: Bench) -> None:
    storm, back = Storm(bench, SEED, DEEPEST if SECONDS else SHALLOW), kept_kits(bench)
    end = time.monotonic() + SECONDS
    try:
        while min(storm.hits[kind] for kind in KINDS) < 1 or time.monotonic() < end:
            kinds = KINDS if SECONDS or not storm.hits.keys() >= set(OF_A_COMPUTER) else ("slow", "flash")
            storm.round(kinds if SECONDS or kinds != KINDS else OF_A_COMPUTER, families_of(kinds))
            if SECONDS:
                storm.every_owed_device_has_its_state()
            assert len(storm.log) < 40 or SECONDS, f"blows that never fall: {storm.hits}, {storm.missed}"
        storm.every_owed_device_has_its_state()
    finally:
        back()
        print(f"\nseed {SEED}: {len(storm.log)} rounds, hits {dict(storm.hits)}, missed {dict(storm.missed)}")
    if SECONDS >= ENOUGH_S:
        assert min(storm.hits[kind] for kind in KINDS) >= EACH, storm.hits
