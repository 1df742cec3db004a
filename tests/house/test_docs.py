"""Documentation is proved: the README's commands exist, its JSON shapes are those that are printed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provision import __version__
from provision.cli.commands import ENTRIES, HEADINGS

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
    verbs = re.findall(r"^  ([a-z]+)  ", done.stdout.partition("Set up:")[2], re.MULTILINE)
    assert verbs == list(ENTRIES)
    assert [
        v for v in verbs if f"provision {v}" not in README and f" {v} " not in README and f"`{v}" not in README
    ] == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("aply",), 2, "No such command 'aply'. Did you mean 'apply'?"),
        (("adopt", "BRU-MDM-01", "--reason", " "), 2, "say why"),
        (("bind", "BRU-PC-01", "--reason", " "), 2, "say why"),
        (("secret", "show", "BRU-MDM-01", "--reason", " "), 2, "say why"),
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


def test_help_groups_every_command_by_when_it_is_needed() -> None:
    done = provision("-h", cwd=ROOT)
    assert [h for h in HEADINGS if f"\n{h}:\n" not in done.stdout] == []
    assert {e.heading for e in ENTRIES.values()} == set(HEADINGS)


@pytest.mark.parametrize("name", ENTRIES)
def test_each_command_shows_one_example_that_its_own_options_take(name: str) -> None:
    example = ENTRIES[name].example
    words = shlex.split(example)
    assert words[0] == "provision"
    verb = words[words.index(name) :]
    known = verb[:2] if name in {"lab", "ledger", "secret"} else verb[:1]
    done = provision(*known, "--help", cwd=ROOT)
    assert done.returncode == 0
    own = provision(name, "--help", cwd=ROOT).stdout
    assert f"Example: {example}" in " ".join(own.split())
    assert [w for w in verb if w.startswith("--") and w not in done.stdout] == []


def test_the_bare_word_prints_help_and_the_version_is_one_line() -> None:
    bare = provision(cwd=ROOT)
    assert (bare.returncode, bare.stdout) == (0, provision("--help", cwd=ROOT).stdout)
    version = provision("--version", cwd=ROOT)
    assert (version.returncode, version.stdout) == (0, f"provision {__version__}\n")
