"""How a run ended is proved by what the guard left, never inferred from what runs: cases openwrt-real-parts, row A1."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from berau import MODEM, Fault, Modem, Site, silent

from provision.core.errors import ProvisionError, UsageError
from provision.core.model import Ending
from provision.devices.run import ApplyRequest, Callbacks, RunEnd
from provision.home import peers
from provision.home.vault import wireguard_public
from provision.ledger.run_events import Assumed
from provision.operations import adopt, rollback, rotate
from provision.operations.resume import assumption_of, resume
from provision.operations.watch import watch

LOCAL: dict[str, str] = {  # what a person changes on the box, by what the run had to do with it
    "a setting of ours": "system.@system[0].hostname='diubah'",
    "one that nobody intends": "dhcp.lan.limit='99'",
    "the LAN's address": "network.lan.netmask='255.255.0.0'",
    "a rule of the firewall": "firewall.@rule[0].enabled='0'",
    "the SSH server": "dropbear.@dropbear[0].GatewayPorts='on'",
}


class KilledError(Exception):
    """The controller died here."""


def killed_after_the_finish(site: Site, modem: Modem, start: Callable[[], object]) -> None:
    """Begin a run that dies right after the device has confirmed: no word of that reaches the controller."""

    def dies(_: bytes) -> bytes:
        raise KilledError

    modem.next("Finish", Fault(reaches=True, alter=dies))
    with pytest.raises(KilledError):
        start()
    site.workspace.forget_known()
    assert MODEM in site.workspace.unfinished()


def rotation(site: Site) -> object:
    return rotate.rotate(site.workspace, site.intent(), ApplyRequest(bench=True), Callbacks())


def resumed(site: Site, assume: str = "", reason: str = "") -> RunEnd:
    return resume(site.workspace, None, assumption_of(assume, reason))[MODEM]


def listed(site: Site) -> str:
    path = peers.write(site.workspace)
    assert path is not None
    return site.workspace.vault.open(path.read_bytes()).decode()


def public(site: Site, which: str) -> str:
    own = getattr(site.workspace.vault, which)(MODEM)
    return wireguard_public(own["wireguard_private"])


@pytest.mark.parametrize("change", LOCAL.values(), ids=LOCAL)
def test_a_confirmed_rotation_is_applied_whatever_was_changed_on_the_box_since(site: Site, change: str) -> None:
    modem = site.provisioned_modem()
    killed_after_the_finish(site, modem, lambda: rotation(site))
    new = site.workspace.vault.waiting(MODEM)
    assert new is not None
    modem.set(change)
    end = resumed(site)
    assert end.ending is Ending.APPLIED, end.because
    assert site.workspace.vault.device(MODEM) == new
    assert new["wireguard_private"].reveal() in modem.packages["network"]
    assert public(site, "device") in listed(site)
    assert site.events(MODEM).count("secret.rotated") == 1
    (seen,) = watch(site.workspace, [site.intent()], bench=True)
    assert (seen.state, len(seen.changes) > 0) == ("drift", True), "and the change on the box is drift, not accepted"


def test_a_first_apply_that_was_confirmed_is_applied_with_its_own_settings(site: Site) -> None:
    modem = site.enrolled_modem()
    killed_after_the_finish(site, modem, lambda: site.outcome(MODEM))
    confirmed = modem.marker
    modem.set(LOCAL["a setting of ours"])
    assert resumed(site).ending is Ending.APPLIED
    kept = site.snapshot(MODEM)
    assert (kept.settings["system.@system.hostname"], kept.marker) == (MODEM, confirmed)


@pytest.mark.parametrize("word", ["none", "unreadable"])
def test_without_a_proof_both_sets_and_both_keys_are_kept_until_a_person_says_how_it_ended(
    site: Site, word: str
) -> None:
    modem = site.provisioned_modem()
    old = site.workspace.vault.device(MODEM)
    killed_after_the_finish(site, modem, lambda: rotation(site))
    new = site.workspace.vault.waiting(MODEM)
    modem.ended = "" if word == "none" else "what is this"
    modem.set(LOCAL["a setting of ours"])
    end = resumed(site)
    assert end.ending is Ending.UNCONFIRMED
    if word == "none":
        assert "--assume applied|reverted" in end.because
    assert (site.workspace.vault.device(MODEM), site.workspace.vault.waiting(MODEM)) == (old, new)
    text = listed(site)
    assert (public(site, "device") in text, public(site, "waiting") in text) == (True, True)
    assert text.count("AllowedIPs") == 1
    carrying = text.partition("AllowedIPs")[0].rpartition("PublicKey = ")[2].splitlines()[0]
    assert carrying == public(site, "device"), "on the bench nothing went over the new key"


@pytest.mark.parametrize(("assume", "own"), [("applied", "new"), ("reverted", "old")])
def test_an_assumption_is_on_record_and_loses_no_secret(site: Site, assume: str, own: str) -> None:
    modem = site.provisioned_modem()
    sets = {"old": site.workspace.vault.device(MODEM)}
    killed_after_the_finish(site, modem, lambda: rotation(site))
    sets["new"] = dict(site.workspace.vault.waiting(MODEM) or {})
    modem.ended = ""
    modem.set(LOCAL["a setting of ours"])
    end = resumed(site, assume, "dilihat di tempat")
    assert (str(end.ending), site.workspace.unfinished()) == (assume, {})
    assert site.last(MODEM, Assumed.VERB) == {"run": "run-3", "ending": assume, "reason": "dilihat di tempat"}
    vault, other = site.workspace.vault, "old" if own == "new" else "new"
    assert (vault.device(MODEM), vault.spare(MODEM), vault.waiting(MODEM)) == (sets[own], sets[other], None)
    shown = rotate.show(site.workspace, site.intent(), [], "tried at the console")
    assert shown["spare_admin_password"] == sets[other]["admin_password"]
    text = listed(site)
    assert (public(site, "device") in text, public(site, "spare") in text) == (True, True)
    rotation(site)
    assert site.workspace.vault.spare(MODEM) is None, "a rotation that was proved leaves one set"
    assert listed(site).count("PublicKey") == 1


def test_a_silent_device_can_be_let_go_and_a_proof_counts_more_than_a_word(site: Site) -> None:
    modem = site.provisioned_modem()
    killed_after_the_finish(site, modem, lambda: rotation(site))
    modem.next("Look", *[silent()] * 500)
    assert resumed(site).ending is Ending.UNCONFIRMED
    modem.faults.clear()
    assert resumed(site, "reverted", "I think").ending is Ending.APPLIED
    assert Assumed.VERB not in site.events(MODEM)


def test_a_guard_that_names_an_earlier_run_was_never_armed_by_this_one(site: Site) -> None:
    modem = site.provisioned_modem()
    assert modem.guard.startswith("confirmed")
    site.run_left_open(MODEM, drill=True)
    modem.set(LOCAL["one that nobody intends"])
    end = resumed(site)
    assert (end.ending, "its guard still names run" in end.because) == (Ending.REVERTED, True)


def test_nothing_took_effect_where_the_old_digest_is_still_there(site: Site) -> None:
    modem = site.enrolled_modem()
    site.run_left_open(MODEM, drill=True)
    assert modem.guard == "none"
    assert resumed(site).ending is Ending.REVERTED


def test_a_run_on_a_box_that_was_reset_meanwhile_is_unknown(site: Site) -> None:
    modem = site.provisioned_modem()
    killed_after_the_finish(site, modem, lambda: rotation(site))
    modem.ended, modem.packages = "", dict(site.enrolled_modem("BRU-MDM-11").packages)
    assert resumed(site).ending is Ending.UNCONFIRMED


@pytest.mark.parametrize(("assume", "reason"), [("done", "x"), ("applied", ""), ("applied", " "), ("", "x")])
def test_an_assumption_without_its_reason_or_its_word_is_refused(assume: str, reason: str) -> None:
    with pytest.raises(UsageError):
        assumption_of(assume, reason)


def test_other_runs_than_those_of_the_targets_are_left_alone(site: Site) -> None:
    modem = site.provisioned_modem()
    killed_after_the_finish(site, modem, lambda: rotation(site))
    assert resume(site.workspace, {"BRU-MDM-11"}) == {}
    assert MODEM in site.workspace.unfinished()


def test_the_hub_sends_the_traffic_to_the_key_by_which_the_device_was_seen(site: Site) -> None:
    modem = site.provisioned_modem()
    site.way_back_was_shown()
    request = ApplyRequest(bench=False)
    carried: list[str] = []

    def dies(_: bytes) -> bytes:
        raise KilledError

    modem.next("Finish", Fault(reaches=True, alter=dies))
    with pytest.raises(KilledError):
        rotate.rotate(site.workspace, site.intent(), request, Callbacks())

    def key() -> str:
        text = listed(site)
        return text.partition("AllowedIPs")[0].rpartition("PublicKey = ")[2].splitlines()[0]

    assert key() == public(site, "waiting"), "the proof was to come over the new key"

    def unseen(_: bytes) -> object:
        carried.append(key())
        return silent().alter(b"")

    modem.next("Look", *[Fault(reaches=False, alter=unseen)] * 500)  # type: ignore[arg-type]
    assert resumed(site).ending is Ending.UNCONFIRMED
    assert carried[:4] == [public(site, "waiting"), public(site, "device")] * 2, "each key is tried"
    assert key() == public(site, "device"), "and the one that carried the change stays"
    modem.faults.clear()
    assert resumed(site).ending is Ending.APPLIED
    assert key() == public(site, "device")


def test_a_run_of_a_device_that_is_not_known_any_more_is_no_dead_end(site: Site) -> None:
    modem = site.provisioned_modem()
    killed_after_the_finish(site, modem, lambda: rotation(site))
    modem.next("Look", *[silent()] * 500)
    with pytest.raises(ProvisionError, match="an earlier run is not finished"):
        from provision.operations.adopt import adopt

        adopt(site.workspace, site.intent(), "x", bench=True)
    assert resumed(site, "applied", "kotak hilang").ending is Ending.APPLIED


def test_a_device_that_is_revoked_has_no_open_run_left_that_could_bring_it_back(site: Site) -> None:
    from provision.lending import revoke

    modem = site.provisioned_modem()
    killed_after_the_finish(site, modem, lambda: rotation(site))
    with revoke.held(site.workspace, [MODEM]) as held:
        held.record(revoke.lines(site.workspace, [MODEM], "returned"))
    revoke.sweep(site.workspace)
    assert site.workspace.unfinished() == {}
    assert site.last(MODEM, "apply.ended")["ending"] == "revoked"
    assert resume(site.workspace) == {}
    assert MODEM not in site.known


def test_a_revoked_device_whose_run_an_older_release_left_open_is_not_brought_back(site: Site) -> None:
    from provision.ledger.events import Revoked

    modem = site.provisioned_modem()
    killed_after_the_finish(site, modem, lambda: rotation(site))
    site.record(MODEM, Revoked(because="returned", host_key="", tunnel_key=""))
    assert resumed(site).because == "the device was revoked"
    assert MODEM not in site.known
    assert site.workspace.unfinished() == {}


def test_a_device_that_left_the_intent_can_be_named_and_let_go(site: Site) -> None:
    from dataclasses import replace

    from provision.operations.resume import tags_of

    modem = site.provisioned_modem()
    killed_after_the_finish(site, modem, lambda: rotation(site))
    modem.next("Look", *[silent()] * 500)
    home = site.workspace.home
    site.workspace.__dict__["home"] = replace(home, intents={t: i for t, i in home.intents.items() if t != MODEM})
    tags = tags_of(site.workspace, [MODEM.lower()])
    assert tags == {MODEM}
    ended = resume(site.workspace, tags, assumption_of("reverted", "hilang"))
    assert {t: str(e.ending) for t, e in ended.items()} == {MODEM: "reverted"}
    with pytest.raises(UsageError):
        tags_of(site.workspace, ["nobody"])


def test_a_rotation_after_one_that_died_and_was_taken_back_loses_no_secret(site: Site) -> None:
    """The set of the dead run is dropped when it is settled: the new run must not send it."""
    modem = site.provisioned_modem()
    modem.next("Finish", silent())
    modem.next("Look", *[silent()] * 500)
    rotation(site)
    modem.faults.clear()
    modem.revert("timer")
    assert MODEM in site.workspace.unfinished()
    rotation(site)
    own = site.workspace.vault.device(MODEM)
    assert own["wireguard_private"].reveal() in modem.packages["network"]
    assert site.known[MODEM].device.tunnel_key == public(site, "device")


def test_a_rollback_after_a_rotation_that_died_is_decided_on_what_that_left(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.set(LOCAL["a setting of ours"])
    adopt.adopt(site.workspace, site.intent(), "ditetapkan", bench=True)
    killed_after_the_finish(site, modem, lambda: rotation(site))
    done = rollback.rollback(site.workspace, site.intent(), ApplyRequest(bench=True), Callbacks())
    assert done.went, done.outcome
    own = site.workspace.vault.device(MODEM)
    assert own["wireguard_private"].reveal() in modem.packages["network"]
    assert site.known[MODEM].device.tunnel_key == public(site, "device")
