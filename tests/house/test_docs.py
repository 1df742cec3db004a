"""Documentation is proved: the README's commands exist, its JSON shapes are those that are printed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return sorted({line for line in lines if line.startswith("provision")})


def provision(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "provision", *words], capture_output=True, text=True, check=False, cwd=cwd
    )


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_readme_is_understood(line: str, tmp_path: Path) -> None:
    """Each word and option exists: the command's own help takes them (exit 0)."""
    words = line.split()[1:]
    verb = [w for w in words if not w.startswith("-") and w not in {"berau", "demo"}]
    known = [verb[0], verb[1]] if verb[0] in {"lab", "ledger", "secret"} else verb[:1]
    done = provision(*known, "--help", cwd=tmp_path)
    assert done.returncode == 0, line
    for option in (w for w in words if w.startswith("--") and w != "--home"):
        assert option in done.stdout, line


def test_the_first_commands_of_the_journey_run(tmp_path: Path) -> None:
    assert provision("init", "berau", cwd=tmp_path).returncode == 0
    assert provision("--home", "berau", "check", cwd=tmp_path).returncode == 0
    assert provision("--home", "berau", "register", "berau/inventory/delivery.csv", cwd=tmp_path).returncode == 0
    assert provision("--home", "berau", "inventory", "--list", cwd=tmp_path).returncode == 0
    assert provision("--home", "berau", "ledger", "verify", cwd=tmp_path).returncode == 0
    again = provision("init", "berau", cwd=tmp_path)
    assert again.returncode == 1
    assert "not empty" in again.stderr


def test_every_fault_of_the_lab_is_in_the_readme() -> None:
    from provision.lab.client import FAULTS

    section = README.partition("Faults: ")[2].partition("The boxes keep")[0]
    assert all(f"`{name}" in section for name in FAULTS)


def shape(text: str) -> dict[str, list[str]]:
    """What must be the same in both languages: headings, blocks, code in the text, rows of tables, items of lists."""
    blocks = re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE)
    plain = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return {
        "headings": [h.split(" ")[0] for h in re.findall(r"^#+ .*", plain, re.MULTILINE)],
        "blocks": blocks,
        "code": sorted(" ".join(c.split()) for c in re.findall(r"`([^`]+)`", plain)),
        "rows": ["|" * line.count("|") for line in plain.splitlines() if line.startswith("|")],
        "items": [re.match(r"\s*", line)[0] for line in plain.splitlines() if re.match(r"\s*(?:-|\d+\.) ", line)],
    }


def test_both_readmes_say_the_same() -> None:
    english, indonesian = shape(README), shape((ROOT / "README.id.md").read_text())
    for what, found in english.items():
        assert indonesian[what] == found, what
    plain = re.sub(
        r"^```.*?^```|^    [^\n]*$|`[^`]*`", "", (ROOT / "README.id.md").read_text(), flags=re.DOTALL | re.MULTILINE
    )
    words = plain.lower().split()
    assert words.count("yang") > 20, "it is Indonesian"
    assert words.count("the") == 0


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_timer_of_the_readme_is_one_that_systemd_takes(tmp_path: Path) -> None:
    service, timer = re.findall(r"```ini\n(.*?)```", README, re.DOTALL)
    (tmp_path / "provision-watch.service").write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", service))
    (tmp_path / "provision-watch.timer").write_text(timer)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "provision-watch.timer"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "provision-watch" in line]
    assert said == []


def test_every_command_is_in_the_readme() -> None:
    done = provision("--help", cwd=ROOT)
    verbs = re.findall(r"^  ([a-z]+)  ", done.stdout.partition("Commands:")[2], re.MULTILINE)
    assert len(verbs) >= 12
    assert [
        v for v in verbs if f"provision {v}" not in README and f" {v} " not in README and f"`{v}" not in README
    ] == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("aply",), 2, "No such command"),
        (("apply",), 2, "TARGET"),
        (("inventory",), 2, "--list"),
        (("apply", "all", "--packages", "nowhere"), 2, "nowhere"),
        (("check",), 2, "no home here"),
        (("history", "X"), 2, "no home here"),
        (("ledger", "verify"), 2, "no home here"),
        (("--home", "none", "plan"), 2, "provision init"),
        (("lab", "status"), 2, "no home here"),
    ],
)
def test_wrong_words_are_answered_with_the_next_step(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    done = provision(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.iterdir()), "a wrong word in a wrong place makes nothing there"
