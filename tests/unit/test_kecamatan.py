"""A kecamatan is its code: a new name orphans no loan, and what older releases recorded under a name is found."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from berau import MODEM, OTHER_MODEM, PC, Site

from provision.core.custody import State, Waiver
from provision.core.errors import ChangedError
from provision.ledger import places
from provision.ledger.lending_events import Drafted, Issued, Move, Signed, Trained, Waived
from provision.lending import giveback, holdings, loans, notes
from provision.operations.watch import watch

CODE, OLD, NEW = "64.03.04", "segah", "segah-hulu"


def loan_of_0_1_0(site: Site, number: str = "64.03.04/1", subject: str = OLD, place: str = OLD) -> None:
    """A signed loan as release 0.1.0 recorded it: under the slug of the name."""
    kit = site.workspace.home.kits[OLD]
    items = [asdict(i) | {"kind": str(i.kind)} for i in kit.items]
    site.record(subject, Trained(people=("Siti",), topics=("rapat",), day="2026-11-01"))
    site.record(subject, Drafted(paper={"id": number, "items": items, "to": {"name": "Camat"}, "months": 12}))
    site.record(subject, Issued(id=number, document="0" * 64, file="x.pdf", made_with={}))
    site.record(subject, Signed(id=number, effective="2026-12-01", until="2027-11-30"))
    for item in kit.items:
        move = Move(place=place, holder="Camat", effective="2026-12-01", because="handed over", loan=number)
        site.record(item.asset_tag, move.of(item))


def renamed(site: Site, name: str = "Segah Hulu") -> None:
    """Another name in kecamatan.yml and in the kit's file: the same code, kit and devices."""
    home = site.workspace.home
    old = home.kits[OLD]
    kit = replace(old, kecamatan=replace(old.kecamatan, name=name))
    kits = {kit.kecamatan.slug: kit, **{slug: one for slug, one in home.kits.items() if slug != OLD}}
    intents = {t: replace(i, kit=kit) if i.kit is old else i for t, i in home.intents.items()}
    computers = {t: replace(c, kit=kit) if c.kit is old else c for t, c in home.computers.items()}
    site.workspace.__dict__["home"] = replace(home, kits=kits, intents=intents, computers=computers)


def test_the_code_is_the_one_of_the_list_of_districts(site: Site) -> None:
    assert site.workspace.home.kits[OLD].kecamatan.code == CODE


def test_a_renamed_kecamatan_keeps_the_loan_that_an_older_release_recorded(site: Site) -> None:
    loan_of_0_1_0(site)
    renamed(site)
    file = loans.read(site.workspace, "Segah Hulu")
    assert file.open is not None
    assert (file.open.id, file.open.state, file.open.kecamatan) == (f"{CODE}/1", State.ACTIVE, NEW)
    assert [e.verb for e in file.events] == [v.VERB for v in (Trained, Drafted, Issued, Signed)]
    assert {h.place for h in holdings.custody_of(site.workspace, [NEW])} == {NEW}
    where = loans.whereabouts(site.workspace, [MODEM])
    assert where[MODEM].place == NEW


def test_new_events_have_the_code_and_stand_beside_the_old_ones(site: Site) -> None:
    loan_of_0_1_0(site)
    asked = Waiver(check="signal_carries_a_call", by="Kepala", reason="tower comes in May", until="2026-12-31")
    notes.waive(site.workspace, OLD, asked)
    assert [e.verb for e in site.workspace.ledger.history(CODE)] == [Waived.VERB]
    renamed(site)
    file = loans.read(site.workspace, NEW)
    assert [w.check for w in file.waivers] == ["signal_carries_a_call"]
    assert file.subjects == (CODE, NEW, OLD)


def test_a_loan_begun_now_survives_a_new_name_without_any_slug(site: Site) -> None:
    loan_of_0_1_0(site, subject=CODE)
    renamed(site)
    assert loans.read(site.workspace, NEW).open is not None


@pytest.mark.parametrize("subject", [OLD, CODE])
def test_whoever_recorded_meanwhile_under_either_subject_is_seen(site: Site, subject: str) -> None:
    loan_of_0_1_0(site)
    file = loans.read(site.workspace, OLD)
    site.record(subject, Trained(people=("Budi",), topics=("rapat",), day="2026-11-02"))
    with pytest.raises(ChangedError, match="somebody else recorded"):
        loans.record(site.workspace, file, [(file.subject, Trained(people=("Ani",), topics=("x",), day="2026-11-02"))])


def test_the_slug_of_another_kecamatan_is_not_taken(site: Site) -> None:
    """Two names were exchanged: the loan stays with the code that is in its number."""
    loan_of_0_1_0(site, number="64.03.01/1", subject=OLD)
    kecamatan = site.workspace.home.kits[OLD].kecamatan
    assert places.subjects(site.workspace.latest, kecamatan) == (CODE,)
    assert loans.read(site.workspace, OLD).open is None
    first = next(k.kecamatan for k in site.workspace.home.kits.values() if k.kecamatan.code == "64.03.01")
    assert OLD in places.subjects(site.workspace.latest, first)


def test_a_device_that_serves_under_the_old_name_still_serves(site: Site) -> None:
    site.provisioned_modem()
    loan_of_0_1_0(site)
    renamed(site)
    home = site.workspace.home
    successor = replace(home.intents[OTHER_MODEM], kit=home.kits[NEW])
    site.workspace.__dict__["home"] = replace(home, intents={**home.intents, OTHER_MODEM: successor})
    site.enrolled_modem(OTHER_MODEM)
    outcome = site.outcome(OTHER_MODEM)
    assert (str(outcome.ending), f"{MODEM} still serves Segah Hulu: provision replace {NEW}" in outcome.because) == (
        "failed", True,
    )  # fmt: skip


def test_a_watch_calls_it_by_its_name_of_today(site: Site) -> None:
    loan_of_0_1_0(site)
    renamed(site)
    (one,) = watch(site.workspace, [site.computer(PC)], bench=True)
    assert one.because.startswith(f"lent to {NEW}, but not enrolled")


def test_the_kit_of_a_renamed_kecamatan_is_given_back(site: Site) -> None:
    loan_of_0_1_0(site)
    site.clock.passed_s = 60 * 86400
    renamed(site)
    asked = giveback.Return(receiver="Pengurus Barang", not_undone="the PC is broken")
    done = giveback.give_back(site.workspace, NEW, asked, bench=True)
    assert done.state is State.RETURNED
    assert {h.place for h in holdings.custody_of(site.workspace, [MODEM, PC])} == {"gudang"}


def test_a_kecamatan_that_began_lending_under_its_code_is_known_by_its_older_name(site: Site) -> None:
    """Devices are recorded under the name of their day; the paper of a loan says what that was."""
    paper = {"id": f"{CODE}/1", "kecamatan": "Segah", "items": [], "to": {"name": "Camat"}, "months": 12}
    site.record(CODE, Drafted(paper=paper))
    renamed(site)
    kecamatan = site.workspace.home.kits[NEW].kecamatan
    assert places.slugs(site.workspace.latest, kecamatan) == (NEW, OLD)
