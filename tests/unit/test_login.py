"""A modem that answers over SNMP is not thereby one that lets the office in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from berau import MODEM, Failing, Fault, Site, silent

from provision import families
from provision.connectors.phase import UNREACHABLE
from provision.core.model import Standing, Verdict, Watched
from provision.devices.modem import drift
from provision.devices.modem import login as new_login
from provision.devices.run import VerifyRequest
from provision.operations.resume import assumption_of, resume
from provision.operations.verify import verify
from provision.operations.watch import watch

DAY_S = 86_400


def login(site: Site) -> tuple[Verdict, str]:
    findings = verify(site.workspace, [site.intent()], VerifyRequest(bench=True))
    (found,) = [f for f in findings if f.check == "office_can_log_in"]
    return found.verdict, found.because


def refused(why: str) -> Fault:
    return Fault(reaches=False, alter=lambda _: Failing(UNREACHABLE, why))


def test_a_verify_logs_in_anew_once(site: Site) -> None:
    modem = site.provisioned_modem()
    assert login(site) == (Verdict.PASS, "a new login with the office's key")
    assert modem.asked.count("SSH") == 1


@pytest.mark.parametrize(
    ("why", "verdict"),
    [
        ("root@h: Permission denied (publickey).", Verdict.FAIL),
        ("Host key verification failed.", Verdict.FAIL),
        ("ssh: connect to host h port 22: Connection timed out", Verdict.UNKNOWN),
        ("ssh: connect to host h port 22: Connection refused", Verdict.UNKNOWN),
        ("Connection timed out during banner exchange", Verdict.UNKNOWN),
    ],
)
def test_a_refusal_is_red_and_a_silence_unknown(site: Site, why: str, verdict: Verdict) -> None:
    site.provisioned_modem().next("SSH", refused(why))
    assert login(site)[0] is verdict


def test_a_watch_warns_once_nobody_has_logged_in_for_long(site: Site) -> None:
    site.provisioned_modem()
    limit = site.workspace.home.login_proof_days
    site.clock.passed_s += (limit - 1) * DAY_S
    (seen,) = watch(site.workspace, [site.intent()], bench=True)
    assert (seen.state, seen.because) == (Standing.OK, "runs as accepted")
    site.clock.passed_s += 2 * DAY_S
    (seen,) = watch(site.workspace, [site.intent()], bench=True)
    assert (seen.state, seen.because) == (
        Standing.OK,
        f"runs as accepted; no new login since 2026-11-02: provision verify {MODEM}",
    )
    login(site)
    (seen,) = watch(site.workspace, [site.intent()], bench=True)
    assert seen.because == "runs as accepted"


def test_a_verify_that_was_let_in_by_nobody_is_no_proof(site: Site) -> None:
    modem = site.provisioned_modem()
    site.clock.passed_s += 40 * DAY_S
    modem.next("SSH", refused("Permission denied (publickey)."))
    assert login(site)[0] is Verdict.FAIL
    (seen,) = watch(site.workspace, [site.intent()], bench=True)
    assert "no new login since 2026-11-02" in seen.because


@pytest.mark.parametrize(
    ("family", "asked"), [("openwrt", True), ("rutos", False), ("routeros", False), ("epmp", False)]
)
def test_only_a_device_that_a_verify_logs_in_to_is_warned_of(site: Site, family: str, *, asked: bool) -> None:
    """A warning that no command can end is a false alarm for ever: a radio has no shell, others log in at each look."""
    site.provisioned_modem()
    known = site.known[MODEM]
    other = replace(known, device=replace(known.device, family=families.load(family)))
    assert new_login.is_asked(other.device) is asked
    watched = {MODEM: Watched(device=MODEM, state=Standing.OK, seen_at="", because="runs as accepted")}
    site.clock.passed_s += 90 * DAY_S
    assert bool(drift._warnings(site.workspace, {MODEM: other}, watched)) is asked


def test_a_persons_word_is_no_login(site: Site) -> None:
    modem = site.provisioned_modem()
    site.run_left_open(MODEM)
    site.clock.passed_s += 40 * DAY_S
    modem.next("Look", *[silent()] * 500)
    ended = resume(site.workspace, None, assumption_of("applied", "dilihat di tempat"))
    assert str(ended[MODEM].ending) == "applied"
    proved = site.workspace.last_logins(new_login.CHECK).get(MODEM, "")
    assert proved[:10] != site.workspace.now()[:10]


def test_many_devices_are_warned_of_by_one_question_to_the_ledger(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.provisioned_modem()
    site.provisioned_modem("BRU-MDM-11")
    site.clock.passed_s += 90 * DAY_S
    asked: list[str] = []
    real = site.workspace.last_logins
    monkeypatch.setattr(site.workspace, "last_logins", lambda check: asked.append(check) or real(check))
    seen = watch(site.workspace, [site.intent(), site.intent("BRU-MDM-11")], bench=True)
    assert ["no new login" in one.because for one in seen] == [True, True]
    assert len(asked) == 1


def test_what_an_apply_was_just_let_in_to_is_not_logged_in_to_once_more(site: Site) -> None:
    """A login of its own is six round trips over a satellite; the apply had one, anew where the way in changed."""
    modem = site.provisioned_modem()
    modem.set("system.@system[0].hostname='berubah'")
    done = site.apply(MODEM)
    assert str(done.outcomes[0].ending) == "applied"
    modem.asked.clear()
    request = VerifyRequest(bench=True, answers=done.answers)
    findings = verify(site.workspace, [site.intent()], request)
    assert next(f.verdict for f in findings if f.check == new_login.CHECK) is Verdict.PASS
    assert "SSH" not in modem.asked
    assert login(site)[0] is Verdict.PASS
    assert modem.asked.count("SSH") == 1


def test_an_apply_that_did_not_end_by_itself_is_no_login(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.set("system.@system[0].hostname='berubah'")
    modem.next("Finish", silent())
    done = site.apply(MODEM)
    assert done.answers == {}
