"""Back to an earlier accepted configuration, with the secrets and files of today."""

from __future__ import annotations

import pytest
from berau import MODEM, Modem, Site, refused

from provision.core.errors import DeviceError, UsageError
from provision.devices.run import ApplyRequest, Callbacks
from provision.operations import adopt, rollback, rotate
from provision.operations.rollback import Rollback


def rolled_back(site: Site, to: int | None = None) -> Rollback:
    return rollback.rollback(site.workspace, site.intent(), ApplyRequest(bench=True), Callbacks(), to)


def adopted(site: Site, modem: Modem, hostname: str) -> int:
    """A technician renames the modem, and the office accepts it; return the number of that configuration's event."""
    modem.set(f"system.@system[0].hostname='{hostname}'")
    adopt.adopt(site.workspace, site.intent(), "renamed on the spot", bench=True)
    return next(e.number for e in reversed(site.workspace.ledger.history(MODEM)) if e.verb == "configuration.kept")


def test_it_goes_back_to_the_newest_configuration_that_differs(site: Site) -> None:
    modem = site.provisioned_modem()
    first = next(e.number for e in reversed(site.workspace.ledger.history(MODEM)) if e.verb == "configuration.kept")
    adopted(site, modem, "local-name")
    done = rolled_back(site)
    assert (done.went, done.to, str(done.outcome.ending)) == (True, first, "applied")
    assert "local-name" not in modem.packages["system"]
    assert site.last(MODEM, "configuration.rolled_back") == {"run": done.run, "to": first}
    assert done.against_intent == ()


def test_it_goes_to_the_event_that_was_named_and_says_what_the_intent_wants_otherwise(site: Site) -> None:
    modem = site.provisioned_modem()
    one = adopted(site, modem, "one")
    adopted(site, modem, "two")
    done = rolled_back(site, one)
    assert "'one'" in modem.packages["system"]
    assert [(c.path, c.running) for c in done.against_intent] == [("system.@system.hostname", "one")]


def test_secrets_stay_those_of_today(site: Site) -> None:
    modem = site.provisioned_modem()
    old = site.workspace.vault.device(MODEM)["wireguard_private"].reveal()
    adopted(site, modem, "local-name")
    rotate.rotate(site.workspace, site.intent(), ApplyRequest(bench=True), Callbacks())
    new = site.workspace.vault.device(MODEM)["wireguard_private"].reveal()
    assert "local-name" not in modem.packages["system"], "a rotation brings the whole intent"
    assert rolled_back(site).went
    assert "local-name" in modem.packages["system"]
    assert (new in modem.packages["network"], old in modem.packages["network"]) == (True, False)


def test_an_event_that_is_no_accepted_configuration_is_refused_with_those_that_are(site: Site) -> None:
    site.provisioned_modem()
    with pytest.raises(UsageError, match="event 1 is no accepted configuration") as caught:
        rolled_back(site, 1)
    assert caught.value.hint.startswith("the newest are: ")


def test_without_an_earlier_one_there_is_nothing_to_go_back_to(site: Site) -> None:
    with pytest.raises(DeviceError, match="never provisioned"):
        rolled_back(site)
    site.enrolled_modem()
    with pytest.raises(DeviceError, match="never provisioned"):
        rolled_back(site)
    site.apply(MODEM)
    with pytest.raises(DeviceError, match="no earlier configuration that differs"):
        rolled_back(site)


def test_a_rollback_that_the_device_refuses_is_not_recorded_as_one(site: Site) -> None:
    modem = site.provisioned_modem()
    adopted(site, modem, "local-name")
    modem.next("Change", refused(24, "the checkpoint could not be written"))
    done = rolled_back(site)
    assert (done.went, str(done.outcome.ending)) == (False, "failed")
    assert "configuration.rolled_back" not in site.events(MODEM)
    assert "local-name" in modem.packages["system"]


def test_a_setting_whose_secret_nobody_knows_any_more_cannot_come_back(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.set("network.other='interface'")
    modem.set("network.other.private_key='of a technician'")
    adopt.adopt(site.workspace, site.intent(), "a second tunnel", bench=True)
    site.apply(MODEM)  # leaves what the family does not own
    adopted(site, modem, "renamed")
    modem.set("network.other.private_key='another'")
    adopt.adopt(site.workspace, site.intent(), "the key was changed", bench=True)
    with pytest.raises(DeviceError, match=r"the secret of network\.other\.private_key is not known any more"):
        rolled_back(site)
