"""Runs that did not end by themselves, settled by what the device says now."""

from __future__ import annotations

from berau import MODEM, PC, Modem, Site, cut_short, silent

from provision.core.model import Ending
from provision.devices.run import RunEnd
from provision.ledger.events import PcBegun
from provision.operations.resume import resume


def killed_with_the_guard_armed(site: Site) -> Modem:
    """A modem whose apply lost the link after the change, and whose controller is gone."""
    modem = site.enrolled_modem()
    modem.next("Change", silent("Connection reset", reached=True))
    modem.next("Look", *[silent()] * 500)
    assert str(site.outcome(MODEM).ending) == "unconfirmed"
    modem.faults.clear()
    assert modem.guard.startswith("armed")
    return modem


def resumed(site: Site, tag: str = MODEM) -> RunEnd:
    return resume(site.workspace)[tag]


def test_without_an_open_run_nothing_is_asked(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.asked.clear()
    assert resume(site.workspace) == {}
    assert modem.asked == []


def test_a_device_that_runs_the_new_configuration_is_confirmed_and_accepted(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    end = resumed(site)
    assert (end.ending, modem.guard.split()[0]) == (Ending.APPLIED, "confirmed")
    assert site.known[MODEM].accepted
    assert site.snapshot(MODEM).marker == modem.marker
    assert site.workspace.unfinished() == {}
    assert "secret.rotated" not in site.events(MODEM), "its secrets stay"


def test_a_device_that_reverted_meanwhile_is_recorded_so(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    modem.revert("timer")
    end = resumed(site)
    assert end.ending is Ending.REVERTED
    assert "(timer)" in end.because
    assert not site.known[MODEM].accepted
    assert site.last(MODEM, "apply.ended")["ending"] == "reverted"


def test_a_device_with_half_of_the_change_is_told_to_revert(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    modem.set("system.@system[0].hostname='half'")
    end = resumed(site)
    assert end.ending is Ending.REVERTED
    assert "(asked)" in end.because
    assert "half" not in modem.packages["system"]


def test_a_device_on_which_nothing_took_effect_is_recorded_as_reverted(site: Site) -> None:
    site.enrolled_modem()
    site.run_left_open(MODEM, drill=True)
    end = resumed(site)
    assert (end.ending, "nothing took effect" in end.because) == (Ending.REVERTED, True)


def test_a_silent_device_stays_open_with_the_next_step(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    modem.next("Look", *[silent()] * 500)
    end = resumed(site)
    assert (end.ending, "provision resume" in end.because) == (Ending.UNCONFIRMED, True)
    assert list(site.workspace.unfinished()) == [MODEM]
    modem.faults.clear()
    assert resumed(site).ending is Ending.APPLIED


def test_a_device_that_is_silent_for_some_seconds_is_waited_for(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    modem.next("Look", *[silent()] * 4)  # two rounds, each at its new and at its old address
    assert resumed(site).ending is Ending.APPLIED


def test_an_answer_that_is_cut_short_proves_nothing(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    modem.next("Look", cut_short(), cut_short())
    assert resumed(site).ending is Ending.APPLIED
    assert modem.asked.count("Look") >= 3


def test_another_device_at_its_address_confirms_nothing(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    modem.facts["serial"] = "SOMEBODY-ELSE"
    end = resumed(site)
    assert end.ending is Ending.UNCONFIRMED
    assert "SOMEBODY-ELSE" in end.because
    assert modem.guard.startswith("armed")


def test_a_device_that_left_the_intent_is_settled_by_the_ledger_alone(site: Site) -> None:
    from dataclasses import replace

    modem = killed_with_the_guard_armed(site)
    home = site.workspace.home
    site.workspace.__dict__["home"] = replace(home, intents={t: i for t, i in home.intents.items() if t != MODEM})
    assert resumed(site).ending is Ending.APPLIED
    assert modem.guard.startswith("confirmed")


def test_the_guard_of_another_run_is_waited_for(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    modem.armed = "somebody-elses"
    assert resumed(site).ending is Ending.UNCONFIRMED
    assert modem.armed == "somebody-elses"


def test_a_finish_that_does_not_arrive_is_sent_again(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    sent = modem.answer

    def lossy(step: str, document: bytes) -> object:
        lossy.calls += 1  # type: ignore[attr-defined]
        return silent().alter(b"") if lossy.calls == 2 else sent(step, document)  # type: ignore[attr-defined]

    lossy.calls = 0  # type: ignore[attr-defined]
    modem.answer = lossy  # type: ignore[assignment]
    assert resumed(site).ending is Ending.APPLIED
    assert lossy.calls >= 4  # type: ignore[attr-defined]


def test_a_run_that_still_has_a_holder_is_left_to_it(site: Site) -> None:
    modem = killed_with_the_guard_armed(site)
    with site.workspace.hold([MODEM], "another"):
        end = resumed(site)
    assert (end.ending, "still at work" in end.because) == (Ending.UNCONFIRMED, True)
    assert modem.guard.startswith("armed")


def test_afield_the_new_way_in_is_given_time_to_settle(site: Site) -> None:
    modem = site.provisioned_modem()
    site.way_back_was_shown()
    modem.set("network.lan.ipaddr='10.9.9.9'")
    modem.next("Change", silent("Connection reset", reached=True))
    before = site.clock.passed_s
    assert str(site.outcome(MODEM, bench=False).ending) == "applied"
    assert site.clock.passed_s - before >= 3.0, "OpenWrt's links come up within settle_s"


class TestPc:
    def left_open(self, site: Site, *, undo: bool = False) -> str:
        run = site.clock.new_run()
        site.record(PC, PcBegun(run=run, bench=True, undo=undo))
        return run

    def test_one_that_runs_all_is_applied(self, site: Site) -> None:
        pc = site.enrolled_pc()
        pc.next("Baseline", silent("Connection reset", reached=True))
        run = site.apply(PC).run
        assert not site.known[PC].accepted
        assert resumed(site, PC).ending is Ending.APPLIED
        assert (site.last(PC, "endpoint.ended")["run"], site.known[PC].accepted) == (run, True)

    def test_one_that_lacks_settings_has_failed_and_names_them(self, site: Site) -> None:
        site.enrolled_pc()
        self.left_open(site)
        end = resumed(site, PC)
        assert end.ending is Ending.FAILED
        assert "system.timezone" in end.because
        assert f"provision apply {PC}" in end.because
        assert not site.known[PC].accepted

    def test_a_silent_one_stays_open(self, site: Site) -> None:
        pc = site.provisioned_pc()
        self.left_open(site)
        pc.next("Look", silent())
        assert resumed(site, PC).ending is Ending.UNCONFIRMED
        assert resumed(site, PC).ending is Ending.APPLIED

    def test_an_undo_that_broke_off_has_to_be_done_again(self, site: Site) -> None:
        site.provisioned_pc()
        self.left_open(site, undo=True)
        end = resumed(site, PC)
        assert (end.ending, "provision return again" in end.because) == (Ending.FAILED, True)

    def test_an_apply_after_which_the_key_is_refused_is_not_through(self, site: Site) -> None:
        pc = site.provisioned_pc()
        self.left_open(site)
        pc.next("Look", silent("Permission denied (publickey)."))
        assert resumed(site, PC).ending is Ending.UNCONFIRMED

    def test_an_undo_that_took_the_key_away_is_through(self, site: Site) -> None:
        pc = site.provisioned_pc()
        run = self.left_open(site, undo=True)
        pc.next("Look", silent("Permission denied (publickey)."))
        assert resumed(site, PC).ending is Ending.APPLIED
        ended = site.last(PC, "endpoint.ended")
        assert (ended["run"], ended["ending"]) == (run, "undone")
