"""What a program that was written for release 0.1.0 relies on: JSON keys, words and exit codes. It stays for ever.

Keys may be added; none goes or changes its meaning. Where an issue names a fault in what was promised, the change is a
row in CHANGELOG.md under "Changes that programs see", and an entry of CHANGES here.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from labhome import Bench

pytestmark = pytest.mark.lab
ROOT = Path(__file__).parents[2]
MODEM, PC, PLACE = "BRU-MDM-04", "BRU-PC-04", "segah"
OUTCOME = {"device", "kecamatan", "outcome", "step", "because"}
FINDING = {"check", "device", "verdict", "because", "remedy"}
CHANGES = {  # day -> what programs see otherwise since then, as the CHANGELOG says it
    "2026-11-26": (
        "`apply --json` of a modem whose plan is not approved",
        "`apply --json` of a PC whose plan is not approved",
        "`provision` without a command",
        "`enrol` of a modem that another run holds",
    ),
    "2026-11-27": (
        "`rollback` and `secret rotate` whose plan is not approved",
        "`apply` and `plan` of a device that answers and says no serial number",
        "a serial number that differs from its record by upper and lower case only",
        "modems and radios in one command",
        "`history` of a modem's apply",
        "`check` with a usual driver in `defaults.yml` that is no family",
        "`resume`, and an `apply` that settles an open run, of a device that says another serial number than its record",
        "a command that records, where `var/ledger.head` is missing or names other events",
        "`inventory` and `devices.yml`: a value that holds a brace",
        "a control character, a line break or a mark of direction in what a device says",
        "`restore` of a backup of 0.1.0, or of one that somebody without the vault password made",
        "`watch` of a lent device that is not enrolled, was enrolled again, or is named by no kit file",
        "`history --json` of an act of lending: `subject`",
        "`watch` of a PC whose camera, microphone or speaker is gone, is another one, or was not seen for `look_limit_days`",
    ),
    "2026-11-28": (
        "any command whose standard output is shut or full",
        "any command on a home whose `ledger.db` is gone",
        "a command that needs secrets, where the vault is gone and devices are known",
        "a command that logs in, where the office's private key is gone and its public half is there",
        "`register` of a list of more than 8 MB, 20,000 rows or 200 columns",
        "`apply --json` of a device whose run another command ended meanwhile",
        "`resume`, and an `apply` that settles an open run, of a device that runs neither the old nor the new configuration and proves nothing",
        "`verify` of a device that another command changed meanwhile",
        "`handover` of a kit in which other devices were bound since it was verified",
        "`handover`, `return` and `replace` of a kit with a device that another command changed meanwhile",
        "a hub, time server, time zone, access point name or network code in `inventory/` that can be none",
        "a home whose path holds a percent sign, a quote, a brace, a dollar sign or a backslash",
        "`drop` in `defaults.yml` with `http://`",
        "a time in the tables of `watch`, `history`, `fetch` and `ingest` without `--json`",
        '`handover --signed ""` and `--void ""`',
        "`return` and `replace` of a device that another run holds",
        "`guard` in what a modem says over SNMP and in a look",
        "`verify` of a modem",
    ),
}


def keys(one: object) -> set[str]:
    assert isinstance(one, dict)
    return set(one)


def read(bench: Bench, *words: str, code: int = 0) -> dict:
    done = bench.run(*words)
    assert done.code == code, f"{words}: {done.code}\n{done.out}{done.err}"
    return dict(json.loads(done.out))


@pytest.fixture(scope="module", autouse=True)
def _provisioned(bench: Bench) -> None:
    bench.provisioned(MODEM)
    bench.pc(PC)


def test_the_json_of_devices_has_the_keys_of_0_1_0(bench: Bench) -> None:
    done = read(bench, "apply", MODEM, "--bench", "--yes", "--json")
    assert keys(done) >= {"run", "outcomes"}
    assert keys(done["outcomes"][0]) >= OUTCOME
    assert (done["outcomes"][0]["outcome"], done["outcomes"][0]["step"]) == ("unchanged", "plan")
    plan = read(bench, "plan", PLACE, "--bench", "--json")["plans"][0]
    assert keys(plan) >= {"device", "changes"}
    assert keys(read(bench, "verify", MODEM, "--json")["findings"][0]) >= FINDING
    watched = read(bench, "watch", PLACE, "--json")["devices"][0]
    assert keys(watched) >= {"device", "state", "seen_at", "because", "changes"}
    event = read(bench, "history", MODEM, "--json")["events"][0]
    assert keys(event) >= {"number", "at", "actor", "verb", "subject", "payload"}
    listed = read(bench, "inventory", "--list")
    assert keys(listed["_meta"]["hostvars"][MODEM.lower()]) >= {
        "ansible_host", "ansible_port", "ansible_user", "asset_tag", "kecamatan", "kit_driver", "kit_firmware", "kit_link",
        "kit_model", "snmp_port", "tunnel_key",
    }  # fmt: skip


def test_the_json_of_lending_has_the_keys_of_0_1_0(bench: Bench) -> None:
    listed = read(bench, "register", str(bench.home / "inventory/delivery.csv"), "--json")
    assert keys(listed) >= {"read", "registered", "known", "spare", "missing"}
    item = read(bench, "custody", "--json")["items"][0]
    assert keys(item) >= {
        "item", "kind", "model", "serial", "place", "holder", "since", "because", "loan", "condition",
    }  # fmt: skip
    fetched = bench.run("fetch", PC, "--json")
    assert keys(json.loads(fetched.out)) >= {"reports", "silent"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("plan", MODEM, "--bench"), 0), (("watch", PLACE), 0), (("apply",), 2), (("inventory",), 2), (("aply",), 2),
        (("enrol", "BRU-MDM-99"), 2), (("verify", "nowhere"), 2), (("history", "BRU-XX-00"), 1), (("ledger", "verify"), 0),
        (("rollback", MODEM, "--to", "1", "--yes"), 2), (("handover", "labanan"), 2), (("waive", PLACE, "x", "--by", "y", "--reason", "z", "--until", "2099-01-01"), 2),
    ],
)  # fmt: skip
def test_the_exit_codes_are_those_of_0_1_0(bench: Bench, words: tuple[str, ...], code: int) -> None:
    done = bench.run(*words)
    assert done.code == code, done.err
    assert "Traceback" not in done.err


def refused(bench: Bench, tag: str) -> tuple[int, dict]:
    """Apply with a person at the terminal who says no."""
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "provision", "--home", str(bench.home), "apply", tag, "--bench", "--json"]
    process = subprocess.Popen(argv, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.write(ours, b"n\n")
    out, err = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert "change 1 device?" in err
    (end,) = json.loads(out[out.index("{\n") :])["outcomes"]  # the plan stands before it, as it did
    return process.returncode, end


def test_a_plan_that_a_person_refuses_is_refused_for_every_kind(bench: Bench) -> None:
    kit = bench.home / f"inventory/kits/{PLACE}.yml"
    defaults = bench.home / "inventory/defaults.yml"
    was = kit.read_text(), defaults.read_text()
    try:
        kit.write_text(was[0].replace("Kantor Camat", "Kantor Baru"))
        defaults.write_text(was[1].replace("Asia/Makassar", "Asia/Jayapura").replace("WITA-8", "WIT-9"))
        for tag in (MODEM, PC):
            code, end = refused(bench, tag)
            assert (code, end["outcome"], end["step"]) == (1, "refused", "approval"), end
            assert end["because"] == "not approved; nothing was changed"
    finally:
        kit.write_text(was[0])
        defaults.write_text(was[1])
    assert bench.run("plan", MODEM, PC, "--bench").code == 0, "nothing was changed"


def test_every_change_that_programs_see_is_a_row_of_the_changelog_and_dated_here() -> None:
    table = (ROOT / "CHANGELOG.md").read_text().partition("### Changes that programs see")[2]
    rows = [line.split("|") for line in table.splitlines() if re.match(r"\| \d{4}-", line)]
    assert {(row[1].strip(), row[2].strip()) for row in rows} == {(d, w) for d, some in CHANGES.items() for w in some}
    assert all(cell.strip() for row in rows for cell in row[3:6]), "before, after and why"
