"""A device, or a file, that says without end: it is cut off while it is read, and takes no memory of the controller."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from provision.cli.door import secret_of
from provision.connectors import bounded
from provision.connectors.phase import DONE, FAILED
from provision.core import budget
from provision.core.errors import DeviceError, UsageError
from provision.families.languages import answer
from provision.home.intent.text import Text
from provision.local.share import share

WITHIN = share("playbooks") / "ssh-within"
SSH = {  # what stands for ssh: it talks as a PC may, with the words of one
    "honest": "cat >/dev/null; head -c 7000000 /dev/zero; echo said >&2; exit 3",
    "endless": "cat >/dev/null; exec cat /dev/zero",
    "complaining": "cat >/dev/null; cat /dev/zero >&2 & sleep 0.2; kill $!; echo all",
    "echo": "cat; exit 0",
}


@pytest.fixture
def ssh(tmp_path: Path) -> dict[str, str]:
    """An environment in which `ssh LAST` does what SSH says of its last word."""
    cases = "".join(f"{name}) {what} ;;\n" for name, what in SSH.items())
    script = tmp_path / "bin/ssh"
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\nfor last; do :; done\ncase "$last" in\n{cases}*) echo "no case: $last" >&2; exit 99 ;;\nesac\n'
    )
    script.chmod(0o755)
    return {"PATH": f"{script.parent}:{Path(sys.executable).parent}:/usr/bin:/bin"}


def test_ssh_within_a_budget_is_ssh(ssh: dict[str, str]) -> None:
    done = subprocess.run([WITHIN, "-p", "22", "echo"], input=b"x" * 300_000, env=ssh, capture_output=True, check=False)
    assert (done.returncode, len(done.stdout), done.stderr) == (0, 300_000, b"")
    done = subprocess.run([WITHIN, "honest"], input=b"", env=ssh, capture_output=True, check=False)
    assert (done.returncode, len(done.stdout), done.stderr) == (3, 7_000_000, b"said\n")


def test_ssh_that_talks_without_end_is_cut_off(ssh: dict[str, str]) -> None:
    started = time.monotonic()
    done = subprocess.run([WITHIN, "endless"], input=b"", env=ssh, capture_output=True, check=False, timeout=30)
    assert (len(done.stdout), done.returncode != 0) == (budget.RAW_BYTES + 1, True)
    assert time.monotonic() - started < 20
    done = subprocess.run([WITHIN, "complaining"], input=b"", env=ssh, capture_output=True, check=False, timeout=30)
    assert len(done.stderr) == budget.ERROR_BYTES


def test_the_numbers_stand_in_three_places_and_are_the_same() -> None:
    text = WITHIN.read_text()
    assert re.findall(r"head -c (\d+)", text) == [str(budget.ERROR_BYTES), str(budget.RAW_BYTES + 1)]
    feed = (share("playbooks") / "action_plugins/feed.py").read_text()
    assert f'{budget.RAW_BYTES:_}, "{budget.TOO_MUCH}"' in feed


PEAK = """
import resource, sys
from pathlib import Path
from provision.connectors.phase import Phase
import os
place, name, within, document = sys.argv[1:]
steps = []
phase = Phase(Path(place), "gather.yml", {"PATH": os.environ["PATH"], "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
    "ANSIBLE_ACTION_PLUGINS": str(Path(within).parent / "action_plugins"), "ANSIBLE_HOME": place + "/home"}, "PROVISION_RUN=none")
hosts = {n: {"ansible_host": "127.0.0.1", "ansible_connection": "ssh", "ansible_ssh_executable": within,
    "ansible_python_interpreter": sys.executable, "feed_command": n, "look_document": document,
    "look_output": f"{place}.{n}"} for n in name.split(",")}
phase.follow(hosts, steps.append, deadline_s=100)
phase.end()
for step in steps:
    print(step.device, step.state, step.because.replace("\\n", " "))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def followed(tmp_path: Path, ssh: dict[str, str], names: str) -> tuple[str, list[int]]:
    """What Ansible said of hosts, and the largest memory (KB) of any of its processes, and of our own."""
    document = tmp_path / "document"
    document.write_text("x")
    argv = [sys.executable, "-c", PEAK, str(tmp_path / f"place-{names}"), names, str(WITHIN), str(document)]
    done = subprocess.run(argv, env=ssh, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    *steps, peaks = done.stdout.splitlines()
    return "\n".join(steps), [int(n) for n in peaks.split()]


def test_ansible_keeps_no_more_of_a_hostile_device_than_of_an_honest_one(tmp_path: Path, ssh: dict[str, str]) -> None:
    _, honest = followed(tmp_path, ssh, "echo")
    steps, hostile = followed(tmp_path, ssh, "endless,echo")
    assert f"endless {FAILED} " in steps
    assert budget.TOO_MUCH in steps
    assert f"echo {DONE}" in steps, "the others' results are kept"
    assert (tmp_path / "place-endless,echo.echo").read_bytes() == b"x"
    assert not (tmp_path / "place-endless,echo.endless").exists()
    assert [bad - good < 100_000 for bad, good in zip(hostile, honest, strict=True)] == [True, True], (hostile, honest)


def started(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def test_a_process_is_read_to_its_end_with_what_it_was_given() -> None:
    process = started("sh", "-c", "cat; echo said >&2; exit 3")
    document = b"0123456789" * 50_000
    assert bounded.communicate(process, document, time.monotonic() + 30) == (document, b"said\n")
    assert process.returncode == 3
    end(process)


def test_a_process_that_reads_nothing_is_no_error() -> None:
    process = started("true")
    assert bounded.communicate(process, b"x" * 1_000_000, time.monotonic() + 30) == (b"", b"")
    end(process)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("cat", "/dev/zero"), bounded.TooMuchError),
        (("sleep", "60"), subprocess.TimeoutExpired),
        (("sh", "-c", "exec >&- 2>&-; sleep 60"), subprocess.TimeoutExpired),
    ],
)
def test_what_has_no_end_is_ended(words: tuple[str, ...], error: type[Exception]) -> None:
    process = started(*words)
    with pytest.raises(error):
        bounded.communicate(process, None, time.monotonic() + (0.5 if error is subprocess.TimeoutExpired else 30))
    end(process)


def test_of_what_is_said_beside_it_the_beginning_is_kept() -> None:
    process = started("sh", "-c", "head -c 1000000 /dev/zero >&2; echo all")
    out, err = bounded.communicate(process, b"", time.monotonic() + 30)
    assert (out, len(err)) == (b"all\n", budget.ERROR_BYTES)
    end(process)


@pytest.mark.parametrize("size", [budget.UNPACKED_BYTES + 1, 400_000_000])
def test_a_few_bytes_that_unpack_to_many_are_refused(size: int) -> None:
    bomb = gzip.compress(b"\0" * size, 6)
    with pytest.raises(DeviceError, match="larger than 32 MB unpacked"):
        answer.unpack(bomb)


def test_a_large_answer_is_unpacked() -> None:
    assert len(answer.unpack(gzip.compress(b"x" * budget.UNPACKED_BYTES, 1))) == budget.UNPACKED_BYTES


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    "text", [BOMB, "[" * 100_000, "a: " + "{a: " * 50_000, "- " * 100_000], ids=["aliases", "lists", "maps", "dashes"]
)
def test_yaml_that_grows_without_end_is_a_fault_of_its_file(text: str) -> None:
    started = time.monotonic()
    read = Text("inventory/defaults.yml", text)
    assert time.monotonic() - started < 5
    assert read.values is None
    assert [fault.where.startswith("inventory/defaults.yml:") for fault in read.faults] == [True]


def test_the_depth_of_a_file_is_bounded() -> None:
    deep = "[" * (budget.YAML_DEPTH + 1) + "]" * (budget.YAML_DEPTH + 1)
    assert ["within each other" in fault.what for fault in Text("x.yml", deep).faults] == [True]
    assert Text("x.yml", deep[1:-1]).faults == []


def test_the_values_of_a_file_are_bounded() -> None:
    lines = BOMB.splitlines(keepends=True)
    assert [fault.what for fault in Text("x.yml", "".join(lines[:5])).faults] == []
    assert ["values, its aliases" in fault.what for fault in Text("x.yml", "".join(lines[:6])).faults] == [True]


# -- files that somebody brings -----------------------------------------------------------------------
def spreadsheet(path: Path, cells: dict[str, str], *, said: str = "A1:C3") -> Path:
    """An XLSX with these cells, which says of itself that it is as large as `said`."""
    from openpyxl import Workbook

    book = Workbook()
    for place, value in cells.items():
        book.active[place] = value
    book.save(path)
    with zipfile.ZipFile(path) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="{said}"'.encode(), sheet)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as again:
        for name, body in parts.items():
            again.writestr(name, body)
    return path


def bomb(path: Path) -> Path:
    """An XLSX of 300 KB that unpacks to 300 MB."""
    with zipfile.ZipFile(spreadsheet(path, {"A1": "x"})) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as again:
        for name, body in parts.items():
            again.writestr(name, body)
        again.writestr("xl/sharedStrings2.xml", b" " * 300_000_000)
    return path


PEAK_OF_A_FILE = """
import resource, sys
from pathlib import Path
from provision.core.errors import ProvisionError
from provision.core.model import Secret
from provision.home import delivery, restore
import openpyxl
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    delivery.read_sheet(Path(sys.argv[2])) if sys.argv[1] == "list" else restore.read(Path(sys.argv[2]), Secret("x"))
except ProvisionError as error:
    print(error, "|", getattr(error, "hint", ""))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def brought(kind: str, path: Path) -> tuple[str, int]:
    """What is said of a file, and how many MB it took beyond what was there."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK_OF_A_FILE, kind, str(path)], check=True, capture_output=True, text=True, timeout=60
    )
    said, _, megabytes = done.stdout.strip().rpartition("\n")
    return said, int(megabytes)


def grown(path: Path) -> Path:
    with gzip.open(path, "wb") as file:
        for _ in range(40):
            file.write(bytes(10_000_000))
    return path


def long_list(path: Path) -> Path:
    path.write_text("asset_tag,kind\n" * (budget.LIST_ROWS + 1))
    return path


def wide_list(path: Path) -> Path:
    path.write_text("," * budget.LIST_COLUMNS + "\n")
    return path


def endless(path: Path) -> Path:
    path.symlink_to("/dev/zero")
    return path


BROUGHT = {
    "a list of 100 MB": ("list", "a.csv", lambda path: (path.write_bytes(b"x"), os.truncate(path, 100_000_000))[0] and path,
                         "it holds more than 8 MB"),
    "a list without end": ("list", "b.csv", endless, "it holds more than 8 MB"),
    "a list of many rows": ("list", "c.csv", long_list, "more than 20000 rows"),
    "a list of many columns": ("list", "d.csv", wide_list, "more than 20000 rows or 200 columns"),
    "a cell of 1 MB": ("list", "e.csv", lambda path: path.write_text("a," + "x" * 1_000_000) and path, "not a CSV file"),
    "a spreadsheet that unpacks to 300 MB": ("list", "f.xlsx", bomb, "it unpacks to more than 32 MB"),
    "a spreadsheet that says it is all there can be": (
        "list", "g.xlsx", lambda path: spreadsheet(path, {"A1": "kind"}, said="A1:XFD1048576"), "columns are missing"),
    "a spreadsheet with a cell at its end": (
        "list", "h.xlsx", lambda path: spreadsheet(path, {"A1": "kind", "B1048576": "x"}), "more than 20000 rows"),
    "a backup of 400 KB that unpacks to 400 MB": ("backup", "i.tar.gz", grown, "it unpacks to more than 32 MB"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROUGHT)
def test_a_file_that_somebody_brings_takes_no_memory(tmp_path: Path, case: str) -> None:
    kind, name, make, why = BROUGHT[case]
    said, megabytes = brought(kind, make(tmp_path / name))
    assert why in said, said
    assert megabytes <= 100, megabytes


def test_a_file_with_a_password_is_a_short_text(tmp_path: Path) -> None:
    path = tmp_path / "password"
    for body, why in ((bytes(5000), "more than 4096 bytes"), (b"\xff\xfe", "no text in UTF-8")):
        path.write_bytes(body)
        with pytest.raises(UsageError, match=why):
            secret_of(path)
    path.write_text("benar\n")
    assert secret_of(path).reveal() == "benar"
