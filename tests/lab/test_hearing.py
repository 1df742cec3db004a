"""Does a PC hear itself: the program as it is sent, against a real PulseAudio whose speaker and microphone are null sinks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from labhome import until

from provision import checks, families
from provision.core.device import Device
from provision.core.model import Item, ItemKind, Snapshot, Stage
from provision.local import share

pytestmark = [pytest.mark.lab, pytest.mark.skipif(not shutil.which("pulseaudio"), reason="no pulseaudio")]
ASK = "\nimport sys, json\nprint(json.dumps({'hearing': hearing(), 'sound': sound()}))\n"
FIRST = ("nice", "-n", "-15")  # a desktop that is not starved by the other tests: sound that comes late is a finding
SINKS = (
    "module-null-sink sink_name=kit_speaker rate=48000 channels=1",
    "module-remap-source master=kit_speaker.monitor source_name=kit_mic",
)


ITEM = Item(
    asset_tag="BRU-PC-01", kind=ItemKind.COMPUTER, brand="b", model="m", serial="AC1", kode_barang="k", condition="baik",
    year=2026, value_idr=1,
)  # fmt: skip
DEVICE = Device(
    tag="BRU-PC-01", kecamatan="kelay", family=families.pc("linux"), host="h", bench_host="h", ssh_port=22, snmp_port=0,
    stage=Stage.PROVISIONED,
)  # fmt: skip


class Desktop:
    """A PC's folder with a sound server of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runtime = root / f"run/user/{os.getuid()}"
        (self.runtime / "pulse").mkdir(parents=True, mode=0o700)
        self.socket = self.runtime / "pulse/native"
        self.env = {
            "PATH": "/usr/bin:/bin", "HOME": str(root), "XDG_RUNTIME_DIR": str(self.runtime), "LC_ALL": "C.UTF-8",
            "PULSE_SERVER": f"unix:{self.socket}",
        }  # fmt: skip

    @contextmanager
    def server(self, *modules: str) -> Iterator[None]:
        words = ["-L", f"module-native-protocol-unix socket={self.socket} auth-anonymous=1"]
        for module in modules:
            words += ["-L", module]
        process = subprocess.Popen(
            [*FIRST, "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", *words],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until(lambda: self.pactl("info").returncode == 0, "the sound server is up")
            yield
        finally:
            process.terminate()
            process.wait()

    def pactl(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["pactl", *words], env=self.env, capture_output=True, check=False)

    def ask(self, before: str = "") -> dict[str, Any]:
        texts = [share.program(f"linux/{name}.py") for name in ("collector", "senses")]
        program = "TASK = {}\n" + "\n".join(texts) + ASK
        done = subprocess.run(
            [*FIRST, sys.executable, "-SE", "-"], input=program.encode(), capture_output=True, check=False,
            env={"KIT_ROOT": str(self.root), "PATH": f"{before}/usr/bin:/bin", "HOME": str(self.root)}, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)


def judged(hearing: dict[str, Any]) -> tuple[str, str]:
    live = {"hearing": hearing | {"at": "2026-11-26"}}
    case = checks.Case(
        snapshot=Snapshot(device="x", at="now", readings={"serial": "AC1"}), item=ITEM, device=DEVICE, live=live,
        today="2026-11-26",
    )  # fmt: skip
    found = next(f for f in checks.judge(case) if f.check == "it_hears_itself")
    return str(found.verdict), found.because


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop(tmp_path)


def quieter(percent: int) -> Callable[[Desktop], object]:
    return lambda d: d.pactl("set-sink-volume", "kit_speaker", f"{percent}%")


def another_default(d: Desktop) -> None:
    d.pactl("load-module", "module-null-sink", "sink_name=hdmi_monitor")
    d.pactl("set-default-sink", "hdmi_monitor")


@pytest.mark.parametrize(
    ("name", "break_", "verdict", "said"),
    [
        ("good", lambda _: None, "pass", "tones"),
        ("half", quieter(50), "warn", "tones"),
        ("quiet", quieter(20), "fail", "too quiet"),
        ("muted", lambda d: d.pactl("set-sink-mute", "kit_speaker", "1"), "fail", "no signal"),
        ("microphone muted", lambda d: d.pactl("set-source-mute", "kit_mic", "1"), "fail", "no signal"),
        ("another default", another_default, "fail", "no signal"),
        ("clipped", lambda d: d.pactl("set-sink-volume", "kit_speaker", "+18dB"), "fail", "distorted"),
    ],
    ids=lambda v: v.replace(" ", "-") if isinstance(v, str) else "",
)
def test_what_the_microphone_hears_of_the_speaker(
    desktop: Desktop, name: str, break_: Callable[[Desktop], object], verdict: str, said: str
) -> None:
    with desktop.server(*SINKS):
        desktop.pactl("set-default-sink", "kit_speaker")
        desktop.pactl("set-default-source", "kit_mic")
        break_(desktop)
        hearing = desktop.ask()["hearing"]
    got, because = judged(hearing)
    assert got == verdict, (because, hearing)
    assert said in because
    if name == "good":
        assert -19.5 < hearing["rms_db"] < -17.5, hearing
        assert all(-21 < t < -19 for t in hearing["tones_db"]), hearing
        assert min(hearing["tones_db"]) - hearing["off_db"] > 60
        assert hearing["clipped"] == 0
        assert hearing["noise_db"] < -90


def test_a_late_echo_is_named(desktop: Desktop) -> None:
    """A player that takes 400 ms to begin is as late as a room that gives the sound back after 400 ms."""
    words = desktop.root / "words"
    words.mkdir()
    (words / "paplay").write_text('#!/bin/sh\nsleep 0.4\nexec /usr/bin/paplay "$@"\n')
    (words / "paplay").chmod(0o755)
    with desktop.server(*SINKS):
        desktop.pactl("set-default-sink", "kit_speaker")
        desktop.pactl("set-default-source", "kit_mic")
        hearing = desktop.ask(f"{words}:")["hearing"]
    assert hearing["delay_ms"] > 250, hearing
    assert judged(hearing)[0] == "warn"
    assert "late echo" in judged(hearing)[1]


def test_a_meeting_that_is_going_on_is_not_disturbed(desktop: Desktop) -> None:
    with desktop.server(*SINKS):
        desktop.pactl("set-default-source", "kit_mic")
        meeting = subprocess.Popen(
            ["parec", "--client-name=zoom", "--device=kit_mic"], env=desktop.env, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until(lambda: b"zoom" in desktop.pactl("list", "source-outputs").stdout, "the meeting records")
            hearing = desktop.ask()["hearing"]
        finally:
            meeting.kill()
            meeting.wait()
    assert judged(hearing)[0] == "unknown"
    assert "zoom" in judged(hearing)[1]


def test_without_a_desktop_or_with_a_dead_server_there_is_no_number(desktop: Desktop, tmp_path: Path) -> None:
    said = desktop.ask()
    assert said["sound"] is None
    assert judged(said["hearing"]) == ("fail", "nobody is logged in at its desktop: no sound server")
    desktop.socket.touch()  # a socket that nobody listens on
    said = desktop.ask()
    assert said["sound"] is None
    assert judged(said["hearing"])[0] == "fail"
    assert "no microphone" in judged(said["hearing"])[1]
