"""A home with a running lab, and the words to use it in a test."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from boundaries import counted, reached
from forker import DIES, Forker

from provision.connectors import private
from provision.devices.modem import running
from provision.home.workspace import Workspace
from provision.lab import client
from provision.local.processes import stopped as is_stopped

DEADLINE_S = 60.0
COMMAND_S = 300.0
PATIENCE_S = 20.0
OFFSETS = (40, 80, 120, 160, -40, -20)  # of the second number of a lab's addresses: four workers, and labs beside them
FORKER = Forker()
TAGS = ("BRU-MDM-01", "BRU-MDM-04", "BRU-MDM-07", "BRU-MDM-08", "BRU-MDM-10", "BRU-MDM-11", "BRU-MDM-12", "BRU-MDM-13")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Bench:
    """A home with a running lab."""

    home: Path
    hand: Workspace

    def start(self, *words: str, home: Path | None = None, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "provision", "--home", str(home or self.home), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | (env or {}),
        )  # fmt: skip

    def run(self, *words: str, home: Path | None = None, env: dict[str, str] | None = None) -> Done:
        if env is None:
            return Done(*FORKER.run(["--home", str(home or self.home), *words], COMMAND_S))
        process = self.start(*words, home=home, env=env)
        out, err = process.communicate(timeout=COMMAND_S)
        return Done(process.returncode, out, err)

    def killed(self, at: int, *words: str) -> tuple[Done, int]:
        """Run a command that is killed at a boundary (0: at none; see tests/boundaries.py), and what it had started.

        Return how it ended, and how many boundaries it passed.
        """
        count = self.home / "boundaries"
        count.unlink(missing_ok=True)
        os.environ[DIES] = f"{at}:{count}"
        try:
            done = self.run(*words)
        finally:
            del os.environ[DIES]
        if done.code == -signal.SIGKILL:
            private.reap()  # whatever it had started
        return done, counted(count)

    def met(self, at: int, first: Sequence[str], second: Sequence[str]) -> tuple[Done, Done]:
        """Run `first`, stop it at a boundary, run `second` meanwhile, and let `first` go on; return how both ended.

        A second one that waits for a lock of the first one is left to it after PATIENCE_S.
        """
        count = self.home / "boundaries"
        count.unlink(missing_ok=True)
        with ThreadPoolExecutor(2) as pool:
            os.environ[DIES] = f"stop {at}:{count}"
            stopped = pool.submit(self.run, *first)
            until(lambda: stopped.done() or count.exists(), "it has begun")
            del os.environ[DIES]
            until(
                lambda: stopped.done() or (reached(count)[0] == at and is_stopped(reached(count)[1])),
                "it is stopped",
                COMMAND_S,
            )
            other = pool.submit(self.run, *second)
            if not stopped.done():
                wait([other], PATIENCE_S)
                os.kill(reached(count)[1], signal.SIGCONT)
            return stopped.result(), other.result()

    @contextmanager
    def stopped(self, place: str, *words: str) -> Iterator[Future[Done]]:
        """Stop a command at a boundary (see tests/boundaries.py), do what is within, and let it go on; it is yielded."""
        count = self.home / "boundaries"
        count.unlink(missing_ok=True)
        with ThreadPoolExecutor(1) as pool:
            os.environ[DIES] = f"stop {place}:{count}"
            command = pool.submit(self.run, *words)
            try:
                until(lambda: command.done() or count.exists(), "it has begun")
                del os.environ[DIES]
                until(lambda: command.done() or is_stopped(reached(count)[1]), "it is stopped", COMMAND_S)
                assert not command.done(), command.result()
                yield command
            finally:
                os.environ.pop(DIES, None)
                if not command.done():
                    os.kill(reached(count)[1], signal.SIGCONT)

    def ok(self, *words: str) -> Done:
        done = self.run(*words)
        assert done.code == 0, f"{words}: {done.code}\n{done.out}{done.err}"
        return done

    @property
    def workspace(self) -> Workspace:
        """The same hold on the world, with nothing remembered."""
        for name in ("known", "home", "vault"):
            self.hand.__dict__.pop(name, None)
        return self.hand

    def flash(self, tag: str) -> Path:
        return self.home / "var/lab" / tag / "root"

    def config(self, tag: str, package: str) -> str:
        return (self.flash(tag) / "etc/config" / package).read_text(errors="surrogateescape")

    def fault(self, tag: str, fault: str, value: str = "") -> None:
        client.break_(self.home / "var/lab", tag, fault, value)

    def status(self, tag: str) -> dict:
        said = client.ask(self.home / "var/lab", {"verb": "status"})
        return next(m for m in said["devices"] if m["tag"] == tag)

    def enrol(self, tag: str) -> None:
        label = self.home / "var/lab/labels" / tag
        words = ["--password-file", str(label)] if label.exists() else []
        self.ok("enrol", tag, "--packages", str(self.home / "var/lab/packages"), "--yes", "--new-key", *words)

    def pc(self, tag: str) -> None:
        """The PC runs its baseline; it is brought there where it does not."""
        known = self.workspace.known.get(tag)
        if known is None or not known.accepted:
            self.ok("enrol", tag, "--yes", "--new-key")
            self.ok("apply", tag, "--bench", "--yes", "--packages", str(self.home / "var/lab/packages"))
            self.tried(tag)

    def drift(self, tag: str) -> None:
        """Somebody sets a PC otherwise by hand: its name on Linux, its time zone on Windows."""
        windows = self.flash(tag) / "lab/windows.json"
        if not windows.exists():
            (self.flash(tag) / "etc/hostname").write_text("pc-pak-camat\n")
            return
        state = json.loads(windows.read_text())
        state["settings"]["system.timezone"] = "SE Asia Standard Time"
        windows.write_text(json.dumps(state))

    def kept(self) -> dict[Path, bytes]:
        """Give what every file of the home holds, but the lab's own.

        Whoever closes a file of a database drops the locks of his own connections, so they are closed first.
        """
        self.hand.ledger.engine.dispose()
        lab = self.home / "var/lab"
        return {p: p.read_bytes() for p in self.home.rglob("*") if p.is_file() and lab not in p.parents}

    def tried(self, tag: str) -> None:
        """The PC was heard and seen: measured, or attested where it cannot be."""
        if self.workspace.home.computers[tag].family.name == "linux":
            self.run("verify", tag, "--live")
            return
        photo = self.home / "photo.png"
        photo.write_bytes(b"\x89PNG\r\n\x1a\n a picture")
        who = ("--by", "Siti Aminah", "--note", "uji di bangku kerja")
        self.ok("attest", tag, "hearing", *who)
        self.ok("attest", tag, "sight", *who, "--photo", str(photo))

    def run_dir(self, tag: str) -> Path:
        return client.run_directory(self.home / "var/lab") / tag

    def fresh(self, tag: str) -> None:
        """Back to the carton, enrolled again: whatever an earlier test did to this box."""
        if tag in self.workspace.unfinished():
            self.run("resume")
        self.fault(tag, "reset")
        self.enrol(tag)

    def provisioned(self, tag: str) -> None:
        """The box runs as intended; it is brought there where it does not."""
        known = self.workspace.known.get(tag)
        if known is None or not known.accepted or self.run("verify", tag).code != 0:
            self.fresh(tag)
        elif not running.against_intent(self.workspace, self.workspace.home.intents[tag], known.snapshot).changes:
            return
        self.ok("apply", tag, "--bench", "--yes")

    def last(self, tag: str, verb: str) -> dict:
        return dict(next(e for e in reversed(self.workspace.ledger.history(tag)) if e.verb == verb).payload)


def until(true: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition, never for a time."""
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end, f"did not happen: {what}"
        time.sleep(0.05)


def while_it_runs(process: subprocess.Popen[str], true: Callable[[], bool], what: str) -> None:
    """Wait for a condition that has to come before the command ends, and hold that the command still runs then."""
    until(lambda: true() or process.poll() is not None, what)
    assert process.poll() is None, (f"the command ended before it could be caught: {what}", process.communicate())


def make_home(path: Path, worker: int) -> Path:
    subprocess.run([sys.executable, "-m", "provision", "init", str(path), "--lab"], check=True, capture_output=True)
    defaults = path / "inventory/defaults.yml"
    text = defaults.read_text()
    for block in (64, 77, 90):
        text = text.replace(f"127.{block}.", f"127.{block + OFFSETS[worker]}.")
    defaults.write_text(re.sub(r"window_s: \d+", "window_s: 20", text))
    return path


@contextmanager
def again_and_again(look: Callable[[], None], pause_s: float) -> Iterator[None]:
    """Look beside what is done within, with a pause after each look."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(pause_s):
            look()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
