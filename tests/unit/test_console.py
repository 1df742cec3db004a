"""What people and programs see: tables in a terminal, tab-separated lines elsewhere, JSON on request."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

import pytest

from provision.cli import console
from provision.connectors.phase import Step
from provision.core.errors import DeviceError, Fault, IntentError
from provision.core.model import (
    ApplyStep,
    Candidate,
    Change,
    Ending,
    Finding,
    Outcome,
    Plan,
    Secret,
    Standing,
    Verdict,
    Watched,
)

CHANGES = (
    Change(path="system.hostname", running="a", intended="b"),
    Change(path="ssh.password", running=Secret("old-secret"), intended=Secret("new-secret")),
    Change(path="time.ntp", running=None, intended=("x", "y")),
)


class Terminal(io.StringIO):
    """A stream that says of itself whether it is a terminal."""

    is_one = True

    def isatty(self) -> bool:
        return self.is_one


class Streams:
    """Standard output and error of one test."""

    def __init__(self, *, terminal: bool) -> None:
        self.out, self.err = Terminal(), Terminal()
        self.out.is_one = self.err.is_one = self.terminal = terminal

    def readouterr(self) -> tuple[str, str]:
        """Return what was printed since the last call."""
        said = self.out.getvalue(), self.err.getvalue()
        for stream in (self.out, self.err):
            stream.seek(0)
            stream.truncate()
        return said


def in_pipe_and_terminal(test: Callable[[Streams], None]) -> Callable[..., None]:
    """Run a test twice: where standard output and error are a pipe, and where they are a terminal of 100 columns."""

    @pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
    def run(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> None:
        streams = Streams(terminal=terminal)
        for name, value in (("COLUMNS", "100"), ("NO_COLOR", "1"), ("TERM", "xterm")):
            monkeypatch.setenv(name, value)
        with redirect_stdout(streams.out), redirect_stderr(streams.err):
            test(streams)

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def plan(*changes: Change) -> Plan:
    return Plan(
        device="BRU-MDM-01", changes=changes, candidate=Candidate(settings={}), intended={}, locators={}, marker="m"
    )


def outcome(ending: Ending, because: str = "because") -> Outcome:
    return Outcome(device="BRU-MDM-01", kecamatan="kelay", ending=ending, step=ApplyStep.CHANGE, because=because)


def test_an_error_says_what_where_and_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_error(DeviceError("no answer", where="BRU-MDM-01", hint="is it on?"))
    console.print_error(DeviceError("only what"))
    out, err = capsys.readouterr()
    assert (out, err) == ("", "error: no answer\n  where: BRU-MDM-01\n  next:  is it on?\nerror: only what\n")


def test_faults_of_the_intent_stand_with_their_lines_and_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [
        Fault(where="kits/kelay.yml:3", what="no such APN", hint="see apn.yml"),
        Fault(where="x", what="y", hint=""),
    ]
    console.print_error(IntentError(faults))
    assert (
        capsys.readouterr().err == "kits/kelay.yml:3: no such APN\n    see apn.yml\nx: y\n2 faults; nothing was done\n"
    )


@in_pipe_and_terminal
def test_data_goes_to_standard_output_and_words_to_standard_error(streams: Streams) -> None:
    console.print_outcomes("run-1", [outcome(Ending.APPLIED), outcome(Ending.UNCONFIRMED)], as_json=False)
    out, err = streams.readouterr()
    if streams.terminal:
        assert ("✓ applied" in out, "? unconfirmed" in out, "outcome" in out) == (True, True, True)
    else:
        assert out.splitlines()[0] == "BRU-MDM-01\tkelay\tapplied\tbecause"
    assert err == "next for BRU-MDM-01: provision resume\n"


@pytest.mark.parametrize("ending", list(Ending))
def test_every_ending_that_is_not_as_intended_has_a_next_step(
    ending: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    console.print_outcomes("run-1", [outcome(ending)], as_json=False)
    good = ending in {Ending.APPLIED, Ending.UNCHANGED}
    assert ("next for" in capsys.readouterr().err) is not good


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_outcomes("run-1", [outcome(Ending.APPLIED)], as_json=True)
    out, err = capsys.readouterr()
    assert (json.loads(out)["run"], err) == ("run-1", "")
    console.print_plans([plan(*CHANGES)], as_json=True)
    out = capsys.readouterr().out
    assert json.loads(out)
    assert "new-secret" not in out
    console.print_findings([finding(Verdict.PASS)], as_json=True)
    assert json.loads(capsys.readouterr().out)["findings"][0]["verdict"] == "pass"


@in_pipe_and_terminal
def test_a_plan_shows_each_setting_and_no_secret(streams: Streams) -> None:
    console.print_plans([plan(*CHANGES), plan()], as_json=False)
    out = streams.readouterr()[0]
    assert "secret" not in out.replace("<secret>", "").replace("ssh.password", "") or "old-secret" not in out
    assert ("x y" in out, "—" in out) == (True, True)
    if streams.terminal:
        assert "BRU-MDM-01: 3 changes" in out
        assert "BRU-MDM-01: runs as intended" in out
    else:
        assert out.splitlines()[0] == "BRU-MDM-01 system.hostname\ta\tb"


def test_a_cell_with_tabs_and_lines_stays_in_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("a", "b"), [("one\ttwo", "three\nfour"), ("plain", "row")])
    assert capsys.readouterr().out == "one two\tthree four\nplain\trow\n"


def finding(verdict: Verdict, check: str = "it_is_there", because: str = "seen", remedy: str = "") -> Finding:
    return Finding(check=check, device="BRU-MDM-01", verdict=verdict, because=because, remedy=remedy)


@in_pipe_and_terminal
def test_findings_are_folded_for_a_person_and_whole_for_a_program(streams: Streams) -> None:
    findings = [
        finding(Verdict.PASS, "signal_carries_a_call", "RSRP -95 dBm"),
        finding(Verdict.PASS),
        finding(Verdict.UNKNOWN, "a_b", "no answer", "turn it on"),
        finding(Verdict.UNKNOWN, "c_d", "no answer", "turn it on"),
        finding(Verdict.FAIL, "e_f", "too old", "update it"),
    ]
    console.print_findings(findings, as_json=False)
    out, err = streams.readouterr()
    if not streams.terminal:
        assert out.splitlines()[2] == "BRU-MDM-01\ta_b\tunknown\tno answer"
        assert err == ""
        return
    assert "2 of 5 checks" in out
    assert "RSRP -95 dBm" in out
    assert "e f" in out
    assert err == "next: turn it on\nnext: update it\n"


@in_pipe_and_terminal
def test_a_green_row_says_nothing_of_a_check_that_is_not_green(streams: Streams) -> None:
    findings = [finding(Verdict.PASS), finding(Verdict.UNKNOWN, "signal_carries_a_call", "no reading: rsrp_dbm")]
    console.print_findings(findings, as_json=False)
    out = streams.readouterr()[0]
    assert [line for line in out.splitlines() if "1 of 2 checks" in line and "no reading" in line] == []
    assert ("1 of 2 checks" in out) is streams.terminal


@in_pipe_and_terminal
def test_a_device_without_a_green_check_has_no_green_row(streams: Streams) -> None:
    console.print_findings([finding(Verdict.FAIL, because="dark")], as_json=False)
    out = streams.readouterr()[0]
    assert ("dark" in out, "✓" in out) == (True, False)
    assert ("✗ fail" in out) is streams.terminal


def watched(state: str, *changes: Change) -> Watched:
    return Watched(device="BRU-MDM-01", state=state, seen_at="2026-11-02T01:00:00Z", because="why", changes=changes)


@in_pipe_and_terminal
def test_what_drifted_is_named_with_what_can_be_done(streams: Streams) -> None:
    console.print_watched([watched("drift", CHANGES[0]), watched("ok"), watched("unreachable")])
    out, err = streams.readouterr()
    assert "provision adopt keeps what runs" in err
    assert "watch again later" in err
    if streams.terminal:
        assert ("≠ drift" in out, "BRU-MDM-01: 1 difference" in out) == (True, True)
    else:
        assert "BRU-MDM-01 system.hostname\tb\ta\n" in out
    console.print_watched([watched("ok")])
    assert streams.readouterr()[1] == ""
    console.print_watched([watched("drift")])
    assert streams.readouterr()[1] == "next for BRU-MDM-01: plug in what belongs to the kit, then provision verify\n"


@in_pipe_and_terminal
def test_progress_is_a_line_for_each_end_or_a_bar_in_a_terminal(streams: Streams) -> None:
    with console.progress(["BRU-MDM-01"], {"BRU-MDM-01": "Kelay"}) as on_step:
        on_step(Step(device="BRU-MDM-01", task="Change", state="started"))
        on_step(Step(device="BRU-MDM-01", task="Finish", state="done"))
        on_step(Step(device="BRU-MDM-99", task="Finish", state="done"))
    err = streams.readouterr()[1]
    if streams.terminal:
        assert ("Kelay" in err, "finish done" in err, "BRU-MDM-99" in err) == (True, True, False)
    else:
        assert err == "BRU-MDM-01 finish done\nBRU-MDM-99 finish done\n"


def test_no_progress_stands_beside_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    with console.quiet() as on_step:
        on_step(Step(device="BRU-MDM-01", task="Change", state="done"))
    assert capsys.readouterr() == ("", "")


@in_pipe_and_terminal
def test_words_are_counted_and_marked_without_colour(streams: Streams) -> None:
    assert (console.counted(1, "device"), console.counted(0, "device")) == ("1 device", "0 devices")
    assert console.signed("pass") == ("✓ pass" if streams.terminal else "pass")
    assert console.marked("fail  hearing: silent") == (
        "✗ fail  hearing: silent" if streams.terminal else "fail  hearing: silent"
    )
    assert console.marked("no verdict") == "no verdict"


def test_every_word_of_a_result_has_a_sign_and_a_style() -> None:
    words = {str(w) for some in (Ending, Verdict) for w in some} | {"ok", "drift", "unreachable", "unknown"}
    assert words == set(console.SIGNS) == set(console.STYLES)


def test_the_lab_is_one_row_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    one = {
        "tag": "BRU-MDM-01", "on": True, "addresses": ["127.64.1.1", "127.77.1.1"], "ssh_port": 2201, "hostname": "OpenWrt",
        "faults": {"link": "off"},
    }  # fmt: skip
    console.print_lab({"devices": [one, {**one, "on": False, "faults": {}}]})
    first, second = capsys.readouterr().out.splitlines()
    assert first == "BRU-MDM-01\ton\t127.64.1.1:2201 127.77.1.1:2201\tOpenWrt\tlink=off"
    assert second.split("\t")[1] == "off"


def test_the_times_of_a_table_are_those_of_berau(capsys: pytest.CaptureFixture[str]) -> None:
    seen = Watched(device="BRU-MDM-04", state=Standing.OK, seen_at="2026-11-27T23:30:00Z", because="runs as accepted")
    console.print_watched([seen])
    assert "2026-11-28 07:30 WITA" in capsys.readouterr().out
