"""A radio has no shell: its SNMP engine is asked, proved and pinned, and its objects are read here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from berau import MODEM, OTHER_MODEM, PlayedNetwork, Site
from snmprec import walk

from provision import families
from provision.connectors import settable, snmp
from provision.connectors.old_values import OldValues
from provision.core.errors import DeviceError, IdentityError, UnreachableError, UsageError
from provision.core.model import Secret
from provision.devices.radio import engine
from provision.devices.radio import look as radio_look

RECORDINGS = Path(__file__).parents[1] / "recordings"
EPMP = families.box("epmp")
ENGINE, OTHER_ENGINE = b"\x80\x00\x45\x31\x03one", b"\x80\x00\x45\x31\x03two"
PASSPHRASE = Secret("a passphrase of its own")


@dataclass
class Answering(settable.Box):
    """A radio that says what was recorded of one, or nothing."""

    says: dict[str, Any] = field(default_factory=dict)

    def get(self, oids: list[str]) -> dict[str, Any]:
        if not self.says:
            raise settable.SilentError("no answer")
        return {oid: settable.plain(self.says.get(oid)) for oid in oids}


class RadioNetwork(PlayedNetwork):
    """The network of a site with one radio."""

    engine: bytes = ENGINE

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        factory = tomllib.loads((RECORDINGS / "epmp-force300/running.txt").read_text())
        self.says = walk(RECORDINGS / "snmp/epmp.snmprec")
        self.says |= {oid: factory[name].encode() for name, (oid, _) in EPMP.configuration.objects.items()}

    def learn_engines(self, addresses: Any) -> dict[str, bytes]:
        return dict.fromkeys(addresses, self.engine) if self.engine else {}

    def setter(self, target: snmp.Target, old_values: Path) -> settable.Box:
        assert target.engine_id == self.engine
        return Answering(target, OldValues(old_values), says=self.says)


@pytest.fixture
def network(site: Site) -> RadioNetwork:
    """The two kits have a radio in the place of their modem; the first is the one that was recorded."""
    home = site.workspace.home
    intents = {}
    for tag in (MODEM, OTHER_MODEM):
        intent = home.intents[tag]
        item = replace(intent.item, serial="00045600000c", mac="00:04:56:00:00:0c", imei="")
        intents[tag] = replace(intent, family=EPMP, item=item)
    site.workspace.__dict__["home"] = replace(home, intents={**home.intents, **intents})
    network = RadioNetwork(site)
    site.workspace.network = network
    return network


def test_a_radio_of_the_record_is_pinned_by_its_engine(site: Site, network: RadioNetwork) -> None:
    done = site.enrol(MODEM, password=PASSPHRASE)
    assert engine.pinned(site.workspace, MODEM) == ENGINE
    assert (done.enrolment.fingerprint, done.enrolment.installed) == (ENGINE.hex(), ())
    known = site.known[MODEM]
    assert (known.device.model.raw, known.device.firmware.raw) == ("Force 300-25", "4.7.1")
    assert known.snapshot.settings["snmpSystemName"] == "CambiumNetworks"
    assert site.workspace.vault.device(MODEM)["snmp_auth"].reveal() == PASSPHRASE.reveal()
    assert network.says


@pytest.mark.parametrize("word", ["", "short", "x" * 65, "mit Umlaut ä in it", "with a\ttab in it"])
def test_what_cannot_be_a_passphrase_is_refused_with_where_to_set_one(
    site: Site, network: RadioNetwork, word: str
) -> None:
    with pytest.raises(UsageError, match="no passphrase") as caught:
        site.enrol(MODEM, password=Secret(word) if word else None)
    assert "web page" in caught.value.hint
    assert engine.pinned(site.workspace, MODEM) == b""
    assert network.engine


def test_a_radio_that_does_not_answer_at_all_is_unreachable(site: Site, network: RadioNetwork) -> None:
    network.engine = b""
    with pytest.raises(UnreachableError, match="no SNMP answer"):
        site.enrol(MODEM, password=PASSPHRASE)


def test_a_radio_that_does_not_let_the_user_in_says_what_to_set(site: Site, network: RadioNetwork) -> None:
    network.says = {}
    with pytest.raises(DeviceError, match="does not let the SNMPv3 user") as caught:
        site.enrol(MODEM, password=PASSPHRASE)
    assert "authPriv, SHA-1, AES" in caught.value.hint
    assert PASSPHRASE.reveal() not in str(caught.value) + caught.value.hint


def test_another_radio_than_the_records_is_refused_and_nothing_is_kept(site: Site, network: RadioNetwork) -> None:
    network.says["1.3.6.1.4.1.17713.21.1.1.30.0"] = b"00045600ffff"
    before = site.workspace.vault.device(MODEM)["snmp_auth"].reveal()
    with pytest.raises(IdentityError, match=f"this is not {MODEM}: serial is 00045600ffff"):
        site.enrol(MODEM, password=PASSPHRASE)
    assert engine.pinned(site.workspace, MODEM) == b""
    assert site.workspace.vault.device(MODEM)["snmp_auth"].reveal() == before


def test_another_engine_than_the_pinned_one_is_taken_only_where_a_person_says_so(
    site: Site, network: RadioNetwork
) -> None:
    site.enrol(MODEM, password=PASSPHRASE)
    network.engine = OTHER_ENGINE
    with pytest.raises(IdentityError, match="another SNMP engine answers"):
        site.enrol(MODEM, password=PASSPHRASE)
    site.enrol(MODEM, password=PASSPHRASE, new_key=True)
    assert engine.pinned(site.workspace, MODEM) == OTHER_ENGINE


def test_one_radio_is_not_enrolled_twice(site: Site, network: RadioNetwork) -> None:
    site.enrol(MODEM, password=PASSPHRASE)
    with pytest.raises(IdentityError, match=f"enrolled already, as {MODEM}"):
        site.enrol(OTHER_MODEM, password=PASSPHRASE)
    assert network.engine == ENGINE


class TestLook:
    def look(self, site: Site) -> Any:
        return radio_look.look(site.workspace, [site.known[MODEM].device])[MODEM]

    def test_it_says_identity_radio_settings_and_a_marker_of_our_own(self, site: Site, network: RadioNetwork) -> None:
        site.enrol(MODEM, password=PASSPHRASE)
        seen = self.look(site)
        assert (seen.readings["serial"], seen.readings["rssi_dbm"]) == ("00045600000c", -58)
        assert seen.readings["guard"] == "none"
        assert seen.marker == seen.readings.get("marker") == site.snapshot(MODEM).marker
        network.says["1.3.6.1.4.1.17713.21.3.5.3.0"] = b"renamed"
        assert self.look(site).marker != seen.marker

    def test_a_silent_one_misses_its_serial_with_the_reason(self, site: Site, network: RadioNetwork) -> None:
        site.enrol(MODEM, password=PASSPHRASE)
        network.says = {}
        seen = self.look(site)
        assert (seen.readings, seen.missing) == ({}, {"serial": "no answer"})

    def test_one_that_shows_none_of_the_objects_is_no_look(self, site: Site, network: RadioNetwork) -> None:
        site.enrol(MODEM, password=PASSPHRASE)
        network.says = {"1.3.6.1.4.1.17713.21.1.1.1.0": b"4.7.1"}
        seen = self.look(site)
        assert (seen.readings, seen.missing["serial"]) == ({}, "the device has none of the family's objects")

    def test_without_a_pinned_engine_it_is_not_asked(self, site: Site, network: RadioNetwork) -> None:
        site.enrol(MODEM, password=PASSPHRASE)
        (site.workspace.place.host_keys / MODEM).unlink()
        with pytest.raises(DeviceError, match="no SNMP engine is pinned"):
            self.look(site)
        assert network.says

    def test_ansible_gets_the_setter_and_no_key_in_its_words(self, site: Site, network: RadioNetwork) -> None:
        from provision.devices.run import run_on

        site.enrol(MODEM, password=PASSPHRASE)
        with run_on(site.workspace, MODEM) as (_, writer):
            variables = radio_look.local_host(site.workspace, writer, site.known[MODEM].device)
        assert "provision.connectors.setter" in variables["feed_command"]
        assert PASSPHRASE.reveal() not in str(variables)
        assert network.says
