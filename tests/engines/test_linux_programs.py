"""The programs for a Linux PC, run by Python on a disk of their own: set, read, given back."""

from __future__ import annotations

import ast
import fcntl
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provision import families
from provision.core.device import Device
from provision.core.errors import CutShortError, DeviceError
from provision.core.model import Secret, Stage
from provision.devices.pc import look
from provision.devices.pc.look import feed
from provision.families.languages import pc_report, pc_task
from provision.lab import pcfactory
from provision.local import share

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAItest office"
SETTINGS = {
    "system.hostname": "BRU-PC-01",
    "system.timezone": "Asia/Makassar",
    "time.ntp": ("a.id", "b.id"),
    "app.zoom": "installed",
}
PC = pcfactory.Pc(
    tag="BRU-PC-01", serial="AC1", mac="c0:18:50:00:00:01", vendor="Acer", model="Veriton", address="127.0.0.1", ssh_port=22,
    key=KEY, names={"webcam": "C920", "microphone": "K669", "speaker": "S150"},
)  # fmt: skip
NONCE = "n0nce"


class Box:
    """A PC's disk and words, without its SSH server."""

    def __init__(self, path: Path) -> None:
        self.root, self.words = path / "root", path / "words"
        pcfactory.make(PC, self.root)
        self.words.mkdir()
        for name, body in pcfactory.WORDS.items():
            (self.words / name).write_text(f"#!/bin/sh\n{body}")
            (self.words / name).chmod(0o755)

    def run(self, verb: str, serial: str = "AC1", *, collect: bool = True, settings: Any = None, **more: Any) -> bytes:
        kind = families.pc("linux")
        sources = look.sources(kind)
        wanted = pc_task.intended(settings or SETTINGS, KEY)
        task = pc_task.Task(verb=verb, settings=wanted, key=KEY, nonce=NONCE, serial=serial, collect=collect, **more)
        text = pc_task.write(sources, task)
        environment = {
            "KIT_ROOT": str(self.root),
            "HOME": str(self.root / "root"),
            "PATH": f"{self.words}:/usr/bin:/bin",
        }
        done = subprocess.run(
            [sys.executable, "-SE", "-"], input=text, capture_output=True, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def ask(self, verb: str, serial: str = "AC1", **more: Any) -> pc_task.Answer:
        return pc_task.read(self.run(verb, serial, **more), nonce=NONCE, device="BRU-PC-01", at="2026-11-24T00:00:00Z")

    def package(self) -> None:
        inbox = self.root / "var/lib/kit/inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / "zoom_6.2_amd64.deb").write_text("a stand-in")

    def tree(self) -> dict[str, str]:
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_symlink():
                found[name] = str(path.readlink())
            elif path.is_file():
                found[name] = path.read_text()
        return found


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_the_baseline_is_set_once_and_given_back_byte_for_byte_without_the_offices_key(box: Box) -> None:
    before = box.tree()
    box.package()
    first = box.ask("apply")
    assert first.failed == {}
    assert set(first.changed) == set(SETTINGS)
    assert first.snapshot.settings == pc_task.intended(SETTINGS, KEY)
    assert "127.0.1.1 BRU-PC-01" in (box.root / "etc/hosts").read_text()
    after = box.tree()
    again = box.ask("apply")
    assert (again.changed, again.failed) == ((), {})
    assert box.tree() == after
    undone = box.ask("undo")
    assert undone.failed == {}
    assert box.tree() == before | {"root/.ssh/authorized_keys": ""}
    assert undone.snapshot.settings == {"system.hostname": "debian", "system.timezone": "Asia/Jakarta"}


def test_the_daily_report_is_laid_down_once_and_taken_away_whole(box: Box) -> None:
    box.package()
    before = box.tree()
    text, written = look.report_program("linux"), pc_report.config("BRU-PC-01", Secret("ab" * 32), ("zoom",), "")
    wanted = SETTINGS | {pc_report.SETTING: pc_report.digest(text, written)}
    laid = {"settings": wanted, "report": written, "report_program": text}
    first = box.ask("apply", **laid)
    assert (first.failed, pc_report.SETTING in first.changed) == ({}, True)
    assert (box.root / "var/lib/kit/report.json").stat().st_mode & 0o77 == 0
    assert box.ask("apply", **laid).changed == ()
    environment = {"KIT_ROOT": str(box.root), "PATH": f"{box.words}:/usr/bin:/bin"}
    argv = [sys.executable, "-SE", str(box.root / "var/lib/kit/report.py")]
    done = subprocess.run(argv, capture_output=True, check=True, env=environment)
    assert done.stdout == b"", "the collector does not print by itself"
    (made,) = (box.root / "var/lib/kit/outbox").iterdir()
    assert (made.name, made.stat().st_mode & 0o77) == ("BRU-PC-01-000001.json", 0)
    proven = pc_report.prove(pc_report.claim(made.read_bytes()), Secret("ab" * 32), last=0, now_s=int(time.time()))
    assert proven.readings["serial"] == "AC1"
    assert [a["name"] for a in proven.readings["apps"]] == ["zoom"]
    (box.root / "var/lib/kit/report.py").write_text("print('somebody else')\n")
    assert box.ask("apply", **laid).changed == (pc_report.SETTING,), "a program that was altered is set again"
    assert box.ask("undo", **laid).failed == {}
    gone = {n for n in before if n.startswith("var/lib/kit/inbox")}
    after = {n: t for n, t in before.items() if n not in gone} | {"root/.ssh/authorized_keys": ""}
    assert box.tree() == after
    assert not (box.root / "var/lib/kit").exists()


def test_an_answer_is_small_enough_for_the_link(box: Box) -> None:
    assert len(box.run("look", apps=("zoom",))) < 16_000


def test_a_second_baseline_keeps_what_was_there_before_the_first(box: Box) -> None:
    box.package()
    box.ask("apply")
    other = SETTINGS | {"system.timezone": "Asia/Jayapura"}
    assert box.ask("apply", settings=other).changed == ("system.timezone",)
    box.ask("undo")
    assert str((box.root / "etc/localtime").readlink()).endswith("Asia/Jakarta")


def test_what_fails_is_named_and_does_not_keep_the_rest_from_being_set(box: Box) -> None:
    answer = box.ask("apply")  # no package was brought along
    assert list(answer.failed) == ["app.zoom"]
    assert "--packages" in answer.failed["app.zoom"]
    assert answer.snapshot.settings["system.hostname"] == "BRU-PC-01"
    (box.words / "timedatectl").write_text("#!/bin/sh\necho 'Failed to set time zone: Access denied' >&2\nexit 1\n")
    answer = box.ask("apply", settings=SETTINGS | {"system.timezone": "Asia/Jayapura"})
    assert "Access denied" in answer.failed["system.timezone"]


def test_another_pc_changes_nothing(box: Box) -> None:
    before = box.tree()
    for verb in ("apply", "undo"):
        answer = box.ask(verb, serial="AC2")
        assert answer.failed == {"identity": "another PC: serial AC1, recorded AC2"}
    assert box.tree() == before


def test_a_look_changes_nothing_and_a_short_one_does_not_collect(box: Box) -> None:
    before = box.tree()
    answer = box.ask("look", collect=False)
    assert box.tree() == before
    assert answer.snapshot.readings == {"serial": "AC1"}
    assert len(box.run("look", collect=False)) < 1000


def test_a_serial_in_small_letters_is_the_same_pc(box: Box) -> None:
    answer = box.ask("apply", serial="ac1")
    assert "identity" not in answer.failed
    assert "system.hostname" in answer.changed


def test_the_collector_alone_prints_one_object(box: Box) -> None:
    environment = {"KIT_ROOT": str(box.root), "PATH": f"{box.words}:/usr/bin:/bin"}
    argv = [sys.executable, share.PROGRAMS / "linux/collector.py"]
    done = subprocess.run(argv, capture_output=True, check=True, env=environment)
    said = json.loads(done.stdout)
    assert (said["schema"], said["serial"], said["hostname"], said["zone"]) == (2, "AC1", "debian", "Asia/Jakarta")
    assert said["macs"] == ["c0:18:50:00:00:01"]
    assert [c["nodes"] for c in said["cameras"]] == [["video0", "video1"]]
    assert abs(said["clock_s"] - time.time()) < 5


@pytest.mark.parametrize(
    ("zone", "offset_s"),
    [("Asia/Makassar", 28800), ("Asia/Kolkata", 19800), ("Etc/GMT+3", -10800), ("Etc/UTC", 0), ("Asia/Berau", None)],
)
def test_the_offset_of_a_zone_is_the_systems_own_and_an_unknown_zone_has_none(
    tmp_path: Path, zone: str, offset_s: int | None
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to(f"/usr/share/zoneinfo/{zone}")
    argv = [sys.executable, share.PROGRAMS / "linux/collector.py"]
    environment = {"KIT_ROOT": str(tmp_path), "PATH": "/usr/bin:/bin"}
    said = json.loads(subprocess.run(argv, capture_output=True, check=True, env=environment).stdout)
    assert (said["zone"], said["utc_offset_s"]) == (zone, offset_s)


def test_the_programs_keep_to_python_3_8() -> None:
    for path in sorted((share.PROGRAMS / "linux").glob("*.py")):
        ast.parse(path.read_text(), feature_version=(3, 8))


def test_an_empty_machine_is_read_without_a_crash_and_nothing_is_made_up(tmp_path: Path) -> None:
    argv = [sys.executable, share.PROGRAMS / "linux/collector.py"]
    done = subprocess.run(
        argv, capture_output=True, check=True, env={"KIT_ROOT": str(tmp_path), "PATH": "/nonexistent"}
    )
    said = json.loads(done.stdout)
    assert {k for k, v in said.items() if v} == {"schema", "os", "logon"}


def test_half_an_answer_and_one_of_another_run_are_cut_short(box: Box) -> None:
    text = box.run("look")
    for end in range(0, len(text) - 2, 97):
        with pytest.raises(CutShortError):
            pc_task.read(text[:end], nonce=NONCE, device=PC.tag, at="now")
    with pytest.raises(CutShortError, match="another run"):
        pc_task.read(text, nonce="other", device="BRU-PC-01", at="now")
    with pytest.raises(DeviceError, match="bytes"):
        pc_task.read(b" " * (pc_task.ANSWER_MAX + 1), nonce=NONCE, device=PC.tag, at="now")


def test_an_account_that_is_not_root_runs_the_whole_command_as_root(box: Box) -> None:
    kind = families.pc("linux")
    device = Device(
        tag=PC.tag, kecamatan="kelay", family=kind, host="h", bench_host="h", ssh_port=22, snmp_port=0,
        stage=Stage.PROVISIONED,
    )  # fmt: skip
    assert feed(replace(device, username="root"), kind.feed) == kind.feed
    (box.words / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nAS_ROOT=1 exec "$@"\n')
    (box.words / "python3").write_text('#!/bin/sh\necho "$AS_ROOT $*"; cat\n')
    (box.words / "python3").chmod(0o755)
    environment = {"PATH": f"{box.words}:/usr/bin:/bin"}
    argv = ["sh", "-c", feed(replace(device, username="teknisi"), kind.feed)]
    done = subprocess.run(argv, input=pc_task.packed(b"text"), capture_output=True, check=True, env=environment)
    assert done.stdout == b"1 -SE -\ntext"


def test_a_run_that_another_one_has_ended_changes_nothing_when_it_comes_late(box: Box) -> None:
    before = box.ask("look").snapshot.settings
    assert box.ask("settle", run="r1").failed == {}
    for verb in ("apply", "undo"):
        answer = box.ask(verb, run="r1")
        assert answer.failed == {"run": "another run has ended r1: nothing was changed"}
        assert (answer.changed, answer.snapshot.settings) == ((), before)
    assert "run" not in box.ask("apply", run="r2").failed


def test_only_the_last_runs_that_were_ended_are_kept(box: Box) -> None:
    for number in range(23):
        box.ask("settle", run=f"r{number}")
    kept = (box.root / "var/lib/kit/barred").read_text().splitlines()
    assert kept == [f"r{number}" for number in range(3, 23)]


def test_a_program_waits_for_the_other_one_on_the_same_pc(box: Box) -> None:
    """What is under way there is whole before a look says what runs."""
    folder = box.root / "var/lib/kit"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file, ThreadPoolExecutor(1) as pool:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = pool.submit(box.ask, "settle", run="r1")
        assert not wait([waiting], 1.0).done
        assert not (folder / "barred").exists()
        fcntl.flock(file, fcntl.LOCK_UN)
        assert waiting.result(timeout=30).failed == {}
    assert (folder / "barred").exists()
