"""A box on the bench is compared with its record before anything is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from berau import MODEM, OTHER_MODEM, PC, Site, key_of, silent

from provision.core.errors import DeviceError, IdentityError, ProvisionError, UnreachableError, UsageError
from provision.core.model import Secret
from provision.devices.pc import enrol as pc_enrol
from provision.home.keys import office_key, pinned


def key_kept(site: Site, tag: str) -> str:
    return pinned(site.workspace.place.host_keys, tag)


def test_a_modem_of_the_record_is_pinned_and_recorded_with_what_it_runs(site: Site) -> None:
    modem = site.modem_from_the_carton()
    done = site.enrol(MODEM)
    assert done.enrolment.host_key == key_kept(site, MODEM) == key_of(MODEM)
    assert site.events(MODEM)[-2:] == ["configuration.kept", "device.enrolled"]
    known = site.known[MODEM]
    assert (known.accepted, known.device.firmware.raw, known.device.model.raw) == (
        False,
        "25.12.5",
        modem.facts["model"],
    )
    assert known.snapshot.marker == modem.marker
    assert done.next_tag not in {"", MODEM}


@pytest.mark.parametrize("name", ["serial", "mac", "imei"])
def test_a_modem_that_says_another_identity_is_refused_and_nothing_is_kept(site: Site, name: str) -> None:
    modem = site.modem_from_the_carton()
    modem.facts[name] = "00:00:00:00:00:01" if name == "mac" else "358000000000001"
    with pytest.raises(IdentityError, match=f"this is not {MODEM}: .*{name}"):
        site.enrol(MODEM)
    assert (key_kept(site, MODEM), MODEM in site.known) == ("", False)


def test_a_host_key_that_is_not_approved_ends_it_before_any_login(site: Site) -> None:
    from provision.operations import enrol

    modem = site.modem_from_the_carton()
    with pytest.raises(DeviceError, match="not approved"):
        enrol.enrol(site.workspace, site.intent(), enrol.Enrol(approve=lambda _: False))
    assert (modem.asked, key_kept(site, MODEM)) == ([], "")


def test_a_device_that_is_not_registered_is_refused(site: Site) -> None:
    modem = site.modem_from_the_carton()
    site.workspace.ledger.latest = lambda *_: []  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="not registered"):
        site.enrol(MODEM)
    assert modem.asked == []


def test_another_key_than_the_pinned_one_is_taken_only_where_a_person_says_so(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.key = key_of("after a reset")
    with pytest.raises(IdentityError, match="host key changed"):
        site.enrol(MODEM)
    assert key_kept(site, MODEM) == key_of(MODEM)
    site.enrol(MODEM, new_key=True)
    assert key_kept(site, MODEM) == modem.key


def test_a_box_that_is_enrolled_as_another_device_is_refused(site: Site) -> None:
    site.enrolled_modem(MODEM)
    other = site.modem_from_the_carton(OTHER_MODEM)
    other.key = key_of(MODEM)
    with pytest.raises(IdentityError, match=f"enrolled already, as {MODEM}"):
        site.enrol(OTHER_MODEM)


def test_where_nothing_answers_the_address_is_named(site: Site) -> None:
    site.modem_from_the_carton()
    with pytest.raises(UnreachableError, match="no SSH answer"):
        site.enrol(MODEM, address="127.9.9.9:22")


@pytest.mark.parametrize("address", ["", "127.0.0.1:port", ":22"])
def test_what_is_no_address_is_a_usage_error_or_the_usual_place(site: Site, address: str) -> None:
    site.modem_from_the_carton()
    if address:
        with pytest.raises(UsageError, match="not an address"):
            site.enrol(MODEM, address=address)
    else:
        assert site.enrol(MODEM, address=address).enrolment.device.tag == MODEM


def test_a_password_of_the_label_is_used_for_the_first_login_only(site: Site) -> None:
    site.modem_from_the_carton()
    site.enrol(MODEM, password=Secret("of the label"))
    assert site.known[MODEM].device.username == "root"
    assert "of the label" not in str(site.workspace.ledger.history(MODEM))


def test_a_login_that_fails_pins_nothing(site: Site) -> None:
    modem = site.modem_from_the_carton()
    modem.next("prompt", silent("the login was refused: root without a password"))
    with pytest.raises(UnreachableError, match="the login was refused: root without a password"):
        site.enrol(MODEM)
    assert key_kept(site, MODEM) == ""


def test_missing_packages_are_named_where_no_folder_has_them(site: Site, tmp_path: Path) -> None:
    modem = site.modem_from_the_carton()
    modem.facts["missing"] = "snmpd uqmi"
    with pytest.raises(DeviceError, match="packages are missing on the device: snmpd, uqmi"):
        site.enrol(MODEM)
    (tmp_path / "snmpd-5.9.apk").touch()
    with pytest.raises(DeviceError, match=r"missing on the device: uqmi$"):
        site.enrol(MODEM, packages=tmp_path)


def test_missing_packages_are_carried_over_and_looked_for_again(site: Site, tmp_path: Path) -> None:
    modem = site.modem_from_the_carton()
    modem.facts["missing"] = "snmpd"
    (tmp_path / "snmpd-5.9.apk").write_text("a package")
    (tmp_path / "snmpd_5.9.ipk").write_text("of another kind")
    with pytest.raises(DeviceError, match="installed, but still missing: snmpd"):
        site.enrol(MODEM, packages=tmp_path)
    assert modem.asked.count("Look") == 3, "look, install, look"
    modem.asked.clear()
    works = modem.work

    def installs(document: bytes) -> bytes:
        if b"a package" in document:
            assert b"of another kind" not in document
            modem.facts["missing"] = ""
        return works(document)

    modem.work = installs  # type: ignore[method-assign]
    assert site.enrol(MODEM, packages=tmp_path).enrolment.installed == ("snmpd",)


def test_a_welcome_that_breaks_off_is_told_as_no_answer(site: Site) -> None:
    modem = site.modem_from_the_carton()
    modem.next("Look", silent("Connection timed out during banner exchange"))
    with pytest.raises(UnreachableError, match="banner exchange"):
        site.enrol(MODEM)
    assert MODEM not in site.known


def test_a_pc_of_the_record_is_pinned_and_its_things_are_bound(site: Site) -> None:
    site.pc_from_the_carton()
    done = site.enrol(PC)
    assert key_kept(site, PC) == key_of(PC)
    assert site.events(PC)[-3:] == ["configuration.kept", "device.enrolled", "peripherals.bound"]
    assert set(done.enrolment.bound.things) == {"webcam", "microphone", "speaker"}
    assert done.enrolment.unbound == ()


def test_a_pc_that_is_enrolled_again_signs_its_reports_with_a_new_key(site: Site) -> None:
    site.enrolled_pc()
    old = site.workspace.vault.report_key(PC).reveal()
    site.enrol(PC)
    assert site.workspace.vault.report_key(PC).reveal() != old


def test_a_modem_with_an_open_run_may_be_enrolled_again(site: Site) -> None:
    site.enrolled_modem()
    site.run_left_open(MODEM)
    assert site.enrol(MODEM).enrolment.device.tag == MODEM, "after a factory reset nothing of that run is left"


def test_a_pc_with_another_serial_is_refused_and_its_key_is_forgotten(site: Site) -> None:
    pc = site.pc_from_the_carton()
    pc.collected["serial"] = "ANOTHER"
    with pytest.raises(IdentityError, match=f"this is not {PC}: serial is ANOTHER"):
        site.enrol(PC)
    assert key_kept(site, PC) == ""


def test_a_pc_that_failed_once_keeps_the_key_that_was_pinned_before(site: Site) -> None:
    pc = site.enrolled_pc()
    pc.key = key_of("new disk")
    pc.next("Look", silent())
    with pytest.raises(ProvisionError, match="no answer"):
        site.enrol(PC, new_key=True)
    assert key_kept(site, PC) == key_of(PC)


def test_a_pc_is_not_pinned_by_an_enrolment_that_fails_before_its_visit(site: Site) -> None:
    site.pc_from_the_carton()
    office = site.workspace.place.ssh_key
    office_key(office)
    office.with_suffix(".pub").unlink()
    office.write_text("no key")
    with pytest.raises(ProvisionError, match="public"):
        site.enrol(PC)
    assert key_kept(site, PC) == ""


def test_a_pc_that_does_not_know_the_office_says_how_to_bring_the_key(site: Site) -> None:
    pc = site.pc_from_the_carton()
    pc.next("Look", silent("root@127.0.0.1: Permission denied (publickey)."))
    with pytest.raises(DeviceError, match="does not let the office's key in") as caught:
        site.enrol(PC)
    assert caught.value.hint.startswith("ssh-copy-id -f -i ")


def test_binding_again_needs_a_known_pc_and_one_thing_of_each_kind(site: Site) -> None:
    with pytest.raises(DeviceError, match="not enrolled yet"):
        pc_enrol.bind(site.workspace, site.computer(), "a new webcam", bench=True)
    pc = site.enrolled_pc()
    assert set(pc_enrol.bind(site.workspace, site.computer(), "a new webcam", bench=True)) >= {"webcam"}
    assert site.last(PC, "peripherals.bound")["reason"] == "a new webcam"
    pc.collected["cameras"] = [*pc.collected["cameras"], {**pc.collected["cameras"][0], "name": "second"}]
    pc.collected["cameras"][1] = {
        "name": "Second", "usb": {"vid_pid": "1:2", "serial": "", "port": "1-9", "product": "X"}, "driver": None, "nodes": [],
    }  # fmt: skip
    with pytest.raises(DeviceError, match="cannot tell which is the kit's: 2 x webcam"):
        pc_enrol.bind(site.workspace, site.computer(), "two are plugged in", bench=True)
