"""A conference PC: the program that is sent, its answer whatever it looks like, what is plugged in, the checks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision import checks, families
from provision.core import identity, peripherals
from provision.core.device import Device
from provision.core.errors import CutShortError, DeviceError, ProvisionError
from provision.core.model import Item, ItemKind, Snapshot, Stage, Verdict
from provision.families.languages import pc_facts, pc_task
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
        sources = (share.program(kind.collector), share.program(kind.baseline))
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

    from provision.core.model import Secret
    from provision.devices.pc import look
    from provision.families.languages import pc_report

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


def test_a_serial_in_small_letters_is_the_same_pc_for_the_program_and_for_the_office(box: Box) -> None:
    answer = box.ask("apply", serial="ac1")
    assert "identity" not in answer.failed
    assert "system.hostname" in answer.changed
    assert identity.differences_of_pc(replace(ITEM, serial="ac1", mac=""), {"serial": "AC1"}) == []
    assert identity.another(replace(ITEM, serial="ac1", mac=""), {"serial": "AC1"}) == ""
    assert identity.another(replace(ITEM, serial="ac1", mac=""), {"serial": "AC2"}).startswith("another PC answers")


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


def test_the_programs_keep_to_python_3_8(box: Box) -> None:
    import ast

    for path in sorted((share.PROGRAMS / "linux").glob("*.py")):
        ast.parse(path.read_text(), feature_version=(3, 8))


def test_an_empty_machine_is_read_without_a_crash_and_nothing_is_made_up(tmp_path: Path) -> None:
    argv = [sys.executable, share.PROGRAMS / "linux/collector.py"]
    done = subprocess.run(
        argv, capture_output=True, check=True, env={"KIT_ROOT": str(tmp_path), "PATH": "/nonexistent"}
    )
    said = json.loads(done.stdout)
    assert {k for k, v in said.items() if v} == {"schema", "os", "logon"}


# -- the answer, whatever it looks like ---------------------------------------------------------------
def read(text: bytes) -> pc_task.Answer:
    return pc_task.read(text, nonce=NONCE, device="BRU-PC-01", at="now")


def whole(**collected: Any) -> bytes:
    return json.dumps(
        {"settings": {}, "failed": {}, "changed": [], "end": NONCE, "collected": {"schema": 2, **collected}}
    ).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{} {}",
        b"\xff\xfe{\x00}\x00",
        b"NaN",
        b"[" * 100000,
        b"Traceback (most recent call last):",
    ],
)
def test_what_is_no_answer_is_an_error_that_says_the_next_step(text: bytes) -> None:
    with pytest.raises(ProvisionError) as caught:
        read(text)
    assert caught.value.hint


def test_half_an_answer_and_one_of_another_run_are_cut_short(box: Box) -> None:
    text = box.run("look")
    for end in range(0, len(text) - 2, 97):
        with pytest.raises(CutShortError):
            read(text[:end])
    with pytest.raises(CutShortError, match="another run"):
        pc_task.read(text, nonce="other", device="BRU-PC-01", at="now")
    with pytest.raises(DeviceError, match="bytes"):
        read(b" " * (pc_task.ANSWER_MAX + 1))


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    assert read(b"\xef\xbb\xbf" + whole(serial="AC1") + b"\r\n").snapshot.readings["serial"] == "AC1"


def test_a_field_of_the_wrong_kind_is_missing_with_the_reason() -> None:
    snapshot = read(
        whole(serial=1, clock_s="now", cameras={}, audio=[1], disk={"free_mb": "x"}, hostname="", clock_synced=1)
    ).snapshot
    assert snapshot.readings == {"disk": {"free_mb": "x"}, "clock_synced": True, "cameras": []}
    assert (
        snapshot.missing["audio"] == snapshot.missing["serial"] == snapshot.missing["disk_free_mb"] == "not understood"
    )
    assert snapshot.missing["hostname"] == "not reported"


def test_another_version_of_the_collector_is_not_guessed_at() -> None:
    text = json.dumps(
        {"settings": {}, "failed": {}, "end": NONCE, "collected": {"schema": 1, "serial": "AC1"}}
    ).encode()
    assert read(text).snapshot.readings == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=5), c, max_size=3),
    max_leaves=4,
)
NAMES = st.sampled_from([*pc_facts.FIELDS, "vid_pid", "usb", "port", "name", "free_mb"])


@given(st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=3), max_size=8))
def test_no_answer_makes_the_reader_or_a_check_crash_or_turn_green_without_proof(collected: dict[str, Any]) -> None:
    snapshot = read(whole(**collected)).snapshot
    findings = judge(snapshot)
    by_name = {f.check: f.verdict for f in findings}
    assert by_name["peripherals_are_the_kits_own"] is not Verdict.PASS
    if collected.get("serial") != "AC1":
        assert by_name["it_is_the_recorded_computer"] is not Verdict.PASS


# -- checks ------------------------------------------------------------------------------------------
ITEM = Item(
    asset_tag="BRU-PC-01",
    kind=ItemKind.COMPUTER,
    brand="Acer",
    model="V",
    serial="AC1",
    kode_barang="x",
    condition="baik",
    year=2026,
    value_idr=1,
)
DEVICE = Device(
    tag="BRU-PC-01",
    kecamatan="kelay",
    family=families.pc("linux"),
    host="h",
    bench_host="h",
    ssh_port=22,
    snmp_port=0,
    stage=Stage.PROVISIONED,
)
BOUND = {"webcam": {"port": "1-2", "vid_pid": "a:b", "serial": "S", "name": "C920"}}


def judge(snapshot: Snapshot, bound: Any = None, now: float = 0.0) -> list[Any]:
    case = checks.Case(
        snapshot=snapshot, item=ITEM, device=DEVICE, accepted_marker="m", bound=bound or {}, asked_s=(now, now + 1),
        zone="Asia/Makassar", apps=("app.zoom",),
    )  # fmt: skip
    return checks.judge(case)


def verdict(name: str, bound: Any = None, now: float = 0.0, **readings: Any) -> tuple[Verdict, str]:
    snapshot = Snapshot(device="BRU-PC-01", at="now", readings=readings)
    found = next(f for f in judge(snapshot, bound, now) if f.check == name)
    return found.verdict, found.because


def test_a_clock_in_1970_is_red_and_one_behind_a_slow_link_is_not() -> None:
    now = 1_795_000_000.0
    assert verdict("clock_is_right", now=now, clock_s=3, zone="Asia/Makassar")[1].endswith(
        "it says 01-01-1970 00:00 UTC"
    )
    assert verdict("clock_is_right", now=now, clock_s=int(now), zone="Asia/Makassar")[0] is Verdict.PASS
    assert verdict("clock_is_right", now=now, clock_s=10**30, zone="Asia/Makassar")[0] is Verdict.FAIL
    assert (
        verdict("clock_is_right", now=now, clock_s=int(now), zone="Asia/Jakarta", utc_offset_s=25200)[0] is Verdict.FAIL
    )
    assert verdict("clock_is_right", now=now, clock_s=int(now), zone="Singapore", utc_offset_s=28800)[0] is Verdict.PASS
    assert verdict("clock_is_right", now=now, clock_s=int(now))[0] is Verdict.UNKNOWN


@pytest.mark.parametrize("filler", sorted(identity.FILLERS - {""}))
def test_a_serial_that_the_factory_never_wrote_proves_nothing(filler: str) -> None:
    assert verdict("it_is_the_recorded_computer", serial=filler.upper())[0] is Verdict.UNKNOWN


def camera(port: str = "1-2", numbers: str = "a:b", serial: str = "S") -> dict[str, Any]:
    return {"name": "C920", "usb": {"port": port, "vid_pid": numbers, "serial": serial, "product": "C920"}}


@pytest.mark.parametrize(
    ("cameras", "said"),
    [
        ([camera()], "own"), ([camera(port="2-1")], "moved"), ([camera(numbers="c:d")], "other"), ([camera(serial="T")], "other"),
        ([], "absent"), ([camera(numbers="c:d"), camera()], "own"), ([camera(numbers="c:d"), camera(port="2-1")], "moved"),
    ],
)  # fmt: skip
def test_a_camera_is_known_by_port_numbers_and_serial(cameras: list[Any], said: str) -> None:
    things = peripherals.present({"cameras": cameras})["webcam"]
    assert peripherals.compare("webcam", BOUND["webcam"], things)[0] == said


def test_the_cameras_own_microphone_is_not_the_kits() -> None:
    audio = [{"name": "Webcam", "usb": camera()["usb"], "capture": True, "playback": False}]
    assert peripherals.present({"cameras": [camera()], "audio": audio})["microphone"] == []
    assert peripherals.present({"cameras": [], "audio": audio})["microphone"] != []


def test_two_of_a_kind_are_not_guessed_between() -> None:
    chosen, wrong = peripherals.candidates({"cameras": [camera(), camera(port="1-9")], "audio": []})
    assert chosen == {}
    assert wrong[0].startswith("2 x webcam: C920 at 1-2, C920 at 1-9")


def test_an_account_that_is_not_root_runs_the_whole_command_as_root(box: Box, tmp_path: Path) -> None:
    from dataclasses import replace

    from provision.devices.pc.look import feed

    kind = families.pc("linux")
    assert feed(replace(DEVICE, username="root"), kind.feed) == kind.feed
    (box.words / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\nAS_ROOT=1 exec "$@"\n')
    (box.words / "python3").write_text('#!/bin/sh\necho "$AS_ROOT $*"; cat\n')
    (box.words / "python3").chmod(0o755)
    environment = {"PATH": f"{box.words}:/usr/bin:/bin"}
    argv = ["sh", "-c", feed(replace(DEVICE, username="teknisi"), kind.feed)]
    done = subprocess.run(argv, input=pc_task.packed(b"text"), capture_output=True, check=True, env=environment)
    assert done.stdout == b"1 -SE -\ntext"
