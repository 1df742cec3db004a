"""Whether a run lives is said by its lock, in whatever PID namespace; what is dead is swept by the next command."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provision.connectors import private
from provision.local import processes

NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"]
MAKES = """
import sys
from provision.connectors import private
print(private.make(sys.argv[1]), flush=True)
sys.stdin.read()
"""
REAPS = "from provision.connectors import private; print(private.reap())"


def can_unshare() -> bool:
    return os.geteuid() == 0 and subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode == 0


WAYS = [[], *([NAMESPACE] if can_unshare() else [])]


@contextmanager
def living(run: str, way: list[str]) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process of its own, perhaps in a PID namespace of its own, with the private directory of a run."""
    process = subprocess.Popen(
        [*way, sys.executable, "-c", MAKES, run], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("way", WAYS, ids=["beside", "in a namespace"][: len(WAYS)])
def test_a_living_run_keeps_its_directory(way: list[str]) -> None:
    run = f"run-alive-{len(way)}"
    with living(run, way) as (_, path):
        assert run not in private.reap()
        assert (path / "owner").exists()
    assert run in private.reap(), "it is dead now"


@pytest.mark.parametrize("way", WAYS, ids=["beside", "in a namespace"][: len(WAYS)])
def test_a_reap_in_another_namespace_leaves_ours(way: list[str]) -> None:
    path = private.make("run-ours")
    try:
        done = subprocess.run([*way, sys.executable, "-c", REAPS], capture_output=True, text=True, check=True)
        assert "run-ours" not in done.stdout
        assert (path / "owner").exists()
    finally:
        private.remove(path)
    assert not path.exists()


def left_by_a_killed_run(run: str, place: Path) -> tuple[Path, subprocess.Popen[bytes]]:
    """What is left by `kill -9`: a directory with a secret, and a process as ssh's master is one.

    It is in a place that only this test looks into, so that nobody else's command sweeps it.
    """
    with living(run, []) as (process, made):
        (made / "x.in").write_text("private_key 'secret'\n")
        path = Path(shutil.move(made, place / made.name))
        child = subprocess.Popen(["sleep", "600"], env=os.environ | {"PROVISION_RUN": run}, start_new_session=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return path, child


@pytest.mark.parametrize(
    "words", [["custody"], ["check"], ["history", "BRU-MDM-04"], ["ledger", "verify"], ["lab", "--help"]]
)
def test_the_next_command_sweeps_what_a_killed_run_has_left(words: list[str], tmp_path: Path) -> None:
    path, child = left_by_a_killed_run("run-dead", tmp_path)
    try:
        argv = [sys.executable, "-m", "provision", "--home", str(tmp_path), *words]
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode in {0, 1, 2}, done.stderr
        assert not path.exists()
        child.wait(timeout=10)
        assert not processes.alive(child.pid)
    finally:
        child.kill()
        child.wait()


def test_a_directory_of_an_older_release_is_known_by_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    alive, dead, elsewhere, made = (tmp_path / f"{private.PREFIX}{name}" for name in ("a", "d", "e", "m"))
    for path in (alive, dead, elsewhere, made):
        path.mkdir()
    (elsewhere / "owner").write_text(f"{os.getpid()} 2 run-in-another-namespace\n")
    (alive / "owner").write_text(f"{os.getpid()} {processes.born(os.getpid())} run-old\n")
    (dead / "owner").write_text(f"{os.getpid()} 1 run-older\n")
    os.utime(dead / "owner", (1, 1))
    assert "run-older" in private.reap()
    assert [path.exists() for path in (alive, dead, elsewhere, made)] == [True, False, True, True]
