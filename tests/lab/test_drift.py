"""Drift from what was accepted is named; what is legitimate is adopted; what is silent is not green."""

from __future__ import annotations

import json

import pytest
from labhome import Bench, until

pytestmark = pytest.mark.lab
TAG = "BRU-MDM-04"


@pytest.fixture(autouse=True)
def _provisioned(bench: Bench) -> None:
    bench.provisioned(TAG)


def watched(bench: Bench) -> dict:
    done = bench.run("watch", TAG, "--json")
    (one,) = json.loads(done.out)["devices"]
    return one | {"code": done.code, "err": done.err}


def alter(bench: Bench, package: str, old: str, new: str) -> None:
    """A hand on the box: its file changes, and its snmpd says so when its cache has run out."""
    path = bench.flash(TAG) / "etc/config" / package
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def notices(bench: Bench, state: str) -> dict:
    until(lambda: watched(bench)["state"] == state, f"the watch says {state}")
    return watched(bench)


def test_what_runs_as_accepted_is_ok_and_is_written_once(bench: Bench) -> None:
    first = notices(bench, "ok")
    assert first["code"] == 0
    assert first["changes"] == []
    count = len(bench.workspace.ledger.history(TAG))
    assert watched(bench)["state"] == "ok"
    assert len(bench.workspace.ledger.history(TAG)) == count


def test_drift_names_path_accepted_and_running_value_and_an_apply_repairs_it(bench: Bench) -> None:
    alter(bench, "system", "option zonename", "option conloglevel '4'\n\toption zonename")
    alter(bench, "system", "WITA-8", "WIB-7")
    found = notices(bench, "drift")
    assert found["code"] == 3
    assert {c["path"]: (c["accepted"], c["running"]) for c in found["changes"]} == {
        "system.@system.timezone": ("WITA-8", "WIB-7"),
        "system.@system.conloglevel": (None, "4"),
    }
    assert bench.last(TAG, "device.watched")["state"] == "drift"
    assert f"next for {TAG}: provision apply" in bench.run("watch", TAG).err
    bench.ok("apply", TAG, "--bench", "--yes")
    assert "WITA-8" in bench.config(TAG, "system")


def test_a_changed_secret_is_drift_without_a_face(bench: Bench) -> None:
    line = next(one for one in bench.config(TAG, "network").splitlines() if "preshared_key" in one)
    other = "A" * 43 + "="
    alter(bench, "network", line, f"\toption preshared_key '{other}'")
    found = notices(bench, "drift")
    (change,) = found["changes"]
    assert change["path"].endswith("preshared_key")
    assert change["accepted"] == change["running"] == "•••"
    assert other not in json.dumps([e.payload for e in bench.workspace.ledger.history(TAG)])
    bench.ok("apply", TAG, "--bench", "--yes")
    assert line in bench.config(TAG, "network")


def test_a_comment_is_no_drift_and_its_digest_is_accepted(bench: Bench) -> None:
    before = bench.workspace.known[TAG].snapshot.marker
    alter(bench, "system", "config system", "# dicek 24-11-2026\nconfig system")
    until(
        lambda: bool(watched(bench)) and bench.workspace.known[TAG].snapshot.marker != before, "the digest is accepted"
    )
    found = watched(bench)
    assert (found["code"], found["state"], found["changes"]) == (0, "ok", [])


def test_a_local_change_is_adopted_on_record_and_the_intent_is_named(bench: Bench) -> None:
    alter(bench, "system", "Kantor Camat Segah", "Pindah ke aula")
    notices(bench, "drift")
    done = bench.ok("adopt", TAG, "--reason", "kantor direnovasi")
    assert "system.@system.notes" in done.out
    assert "the intent still wants 1 setting otherwise" in done.err
    adopted = bench.last(TAG, "configuration.adopted")
    assert adopted["reason"] == "kantor direnovasi"
    assert notices(bench, "ok")["code"] == 0
    assert "nothing to adopt" in bench.ok("adopt", TAG, "--reason", "lagi").err
    bench.ok("apply", TAG, "--bench", "--yes")


def test_a_silent_box_is_unreachable_since_it_was_last_seen(bench: Bench) -> None:
    seen = notices(bench, "ok")["seen_at"]
    bench.fault(TAG, "snmp", "1")
    try:
        found = watched(bench)
    finally:
        bench.fault(TAG, "snmp")
    assert (found["code"], found["state"], found["because"]) == (1, "unreachable", "no answer")
    assert found["seen_at"] <= seen


def test_another_box_is_unknown_and_cannot_be_adopted(bench: Bench) -> None:
    bench.fault(TAG, "serial", "XX0000000001")
    try:
        until(lambda: "another box" in watched(bench)["because"], "the lie is seen")
        found = watched(bench)
        assert (found["code"], found["state"]) == (1, "unknown")
        assert bench.run("adopt", TAG, "--reason", "x").code == 1
    finally:
        bench.fault(TAG, "serial")


def test_watch_says_what_it_cannot_watch(bench: Bench) -> None:
    done = bench.run("adopt", TAG, "--reason", "  ")
    assert done.code == 2
    assert "--reason" in done.err
    assert bench.run("watch", "nowhere").code == 2
