"""Apply on recorded answers: who is refused, who is changed, what is recorded, whatever the device answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from berau import MODEM, OTHER_MODEM, PC, Site, bent, cut_short, failed, refused, silent

from provision.core.errors import Interrupted, ProvisionError
from provision.core.model import Plan
from provision.devices.run import Callbacks


def ends(site: Site, tag: str, **request: object) -> tuple[str, str]:
    """Apply to one device; return how it ended and at which step."""
    outcome = site.outcome(tag, **request)
    return str(outcome.ending), str(outcome.step)


def test_a_first_apply_is_confirmed_and_accepted(site: Site) -> None:
    modem = site.enrolled_modem()
    assert ends(site, MODEM) == ("applied", "finish")
    assert (modem.guard.split()[0], site.known[MODEM].accepted) == ("confirmed", True)
    verbs = ["apply.begun", "apply.ended", "configuration.kept", "device.accepted"]
    assert site.events(MODEM)[-4:] == verbs
    assert site.snapshot(MODEM).marker == modem.marker
    assert "segah" in modem.packages["system"].lower() or MODEM in modem.packages["system"]


def test_whatever_a_run_started_is_ended_with_it(site: Site) -> None:
    site.enrolled_modem()
    ended = site.ended
    site.apply(MODEM)
    assert site.ended == ended + 1
    site.apply(MODEM)
    assert site.ended == ended + 1, "nothing was started: nothing has to be looked for in /proc"


def test_a_second_apply_asks_once_over_snmp_and_changes_nothing(site: Site) -> None:
    modem = site.provisioned_modem()
    assert ends(site, MODEM) == ("unchanged", "plan")
    assert modem.asked == ["SNMP"]
    assert site.phases == []


def test_a_plan_alone_changes_and_records_nothing(site: Site) -> None:
    modem = site.enrolled_modem()
    before, marker = site.events(MODEM), modem.marker
    applied = site.apply(MODEM, plan_only=True)
    assert [p.device for p in applied.plans] == [MODEM]
    assert len(applied.plans[0].changes) > 50
    assert (applied.outcomes, site.events(MODEM), modem.marker) == ([], before, marker)


def test_a_device_that_was_never_enrolled_is_refused_with_the_next_step(site: Site) -> None:
    outcome = site.outcome(MODEM)
    assert (str(outcome.ending), str(outcome.step)) == ("failed", "record")
    assert f"provision enrol {MODEM}" in outcome.because


def test_a_device_held_by_another_run_is_refused(site: Site) -> None:
    modem = site.enrolled_modem()
    with site.workspace.hold([MODEM], "another"):
        outcome = site.outcome(MODEM)
    assert (str(outcome.ending), str(outcome.step)) == ("failed", "lease")
    assert "held by run another" in outcome.because
    assert "Change" not in modem.asked


def test_no_second_modem_takes_the_place_of_one_that_still_serves(site: Site) -> None:
    site.provisioned_modem()
    site.enrolled_modem(OTHER_MODEM)
    other = site.known[OTHER_MODEM].device
    from dataclasses import replace

    from provision.devices import journal

    moved = replace(other, kecamatan=site.known[MODEM].device.kecamatan)  # as if it were of the same kecamatan
    with site.workspace.hold([OTHER_MODEM], "another") as held:
        journal.accept_all(held, [(moved, site.snapshot(OTHER_MODEM))])
    outcome = site.outcome(MODEM)
    assert (str(outcome.step), "provision replace segah" in outcome.because) == ("record", True)


def test_a_plan_that_is_not_approved_changes_nothing(site: Site) -> None:
    modem = site.enrolled_modem()
    shown: list[Plan] = []

    def refuse(plans: list[Plan]) -> bool:
        shown.extend(plans)
        return False

    (outcome,) = site.apply(MODEM, callbacks=Callbacks(approve=refuse, asks=True)).outcomes
    assert (str(outcome.ending), str(outcome.step)) == ("refused", "approval")
    assert [p.device for p in shown] == [MODEM]
    assert "Change" not in modem.asked
    assert "apply.begun" not in site.events(MODEM)


def test_afield_nothing_is_changed_before_the_way_back_was_shown(site: Site) -> None:
    modem = site.enrolled_modem()
    outcome = site.outcome(MODEM, bench=False)
    assert "the first apply is on the bench" in outcome.because
    site.apply(MODEM)
    modem.set("system.@system[0].hostname='other'")
    modem.asked.clear()
    outcome = site.outcome(MODEM, bench=False)
    assert "the way back was not shown" in outcome.because
    assert modem.asked == []
    site.way_back_was_shown()
    assert ends(site, MODEM, bench=False) == ("applied", "finish")


def test_a_firmware_that_is_not_listed_is_read_only(site: Site) -> None:
    modem = site.modem_from_the_carton()
    modem.facts["firmware"] = "25.99.1"
    site.enrol(MODEM)
    outcome = site.outcome(MODEM)
    assert (str(outcome.step), "read only" in outcome.because) == ("firmware", True)
    assert site.apply(MODEM, plan_only=True).plans


def test_drift_is_planned_from_what_really_runs_and_put_right(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.set("system.@system[0].hostname='renamed'")
    applied = site.apply(MODEM)
    assert [c.path for c in applied.plans[0].changes] == ["system.@system.hostname"]
    assert str(applied.outcomes[0].ending) == "applied"
    assert "renamed" not in modem.packages["system"]


def test_another_device_at_its_address_is_never_changed(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.facts["serial"] = "SOMEBODY-ELSE"
    assert ends(site, MODEM) == ("failed", "identity")
    assert "Change" not in modem.asked


def test_a_device_that_cannot_be_read_fails_at_the_look(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.set("system.@system[0].hostname='renamed'")
    modem.next("Look", silent())
    assert ends(site, MODEM) == ("failed", "look")
    modem.next("Look", cut_short())
    assert ends(site, MODEM) == ("failed", "look")


def test_a_change_that_never_reached_the_device_failed_and_is_over(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.next("Change", silent("ssh: connect to host 127.0.0.1 port 22: No route to host"))
    assert ends(site, MODEM) == ("failed", "connect")
    assert site.workspace.unfinished() == {}
    assert not site.known[MODEM].accepted


def test_a_device_that_goes_silent_with_the_change_is_looked_at_again_and_confirmed(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.next("Change", silent("Connection reset", reached=True))
    assert ends(site, MODEM)[0] == "applied"
    assert modem.guard.startswith("confirmed")
    assert "Look" in modem.asked


def test_a_device_that_stays_silent_is_unconfirmed_and_stays_open_for_resume(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.next("Change", silent("Connection reset", reached=True))
    modem.next("Look", *[silent()] * 500)
    outcome = site.outcome(MODEM)
    assert str(outcome.ending) == "unconfirmed"
    assert "provision resume" in outcome.because
    assert list(site.workspace.unfinished()) == [MODEM]
    assert site.clock.passed_s > 20, "its guard was waited for"


def test_what_was_read_back_otherwise_is_reverted_and_named(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.loses = "set system.@system[0].timezone"
    outcome = site.outcome(MODEM)
    assert str(outcome.ending) == "reverted"
    assert "system.@system.timezone" in outcome.because
    assert modem.guard.startswith("reverted")
    assert not site.known[MODEM].accepted


def test_a_read_back_of_another_serial_is_not_confirmed(site: Site) -> None:
    modem = site.enrolled_modem()
    real = modem.facts["serial"]
    modem.next("Change", bent(f"#kit serial {real}", "#kit serial OTHER"))
    modem.next("Look", *[bent(f"#kit serial {real}", "#kit serial OTHER")] * 500)
    outcome = site.outcome(MODEM)
    assert str(outcome.ending) == "unconfirmed"
    assert "OTHER" in outcome.because
    assert "Finish" not in modem.asked
    assert modem.guard.startswith("armed")


def test_a_refusal_of_the_device_is_told_in_its_words_and_leaves_it_as_it_was(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.next("Change", refused(23, "flash full: 3 KB free, 80 KB needed"))
    outcome = site.outcome(MODEM)
    assert (str(outcome.ending), outcome.because.startswith("flash full: 3 KB free")) == ("failed", True)
    assert site.clock.passed_s < 20, "no guard was armed: nothing is waited for"
    assert site.workspace.unfinished() == {}


def test_a_change_cut_short_is_settled_by_what_the_device_runs(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.next("Change", cut_short())
    assert ends(site, MODEM)[0] == "applied"
    assert modem.guard.startswith("confirmed")


@pytest.mark.parametrize("fault", [silent(), failed("the module failed"), cut_short(), refused(32, "moved")])
def test_a_finish_that_did_not_come_back_is_settled(site: Site, fault: object) -> None:
    modem = site.enrolled_modem()
    modem.next("Finish", fault)  # type: ignore[arg-type]
    ending, _ = ends(site, MODEM)
    assert ending == "applied"
    assert modem.guard.startswith("confirmed"), "confirmed by the run that settles, or before"


def test_an_enrolled_device_that_moved_is_read_again_and_planned_once_more(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.set("system.@system[0].hostname='moved'")
    applied = site.apply(MODEM)
    assert [str(o.ending) for o in applied.outcomes] == ["applied"]
    assert len(applied.plans) == 2
    assert modem.asked.count("Change") == 2


def test_a_device_that_moved_and_cannot_be_read_then_fails_at_the_look(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.set("system.@system[0].hostname='moved'")
    modem.next("Look", bent("kit", "kit"), silent())  # the first settles the refused run
    assert ends(site, MODEM) == ("failed", "look")
    assert not site.known[MODEM].accepted


def test_deployed_sites_go_one_first_and_the_rest_is_not_begun_where_it_failed(site: Site) -> None:
    modems = [site.provisioned_modem(MODEM), site.provisioned_modem(OTHER_MODEM)]
    for modem in modems:
        site.way_back_was_shown(modem.tag)
        modem.set("system.@system[0].hostname='drifted'")
    modems[0].next("Change", silent("ssh: connect to host: timed out"))
    outcomes = site.apply(MODEM, OTHER_MODEM, bench=False).outcomes
    assert [(o.device, str(o.ending), str(o.step)) for o in outcomes] == [
        (MODEM, "failed", "connect"),
        (OTHER_MODEM, "failed", "canary"),
    ]
    assert "Change" not in modems[1].asked
    assert [str(o.ending) for o in site.apply(MODEM, OTHER_MODEM, bench=False).outcomes] == ["applied", "applied"]


def test_an_open_run_is_settled_before_anything_new(site: Site) -> None:
    modem = site.enrolled_modem()
    run = site.run_left_open(MODEM)
    assert ends(site, MODEM) == ("applied", "finish")
    ended = [e.payload for e in site.workspace.ledger.history(MODEM) if e.verb == "apply.ended"]
    assert (ended[0]["run"], ended[0]["ending"]) == (run, "applied"), "it ran what that run sent"
    assert modem.guard.startswith("confirmed")


def test_an_open_run_that_cannot_be_settled_stops_the_next_one(site: Site) -> None:
    modem = site.enrolled_modem()
    site.run_left_open(MODEM)
    modem.next("Look", *[silent()] * 100)
    assert ends(site, MODEM) == ("unconfirmed", "settle")
    assert "Change" not in modem.asked


def test_a_new_marker_without_a_difference_is_accepted_again(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.salt = "a comment"
    before = site.events(MODEM).count("device.accepted")
    assert ends(site, MODEM) == ("unchanged", "plan")
    assert site.events(MODEM).count("device.accepted") == before + 1
    assert site.snapshot(MODEM).marker == modem.marker


def test_modem_and_pc_of_a_kit_are_changed_side_by_side_in_the_order_that_was_asked(site: Site) -> None:
    site.enrolled_modem()
    site.enrolled_pc()
    outcomes = site.apply(PC, MODEM).outcomes
    assert [(o.device, str(o.ending)) for o in outcomes] == [(PC, "applied"), (MODEM, "applied")]


def test_where_a_person_is_asked_one_kind_goes_after_the_other(site: Site) -> None:
    site.enrolled_modem()
    site.enrolled_pc()
    asked: list[list[str]] = []

    def approve(plans: list[Plan]) -> bool:
        asked.append([p.device for p in plans])
        return True

    outcomes = site.apply(PC, MODEM, callbacks=Callbacks(approve=approve, asks=True)).outcomes
    assert asked == [[MODEM], [PC]]
    assert [str(o.ending) for o in outcomes] == ["applied", "applied"]


def test_what_stops_one_kind_is_an_outcome_of_its_devices_and_the_other_goes_on(site: Site) -> None:
    site.enrolled_modem()
    site.enrolled_pc()
    network, phase = site.workspace.network, site.workspace.network.phase

    def broken(place: Path, playbook: str, environment: dict[str, str], mark: str) -> object:
        if playbook == "endpoint.yml":
            raise ProvisionError("Ansible ended with 1")
        return phase(place, playbook, environment, mark)

    network.phase = broken  # type: ignore[assignment, method-assign]
    outcomes = site.apply(PC, MODEM).outcomes
    assert [(o.device, str(o.ending)) for o in outcomes] == [(PC, "failed"), (MODEM, "applied")]
    assert (str(outcomes[0].step), outcomes[0].because) == ("begin", "Ansible ended with 1")
    with pytest.raises(ProvisionError, match="Ansible ended with 1"):
        site.apply(PC)


def test_an_interruption_while_two_kinds_are_changed_is_passed_on(site: Site) -> None:
    site.enrolled_modem()
    site.enrolled_pc()

    def interrupt(_: object) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        site.apply(PC, MODEM, callbacks=Callbacks(on_step=interrupt))


class TestPc:
    def test_a_baseline_is_set_read_back_and_accepted(self, site: Site) -> None:
        pc = site.enrolled_pc()
        outcome = site.outcome(PC)
        assert (str(outcome.ending), str(outcome.step)) == ("applied", "baseline")
        assert outcome.because == f"{len(pc.before)} settings"
        assert site.known[PC].accepted
        assert pc.settings["system.timezone"] == "Asia/Makassar"

    def test_a_second_apply_looks_and_changes_nothing(self, site: Site) -> None:
        pc = site.provisioned_pc()
        assert ends(site, PC) == ("unchanged", "plan")
        assert pc.asked == ["Look"]

    def test_a_setting_that_failed_is_named_and_nothing_is_accepted(self, site: Site) -> None:
        pc = site.enrolled_pc()
        pc.failing = {"system.timezone": "timedatectl: not found"}
        outcome = site.outcome(PC)
        assert str(outcome.ending) == "failed"
        assert outcome.because == "system.timezone: timedatectl: not found"
        assert not site.known[PC].accepted
        pc.failing = {}
        assert ends(site, PC)[0] == "applied"

    def test_a_value_that_did_not_stay_is_named(self, site: Site) -> None:
        pc = site.enrolled_pc()
        pc.next("Baseline", bent("Asia/Makassar", "Etc/GMT"))
        outcome = site.outcome(PC)
        assert (str(outcome.ending), str(outcome.step)) == ("failed", "read back")
        assert "system.timezone" in outcome.because

    def test_an_answer_that_is_lost_leaves_the_run_open(self, site: Site) -> None:
        pc = site.enrolled_pc()
        pc.next("Baseline", silent("Connection reset", reached=True))
        assert ends(site, PC) == ("unconfirmed", "baseline")
        pc.next("Baseline", cut_short())
        assert ends(site, PC) == ("unconfirmed", "baseline")
        assert ends(site, PC)[0] in {"applied", "unchanged"}

    def test_a_program_that_never_reached_the_pc_failed(self, site: Site) -> None:
        pc = site.enrolled_pc()
        pc.next("Baseline", silent("ssh: connect to host 127.0.0.1 port 22: refused"))
        assert ends(site, PC)[0] == "failed"
        assert pc.before == {}

    def test_a_silent_pc_fails_at_the_look(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.next("Look", silent())
        assert ends(site, PC) == ("failed", "look")

    def test_another_pc_at_its_address_is_never_changed(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.collected["serial"] = "ANOTHER-ONE"
        assert ends(site, PC) == ("failed", "identity")
        assert "Baseline" not in pc.asked

    def test_packages_of_the_folder_go_along_where_an_app_is_missing(self, site: Site, tmp_path: Path) -> None:
        site.enrolled_pc()
        assert ends(site, PC, packages=tmp_path)[0] == "applied", "an empty folder is no reason to fail"

    def test_an_undo_gives_back_what_was_before(self, site: Site) -> None:
        from provision.devices import kinds

        pc = site.provisioned_pc()
        computer = site.computer()
        undone = kinds.of(computer.kind).undo(site.workspace, computer, bench=True)
        assert "system.timezone" in undone
        assert pc.settings["system.timezone"] == "Etc/UTC"
        assert site.last(PC, "endpoint.ended")["ending"] == "undone"
