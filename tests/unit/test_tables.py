"""Tables and changes in terminals of 60, 80 and 120 columns: nothing is cut, and each change can be read by itself."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.cli import console
from provision.core.model import Candidate, Change, Finding, Plan, Secret, Verdict, Watched

WIDTHS = (60, 80, 120)
CHANGES = (
    Change(path="network.lan.ipaddr", running="192.168.1.1", intended="10.64.7.1"),
    Change(path="firewall.@zone[lan].forward", running="ACCEPT", intended="REJECT"),
    Change(path="firewall.@rule[Pantau-SNMP,lan,udp,161,10.0.0.0/8,ACCEPT].target", running=None, intended="ACCEPT"),
    Change(path="network.wg_office.private_key", running=Secret("the-old-key"), intended=Secret("the-new-key")),
    Change(path="network.wan6", running="interface", intended=None),
    Change(path="/ip/firewall/filter:comment=kit-in:src-address", running="10.0.0.0/8", intended="10.64.0.0/16"),
    Change(path="file:/etc/dropbear/authorized_keys", running="c0ffee" * 10, intended="decade" * 10),
)
PLAN = Plan(
    device="BRU-MDM-07", changes=CHANGES, candidate=Candidate(settings={}), intended={}, locators={}, marker="m"
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, width: int, work: Callable[[], None]) -> str:
    for name, value in (("COLUMNS", str(width)), ("NO_COLOR", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    with redirect_stdout(Terminal()) as out:
        work()
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())  # bold and dim


def joined(text: str) -> str:
    """A text without its blanks: a folded one is the same as a whole one."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("width", WIDTHS)
def test_each_change_of_a_plan_shows_what_runs_and_what_is_intended(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    out = printed(monkeypatch, width, lambda: console.print_plans([PLAN], as_json=False))
    assert max(len(line) for line in out.splitlines()) <= width
    assert "BRU-MDM-07: 7 changes (runs → intended)" in out
    assert [line.strip() for line in out.splitlines() if re.fullmatch(r"  \S+: \d+", line)] == [
        "network: 3", "firewall: 2", "/ip/firewall/filter: 1", "file: 1",
    ]  # fmt: skip
    whole = joined(out)
    for change in CHANGES:
        section = re.match(r"file|/[^:]*|[^.]+", change.path)[0]
        name = change.path.removeprefix(section).lstrip(".:")
        assert joined(f"{name}{console.plain(change.running)}→{console.plain(change.intended)}") in whole
    assert "the-old-key" not in out
    assert "the-new-key" not in out


@pytest.mark.parametrize("width", WIDTHS)
def test_a_difference_shows_what_was_accepted_and_what_runs(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    seen = Watched(
        device="BRU-MDM-07", state="drift", seen_at="2026-11-02T01:00:00Z", because="x" * 90, changes=CHANGES[:2]
    )
    out = printed(monkeypatch, width, lambda: console.print_watched([seen]))
    assert "BRU-MDM-07: 2 differences (accepted → runs)" in out
    assert "10.64.7.1→192.168.1.1" in joined(out)
    assert "x" * 90 in joined(out), "a reason that is longer than the terminal is wide"
    assert max(len(line) for line in out.splitlines()) <= width


COLUMNS = ("item", "kind", "held by", "from", "until", "by the paper")
ROWS = [
    (
        "BRU-WEBCAM-LONG-TAG-0007",
        "webcam",
        "Pulau Derawan",
        "2026-11-24",
        "2028-11-24",
        "64.03.05/2026/tanda-terima/0007",
    ),
    ("BRU-PC-04", "computer", "in the store", "", "", ""),
]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_word_of_a_table_is_cut_or_broken(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    out = printed(monkeypatch, width, lambda: console.table(COLUMNS, ROWS))
    assert max(len(line) for line in out.splitlines()) <= width
    for cell in (cell for row in ROWS for cell in row):
        assert all(word in out for word in cell.split()), cell
    if width < 120:
        assert "  held by: Pulau Derawan" in out, "a block of lines where the columns do not fit"
    else:
        assert out.count("held by") == 1


@pytest.mark.parametrize("width", [*range(56, 66), 80])
def test_a_table_that_just_fits_is_not_cut_at_its_edge(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    seen = [
        Watched(device=f"BRU-MDM-0{n}", state=state, seen_at="2026-11-02T01:00:00Z", because=because)
        for n, (state, because) in enumerate((("ok", "runs as accepted"), ("drift", "differs from what was accepted")))
    ]
    out = printed(monkeypatch, width, lambda: console.print_watched(seen))
    assert max(len(line) for line in out.splitlines()) <= width
    assert out.count("accepted") == 2


def test_a_reason_that_is_one_long_word_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding(check="it_is_there", device="BRU-MDM-07", verdict=Verdict.FAIL, because="y" * 200, remedy="")]
    out = printed(monkeypatch, 60, lambda: console.print_findings(found, as_json=False))
    assert "y" * 200 in joined(out)
    assert max(len(line) for line in out.splitlines()) <= 60


@given(
    st.lists(st.tuples(*[st.text("ab.:/ é→", max_size=90)] * 3), min_size=1, max_size=4), st.sampled_from((40, *WIDTHS))
)
def test_whatever_a_plan_holds_nothing_is_lost(rows: list[tuple[str, str, str]], width: int) -> None:
    changes = tuple(Change(path=p or "x", running=r, intended=i) for p, r, i in rows)
    with pytest.MonkeyPatch.context() as patched:
        shown = Plan(
            device="D", changes=changes, candidate=Candidate(settings={}), intended={}, locators={}, marker="m"
        )
        out = printed(patched, width, lambda: console.print_plans([shown], as_json=False))
    whole = joined(out)
    for change in changes:
        assert joined(f"{change.running} → {change.intended}") in whole
    assert max(len(line) for line in out.splitlines()) <= width
