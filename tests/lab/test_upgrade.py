"""docs/upgrade.md, typed as it is printed: the release before, this one beside it, and the way back.

`tests/recordings/releases` holds the package of the release before as its wheel held it (`pip wheel` of its last commit);
it runs on the libraries of this release. The home is the one that the release left; see test_old_home.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provision.lab import client
from provision.local.processes import sweep

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "tests/recordings"
BEFORE, NOW = "0.1.0", "0.2.0"
LENT, PC = "segah", "BRU-PC-04"
MARK = re.compile(r"^(mkdir|cp|/opt/provision)")
pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")]


def chapter(name: str) -> list[str]:
    """Return the commands of one chapter that concern the home; installing and systemd are for root."""
    text = (ROOT / "docs/upgrade.md").read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if MARK.match(line)]


@dataclass(frozen=True)
class Machine:
    """The office's computer, below a folder: /opt, /srv and /media, in a network namespace with the lab's devices."""

    folder: Path
    namespace: str

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run one line as it is printed; `watch` and `plan` of the one kecamatan whose devices are in the recording."""
        if re.search(r" (watch|plan)$", line):
            line += f" {LENT} --bench --json" if line.endswith("plan") else f" {LENT} --json"
        line = re.sub(r"(?<=[ ])/(?=opt|srv|media)|^/(?=opt)", f"{self.folder}/", line)
        argv = ["ip", "netns", "exec", self.namespace, "sh", "-c", line]
        return subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=self.folder
        )

    def ok(self, line: str, code: int = 0) -> str:
        done = self.run(line)
        assert done.returncode == code, f"{line}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def states(self, release: str, home: str) -> dict[str, str]:
        """Return what `watch` of a release says of each device."""
        done = self.run(f"/opt/{release}/bin/provision --home /srv/{home} watch")
        return {d["device"]: d["state"] for d in json.loads(done.stdout)["devices"]}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with tarfile.open(RECORDINGS / f"releases/{BEFORE}.tar") as tar:
        tar.extractall(tmp_path / "before", filter="data")
    with tarfile.open(RECORDINGS / f"homes/{BEFORE}.tar") as tar:
        tar.extractall(tmp_path, filter="tar")
    (tmp_path / "srv").mkdir()
    (tmp_path / "home").rename(tmp_path / "srv/berau")
    (tmp_path / "media/usb").mkdir(parents=True)
    for name, path in (("provision", tmp_path / "before"), (f"provision-{NOW}", ROOT)):
        program = tmp_path / "opt" / name / "bin/provision"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {sys.executable} -m provision "$@"\n')
        program.chmod(0o755)
    namespace = f"kit-upgrade-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    one = Machine(tmp_path, namespace)
    run = client.run_directory(tmp_path / "srv/berau/var/lab")
    try:
        subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        one.ok(f"/opt/provision-{NOW}/bin/provision --home /srv/berau lab up")
        yield one
    finally:
        one.run(f"/opt/provision-{NOW}/bin/provision --home /srv/berau lab down")
        sweep(f"KIT_LAB_DEVICE={run}")
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


def test_the_page_is_followed_to_the_new_release_and_back(machine: Machine) -> None:
    assert NOW in machine.ok(f"/opt/provision-{NOW}/bin/provision --version")
    assert "No such option: --version" in machine.run("/opt/provision/bin/provision --version").stderr, BEFORE
    for line in chapter("Before"):
        machine.ok(line)
    seen = chapter("Install beside the old release")
    assert [line.split()[3:] for line in seen] == [["check"], ["ledger", "verify"], ["watch"], ["plan"]]
    for line in seen:
        machine.ok(line, code=3 if line.endswith(" plan") else 0)
    new = f"/opt/provision-{NOW}/bin/provision --home /srv/berau"
    (outcome,) = json.loads(machine.run(f"{new} apply {PC} --bench --yes --json").stdout)["outcomes"]
    assert (outcome["outcome"], outcome["because"]) == ("applied", "1 settings")
    assert set(machine.states(f"provision-{NOW}", "berau").values()) == {"ok"}
    for line in chapter(f"Going back to {BEFORE}"):
        machine.run(line) if line.endswith(" watch") else machine.ok(line)
    back = machine.states("provision", f"berau-{BEFORE}")
    assert {tag for tag, state in back.items() if state != "ok"} == {PC}, back
