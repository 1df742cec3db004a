"""Files are written whole, in one place: nothing else in the program opens a file for writing."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from provision.local import files

ROOT = Path(__file__).parents[2]
ROOMS = ("local", "ledger", "lab", "programs")  # SQLite writes the ledger; the other two write the files of devices
WRITING = re.compile(
    r"""\.write_text\(|\.write_bytes\(|open\([^)]*["'](?:[wax]b?\+?|r\+b?)["']|O_CREAT|NamedTemporary|mkstemp"""
)
IN_MEMORY = re.compile(r"tarfile\.open\(fileobj=")


def test_nothing_else_opens_a_file_for_writing() -> None:
    found = []
    for path in sorted((ROOT / "provision").rglob("*.py")):
        if path.relative_to(ROOT / "provision").parts[0] in ROOMS:
            continue
        lines = enumerate(path.read_text().splitlines(), 1)
        found += [f"{path.name}:{n}" for n, line in lines if WRITING.search(line) and not IN_MEMORY.search(line)]
    assert found == [], "use provision.local.files"


def test_a_file_is_flushed_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    flush, rename = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        kind = "directory" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "file"
        done.append(f"flush {kind}")
        flush(descriptor)

    def replace(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    files.write_whole(tmp_path / "kept", "text")
    assert done == ["flush file", "rename", "flush directory"]
    assert (tmp_path / "kept").read_text() == "text"
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_whole(tmp_path / "kept", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_whole(tmp_path / "kept", "new")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"kept": "old"}


def test_a_file_system_that_flushes_no_directory_keeps_the_file_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, refused = os.fsync, []

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            refused.append(descriptor)
            raise OSError(errno.EINVAL, "Invalid argument")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    files.write_whole(tmp_path / "kept", "text")
    assert (tmp_path / "kept").read_text() == "text"
    assert refused


@pytest.mark.parametrize(("mask", "ordinary"), [("022", "644"), ("077", "600"), ("002", "664")])
def test_a_files_mode_follows_the_users_umask_and_a_private_one_stays_private(
    tmp_path: Path, mask: str, ordinary: str
) -> None:
    program = (
        "import sys; from pathlib import Path; from provision.local import files\n"
        "files.write_whole(Path(sys.argv[1], 'ordinary'), 'text', files.ORDINARY)\n"
        "files.write_whole(Path(sys.argv[1], 'private'), 'text')\n"
    )
    words = f'umask {mask} && exec "$0" -c "$1" "$2"'
    subprocess.run(["sh", "-c", words, sys.executable, program, tmp_path], check=True)
    modes = {p.name: f"{p.stat().st_mode & 0o777:o}" for p in tmp_path.iterdir()}
    assert modes == {"ordinary": ordinary, "private": "600"}


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    """Release 0.1.0 wrote both beside under one name: the slower one found its own file gone."""
    path, failed = tmp_path / "kept", []

    def write(text: str) -> None:
        try:
            for _ in range(200):
                files.write_whole(path, text)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(letter * 5000,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert path.read_text() in {"a" * 5000, "b" * 5000}
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]
