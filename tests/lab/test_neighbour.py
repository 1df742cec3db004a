"""Another user of the same computer looks, without a pause, at all that he may see while every verb runs.

He is a process with a user id of its own: command lines, environments, files and sockets below /tmp and /dev/shm, and the
home itself. That he finds what is left open is shown first.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhome import Bench, until

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="another user id needs root")]
NEIGHBOUR = 65534
PLACES = ("/tmp", "/dev/shm", "/run", "/var/tmp")
BREATH_S = 0.01  # between two rounds: the verbs need the processor, too
OURS = ("provision", "forker", "ansible", "neighbour")
MOST = 1 << 20  # bytes of one file
TAG, PC = "BRU-MDM-04", "BRU-PC-02"
LABEL = "BRU-MDM-13"  # its box has a password on its label


class Neighbour:
    """What the other user has seen: each text once, and how often he looked."""

    def __init__(self, folder: Path) -> None:
        self.report, self.rounds = folder / "seen", folder / "rounds"
        self.pid = 0

    def has_looked(self) -> None:
        """Wait until he has looked at everything once more."""
        now = int(self.rounds.read_text() or 0)
        until(lambda: int(self.rounds.read_text() or 0) >= now + 2, "he has looked")

    def start(self, *extra: Path) -> None:
        """Look at everything until SIGTERM, then write what was seen. What was there before of others is left out."""
        self.report.touch()
        self.rounds.write_text("0")
        os.chown(self.rounds, NEIGHBOUR, NEIGHBOUR)
        output = os.open(self.report, os.O_WRONLY)
        others = {
            str(one) for place in PLACES for one in Path(place).iterdir() if not any(own in one.name for own in OURS)
        }
        if (pid := os.fork()) == 0:
            with contextlib.suppress(BaseException):
                os.nice(10)  # what runs goes first
                os.setgroups([])
                os.setgid(NEIGHBOUR)
                os.setuid(NEIGHBOUR)
                _look([*PLACES, *map(str, extra)], others, output, self.rounds)
            os._exit(0)
        os.close(output)
        self.pid = pid

    def stop(self) -> tuple[int, list[bytes], list[str]]:
        """Return how many things were looked at, each text that was read, and the sockets that let him in."""
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        count, texts, sockets = pickle.loads(self.report.read_bytes())  # noqa: S301 (ours)
        return count, list(texts), sorted(sockets)


def _look(places: list[str], others: set[str], output: int, rounds: Path) -> None:
    told = os.open(rounds, os.O_WRONLY)
    turn = 0
    texts: set[bytes] = set()
    sockets: set[str] = set()
    count = 0
    going = True

    def end(*_: object) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, end)
    while going:
        turn += 1
        time.sleep(BREATH_S)
        os.pwrite(told, str(turn).encode(), 0)
        for pid in [one.name for one in os.scandir("/proc") if one.name.isdigit()]:
            for of in ("cmdline", "environ"):
                count += 1
                with contextlib.suppress(OSError):
                    texts.add(_read(f"/proc/{pid}/{of}"))
        for place in places:
            for folder, below, names in os.walk(place):
                below[:] = [one for one in below if f"{folder}/{one}" not in others]
                for name in names:
                    count += 1
                    path = f"{folder}/{name}"
                    with contextlib.suppress(OSError):
                        mode = os.lstat(path).st_mode
                        if stat.S_ISSOCK(mode) and os.access(path, os.W_OK):
                            sockets.add(path)
                        elif stat.S_ISREG(mode):
                            texts.add(path.encode() + b"\0" + _read(path))
    body = pickle.dumps((count, texts, sockets))
    while body:
        body = body[os.write(output, body) :]


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(descriptor, MOST)
    finally:
        os.close(descriptor)


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Neighbour]:
    folder = Path("/tmp") / f"neighbour-{os.getpid()}"
    folder.mkdir(mode=0o755)
    one = Neighbour(folder)
    try:
        yield one
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def secrets(bench: Bench) -> set[bytes]:
    """Every secret of the home, as it is now."""
    vault = bench.workspace.vault
    vault.seal_key()
    texts = {text for one in vault._sets.values() for text in one.values()}
    key = (bench.home / "var/ssh/id_ed25519").read_text().splitlines()[2]
    return {text.encode() for text in texts if len(text) > 11} | {
        (bench.home / "var/vault-password").read_text().strip().encode(), key.encode(),
    }  # fmt: skip


def test_he_finds_what_is_left_open(neighbour: Neighbour) -> None:
    open_file = neighbour.report.with_name("open")
    open_file.write_text("left-open-in-a-file")
    process = subprocess.Popen(["sleep", "60.0471147"])
    try:
        neighbour.start()
        neighbour.has_looked()
    finally:
        process.kill()
        process.wait()
    _, texts, _ = neighbour.stop()
    assert any(b"left-open-in-a-file" in text for text in texts)
    assert any(b"60.0471147" in text for text in texts)


def test_no_secret_is_seen_while_every_verb_runs(bench: Bench, neighbour: Neighbour) -> None:
    bench.provisioned(TAG)
    bench.pc(PC)
    bench.fresh(LABEL)
    kit = bench.home / "inventory/kits/segah.yml"
    before = kit.read_text()
    known = secrets(bench) | {(bench.home / "var/lab/labels" / LABEL).read_text().strip().encode()}
    neighbour.start(bench.home)
    try:
        kept = "\n".join(line for line in before.splitlines() if "site_note:" not in line) + "\n"
        kit.write_text(kept.replace("modem:\n", "modem:\n  site_note: dilihat tetangga\n", 1))
        label = str(bench.home / "var/lab/labels" / LABEL)
        bench.ok("enrol", LABEL, "--packages", str(bench.home / "var/lab/packages"), "--yes", "--password-file", label)
        bench.run("plan", TAG, PC, "--bench")
        bench.ok("apply", TAG, PC, "--bench", "--yes")
        bench.ok("secret", "rotate", TAG, "--bench", "--yes")
        bench.run("verify", TAG, PC, "--bench")
        bench.run("watch", TAG, PC)
        bench.ok("rollback", TAG, "--bench", "--yes")
        bench.ok("secret", "show", TAG, "--reason", "uji")
        bench.ok("secret", "rotate", TAG, "--bench", "--yes")
        bench.ok("inventory", "--write")
        bench.ok("backup", str(bench.home / "var/b.tar.gz"))
        bench.ok("resume")
    finally:
        count, texts, sockets = neighbour.stop()
        kit.write_text(before)
        (bench.home / "var/b.tar.gz").unlink(missing_ok=True)
    known |= secrets(bench)
    assert count > 10_000
    assert [text[:300] for text in texts for secret in known if secret in text] == []
    assert [path for path in sockets if "provision" in path or "forker" in path] == []


def test_what_holds_a_secret_is_its_owners_alone(bench: Bench) -> None:
    """Whoever may walk into the home: a file that holds a secret has no bit for group and others."""
    bench.provisioned(TAG)
    known = secrets(bench)
    ours = {path: body for path, body in bench.kept().items() if "radio" not in path.parts}  # that is a test's own
    held = [path for path, body in ours.items() if any(secret in body for secret in known)]
    assert {path.name for path in held} >= {"id_ed25519", "vault-password"}
    assert [str(path) for path in held if path.stat().st_mode & 0o077] == []
