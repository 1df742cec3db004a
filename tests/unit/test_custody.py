"""Lending: terms, days, words, NIP, the states of a loan, and custody on any day by two clocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from berau import Site

from provision.core import custody, nip
from provision.core.custody import State
from provision.core.errors import ChangedError, ProvisionError, UsageError
from provision.core.model import Event, ItemKind
from provision.home import starter
from provision.home.workspace import Workspace
from provision.ledger import connect, handovers
from provision.ledger.lending_events import Drafted, Issued, Move, Moved, Replaced, Returned, Signed, Voided, Waived
from provision.lending import handover, indonesian
from provision.operations.register import register


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2020-12-02", 24, "2022-12-01"), ("2020-12-02", 60, "2025-12-01"), ("2024-02-29", 24, "2026-02-27"),
        ("2026-01-31", 1, "2026-02-27"), ("2026-12-31", 2, "2027-02-27"), ("2026-01-01", 12, "2026-12-31"),
    ],
)  # fmt: skip
def test_the_last_day_of_a_term(start: str, months: int, last: str) -> None:
    assert custody.last_day(start, months) == last


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-24", "2026-11-24"),
        ("24-11-2026", "2026-11-24"),
        ("24/11/2026", "2026-11-24"),
        (" 2026-2-3 ", "2026-02-03"),
    ],
)
def test_a_day_is_read_as_it_is_written(text: str, iso: str) -> None:
    assert custody.day(text, "--date") == iso


@pytest.mark.parametrize("text", ["", "kemarin", "31-02-2026", "2026-13-01", "24-11-26", "2026", "1-2-3-4"])
def test_what_is_no_day_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        custody.day(text, "--date")
    assert "2026-11-24" in caught.value.hint


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "nol"), (11, "sebelas"), (19, "sembilan belas"), (21, "dua puluh satu"), (100, "seratus"), (111, "seratus sebelas"),
        (1000, "seribu"), (1100, "seribu seratus"), (11000, "sebelas ribu"), (12_500_000, "dua belas juta lima ratus ribu"),
        (1_001_000, "satu juta seribu"), (2026, "dua ribu dua puluh enam"), (10, "sepuluh"), (1_000_000_000, "satu miliar"),
    ],
)  # fmt: skip
def test_numbers_in_words(number: int, said: str) -> None:
    assert indonesian.spelled(number) == said


def test_days_in_words() -> None:
    assert (
        indonesian.opening_day("2020-12-02") == "Rabu tanggal Dua bulan Desember tahun Dua Ribu Dua Puluh (02-12-2020)"
    )
    assert indonesian.opening_day("2026-08-17").startswith(
        "Senin tanggal Tujuh Belas bulan Agustus tahun Dua Ribu Dua Puluh Enam"
    )
    assert (indonesian.short_day("2026-11-04"), indonesian.rupiah(12_500_000)) == ("04-11-2026", "12.500.000")


def test_a_nip_is_read_with_or_without_its_blanks() -> None:
    assert nip.read("19720304 199803 1 005") == nip.read("197203041998031005") == "197203041998031005"
    assert nip.spaced("197203041998031005") == "19720304 199803 1 005"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "19720304199803100",
        "1972030419980310055",
        "197213041998031005",
        "197202301998031005",
        "197203041998033005",
        "197203041960031005",
        "197203042098031005",
        "abcdefghijklmnopqr",
        "19720304199803100x",
    ],
)
def test_a_nip_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"NIP|day of birth|appointed"):
        nip.read(text)


def event(number: int, verb: str, **payload: Any) -> Event:
    return Event(
        number=number, at="2026-11-24T00:00:00Z", actor="a", verb=verb, subject="kelay", payload=payload, hash=""
    )


ITEM = {"asset_tag": "BRU-CAM-01"}
DRAFT = event(1, Drafted.VERB, id="64.03.01/1", items=[ITEM], months=24)
ISSUED = event(2, Issued.VERB, id="64.03.01/1", document="d", file="f")
SIGNED = event(3, Signed.VERB, id="64.03.01/1", effective="2026-11-24", until="2028-11-23")


@pytest.mark.parametrize(
    ("events", "today", "state"),
    [
        ([DRAFT], "2026-11-24", State.DRAFT),
        ([DRAFT, ISSUED], "2026-11-24", State.AWAITING),
        ([DRAFT, ISSUED, SIGNED], "2028-11-23", State.ACTIVE),
        ([DRAFT, ISSUED, SIGNED], "2028-11-24", State.OVERDUE),
        ([DRAFT, ISSUED, event(3, Voided.VERB, id="64.03.01/1")], "2026-11-24", State.VOID),
        ([DRAFT, ISSUED, SIGNED, event(4, Returned.VERB, id="64.03.01/1", effective="2027-01-01", receiver="x", conditions={}, undone={})], "2030-01-01", State.RETURNED),
    ],
)  # fmt: skip
def test_the_states_of_a_loan(events: list[Event], today: str, state: State) -> None:
    (loan,) = handovers.handovers("kelay", events, today)
    assert loan.state is state
    assert (custody.newest([loan]) is loan) == (state in custody.OPEN)


def test_a_replaced_item_is_a_line_of_the_same_loan() -> None:
    new = {"asset_tag": "BRU-CAM-14"}
    swap = event(
        4, Replaced.VERB, id="64.03.01/1", effective="2026-11-30", reason="x", pairs=[{"old": ITEM, "new": new}]
    )
    (loan,) = handovers.handovers("kelay", [DRAFT, ISSUED, SIGNED, swap], "2026-12-01")
    assert (loan.state, loan.items, loan.id) == (State.ACTIVE, (new,), "64.03.01/1")
    assert loan.paper["items"] == [ITEM]


def test_a_waiver_ends_with_its_day_and_a_later_one_replaces_it() -> None:
    first = event(1, Waived.VERB, check="c", by="a", reason="r", until="2026-12-01")
    later = event(2, Waived.VERB, check="c", by="b", reason="r", until="2026-11-25")
    assert [w.by for w in handovers.waivers([first], "2026-12-01")] == ["a"]
    assert handovers.waivers([first], "2026-12-02") == []
    assert handovers.waivers([first, later], "2026-11-26") == []


def moved(place: str, effective: str) -> dict[str, str]:
    return {"place": place, "effective": effective}


def test_custody_knows_when_it_took_effect_and_when_it_was_recorded(tmp_path: Path) -> None:
    ledger = connect(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "head", "t")
    ledger.append(Moved.VERB, "CAM", moved("gudang", "2020-01-01"), at="2020-01-01T08:00:00Z")
    ledger.append(Moved.VERB, "CAM", moved("kelay", "2020-12-02"), at="2021-02-01T08:00:00Z")  # recorded late
    ledger.append(Moved.VERB, "CAM", moved("gudang", "2022-12-01"), at="2022-12-01T08:00:00Z")
    ledger.append("device.watched", "CAM", {"effective": "2025-01-01", "place": "x"}, at="2025-01-01T08:00:00Z")

    def place(effective: str, recorded: str = "9999") -> str:
        return next((body["place"] for _, _, body in ledger.held(effective, recorded)), "nowhere")

    assert place("2019-12-31") == "nowhere"
    assert place("2020-12-01") == "gudang"
    assert place("2020-12-31") == "kelay"
    assert place("2020-12-31", "2021-01-01T00:00:00Z") == "gudang"
    assert place("2025-12-31") == "gudang"
    from provision.ledger.glance import held

    assert held(tmp_path / "ledger.db", "2020-12-31", "9999") == ledger.held("2020-12-31", "9999")
    ledger.close()


def test_the_second_of_two_who_decide_at_once_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    ledger = connect(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "head", "t")
    ledger.append("v", "kelay", {}, at="2026-11-24T00:00:00Z")
    ledger.extend([("v", "kelay", {})], at="2026-11-24T00:00:00Z", expect={("kelay", ""): 1, ("CAM", "v"): 0})
    with pytest.raises(ChangedError, match="event 2 of kelay"):
        ledger.extend([("v", "kelay", {}), ("v", "CAM", {})], at="2026-11-24T00:00:00Z", expect={("kelay", "v"): 1})
    assert ledger.last_of("CAM") == 0
    ledger.close()


def test_a_kit_that_is_not_fit_is_refused_with_every_reason_at_once(tmp_path: Path) -> None:
    workspace = Workspace(starter.make(tmp_path / "home", lab=True))
    register(workspace, workspace.place.inventory / "delivery.csv")
    move = Move(place="segah", holder="x", effective=workspace.today(), because="handed over", loan="64.03.04/1")
    item = workspace.home.kits["talisayan"].item(ItemKind.WEBCAM)
    assert item
    workspace.ledger.record([("BRU-CAM-02", move.of(item))], at="2026-11-24T00:00:00Z")
    who = handover.receiver("Siti Rahmah", "197003041998031001", "Camat Talisayan")
    with pytest.raises(ProvisionError) as caught:
        handover.draft(workspace, "talisayan", who)
    assert "BRU-PC-02 was never provisioned: provision apply BRU-PC-02 --bench" in caught.value.what
    assert "BRU-CAM-02 is at segah, lent by 64.03.04/1: provision return segah first" in caught.value.what
    assert workspace.ledger.last_of("talisayan") == 0
    workspace.ledger.close()


def test_a_kit_whose_items_the_register_knows_otherwise_is_refused(tmp_path: Path) -> None:
    workspace = Workspace(starter.make(tmp_path / "home", lab=True))
    listed = workspace.place.inventory / "delivery.csv"
    lines = listed.read_text().splitlines()
    listed.write_text("\n".join(line for line in lines if "BRU-MIC-02" not in line))
    register(workspace, listed)
    with pytest.raises(ProvisionError, match="BRU-MIC-02 is not registered"):
        handover.draft(workspace, "talisayan", handover.receiver("S", "197003041998031001", "Camat"))
    workspace.ledger.close()


@pytest.mark.parametrize("day", ["", "besok", "2026-13-01"])
def test_a_signature_without_a_day_is_a_wrong_word_whatever_the_loan(site: Site, day: str) -> None:
    with pytest.raises(ProvisionError) as caught:
        handover.sign(site.workspace, "segah", day)
    assert (type(caught.value), caught.value.exit_code) == (UsageError, 2)
    assert "--signed: not a day" in caught.value.what
    with pytest.raises(UsageError, match="--void: say why"):
        handover.void(site.workspace, "segah", " ")
