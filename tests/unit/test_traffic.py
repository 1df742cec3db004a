"""Bytes counted against a quota: restarts, wraps and silence never make the sum too high."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_readings import DEVICE, ITEM

from provision import checks
from provision.core.device import SimCard
from provision.core.model import Snapshot
from provision.core.traffic import GB, Traffic, advance
from provision.devices.modem.data_used import counted_of, traffic_of
from provision.ledger.events import Counted

DAY = "2026-11-20"
OF = f"7890 {DAY}"
START = datetime(2026, 11, 20, 2, tzinfo=UTC)


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def looks(*seen: tuple[float, int, int], narrow: bool = True) -> Traffic:
    one = None
    for hours, sent, received in seen:
        one = advance(one, (sent, received), at(hours), OF, narrow=narrow)
    assert one is not None
    return one


@pytest.mark.parametrize(
    ("seen", "used", "gaps"),
    [
        ([(0, 500, 500)], 0, 0),
        ([(0, 500, 500), (1, 700, 900)], 600, 0),
        ([(0, 500, 500), (1, 40, 60)], 100, 1),  # a restart: what it counts since
        ([(0, 500, 2**32 - 100), (1, 600, 50)], 250, 0),  # a wrap of 32 bits
        ([(0, 500, 2**33), (1, 600, 50)], 150, 1),  # no wrap: it was beyond 32 bits
        ([(0, 500, 2**31), (1, 600, 50)], 150, 1),  # no wrap: it was half way
        ([(0, 0, 0), (30, 10, 10)], 20, 1),  # silent for more than a day
    ],
)
def test_counters_are_added_up(seen: list[tuple[float, int, int]], used: int, gaps: int) -> None:
    one = looks(*seen)
    assert (one.used, one.gaps) == (used, gaps)
    assert traffic_of(Counted.read(counted_of(one).payload())) == one


def test_a_counter_of_64_bits_that_falls_began_anew() -> None:
    one = looks((0, 0, 3_500_000_000), (1, 600, 1000), narrow=False)
    assert (one.used, one.gaps) == (1600, 1)


def test_a_card_that_was_checked_again_starts_anew() -> None:
    one = looks((0, 0, 0), (1, 500, 500))
    assert one.used == 1000
    again = advance(one, (600, 600), at(2), "7890 2026-11-25")
    assert (again.used, again.since) == (0, at(2))


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), min_size=1, max_size=20))
def test_the_sum_never_falls_and_never_exceeds_what_the_counters_allow(seen: list[tuple[int, int]]) -> None:
    one, most = None, 0
    for n, counters in enumerate(seen):
        before = one.used if one else 0
        most += sum(counters) + 2 * 2**32 if one else 0
        one = advance(one, counters, at(n), OF, narrow=True)
        assert before <= one.used <= most


def judged(one: Traffic | None, gb: float = 30, today: str = "2026-11-26") -> tuple[str, str]:
    sim = {"number": "081234567890", "masa_aktif_sampai": "2027-12-31", "kuota_gb": gb, "dicek_pada": DAY}
    missing = {} if one else {"sent_bytes": "not reported"}
    snapshot = Snapshot(device="x", at=at(0), readings={"serial": "S1"}, missing=missing)
    case = checks.Case(snapshot=snapshot, item=ITEM, device=DEVICE, sim=SimCard(**sim), today=today, traffic=one)
    found = {f.check: f for f in checks.judge(case)}["quota_lasts"]
    return str(found.verdict), found.because


@pytest.mark.parametrize(
    ("used_gb", "days", "verdict", "said"),
    [
        (0, 0, "pass", "0.00 of 30 GB"),
        (6, 6, "pass", "6.00 of 30 GB"),  # 24 days left
        (10, 6, "warn", "12 days are left (notice of 14)"),
        (15, 6, "warn", "6 days are left (notice of 7)"),
        (26, 6, "warn", "1 days are left (notice of 1)"),
        (29.9, 0.5, "pass", "29.90 of 30 GB"),  # no pace before a day was counted
        (30, 6, "fail", "used up"),
    ],
)
def test_the_end_of_a_quota_is_seen_coming(used_gb: float, days: float, verdict: str, said: str) -> None:
    one = Traffic(of=OF, since=at(0), at=at(days * 24), counters=(0, 0), used=int(used_gb * GB))
    got, because = judged(one, today=one.at[:10])
    assert (got, said in because) == (verdict, True), because


def test_a_sum_that_ended_days_ago_is_no_proof_of_today() -> None:
    one = Traffic(of=OF, since=at(0), at=at(6 * 24), counters=(0, 0), used=1)
    assert judged(one, today="2026-11-28")[0] == "pass"
    assert judged(one, today="2026-11-29") == ("unknown", "last counted on 2026-11-26: bytes used of 30 GB")


def test_what_was_not_counted_is_unknown_and_what_was_missed_is_said() -> None:
    assert judged(None) == ("unknown", "not reported: bytes used of 30 GB")
    assert (
        "at least"
        in judged(Traffic(of=OF, since=at(0), at=at(48), counters=(0, 0), used=1, gaps=1), today=at(48)[:10])[1]
    )
    late = (START + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "at least" in judged(Traffic(of=OF, since=late, at=late, counters=(0, 0)), today=late[:10])[1]


def test_a_card_without_a_quota_is_not_judged() -> None:
    sim = {"number": "081234567890", "masa_aktif_sampai": "2027-12-31", "dicek_pada": DAY}
    snapshot = Snapshot(device="x", at=at(0), readings={"serial": "S1"})
    case = checks.Case(snapshot=snapshot, item=ITEM, device=DEVICE, sim=SimCard(**sim), today="2026-11-26")
    assert "quota_lasts" not in {f.check for f in checks.judge(case)}
