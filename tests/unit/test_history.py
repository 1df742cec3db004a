"""What a line of the history says of an event."""

from __future__ import annotations

import pytest

from provision.core.model import Verdict
from provision.ledger.act import gist
from provision.ledger.events import Judged


def test_a_judgement_says_how_many_checks_had_which_verdict() -> None:
    verdicts = [Verdict.PASS, Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN]
    judged = Judged(findings=[{"verdict": str(one), "check": "x"} for one in verdicts])
    assert gist(judged.payload()) == "2 pass, 1 fail, 1 unknown"
    assert gist(Judged(findings=[]).payload()) == ""


@pytest.mark.parametrize(
    ("body", "said"), [({"reason": "diganti"}, "diganti"), ({"ending": "applied"}, "applied"), ({}, "")]
)
def test_another_event_says_its_ending_or_reason(body: dict[str, str], said: str) -> None:
    assert gist(body) == said
