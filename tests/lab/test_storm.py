"""Chaos on purpose: verbs at once, and blows at named steps. The gate has a blow of each kind, `./run soak chaos` time."""

from __future__ import annotations

import os
import time

import pytest
from labhome import Bench
from storm import DEEPEST, KINDS, Storm, kept_kits

pytestmark = pytest.mark.lab
SECONDS = float(os.environ.get("PROVISION_SOAK_CHAOS", "0"))
SEED = int(os.environ.get("PROVISION_SOAK_SEED", "16"))
SHALLOW = 8  # boundaries that every command passes
ENOUGH_S, EACH = 900.0, 10  # from a quarter of an hour on each kind hits ten times


@pytest.mark.timeout(7200 if SECONDS else 300)
def test_whatever_falls_upon_verbs_at_once_everything_ends_whole(bench: Bench) -> None:
    storm, back = Storm(bench, SEED, DEEPEST if SECONDS else SHALLOW), kept_kits(bench)
    end = time.monotonic() + SECONDS
    try:
        while min(storm.hits[kind] for kind in KINDS) < 1 or time.monotonic() < end:
            storm.round(families=() if SECONDS else ("openwrt", "linux"))
            assert len(storm.log) < 40 or SECONDS, f"blows that never fall: {storm.hits}, {storm.missed}"
    finally:
        back()
        print(f"\nseed {SEED}: {len(storm.log)} rounds, hits {dict(storm.hits)}, missed {dict(storm.missed)}")
    if SECONDS >= ENOUGH_S:
        assert min(storm.hits[kind] for kind in KINDS) >= EACH, storm.hits
