"""The drills: the way back of a modem by its timer and by a reboot; what only a real PC can show."""

from __future__ import annotations

import pytest
from berau import MODEM, PC, Modem, Site, cut_short, failed, refused, silent

from provision.core.errors import DeviceError, UnreachableError, UsageError
from provision.devices.modem import selftest as selftest_of_modems
from provision.devices.run import Drill
from provision.operations.selftest import selftest


def drilled(site: Site, tag: str = MODEM) -> list[Drill]:
    told: list[Drill] = []
    done = selftest(site.workspace, site.workspace.device(tag), bench=True, on_drill=told.append)
    assert told == done
    return done


@pytest.fixture
def modem(site: Site) -> Modem:
    modem = site.enrolled_modem()
    modem.looks_until_the_timer = 3
    return modem


def test_both_drills_pass_where_the_old_configuration_comes_back(site: Site, modem: Modem) -> None:
    before = modem.marker
    assert [(d.name, d.passed) for d in drilled(site)] == [("timer", True), ("boot", True)]
    assert modem.marker == before
    assert site.workspace.way_back_is_proved(site.known[MODEM].device)
    ended = [e.payload for e in site.workspace.ledger.history(MODEM) if e.verb == "apply.ended"]
    assert [(e["ending"], e["because"]) for e in ended] == [("reverted", "drill: timer"), ("reverted", "drill: boot")]
    assert site.workspace.unfinished() == {}
    begun = [e.payload["window_s"] for e in site.workspace.ledger.history(MODEM) if e.verb == "apply.begun"]
    assert begun == [selftest_of_modems.TIMER_S, selftest_of_modems.REBOOT_WINDOW_S]


def test_a_timer_that_does_not_act_fails_the_drill_and_leaves_the_run_open(site: Site, modem: Modem) -> None:
    modem.looks_until_the_timer = 0
    with pytest.raises(DeviceError, match="the way back was not shown: armed") as caught:
        drilled(site)
    assert "do not deploy this model" in caught.value.hint
    assert list(site.workspace.unfinished()) == [MODEM]
    assert not site.workspace.way_back_is_proved(site.known[MODEM].device)


def test_a_boot_that_does_not_revert_fails_the_drill(site: Site, modem: Modem) -> None:
    modem.has_a_boot_hook = False
    with pytest.raises(DeviceError, match="the way back was not shown"):
        drilled(site)


def test_a_configuration_that_came_back_otherwise_fails_the_drill(site: Site, modem: Modem) -> None:
    revert = modem.revert

    def wrong(why: str) -> None:
        revert(why)
        modem.salt = "not whole"

    modem.revert = wrong  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="did not come back whole"):
        drilled(site)


def test_a_device_that_is_silent_for_a_while_is_waited_for(site: Site, modem: Modem) -> None:
    modem.next("Look", *[_through(), _through(), silent(), silent()])
    assert [d.passed for d in drilled(site)] == [True, True]


def test_a_drill_that_the_device_refuses_did_not_begin_and_is_over(site: Site, modem: Modem) -> None:
    modem.next("Look", _through(), refused(23, "flash full"))
    with pytest.raises(DeviceError, match="the drill did not begin: flash full"):
        drilled(site)
    assert site.workspace.unfinished() == {}


def test_a_drill_that_broke_off_stays_open_for_resume(site: Site, modem: Modem) -> None:
    modem.next("Look", _through(), refused(25, "uci refused"))
    with pytest.raises(DeviceError, match="the drill broke off: uci refused"):
        drilled(site)
    assert list(site.workspace.unfinished()) == [MODEM]


def test_a_device_that_falls_silent_with_the_drill_is_unreachable(site: Site, modem: Modem) -> None:
    modem.next("Look", _through(), silent())
    with pytest.raises(UnreachableError):
        drilled(site)


def test_what_is_not_enrolled_has_no_drill(site: Site) -> None:
    with pytest.raises(UsageError, match="not enrolled"):
        drilled(site)


def _through():  # type: ignore[no-untyped-def]
    from berau import Fault

    return Fault(reaches=True, alter=lambda answer: answer)


class TestPc:
    def drills(self, site: Site) -> dict[str, bool]:
        return {d.name: d.passed for d in drilled(site, PC)}

    def test_a_pc_that_is_whole_passes_what_can_be_shown_without_a_person(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.live = {}
        done = self.drills(site)
        assert {n: p for n, p in done.items() if n not in {"hearing", "sight", "collector"}} == {
            "look": True, "again": True, "baseline": True, "outbox": True,
        }  # fmt: skip
        assert (done["hearing"], done["sight"]) == (False, False), "neither was tried"
        assert "selftest.passed" not in site.events(PC)

    def test_a_silent_pc_ends_at_the_look(self, site: Site) -> None:
        site.provisioned_pc().next("Look", silent())
        assert self.drills(site) == {"look": False}

    def test_a_field_that_the_collector_lacks_is_named(self, site: Site) -> None:
        pc = site.provisioned_pc()
        del pc.collected["macs"]
        (text,) = [d.text for d in drilled(site, PC) if d.name == "collector"]
        assert "macs (not reported)" in text

    def test_a_second_look_that_differs_fails(self, site: Site) -> None:
        site.provisioned_pc().next("Look", _through(), cut_short())
        assert self.drills(site)["again"] is False

    def test_a_baseline_that_moved_and_an_outbox_that_is_silent_fail(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.settings["system.timezone"] = "Etc/UTC"
        pc.next("SSH", failed("no answer in time"))
        done = self.drills(site)
        assert (done["baseline"], done["outbox"]) == (False, False)

    def test_a_pc_that_falls_silent_before_the_live_look_fails_both_senses(self, site: Site) -> None:
        site.provisioned_pc().next("Look", _through(), _through(), silent())
        done = self.drills(site)
        assert (done["hearing"], done["sight"]) == (False, False)

    def test_one_that_was_never_provisioned_is_refused(self, site: Site) -> None:
        site.enrolled_pc()
        with pytest.raises(UsageError, match="is not provisioned"):
            drilled(site, PC)

    def test_where_all_pass_it_is_recorded(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.collected |= {"consent": {"camera": "allow", "microphone": "allow"}, "antivirus": [{"name": "x"}]}
        pc.live = LIVE
        done = self.drills(site)
        assert [name for name, passed in done.items() if not passed] == []
        assert "selftest.passed" in [e.verb for e in site.workspace.ledger.latest("selftest.passed")]


LIVE = {
    "hearing": {
        "off_db": -60.0, "rms_db": -20.0, "noise_db": -60.0, "clipped": 0, "delay_ms": 40.0, "tones_db": [30.0, 30.0, 30.0],
        "seconds": 2.0,
    },
    "sight": {
        "luma": 110.0, "variance": 900.0, "camera": "C920",
        "usb": {"vid_pid": "f0a0:0920", "serial": "CAM010001", "port": "1-2", "product": "C920"},
    },
}  # fmt: skip
