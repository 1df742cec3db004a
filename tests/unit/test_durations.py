"""A duration is said in a unit that a person can picture."""

from __future__ import annotations

import pytest

from provision.core.durations import spoken


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (6.4, "6 s"), (119, "119 s"), (120, "2 minutes"), (7199, "120 minutes"), (7200, "2 hours"),
        (86400, "24 hours"), (172_800, "2 days"), (63_000_000, "729 days"), (65_663_999, "2.1 years"),
        (1_700_000_000, "53.9 years"),
    ],
)  # fmt: skip
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
