"""A look joins what SSH and SNMP say; what either does not say is missing with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from berau import MODEM, PC, Site, cut_short, failed, silent

from provision.core.errors import CutShortError, DeviceError, IdentityError, ProvisionError, UnreachableError
from provision.core.model import Snapshot
from provision.devices.modem import look as modem_look
from provision.devices.modem.ways import CARRIER
from provision.devices.pc import look as pc_look
from provision.devices.run import run_on


def whole(site: Site) -> Snapshot | ProvisionError:
    """Read all settings of the modem by Ansible."""
    device = site.known[MODEM].device.at(bench=True)
    with run_on(site.workspace, MODEM) as (_, writer):
        return modem_look.by_ansible(site.workspace, writer, CARRIER, [device])[MODEM]


def test_a_whole_look_has_settings_readings_and_marker_with_secrets_sealed(site: Site) -> None:
    modem = site.provisioned_modem()
    seen = whole(site)
    assert isinstance(seen, Snapshot)
    assert (seen.readings["serial"], seen.marker) == (modem.facts["serial"], modem.marker)
    secret = site.workspace.vault.device(MODEM)["wireguard_private"].reveal()
    assert secret in modem.packages["network"]
    assert secret not in repr(seen.settings)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Connection timed out", UnreachableError),
        ("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!", IdentityError),
        ("Host key verification failed.", IdentityError),
    ],
)
def test_no_answer_says_which_kind_of_silence_it_is(site: Site, said: str, kind: type[Exception]) -> None:
    modem = site.enrolled_modem()
    modem.next("Look", silent(said))
    assert isinstance(whole(site), kind)


def test_an_answer_that_is_cut_short_is_no_look(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.next("Look", cut_short())
    assert isinstance(whole(site), CutShortError)


def test_require_raises_the_reason(site: Site) -> None:
    modem = site.enrolled_modem()
    modem.next("Look", failed("module failure"))
    device = site.known[MODEM].device.at(bench=True)
    with run_on(site.workspace, MODEM) as (_, writer), pytest.raises(UnreachableError, match="module failure"):
        modem_look.require(site.workspace, writer, CARRIER, device)


def by_ssh(site: Site) -> Snapshot | ProvisionError:
    return modem_look.by_openssh(site.workspace, [site.known[MODEM].device.at(bench=True)])[MODEM]


def test_openssh_reads_what_ansible_reads(site: Site) -> None:
    site.provisioned_modem()
    one, two = by_ssh(site), whole(site)
    assert isinstance(one, Snapshot)
    assert isinstance(two, Snapshot)
    assert (one.settings, one.readings, one.marker) == (two.settings, two.readings, two.marker)
    assert site.phases == [("gather.yml", [MODEM])]


def test_openssh_that_cannot_get_in_is_no_look(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.next("SSH", silent("Permission denied"))
    assert isinstance(by_ssh(site), UnreachableError)


def joined(site: Site, over_snmp: dict[str, object], whole: Snapshot | ProvisionError) -> Snapshot:
    missing = {} if over_snmp else {"serial": "no answer"}
    seen = Snapshot(device=MODEM, at=site.workspace.now(), readings=over_snmp, missing={**missing, "marker": "none"})
    return modem_look._joined(seen, whole)


def test_both_ways_together_are_one_look(site: Site) -> None:
    said = Snapshot(device=MODEM, at="now", settings={"a": "1"}, readings={"serial": "S1"}, marker="m")
    seen = joined(site, {"serial": "S1", "rsrp_dbm": -90}, said)
    assert (seen.settings, seen.marker, seen.readings["rsrp_dbm"], seen.missing) == ({"a": "1"}, "m", -90, {})


def test_two_serials_are_two_boxes_and_nothing_is_known(site: Site) -> None:
    said = Snapshot(device=MODEM, at="now", settings={"a": "1"}, readings={"serial": "S2"}, marker="m")
    seen = joined(site, {"serial": "S1"}, said)
    assert (seen.settings, seen.readings, seen.marker) == ({}, {}, "")
    assert seen.missing["serial"] == "two boxes answer: serial S1 and S2"


def test_without_snmp_what_the_device_hides_is_not_proven(site: Site) -> None:
    said = Snapshot(device=MODEM, at="now", settings={"a": "1"}, readings={"serial": "S1"}, marker="m")
    seen = joined(site, {}, said)
    assert (seen.marker, seen.settings) == ("", {"a": "1"})
    assert seen.missing["marker"] == "what it hides is not proven: SNMP: no answer"


def test_without_ssh_what_it_alone_tells_is_missing_with_the_reason(site: Site) -> None:
    seen = joined(site, {"serial": "S1"}, DeviceError("cut short"))
    assert seen.readings == {"serial": "S1"}
    assert {name: seen.missing[name] for name in ("marker", "guard", "registration")} == dict.fromkeys(
        ("marker", "guard", "registration"), "cut short"
    )


def test_a_family_that_publishes_its_marker_is_not_read_over_ssh(site: Site) -> None:
    modem = site.provisioned_modem()
    seen = modem_look.look(site.workspace, [site.known[MODEM].device.at(bench=True)])[MODEM]
    assert seen.marker == modem.marker
    assert modem.asked == ["SNMP"]


class TestPc:
    def ask(self, site: Site, **program: object) -> object:
        visited = pc_look.visit(site.workspace, site.computer(), bench=True)
        with run_on(site.workspace, PC) as (_, writer):
            asked = pc_look.Program(**program)  # type: ignore[arg-type]
            return pc_look.run_program(site.workspace, writer, [visited], asked)[PC]

    def test_a_look_has_readings_settings_and_the_span_in_which_it_was_made(self, site: Site) -> None:
        pc = site.provisioned_pc()
        seen = self.ask(site)
        assert isinstance(seen, pc_look.TimedAnswer)
        assert seen.answer.snapshot.settings["system.timezone"] == pc.settings["system.timezone"]
        assert seen.answer.snapshot.readings["serial"] == pc.collected["serial"]
        assert seen.asked_s[0] <= seen.asked_s[1]

    def test_what_the_pc_complained_of_is_told_with_a_refusal(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.complaint = b"a warning\npython3: not found\n"
        pc.next("Look", failed("rc 127"))
        error = self.ask(site)
        assert (type(error), "the PC refused: python3: not found" in str(error)) == (DeviceError, True)
        pc.next("Look", cut_short())
        assert "python3: not found" in str(self.ask(site))

    def test_on_the_bench_it_is_asked_where_it_was_enrolled_and_afield_at_its_address(self, site: Site) -> None:
        from dataclasses import replace

        site.enrolled_pc()
        known = site.known[PC]
        site.workspace.known[PC] = replace(known, device=replace(known.device, bench_host="192.168.7.7"))
        assert pc_look.visit(site.workspace, site.computer(), bench=True).device.host == "192.168.7.7"
        assert pc_look.visit(site.workspace, site.computer(), bench=False).device.host == site.computer().address

    def test_silence_is_told_as_no_answer(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.next("Look", silent())
        assert isinstance(self.ask(site), UnreachableError)
        pc.next("Look", cut_short())
        assert isinstance(self.ask(site), CutShortError)

    def test_a_live_look_brings_what_was_heard(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.live = {"hearing": {"rms_db": -20.0}, "sight": {"luma": 99.0}}
        seen = self.ask(site, live=True)
        assert isinstance(seen, pc_look.TimedAnswer)
        assert set(seen.answer.live) == {"hearing", "sight"}

    def test_packages_travel_with_the_program_in_one_archive(self, tmp_path: Path) -> None:
        import io
        import tarfile

        (tmp_path / "zoom_6.deb").write_text("a package")
        packed = pc_look.archive([tmp_path / "zoom_6.deb"], "program.py", b"print()")
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            assert tar.getnames() == ["zoom_6.deb", "program.py"]

    def test_a_command_runs_as_root_whatever_the_account(self, site: Site) -> None:
        from dataclasses import replace

        site.enrolled_pc()
        device = site.known[PC].device
        assert pc_look.feed(replace(device, username="root"), "cmd") == "cmd"
        assert pc_look.feed(replace(device, username="dinas"), "cmd") == "sudo -n cmd"
