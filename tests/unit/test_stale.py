"""What was read before somebody else recorded is never written over what he recorded."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from hashlib import sha256

import pytest
from berau import COLLECTED, MODEM, OTHER_MODEM, PC, Fault, Site, silent

from provision.core.device import SimCard
from provision.core.errors import ChangedError, LeaseError
from provision.core.model import Event, Snapshot
from provision.devices import journal
from provision.devices.modem import data_used
from provision.devices.pc import reports
from provision.devices.run import ApplyRequest, Callbacks
from provision.home.workspace import Workspace
from provision.ledger import events, known
from provision.operations import rotate
from provision.operations.watch import watch


def another_command(site: Site) -> Workspace:
    """The same home, opened once more."""
    other = Workspace(site.workspace.place.root, clock=site.clock, network=site.workspace.network)
    other.__dict__["home"] = site.workspace.home
    return other


def test_a_second_rotation_at_once_is_refused_and_the_device_runs_what_the_vault_holds(site: Site) -> None:
    modem = site.provisioned_modem()
    other = another_command(site)

    def meanwhile(_: object) -> bool:
        with pytest.raises(LeaseError, match="held by run"):
            rotate.rotate(other, site.intent(), ApplyRequest(bench=True), Callbacks())
        return True

    done = rotate.rotate(site.workspace, site.intent(), ApplyRequest(bench=True), Callbacks(approve=meanwhile))
    assert [str(o.ending) for o in done.outcomes] == ["applied"]
    assert other.vault.device(MODEM)["wireguard_private"].reveal() in modem.packages["network"]
    other.ledger.close()


def test_a_rotation_after_another_one_begins_from_what_that_one_left(site: Site) -> None:
    modem = site.provisioned_modem()
    other = another_command(site)
    before = other.vault.device(MODEM)
    rotate.rotate(site.workspace, site.intent(), ApplyRequest(bench=True), Callbacks())
    done = rotate.rotate(other, site.intent(), ApplyRequest(bench=True), Callbacks())
    assert [str(o.ending) for o in done.outcomes] == ["applied"]
    after = other.vault.device(MODEM)
    assert after != before
    assert after["wireguard_private"].reveal() in modem.packages["network"]
    other.ledger.close()


@pytest.mark.parametrize("verb", ["accepted", "revoked"])
def test_a_watch_records_nothing_of_a_device_that_changed_while_it_was_looked_at(site: Site, verb: str) -> None:
    modem = site.provisioned_modem()
    known = site.known[MODEM]
    modem.salt = "a comment"  # the digest moves, and no setting does: a watch would accept the new digest

    def meanwhile(answer: bytes) -> bytes:
        if verb == "revoked":
            site.record(MODEM, events.Revoked(because="returned", host_key="", tunnel_key=""))
        else:
            with site.workspace.hold([MODEM], "another") as held:
                journal.accept_all(held, [(known.device, replace(known.snapshot, marker="of the apply"))])
        return answer

    modem.next("Look", Fault(reaches=True, alter=meanwhile))
    (one,) = watch(site.workspace, [site.intent()], bench=True)
    assert (one.state, "changed while it was looked at" in one.because) == ("unknown", True)
    if verb == "revoked":
        assert MODEM not in site.known
    else:
        assert site.known[MODEM].snapshot.marker == "of the apply"
    assert events.Watched.VERB not in site.events(MODEM)


def test_a_watch_that_accepts_a_new_digest_records_how_the_device_stands(site: Site) -> None:
    modem = site.provisioned_modem()
    modem.salt = "a comment"
    (one,) = watch(site.workspace, [site.intent()], bench=True)
    assert (one.state, site.known[MODEM].snapshot.marker) == ("ok", modem.marker)
    assert site.last(MODEM, events.Watched.VERB)["state"] == "ok"


def report(site: Site, counter: int) -> bytes:
    """A report as the PC's own program makes it."""
    body = json.dumps(json.loads(COLLECTED.read_text()) | {"serial": site.computer().item.serial})
    at = site.workspace.clock_s()
    key = bytes.fromhex(site.workspace.vault.report_key(PC).reveal())
    signed = f"{PC}\n{counter}\n{at}\n{body}".encode()
    mac = hmac.new(key, signed, sha256).hexdigest()
    return json.dumps({"kit": PC, "counter": counter, "at": at, "body": body, "mac": mac}).encode()


def test_a_report_is_taken_in_once_by_two_commands_at_once(site: Site) -> None:
    site.provisioned_pc()
    raw, other = report(site, 1), another_command(site)

    def raws():  # type: ignore[no-untyped-def]
        (taken,) = reports.ingest(other, [("first", raw)])
        assert not taken.refused, taken.refused
        yield "second", raw

    with pytest.raises(ChangedError, match="nothing was written"):
        reports.ingest(site.workspace, raws())
    assert site.events(PC).count(events.Reported.VERB) == 1
    other.ledger.close()


def test_a_look_that_is_older_than_the_last_sum_adds_nothing(site: Site) -> None:
    """It took minutes to read another modem; a verify has counted meanwhile."""
    site.provisioned_modem()
    home, intent = site.workspace.home, site.intent()
    card = SimCard(number="081100000000", masa_aktif_sampai="2027-01-01", dicek_pada="2026-11-01")
    site.workspace.__dict__["home"] = replace(home, intents={**home.intents, MODEM: replace(intent, sim_card=card)})
    readings = {"sent_bytes": 5_000_000_100, "received_bytes": 0, "serial": intent.item.serial}
    later = Snapshot(device=MODEM, at="2026-11-02T03:00:00Z", readings=readings)
    older = replace(later, at="2026-11-02T02:00:00Z", readings={**readings, "sent_bytes": 5_000_000_000})
    first = data_used.keep(site.workspace, {MODEM: later})[MODEM]
    again = data_used.keep(site.workspace, {MODEM: older})[MODEM]
    assert (again.used, again.gaps, again.at) == (first.used, first.gaps, first.at)


def test_a_watch_that_was_overtaken_by_another_one_records_nothing(site: Site) -> None:
    """One modem was silent; while another one is read for minutes, somebody else sees the first one again."""
    modem, other = site.provisioned_modem(), site.provisioned_modem(OTHER_MODEM)
    newer = events.Watched(state="ok", because="runs as accepted", seen_at="2026-11-03T00:00:00Z", changes=())

    def meanwhile(answer: bytes) -> bytes:
        site.record(MODEM, newer)
        return answer

    other.salt = "a comment"
    other.next("Look", Fault(reaches=True, alter=meanwhile))
    modem.next("SNMP", silent())
    seen = watch(site.workspace, [site.intent(), site.intent(OTHER_MODEM)], bench=True)
    assert [one.state for one in seen] == ["unknown", "ok"]
    assert site.last(MODEM, events.Watched.VERB)["state"] == "ok"


def test_what_is_known_is_read_at_once_though_others_record_meanwhile(site: Site) -> None:
    """Two stations enrol side by side: a device that was enrolled between two questions had no configuration."""
    site.provisioned_modem()
    asked: list[tuple[str, ...]] = []

    def latest(*verbs: str) -> list[Event]:
        asked.append(verbs)
        found = site.workspace.ledger.latest(*verbs)
        if OTHER_MODEM not in site.known:
            site.enrolled_modem(OTHER_MODEM)
        return found

    assert set(known.devices(latest)) == {MODEM}
    assert len(asked) == 1


def test_a_report_under_the_key_of_before_is_not_recorded_behind_a_new_enrolment(site: Site) -> None:
    """The PC has a new key since and counts anew: its next reports would all be told as replayed."""
    site.provisioned_pc()
    raw, other = report(site, 500), another_command(site)

    def raws():  # type: ignore[no-untyped-def]
        assert PC in site.workspace.known
        enrolled = events.Enrolled.read(other.ledger.history(PC)[-1].payload | site.last(PC, events.Enrolled.VERB))
        other.ledger.record([(PC, enrolled)], at=other.now())
        yield "late", raw

    with pytest.raises(ChangedError):
        reports.ingest(site.workspace, raws())
    assert events.Reported.VERB not in site.events(PC)
    other.ledger.close()
