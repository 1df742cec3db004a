"""The Windows PCs of the lab: the same line as the Linux ones; what they print is as odd as Windows prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhome import Bench

pytestmark = pytest.mark.lab
TAG, SLUG = "BRU-PC-10", "tabalar"


@pytest.fixture(autouse=True)
def _ready(bench: Bench) -> None:
    bench.pc(TAG)


def verdicts(bench: Bench) -> dict[str, tuple[str, str]]:
    findings = json.loads(bench.run("verify", TAG, "--json").out)["findings"]
    return {f["check"]: (f["verdict"], f["because"]) for f in findings}


def state(bench: Bench) -> dict:
    return json.loads((bench.flash(TAG) / "lab/windows.json").read_text())


def test_it_is_brought_to_the_baseline_and_is_green(bench: Bench) -> None:
    found = verdicts(bench)
    assert {v for v, _ in found.values()} == {"pass"}, found
    assert {"apps_may_use_camera_and_microphone", "antivirus_is_on", "it_hears_itself", "it_sees"} <= set(found)
    assert state(bench)["settings"]["system.timezone"] == "Singapore Standard Time"
    assert state(bench)["settings"]["system.hostname"] == TAG
    again = json.loads(bench.ok("apply", TAG, "--bench", "--yes", "--json").out)
    assert [o["outcome"] for o in again["outcomes"]] == ["unchanged"]


def test_a_hand_on_it_is_drift_and_an_apply_repairs_it(bench: Bench) -> None:
    kept = state(bench)
    kept["settings"]["system.timezone"] = "SE Asia Standard Time"
    (bench.flash(TAG) / "lab/windows.json").write_text(json.dumps(kept))
    (one,) = json.loads(bench.run("watch", TAG, "--json").out)["devices"]
    assert one["state"] == "drift"
    assert [c["path"] for c in one["changes"]] == ["system.timezone"]
    bench.ok("apply", TAG, "--yes")
    assert json.loads(bench.run("watch", TAG, "--json").out)["devices"][0]["state"] == "ok"


@pytest.mark.parametrize(
    ("fault", "value", "check", "verdict", "said"),
    [
        ("consent", "desktop apps", "apps_may_use_camera_and_microphone", "fail", "webcam: desktop apps says Deny"),
        ("app", "5.11.3", "conference_app_is_new_enough", "fail", "Zoom is 5.11.3, 6.0 is needed"),
        ("camera", "phantom", "camera_is_present", "pass", "C920"),
        ("camera", "held", "nobody_holds_the_camera", "warn", "Zoom.exe"),
        ("webcam", "gone", "camera_is_present", "fail", "no webcam"),
        ("webcam", "twice", "camera_is_present", "warn", "2 are plugged in"),
        (
            "sound",
            "default",
            "default_devices_are_the_kits_own",
            "fail",
            "default speaker for console is Digital Audio",
        ),
        ("sound", "disabled", "default_devices_are_the_kits_own", "fail", "its state is 268435457"),
        ("sound", "none", "default_devices_are_the_kits_own", "fail", "no default speaker"),
        ("sound", "remote", "default_devices_are_the_kits_own", "unknown", "remote desktop"),
        ("sound", "muted", "sound_is_on", "fail", "the speaker is muted"),
        ("problem", "22", "devices_have_no_fault", "fail", "is disabled"),
        ("clock", "86400", "clock_is_right", "fail", "it is off by"),
        ("serial", "To be filled by O.E.M.", "it_is_the_recorded_computer", "unknown", "no serial of its own"),
        ("noise", "1", "it_is_the_recorded_computer", "pass", "serial"),
    ],
)
def test_what_is_broken_is_told_in_a_sentence(
    bench: Bench, fault: str, value: str, check: str, verdict: str, said: str
) -> None:
    bench.fault(TAG, fault, value)
    try:
        found = verdicts(bench)[check]
    finally:
        bench.fault(TAG, fault)
    assert (found[0], said in found[1]) == (verdict, True), found


def test_it_is_given_back_as_it_was(bench: Bench) -> None:
    bench.fault(TAG, "reset")
    bench.ok("enrol", TAG, "--yes", "--new-key")
    before = state(bench)
    bench.ok("apply", TAG, "--bench", "--yes")
    bench.provisioned("BRU-MDM-10")
    bench.tried(TAG)
    bench.ok("verify", SLUG)
    bench.ok("handover", SLUG, "--to", "Y", "--nip", "197203041998032005")
    bench.ok("handover", SLUG, "--signed", bench.workspace.today())
    bench.ok("return", SLUG, "--receiver", "x")
    after = state(bench)
    assert after["before"] == {}
    assert {k: v for k, v in after["settings"].items() if v is not None} == {
        k: v for k, v in before["settings"].items() if v is not None
    }
    assert (bench.flash(TAG) / "root/.ssh/authorized_keys").read_text() == ""
    bench.fault(TAG, "reset")


def test_a_picture_is_the_proof_that_it_sees(bench: Bench, tmp_path: Path) -> None:
    who = ("--by", "Siti", "--note", "aplikasi Kamera")
    no = tmp_path / "no.jpg"
    no.write_text("no picture")
    for words, code, said in (
        (("attest", TAG, "sight", *who), 2, "--photo"),
        (("attest", TAG, "sight", *who, "--photo", str(no)), 2, "is no picture"),
        (("attest", TAG, "smell", *who), 2, "hearing, sight"),
        (("attest", TAG, "hearing", "--by", " ", "--note", "x"), 2, "nobody"),
        (("attest", "BRU-MDM-01", "hearing", *who), 2, "is no PC"),
    ):
        done = bench.run(*words)
        assert (done.code, said in done.err) == (code, True), done.err
    bench.tried(TAG)
    kept = bench.last(TAG, "device.seen")["photo"]
    assert (bench.home / "var/evidence" / kept).read_bytes().startswith(b"\x89PNG")
    assert verdicts(bench)["it_sees"][1] == "seen by Siti Aminah: uji di bangku kerja"


def test_the_teams_own_ansible_reaches_it(bench: Bench) -> None:
    import os
    import subprocess
    import sys

    bench.ok("inventory", "--write")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    argv = ["ansible", "-i", "inventory/", TAG.lower(), "-m", "ansible.builtin.raw", "-a", "hostname"]
    done = subprocess.run(argv, cwd=bench.home, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert TAG in done.stdout
