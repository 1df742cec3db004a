"""One run at a time works on a device: who lives, who is dead, and who was silent for too long."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.core.errors import LeaseError
from provision.ledger import connect, lease
from provision.ledger.lease import STALE_S, Lease
from provision.ledger.store import Ledger
from provision.local import locks

HERE = platform.node()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    one = connect(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "ledger.head", "tester")
    yield one
    one.close()


def silent(ledger: Ledger, seconds: int, device: str = "a") -> None:
    """The holder of a device gave no sign of life for so long."""
    with ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE lease SET seen_at = seen_at - ? WHERE device = ?", (seconds, device))


def rows(ledger: Ledger) -> list[tuple[str, str, int]]:
    with ledger.engine.connect() as connection:
        return [tuple(r) for r in connection.exec_driver_sql("SELECT device, run, seen_at FROM lease ORDER BY device")]


def left_by(ledger: Ledger, run: str, host: str, pid: int, born: int, *, silent_s: int = 0) -> None:
    """A row of another process."""
    with ledger.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO lease VALUES ('a', ?, ?, ?, ?, CAST(strftime('%s', 'now') AS INTEGER) - ?)",
            (run, host, pid, born, silent_s),
        )


def test_a_lease_is_held_once_until_it_is_given_back(ledger: Ledger) -> None:
    one, two, three = Lease(ledger, "one"), Lease(ledger, "two"), Lease(ledger, "three")
    assert one.take(["a", "b"]) == {}
    again = two.take(["b", "c"])
    assert list(again) == ["b"]
    assert f"run one (process {os.getpid()} on {HERE})" == again["b"]
    two.release()
    assert list(three.take(["b"])) == ["b"], "who does not hold it cannot give it back"
    three.release()
    one.release()
    assert Lease(ledger, "three").take(["b"]) == {}


def test_a_run_whose_lock_is_gone_is_dead_whatever_its_process_id_says(ledger: Ledger) -> None:
    """In another PID namespace the same id is another process, or none."""
    runs = ledger.head.parent / "runs"
    runs.mkdir()
    lock = locks.hold(runs / "other")
    left_by(ledger, "other", lease.computer(), 999999, 1)
    assert list(Lease(ledger, "new").take(["a"])) == ["a"], "no such process here, and it lives"
    os.close(lock)
    assert Lease(ledger, "newer").take(["a"]) == {}
    assert not (runs / "other").exists()


def test_a_computer_of_the_same_name_is_not_this_one(ledger: Ledger) -> None:
    """Its processes cannot be seen here; which computer it is, is told."""
    runs = ledger.head.parent / "runs"
    runs.mkdir()
    lock = locks.hold(runs / "other")
    left_by(ledger, "other", f"{HERE} 0badcafe 12345678", os.getpid(), 1)
    refused = Lease(ledger, "new").take(["a"])
    assert refused == {"a": f"run other (process {os.getpid()} on {HERE} 0badcafe 12345678)"}
    os.close(lock)


def test_a_run_that_is_silent_for_too_long_loses_its_lease_and_learns_it(ledger: Ledger) -> None:
    slept, other = Lease(ledger, "slept"), Lease(ledger, "other")
    assert slept.take(["a", "b"]) == {}
    silent(ledger, STALE_S - 5)
    assert list(Lease(ledger, "early").take(["a"])) == ["a"]
    silent(ledger, 10)
    assert other.take(["a"]) == {}
    with pytest.raises(LeaseError, match="gave no sign of life for too long") as told:
        slept.require(["a"])
    assert (told.value.where, bool(told.value.hint), slept.lost) == ("a", True, True)
    slept.require(["b"])
    slept.release()
    assert [(d, r) for d, r, _ in rows(ledger)] == [("a", "other")], "another one's lease is not given back"
    other.release()


def test_a_sign_of_life_comes_by_itself_and_keeps_the_lease(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT_S", 0.02)
    one = Lease(ledger, "one")
    one.take(["a"])
    now = rows(ledger)[0][2]
    silent(ledger, STALE_S - 5)
    deadline = 500
    while rows(ledger)[0][2] < now and deadline:
        one._end.wait(0.02)
        deadline -= 1
    assert rows(ledger)[0][2] >= now
    one.release()
    assert not one._beats.is_alive()


def test_a_run_of_an_older_release_is_judged_by_its_process_on_its_computer(ledger: Ledger) -> None:
    left_by(ledger, "old", HERE, 999999, 1)
    assert Lease(ledger, "new").take(["a"]) == {}, "it holds no lock, and its process is gone"


def test_a_run_of_an_older_release_elsewhere_lives_until_it_is_silent(ledger: Ledger) -> None:
    left_by(ledger, "far", "elsewhere", 1, 1, silent_s=STALE_S - 5)
    assert list(Lease(ledger, "new").take(["a"])) == ["a"]
    silent(ledger, 10)
    assert Lease(ledger, "newer").take(["a"]) == {}


def test_a_clock_that_jumped_on_this_computer_does_not_matter(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's clock is asked, never that of the program."""
    one = Lease(ledger, "one")
    one.take(["a"])
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert list(Lease(ledger, "two").take(["a"])) == ["a"]
    one.release()


def test_what_a_run_left_that_died_before_it_had_a_lease_is_swept(ledger: Ledger) -> None:
    runs = ledger.head.parent / "runs"
    runs.mkdir()
    (runs / "dead").touch()
    lock = locks.hold(runs / "alive")
    one = Lease(ledger, "one")
    one.take(["a"])
    assert {path.name for path in runs.iterdir()} == {"alive", "one"}
    one.release()
    os.close(lock)


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, true, calls = tmp_path / "lock", locks.fcntl.flock, []

    def flock(descriptor: int, how: int) -> None:
        if not calls:
            path.unlink()  # somebody sweeps just now
        calls.append(how)
        true(descriptor, how)

    monkeypatch.setattr(locks.fcntl, "flock", flock)
    lock = locks.hold(path)
    monkeypatch.undo()
    assert (len(calls), path.exists() and locks.is_held(path)) == (2, True)
    os.close(lock)
