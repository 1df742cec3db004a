"""People in Berau read the day and the hour there."""

from __future__ import annotations

import pytest

from provision.core.times import day_of, in_berau


@pytest.mark.parametrize(
    ("at", "day", "words"),
    [
        ("2026-11-27T15:59:59Z", "2026-11-27", "2026-11-27 23:59 WITA"),
        ("2026-11-27T16:00:00Z", "2026-11-28", "2026-11-28 00:00 WITA"),
        ("2026-11-27T23:30:00Z", "2026-11-28", "2026-11-28 07:30 WITA"),
        ("2026-12-31T17:00:00+00:00", "2027-01-01", "2027-01-01 01:00 WITA"),
        ("2026-11-28T07:30:00+08:00", "2026-11-28", "2026-11-28 07:30 WITA"),
        ("", "", ""),
    ],
)
def test_the_day_and_the_hour_are_those_of_berau(at: str, day: str, words: str) -> None:
    assert (day_of(at), in_berau(at)) == (day, words)
