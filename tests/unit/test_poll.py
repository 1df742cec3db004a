"""One look over SNMP, and a PC against what was accepted: what is proven, what is missing, what is drift."""

from __future__ import annotations

from dataclasses import replace

import pytest
from berau import MODEM, OTHER_MODEM, PC, Site, cut_short, failed, silent

from provision.connectors import snmp
from provision.core.model import Snapshot, Watched
from provision.core.snmp_keys import LEARNED
from provision.devices.modem import poll as modem_poll
from provision.devices.pc import plugged
from provision.devices.pc import poll as pc_poll
from provision.ledger import events


def polled(site: Site, *tags: str) -> dict[str, Snapshot]:
    return modem_poll.poll(site.workspace, [site.known[t].device.at(bench=True) for t in tags])


def test_one_exchange_reads_identity_radio_and_marker(site: Site) -> None:
    modem = site.provisioned_modem()
    seen = polled(site, MODEM)[MODEM]
    assert (seen.readings["serial"], seen.readings["rsrp_dbm"]) == (modem.facts["serial"], -95)
    assert seen.marker == modem.marker
    assert seen.missing == {}
    assert site.retries[-1] == 1


def test_a_silent_modem_misses_everything_with_the_reason(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.next("SNMP", silent(snmp.SILENT))
    seen = polled(site, MODEM)[MODEM]
    assert (seen.readings, seen.marker) == ({}, "")
    assert set(seen.missing.values()) == {"no answer"}


def test_two_modems_are_asked_at_once_and_one_may_be_silent(site: Site) -> None:
    site.provisioned_modem(MODEM)
    site.provisioned_modem(OTHER_MODEM).next("SNMP", silent(snmp.SILENT))
    seen = polled(site, MODEM, OTHER_MODEM)
    assert (bool(seen[MODEM].readings), bool(seen[OTHER_MODEM].readings)) == (True, False)


class Indexed:
    """A table with a row for each modem; row 2 holds ours."""

    is_indexed = True

    def __init__(self, rows: dict[int, dict[str, object]]) -> None:
        self.rows = rows

    def names(self) -> tuple[str, ...]:
        return ("serial", "imei", "interface", "rsrp_dbm", "marker")

    def oids(self, at: int) -> tuple[str, ...]:
        return (f"1.1.{at}",)

    def columns(self, name: str) -> tuple[str, ...]:
        return ("1.9",) if name in {"imei", "interface"} else ()

    def read(self, values: dict[str, object], row: int) -> tuple[dict[str, object], dict[str, str]]:
        return {"serial": "S", **self.rows.get(row, {})}, {}


class RowNetwork:
    """Answers a column with the IMEI of each row."""

    def __init__(self, site: Site, column: dict[str, object]) -> None:
        self.inner, self.column, self.walked, self.engines = site.workspace.network, column, 0, 0

    def read_snmp(self, targets: list[snmp.Target], *, retries: int = 1) -> dict[str, snmp.Answer]:
        return {t.device: snmp.Answer(device=t.device, values=dict.fromkeys(t.oids, 1)) for t in targets}

    def walk_snmp(self, target: snmp.Target, root: str) -> snmp.Answer:
        self.walked += 1
        return snmp.Answer(device=target.device, values=self.column)

    def learn_engines(self, addresses: dict[str, tuple[str, int]]) -> dict[str, bytes]:
        self.engines += 1
        return dict.fromkeys(addresses, b"\x80learned")


def with_rows(site: Site, rows: dict[int, dict[str, object]], column: dict[str, object], **usm: object):  # type: ignore[no-untyped-def]
    """A modem whose table is indexed, and the network that answers it."""
    site.provisioned_modem()
    device = site.known[MODEM].device.at(bench=True)
    look = replace(device.box.snmp, readings=Indexed(rows), **usm)  # type: ignore[arg-type]
    network = RowNetwork(site, column)
    site.workspace.network = network  # type: ignore[assignment]
    return replace(device, family=replace(device.box, snmp=look)), network


def test_a_row_counts_only_where_its_imei_is_the_recorded_one(site: Site) -> None:
    imei = site.intent().item.imei
    device, network = with_rows(site, {2: {"imei": imei, "rsrp_dbm": -80}}, {"1.9.2": imei.encode()})
    seen = modem_poll.poll(site.workspace, [device])[MODEM]
    assert seen.readings["rsrp_dbm"] == -80
    assert site.workspace.place.hints()[f"{MODEM}.row"] == "2"
    assert modem_poll.poll(site.workspace, [device])[MODEM].readings["rsrp_dbm"] == -80
    assert network.walked == 1, "the row that was proven is asked first"


def test_the_row_of_another_modem_is_never_read(site: Site) -> None:
    device, _ = with_rows(site, {1: {"imei": "358000000000009", "rsrp_dbm": -60}}, {})
    seen = modem_poll.poll(site.workspace, [device])[MODEM]
    assert seen.readings == {"serial": "S"}
    assert seen.missing["rsrp_dbm"] == "the modem's row was not found"


def test_a_row_that_was_found_and_is_another_one_when_it_is_read_is_not_read(site: Site) -> None:
    imei = site.intent().item.imei
    device, _ = with_rows(site, {2: {"imei": "358000000000009", "rsrp_dbm": -60}}, {"1.9.2": imei.encode()})
    assert "rsrp_dbm" not in modem_poll.poll(site.workspace, [device])[MODEM].readings


def test_without_an_imei_the_interface_proves_the_row(site: Site) -> None:
    name = site.intent().modem_device or "/dev/cdc-wdm0"
    device, _ = with_rows(site, {1: {"interface": name, "rsrp_dbm": -70}}, {})
    assert modem_poll.poll(site.workspace, [device])[MODEM].readings["rsrp_dbm"] == -70


def test_an_engine_id_that_cannot_be_made_is_learned_once_and_kept(site: Site) -> None:
    name = site.intent().modem_device or "/dev/cdc-wdm0"
    device, network = with_rows(site, {1: {"interface": name}}, {}, usm=LEARNED)
    modem_poll.poll(site.workspace, [device])
    modem_poll.poll(site.workspace, [device])
    assert network.engines == 1
    assert site.workspace.place.hints()[f"{MODEM}.engine"] == b"\x80learned".hex()


def test_an_engine_that_was_replaced_is_learned_anew(site: Site) -> None:
    device, network = with_rows(site, {1: {}}, {}, usm=LEARNED)
    site.workspace.place.keep_hints({f"{MODEM}.engine": "80aa"})
    read = network.read_snmp

    def moved(targets: list[snmp.Target], *, retries: int = 1) -> dict[str, snmp.Answer]:
        if targets[0].engine_id == b"\x80\xaa":
            return {MODEM: snmp.Answer(device=MODEM, because="another engine ID answers")}
        return read(targets, retries=retries)

    network.read_snmp = moved  # type: ignore[method-assign]
    assert modem_poll.poll(site.workspace, [device])[MODEM].readings["serial"] == "S"
    assert site.workspace.place.hints()[f"{MODEM}.engine"] == b"\x80learned".hex()


def test_a_device_whose_engine_stays_unknown_is_silent(site: Site) -> None:
    device, network = with_rows(site, {1: {}}, {}, usm=LEARNED)
    network.learn_engines = lambda _: {}  # type: ignore[method-assign]
    seen = modem_poll.poll(site.workspace, [device])[MODEM]
    assert (seen.readings, set(seen.missing.values())) == ({}, {"no answer"})


@pytest.mark.parametrize("kept", ["", "x", "-1"])
def test_a_hint_that_is_no_row_is_as_good_as_none(kept: str) -> None:
    assert modem_poll._row({f"{MODEM}.row": kept}, MODEM) == 1


def findings(**verdicts: str) -> tuple[dict[str, object], ...]:
    """What a verify finds: everything is plugged in, but for `verdicts`."""
    return tuple(
        {
            "check": check, "device": PC, "verdict": verdicts.get(check, "pass"), "because": f"{check}: as it was",
            "remedy": "", "evidence": {},
        }
        for check in plugged.CHECKS
    )  # fmt: skip


def judged(site: Site, **verdicts: str) -> None:
    site.record(PC, events.Judged(findings=findings(**verdicts)))


class TestPc:
    def watched(self, site: Site) -> Watched:
        pending = pc_poll.ask(site.workspace, [site.computer()], bench=True)
        return pc_poll.collect(site.workspace, pending)[PC]

    def test_one_that_runs_as_accepted_is_ok(self, site: Site) -> None:
        pc = site.provisioned_pc()
        judged(site)
        seen = self.watched(site)
        assert (seen.state, seen.because) == ("ok", "runs as accepted; what is plugged in was seen on 2026-11-02")
        assert (pc.asked, site.phases) == (["SSH"], []), "no Ansible for a look"

    def test_one_whose_webcam_is_gone_or_swapped_is_drift_though_its_settings_are_right(self, site: Site) -> None:
        site.provisioned_pc()
        judged(site, camera_is_present="fail")
        seen = self.watched(site)
        assert (seen.state, seen.because, seen.changes) == (
            "drift",
            "camera_is_present: as it was (seen 2026-11-02)",
            (),
        )
        judged(site)
        assert self.watched(site).state == "ok", "it was put back, and seen"

    def test_a_signed_report_is_a_proof_and_the_newest_one_counts(self, site: Site) -> None:
        site.provisioned_pc()
        judged(site)
        site.clock.sleep(60)
        bad = findings(peripherals_are_the_kits_own="fail")
        site.record(PC, events.Reported(counter=1, at="2026-11-02T01:00:00Z", findings=bad))
        assert self.watched(site).state == "drift"

    def test_without_a_proof_or_with_an_old_one_nothing_is_green(self, site: Site) -> None:
        site.provisioned_pc()
        seen = self.watched(site)
        assert (seen.state, "nobody has seen what is plugged in: provision verify" in seen.because) == ("unknown", True)
        judged(site)
        site.clock.sleep(8 * 86400)
        seen = self.watched(site)
        assert (seen.state, "was last seen on 2026-11-02: provision verify" in seen.because) == ("unknown", True)

    def test_a_verify_that_could_not_look_proves_nothing_and_the_one_before_counts(self, site: Site) -> None:
        site.provisioned_pc()
        judged(site, camera_is_present="unknown")
        assert self.watched(site).state == "unknown"
        for verdict, state in (("fail", "drift"), ("pass", "ok")):
            judged(site, camera_is_present=verdict)
            judged(site, camera_is_present="unknown")
            assert self.watched(site).state == state

    def test_a_setting_that_moved_is_drift_and_is_named(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.settings["system.timezone"] = "Etc/UTC"
        seen = self.watched(site)
        assert (seen.state, [c.path for c in seen.changes]) == ("drift", ["system.timezone"])

    @pytest.mark.parametrize(
        ("fault", "state", "because"),
        [
            (silent("Connection timed out"), "unreachable", "Connection timed out"),
            (silent(""), "unreachable", "no answer"),
            (failed("no answer in time"), "unreachable", "no answer in time"),
            (silent("Permission denied (publickey)."), "unknown", "Permission denied"),
            (silent("Host key verification failed."), "unknown", "Host key verification failed"),
            (cut_short(), "unknown", "no whole JSON object"),
        ],
    )
    def test_what_is_no_answer_is_never_ok(self, site: Site, fault, state: str, because: str) -> None:  # type: ignore[no-untyped-def]
        pc = site.provisioned_pc()
        pc.next("SSH", fault)
        seen = self.watched(site)
        assert (seen.state, because in seen.because) == (state, True), seen

    def test_a_silent_one_keeps_the_time_of_its_last_answer(self, site: Site) -> None:
        pc = site.provisioned_pc()
        at = site.snapshot(PC).at
        site.clock.sleep(3600)
        pc.next("SSH", silent())
        assert self.watched(site).seen_at == at

    def test_another_pc_at_its_address_is_unknown(self, site: Site) -> None:
        pc = site.provisioned_pc()
        pc.collected["serial"] = "ANOTHER"
        assert (self.watched(site).state, "ANOTHER" in self.watched(site).because) == ("unknown", True)

    def test_what_stops_the_collecting_ends_the_questions_that_are_left(self, site: Site) -> None:
        site.provisioned_pc()
        pending = pc_poll.ask(site.workspace, [site.computer()], bench=True) * 2
        pending[0].question.answer = lambda _: 1 / 0  # type: ignore[assignment, method-assign]
        with pytest.raises(ZeroDivisionError):
            pc_poll.collect(site.workspace, pending)
        assert pending[1].question.ended  # type: ignore[attr-defined]
