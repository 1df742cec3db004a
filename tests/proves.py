"""Put a mended fault back and see its test fail: `./run proves [ROW…]`, rows of tests/mutants.yml.

    ./run proves               all rows
    ./run proves NAME …        some
    ./run proves --drawn 5     as many, drawn by the hash of the commit

Each row is tried in a copy of the tree. Its test must pass without the fault (once for each test), and fail with it in an
assertion of the test's own file: a fault that stops the import, or that ends in another error, is no proof.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
ROWS = Path(__file__).with_name("mutants.yml")
COPIED = ("provision", "playbooks", "templates", "inventory", "tests", "pyproject.toml")
LONGEST_S = 180
LAB = threading.Lock()
DECIDES = (  # what decides: unit tests alone reach most of it, and kill five mutations of each, or all that there are
    "operations/apply", "devices/modem/apply", "devices/pc/apply", "operations/resume", "devices/modem/resume",
    "devices/pc/resume", "operations/enrol", "devices/modem/enrol", "devices/pc/enrol", "devices/radio/enrol",
    "devices/modem/look", "devices/pc/look", "devices/radio/look", "devices/modem/poll", "devices/pc/poll",
    "operations/rotate", "operations/rollback", "operations/adopt", "devices/modem/selftest", "devices/pc/selftest",
    "operations/identify", "cli/console",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One fault: what goes wrong, the test that sees it, and how it is put back."""

    name: str
    fault: str
    test: str
    file: str
    text: str
    instead: str


def rows() -> list[Row]:
    """Return all rows of the list."""
    return [Row(**row) for row in yaml.safe_load(ROWS.read_text())]


def drawn(every: list[Row], number: int) -> list[Row]:
    """Return some rows: those whose names come first when they are hashed with the commit."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return sorted(every, key=lambda row: sha256(f"{head.stdout}{row.name}".encode()).digest())[:number]


def copy_of_the_tree(folder: Path) -> Path:
    """Copy what a test needs."""
    tree = folder / "tree"
    tree.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tree / name)
    return tree


def failures(tree: Path, *tests: str) -> list[str]:
    """Run tests in a copy; return of each that fails where and how."""
    report = tree / "report.xml"
    report.unlink(missing_ok=True)
    words = ["-q", "-n", "0", "-p", "no:cacheprovider", f"--junitxml={report}", "--tb=short", *tests]
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PROVISION_GATE": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=tree, env=environment, capture_output=True, text=True,
        check=False, timeout=LONGEST_S,
    )  # fmt: skip
    if done.returncode == 0:
        return []
    if not report.exists():
        return [f"pytest ended with {done.returncode}: {done.stdout[-200:]}{done.stderr[-200:]}"]
    said = [
        f"{kind} {case.get('classname')}::{case.get('name')}: {found.get('message')}\n{found.text}"
        for case in ET.parse(report).iter("testcase")  # noqa: S314 (pytest wrote it just now)
        for kind in ("failure", "error")
        if (found := case.find(kind)) is not None
    ]
    return said or [f"pytest ended with {done.returncode}: {done.stdout[-200:]}"]


def is_proof(said: str, test: str) -> bool:
    """Say whether a failure is an assertion of the test's own file."""
    file = re.escape(test.partition("::")[0])
    return bool(
        said.startswith("failure ")
        and re.search(rf"^{file}:\d+: in ", said, re.MULTILINE)
        and re.search(r"^E +(AssertionError|assert |Failed: DID NOT)", said, re.MULTILINE)
        and not re.search(r"^E +(ImportError|SyntaxError|NameError|IndentationError)", said, re.MULTILINE)
    )


def prove(row: Row) -> str:
    """Try one row in a copy of its own; return why it proves nothing, or nothing.

    One lab at a time: two of them would take the same addresses.
    """
    alone = LAB if row.test.startswith("tests/lab/") else contextlib.nullcontext()
    with alone, tempfile.TemporaryDirectory(prefix="proves-") as folder:
        tree = copy_of_the_tree(Path(folder))
        path = tree / row.file
        text = path.read_text()
        if text.count(row.text) != 1:
            return f"its text stands {text.count(row.text)} times in {row.file}"
        if said := failures(tree, row.test):
            return f"its test fails without the fault: {said[0][:300]}"
        path.write_text(text.replace(row.text, row.instead))
        said = failures(tree, row.test)
        if not said:
            return f"alive: {row.test} passes with the fault"
        return "" if is_proof(said[0], row.test) else f"alive: no assertion of its test: {said[0][-400:]}"


def main() -> None:
    """Try the rows that were asked for; exit 1 where one proves nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="ROW")
    parser.add_argument("--drawn", type=int, default=0, metavar="N")
    asked = parser.parse_args()
    every = rows()
    if unknown := set(asked.names) - {row.name for row in every}:
        sys.stderr.write(f"no such row: {', '.join(sorted(unknown))}; the names stand in {ROWS.relative_to(ROOT)}\n")
        sys.exit(2)
    chosen = [row for row in every if not asked.names or row.name in asked.names]
    chosen = drawn(chosen, asked.drawn) if asked.drawn else chosen
    began, alive = time.monotonic(), 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for row, why in zip(chosen, pool.map(prove, chosen), strict=True):
            alive += bool(why)
            print(f"{'ALIVE ' if why else 'proven'} {row.name}{': ' + why if why else ''}", flush=True)
    print(f"{len(chosen) - alive} of {len(chosen)} rows proven in {time.monotonic() - began:.0f} s")
    sys.exit(1 if alive else 0)


if __name__ == "__main__":
    main()
