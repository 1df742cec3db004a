"""What runs on a device becomes what was accepted, on record."""

from __future__ import annotations

import pytest
from berau import MODEM, Site, silent

from provision.core.errors import DeviceError, IdentityError, LeaseError, UnreachableError
from provision.operations.adopt import Adoption, adopt


def adopted(site: Site, reason: str = "a technician set it") -> Adoption:
    return adopt(site.workspace, site.intent(), reason, bench=True)


def test_a_local_change_is_accepted_with_its_reason_and_no_longer_drift(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.set("system.@system[0].hostname='local-name'")
    done = adopted(site)
    assert [(c.path, c.running) for c in done.changes] == [("system.@system.hostname", "local-name")]
    assert [c.path for c in done.against_intent] == ["system.@system.hostname"]
    assert site.last(MODEM, "configuration.adopted")["reason"] == "a technician set it"
    assert site.snapshot(MODEM).marker == modem.marker
    assert site.events(MODEM)[-3:] == ["configuration.adopted", "configuration.kept", "device.accepted"]


def test_without_a_change_nothing_is_recorded(site: Site) -> None:
    site.provisioned_modem()
    before = site.events(MODEM)
    assert adopted(site) == Adoption(changes=(), against_intent=())
    assert site.events(MODEM) == before


@pytest.mark.parametrize("enrolled", [False, True])
def test_what_was_never_provisioned_has_nothing_to_adopt(site: Site, *, enrolled: bool) -> None:
    if enrolled:
        site.enrolled_modem()
    with pytest.raises(DeviceError, match="nothing was accepted yet"):
        adopted(site)


def test_another_box_at_its_address_is_not_adopted(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.facts["serial"] = "SOMEBODY-ELSE"
    modem.set("system.@system[0].hostname='local-name'")
    with pytest.raises(IdentityError, match="SOMEBODY-ELSE"):
        adopted(site)
    assert "configuration.adopted" not in site.events(MODEM)


def test_a_silent_device_a_held_one_and_one_with_an_open_run_are_refused(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.next("Look", silent())
    with pytest.raises(UnreachableError, match="no answer"):
        adopted(site)
    with (
        site.workspace.hold([MODEM], "another"),
        pytest.raises(LeaseError, match="held by run another"),
    ):
        adopted(site)
    site.run_left_open(MODEM)
    with pytest.raises(DeviceError, match="an earlier run is not finished"):
        adopted(site)
