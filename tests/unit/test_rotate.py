"""Secrets are shown on record, and replaced so that the vault ends with those that the device runs."""

from __future__ import annotations

import pytest
from berau import MODEM, Site, refused, silent

from provision.core.errors import DeviceError, UsageError
from provision.devices.run import Applied, ApplyRequest, Callbacks
from provision.operations import rotate as operation
from provision.operations.resume import resume


def rotated(site: Site, **callbacks: object) -> Applied:
    callbacks_ = Callbacks(**callbacks)  # type: ignore[arg-type]
    return operation.rotate(site.workspace, site.intent(), ApplyRequest(bench=True), callbacks_)


def key_in_the_vault(site: Site) -> str:
    return site.workspace.vault.device(MODEM)["wireguard_private"].reveal()


def pending(site: Site) -> bool:
    return f"{MODEM}.next" in str(list(site.workspace.vault._sets)) or any(
        name.startswith(MODEM) and name != MODEM for name in site.workspace.vault._sets
    )


def test_a_rotation_gives_the_device_new_secrets_and_the_vault_the_same(site: Site) -> None:
    modem = site.provisioned_modem()
    old = key_in_the_vault(site)
    (outcome,) = rotated(site).outcomes
    assert str(outcome.ending) == "applied"
    assert key_in_the_vault(site) != old
    assert key_in_the_vault(site) in modem.packages["network"]
    assert old not in modem.packages["network"]
    assert "secret.rotated" in site.events(MODEM)
    assert not pending(site)


def test_a_rotation_that_is_not_approved_leaves_the_old_set(site: Site) -> None:
    modem = site.provisioned_modem()
    old = key_in_the_vault(site)
    (outcome,) = rotated(site, approve=lambda _: False).outcomes
    assert str(outcome.ending) == "refused"
    assert (key_in_the_vault(site), old in modem.packages["network"], pending(site)) == (old, True, False)


def test_a_rotation_that_the_device_refuses_leaves_the_old_set(site: Site) -> None:
    modem = site.provisioned_modem()
    old = key_in_the_vault(site)
    modem.next("Change", refused(23, "flash full"))
    (outcome,) = rotated(site).outcomes
    assert str(outcome.ending) == "failed"
    assert (key_in_the_vault(site), pending(site)) == (old, False)


def test_a_rotation_whose_end_is_unknown_keeps_both_sets_until_it_is_settled(site: Site) -> None:
    modem = site.provisioned_modem()
    old = key_in_the_vault(site)
    modem.next("Change", silent("Connection reset", reached=True))
    modem.next("Look", *[silent()] * 800)
    (outcome,) = rotated(site).outcomes
    assert str(outcome.ending) == "unconfirmed"
    assert (key_in_the_vault(site), pending(site)) == (old, True)
    modem.faults.clear()
    assert str(resume(site.workspace)[MODEM].ending) == "applied"
    assert key_in_the_vault(site) in modem.packages["network"]
    assert (key_in_the_vault(site) == old, pending(site)) == (False, False)


def test_a_rotation_that_reverted_ends_with_the_old_set(site: Site) -> None:
    modem = site.provisioned_modem()
    old = key_in_the_vault(site)
    modem.next("Change", silent("Connection reset", reached=True))
    modem.next("Look", *[silent()] * 800)
    rotated(site)
    modem.faults.clear()
    modem.revert("timer")
    assert str(resume(site.workspace)[MODEM].ending) == "reverted"
    assert (key_in_the_vault(site), old in modem.packages["network"], pending(site)) == (old, True, False)


def test_a_set_that_was_never_sent_is_made_anew(site: Site) -> None:
    site.provisioned_modem()
    never_sent = site.workspace.vault.pending(MODEM)["wireguard_private"].reveal()
    rotated(site)
    assert key_in_the_vault(site) != never_sent


def test_a_device_that_was_never_provisioned_has_nothing_to_rotate(site: Site) -> None:
    with pytest.raises(DeviceError, match="never provisioned"):
        rotated(site)
    site.enrolled_modem()
    with pytest.raises(DeviceError, match="never provisioned"):
        rotated(site)


def test_a_radio_is_rotated_by_hand(site: Site) -> None:
    from dataclasses import replace

    from provision import families

    site.provisioned_modem()
    intent = replace(site.intent(), family=families.box("epmp"))
    with pytest.raises(DeviceError, match="set by hand"):
        operation.rotate(site.workspace, intent, ApplyRequest(bench=True), Callbacks())


class TestShow:
    def show(self, site: Site, *names: str) -> dict[str, str]:
        shown = operation.show(site.workspace, site.intent(), list(names), "the camat asked")
        return {name: secret.reveal() for name, secret in shown.items()}

    def test_one_secret_is_shown_and_who_saw_which_and_why_is_recorded(self, site: Site) -> None:
        site.provisioned_modem()
        assert set(self.show(site, "admin_password")) == {"admin_password"}
        assert site.last(MODEM, "secret.shown") == {"names": ["admin_password"], "reason": "the camat asked"}
        assert site.workspace.shown_secret(MODEM) == site.workspace.now()[:10]

    def test_without_a_name_all_are_shown(self, site: Site) -> None:
        site.provisioned_modem()
        assert set(self.show(site)) == set(site.workspace.vault.device(MODEM))

    def test_a_rotation_ends_what_was_shown(self, site: Site) -> None:
        site.provisioned_modem()
        self.show(site, "admin_password")
        rotated(site)
        assert site.workspace.shown_secret(MODEM) == ""

    def test_a_wrong_name_is_answered_with_the_right_ones_and_nothing_is_recorded(self, site: Site) -> None:
        site.provisioned_modem()
        with pytest.raises(UsageError, match="no such secret: pasword") as caught:
            self.show(site, "pasword")
        assert "admin_password" in caught.value.hint
        assert "secret.shown" not in site.events(MODEM)

    def test_a_device_that_is_not_known_has_none(self, site: Site) -> None:
        with pytest.raises(DeviceError, match="it has no secrets"):
            self.show(site)
