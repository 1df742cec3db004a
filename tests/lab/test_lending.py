"""A kit is handed over on proof, signed, counted, and given back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from labhome import Bench

from provision.core import custody
from provision.home.keys import pinned
from provision.ledger.lending_events import Drafted, Returned, Voided

pytestmark = pytest.mark.lab
SLUG, CODE, PC = "sambaliung", "64.03.03", "BRU-PC-03"
WHO = ("--to", "Hj. Nurhayati, S.E., M.M. #panic() \\ $x$ [*]", "--nip", "19720304 199803 2 005")


@pytest.fixture(autouse=True)
def _ready(bench: Bench) -> None:
    bench.pc(PC)
    bench.ok("verify", PC)


def standing(bench: Bench, slug: str = SLUG) -> dict:
    return json.loads(bench.ok("handover", slug, "--json").out)


def place(bench: Bench, *words: str) -> dict[str, str]:
    return {i["item"]: i["place"] for i in json.loads(bench.ok("custody", *words, "--json").out)["items"]}


def end(bench: Bench) -> None:
    """Whatever state the loan is in, end it."""
    if bench.run("handover", SLUG, "--void", "uji coba").code != 0:
        bench.run("return", SLUG, "--receiver", "Pengurus Barang")


def test_the_whole_life_of_a_loan(bench: Bench) -> None:
    bench.ok("training", SLUG, "--person", "Siti Aminah", "--topic", "bergabung ke rapat")
    bench.ok("handover", SLUG, *WHO)
    first = standing(bench)
    assert first["state"] == "awaiting signature"
    assert place(bench, SLUG) == {}
    paper = bench.home / "var/papers" / first["file"]
    made = paper.read_bytes()
    assert made.startswith(b"%PDF-")
    paper.unlink()
    assert standing(bench) == first
    assert paper.read_bytes() == made, "the same bytes from the ledger alone"
    done = bench.run("handover", SLUG, *WHO)
    assert (done.code, "--signed DATE" in done.err) == (1, True)

    today = bench.workspace.today()
    bench.ok("handover", SLUG, "--signed", today)
    assert standing(bench)["until"] == custody.last_day(today, 24)
    assert set(place(bench, SLUG)) == {f"BRU-{kind}-03" for kind in ("PC", "SPK", "CAM", "MIC")}
    (held,) = json.loads(bench.ok("custody", PC, "--json").out)["items"]
    assert (held["holder"], held["because"], held["loan"]) == (WHO[1], "handed over", "64.03.03/1")
    assert bench.run("handover", SLUG, "--void", "salah").code == 1

    bench.fault(PC, "off", "1")
    done = bench.run("return", SLUG, "--receiver", "Pengurus Barang")
    assert done.code == 1
    assert "--not-undone" in done.err
    assert standing(bench)["state"] == "active"
    bench.fault(PC, "off")
    done = bench.ok("return", SLUG, "--receiver", "Pengurus Barang", "--condition", "BRU-CAM-03=rusak_ringan")
    assert standing(bench)["state"] == "returned"
    assert (bench.flash(PC) / "etc/hostname").read_text() == "debian\n"
    assert (bench.flash(PC) / "root/.ssh/authorized_keys").read_text() == ""
    assert pinned(bench.home / "var/host-keys", PC) == ""
    assert PC.lower() not in bench.ok("inventory", "--list").out
    assert set(place(bench, PC, "BRU-CAM-03").values()) == {"gudang"}
    assert bench.last("BRU-CAM-03", "item.moved")["condition"] == "rusak_ringan"
    done = bench.run("return", SLUG, "--receiver", "x")
    assert (done.code, "nothing to return" in done.err) == (1, True)
    bench.fault(PC, "reset")
    bench.pc(PC)
    bench.ok("verify", PC)
    bench.ok("handover", SLUG, *WHO)
    assert standing(bench)["number"].startswith("64.03.03/2/")
    end(bench)


def test_a_return_whose_answer_is_lost_is_finished_by_the_next_one(bench: Bench) -> None:
    bench.ok("handover", SLUG, *WHO)
    bench.ok("handover", SLUG, "--signed", bench.workspace.today())
    word = bench.run_dir(PC) / "words/python3"
    real = word.readlink()
    word.unlink()
    word.write_text(f'#!/bin/sh\n{real} "$@" >/dev/null\n')  # it does all, and nobody hears of it
    word.chmod(0o755)
    try:
        assert bench.run("return", SLUG, "--receiver", "x").code == 1
        assert standing(bench)["state"] == "active"
        assert bench.workspace.ledger.last_of(PC, "endpoint.ended") < bench.workspace.ledger.last_of(
            PC, "endpoint.begun"
        )
        assert (bench.flash(PC) / "etc/hostname").read_text() == "debian\n"
    finally:
        word.unlink()
        word.symlink_to(real)
    bench.ok("return", SLUG, "--receiver", "x")
    assert standing(bench)["state"] == "returned"
    bench.fault(PC, "reset")


def test_no_handover_while_anything_is_red_or_unknown_and_what_is_waived_is_on_the_paper(bench: Bench) -> None:
    bench.fault(PC, "speaker", "gone")
    try:
        bench.run("verify", PC)
        done = bench.run("handover", SLUG, *WHO)
        assert done.code == 1
        assert f"{PC}: speaker_is_present: fail: no speaker is plugged in" in done.err
        waive = ("--by", "Ir. Sri", "--reason", "pengeras suara analog", "--until")
        assert bench.run("waive", SLUG, "speaker_is_present", *waive, "2020-01-01").code == 2
        assert bench.run("waive", SLUG, "speaker", *waive, "2030-01-01").code == 2
        for never in ("it_is_the_recorded_computer", "peripherals_are_the_kits_own", "baseline_is_the_accepted_one"):
            done = bench.run("waive", SLUG, never, *waive, "2030-01-01")
            assert (done.code, "nobody can waive it" in done.err) == (2, True)
        bench.ok("waive", SLUG, "speaker-is-present", *waive, "2030-01-01")
        bench.ok("handover", SLUG, *WHO)
        draft = next(e for e in reversed(bench.workspace.ledger.history(CODE)) if e.verb == Drafted.VERB).payload
        assert draft["waivers"] == [
            {"check": "speaker_is_present", "by": "Ir. Sri", "reason": "pengeras suara analog", "until": "2030-01-01"}
        ]
        assert draft["proofs"][0]["waived"] == ["speaker_is_present"]
    finally:
        bench.fault(PC, "speaker")
        end(bench)
        bench.ok("waive", SLUG, "speaker_is_present", *waive, bench.workspace.today())


def test_a_kit_that_was_never_verified_or_is_silent_is_not_handed_over(bench: Bench) -> None:
    done = bench.run("handover", "talisayan", *WHO)
    assert done.code == 1
    assert "never provisioned" in done.err or "verif" in done.err
    bench.fault(PC, "off", "1")
    try:
        bench.run("verify", PC)
        assert "it_is_the_recorded_computer: unknown" in bench.run("handover", SLUG, *WHO).err
    finally:
        bench.fault(PC, "off")
    bench.ok("apply", PC, "--yes")
    (bench.flash(PC) / "etc/hostname").write_text("lain\n")
    bench.run("verify", PC)
    assert "baseline_is_the_accepted_one: fail" in bench.run("handover", SLUG, *WHO).err
    bench.ok("apply", PC, "--yes")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("handover", "sambliung", *WHO), 2, "did you mean sambaliung?"),
        (("handover", SLUG, "--to", "X", "--nip", "197213041998031005"), 2, "no such day of birth"),
        (("handover", SLUG, "--to", "X"), 2, "18 digits"),
        (("handover", SLUG, "--signed", "2026-11-24"), 1, "begins a loan"),
        (("handover", SLUG, "--to", "X", "--signed", "2026-11-24"), 2, "choose one"),
        (("custody", "--as-of", "2001-01-01"), 2, "nothing was registered by 2001-01-01"),
        (("custody", "NOBODY-1"), 2, "no item and no place"),
        (("return", "segah", "--receiver", "x"), 1, "nothing is lent to Segah"),
        (("training", SLUG, "--person", " ", "--topic", "x"), 2, "--person NAME"),
        (("training", SLUG, "--person", "a", "--topic", "x", "--date", "2099-01-01"), 2, "in the future"),
    ],
)  # fmt: skip
def test_each_refusal_says_what_to_do(bench: Bench, words: tuple[str, ...], code: int, said: str) -> None:
    end(bench)
    done = bench.run(*words)
    assert done.code == code, done.err
    assert said in done.err
    assert "next:" in done.err or "Usage" in done.err


def test_a_signature_has_its_day(bench: Bench) -> None:
    bench.pc(PC)
    bench.ok("verify", PC)
    bench.ok("handover", SLUG, *WHO)
    for day, said in (
        ("2019-01-01", "is before BRU-CAM-03"),
        ("2099-01-01", "in the future"),
        ("kemarin", "not a day"),
    ):
        done = bench.run("handover", SLUG, "--signed", day)
        assert (done.code, said in done.err) == (2, True), done.err
    end(bench)


def test_two_people_at_once_make_one_handover(bench: Bench) -> None:
    bench.pc(PC)
    bench.ok("verify", PC)
    end(bench)
    both = [bench.start("handover", SLUG, *WHO) for _ in range(2)]
    ended = [p.communicate(timeout=60)[1] for p in both]
    assert sorted(p.returncode for p in both) == [0, 1], ended
    drafts = [e for e in bench.workspace.ledger.history(CODE) if e.verb == Drafted.VERB]
    voids = [e for e in bench.workspace.ledger.history(CODE) if e.verb in {Voided.VERB, Returned.VERB}]
    assert len(drafts) == len(voids) + 1
    end(bench)


def test_a_draft_whose_paper_was_never_made_is_finished(bench: Bench) -> None:
    bench.pc(PC)
    bench.ok("verify", PC)
    end(bench)
    papers = bench.home / "var/papers"
    papers.rename(papers.with_name("away"))
    papers.write_text("in the way")
    try:
        done = bench.run("handover", SLUG, *WHO)
        assert (done.code, "the paper cannot be kept" in done.err) == (1, True), done.err
    finally:
        papers.unlink()
        papers.with_name("away").rename(papers)
    assert standing(bench)["state"] == "awaiting signature"
    end(bench)


def test_the_papers_texts_are_data_and_never_markup(root: Path) -> None:
    lines = (root / "templates/documents/tanda-terima.typ").read_text().splitlines()
    code = "\n".join(line for line in lines if not line.lstrip().startswith("//"))
    assert re.findall(r"\beval\b|\binclude\b|\bread\(", code) == []
