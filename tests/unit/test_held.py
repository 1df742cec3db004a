"""Only whoever holds a device writes its state and its secrets, and only on what was read under the lease."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from berau import MODEM, OTHER_MODEM, Site

from provision.core.errors import ChangedError, LeaseError
from provision.core.model import Secret
from provision.home.held import OBSERVED, STATE, Held
from provision.ledger import events, lending_events, office_events, run_events

REVOKED = events.Revoked(because="returned", host_key="", tunnel_key="")
WATCHED = events.Watched(state="ok", because="", seen_at="2026-11-01T00:00:00Z", changes=())
WRITES: dict[str, Callable[[Held], object]] = {
    "record": lambda held: held.record([(MODEM, REVOKED)]),
    "pending": lambda held: held.pending(MODEM),
    "promote": lambda held: held.promote(MODEM),
    "discard": lambda held: held.discard(MODEM),
    "keep": lambda held: held.keep(MODEM, {"snmp_auth": Secret("12345678")}),
    "new_report_key": lambda held: held.new_report_key(MODEM),
    "forget_spare": lambda held: held.forget_spare(MODEM),
    "drop": lambda held: held.drop([MODEM]),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_device_that_is_not_held_is_not_written(site: Site, write: Callable[[Held], object]) -> None:
    site.provisioned_modem()
    before, vault = site.events(MODEM), site.workspace.vault.path.read_bytes()
    with site.workspace.hold([OTHER_MODEM], "run") as another, pytest.raises(LeaseError, match="does not hold it"):
        write(another)
    with site.workspace.hold([MODEM], "run") as held:
        pass
    with pytest.raises(LeaseError, match="does not hold it"):
        write(held)
    assert (site.events(MODEM), site.workspace.vault.path.read_bytes()) == (before, vault)


def test_every_method_of_a_hold_that_writes_is_tried_above() -> None:
    own = {n for n in vars(Held) if not n.startswith("_")} - {"only", "end", "require_still"}
    assert own == set(WRITES)


def test_a_lease_that_was_lost_writes_nothing_over_what_was_recorded_meanwhile(site: Site) -> None:
    site.provisioned_modem()
    with site.workspace.hold([MODEM], "slow") as held:
        site.record(MODEM, events.Adopted(reason="somebody who took the lease over", changes=()))
        with pytest.raises(ChangedError, match="nothing was written"):
            held.record([(MODEM, REVOKED)])
    assert MODEM in site.known


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_run_that_slept_until_another_one_took_its_lease_writes_nothing(
    site: Site, write: Callable[[Held], object]
) -> None:
    site.provisioned_modem()
    with site.workspace.hold([MODEM], "slept") as held:
        with site.workspace.ledger.writing() as connection:
            connection.exec_driver_sql("UPDATE lease SET seen_at = seen_at - 1000")
        with site.workspace.hold([MODEM], "other") as other:
            assert other.refused == {}
            before, vault = site.events(MODEM), site.workspace.vault.path.read_bytes()
            with pytest.raises(LeaseError, match="gave no sign of life for too long"):
                write(held)
            with pytest.raises(LeaseError, match="gave no sign of life for too long"):
                held.require_still([MODEM])
            assert (site.events(MODEM), site.workspace.vault.path.read_bytes()) == (before, vault)


def test_what_was_only_observed_meanwhile_does_not_matter_and_ones_own_records_follow_each_other(site: Site) -> None:
    site.provisioned_modem()
    with site.workspace.hold([MODEM], "run") as held:
        site.record(MODEM, WATCHED)
        held.record([(MODEM, events.Adopted(reason="first", changes=()))])
        held.record([(MODEM, events.Adopted(reason="second", changes=()))])
    assert site.last(MODEM, events.Adopted.VERB)["reason"] == "second"


def test_what_was_known_before_the_lease_is_read_again(site: Site) -> None:
    site.provisioned_modem()
    assert MODEM in site.workspace.known
    other = site.workspace.vault
    site.workspace.ledger.record([(MODEM, REVOKED)], at=site.workspace.now())
    with site.workspace.hold([MODEM], "run") as held:
        assert held.devices == {MODEM}
        assert MODEM not in site.workspace.known
        assert site.workspace.vault is not other


def test_an_observation_cannot_change_what_is_known_of_a_device(site: Site) -> None:
    site.provisioned_modem()
    with pytest.raises(TypeError, match="whoever holds it"):
        site.workspace.observe([(MODEM, REVOKED)], seen={})
    with site.workspace.hold([MODEM], "run") as held, pytest.raises(TypeError, match="not held: Revoked"):
        held.record([], beside=[(OTHER_MODEM, REVOKED)])
    assert MODEM in site.known


def test_every_event_of_a_device_is_of_its_state_or_an_observation() -> None:
    acts = {
        act
        for module in (events, run_events)
        for act in vars(module).values()
        if isinstance(act, type) and hasattr(act, "VERB") and act.__module__ == module.__name__
    }
    assert acts == {*STATE, *OBSERVED, events.Registered}, "the register is of items"
    for module in (lending_events, office_events):
        assert not [a for a in vars(module).values() if a in STATE and a.__module__ == module.__name__]
