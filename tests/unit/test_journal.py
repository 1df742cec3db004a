"""What this process has begun on devices and not ended: Ctrl-C names it."""

from __future__ import annotations

import pytest
from berau import MODEM, Fault, Site, silent

from provision.cli import _left
from provision.devices import journal


@pytest.fixture(autouse=True)
def _nothing_open() -> None:
    journal._open.clear()


def test_what_this_process_has_begun_is_known_until_it_ends(site: Site) -> None:
    modem = site.provisioned_modem()
    assert journal.begun_here() == []
    assert _left() == "nothing was begun on a device"
    modem.set("system.@system[0].hostname='berubah'")
    modem.next("Finish", silent())
    modem.next("Look", Fault(reaches=True, alter=lambda answer: answer), *[silent()] * 500)
    assert site.outcome(MODEM).ending == "unconfirmed"
    assert journal.begun_here() == [MODEM]
    assert _left() == f"what was begun on {MODEM} ends by itself: provision resume"
    modem.faults.clear()
    modem.revert("timer")
    assert site.outcome(MODEM).ending == "applied"
    assert journal.begun_here() == []
