"""Documentation is proved: README and docs/ name commands that exist, in two languages of the same shape, and link to each other."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from provision import __version__
from provision.cli.commands import ENTRIES, HEADINGS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ENGLISH = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").glob("*.md") if not p.name.endswith(".id.md"))]
PAGES = {str(p.relative_to(ROOT)): p.read_text() for p in ENGLISH}
ALL = [*PAGES, *(name.replace(".md", ".id.md") for name in PAGES), "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md"]
LONGEST_README, MOST_WORDS = 80, 600
GROUPS = {"lab", "ledger", "secret"}
INSTALLED = re.compile(r"/opt/provision[^/ ]*/bin/(?=provision )")  # the same command, where a release is installed


def page(name: str) -> str:
    return PAGES[f"docs/{name}.md"]


def commands() -> list[str]:
    blocks = [block for text in PAGES.values() for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
    lines = [INSTALLED.sub("", line.split("#")[0].strip()) for block in blocks for line in block.splitlines()]
    return sorted({line for line in lines if line.startswith("provision")})


def provision(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "provision", *words], capture_output=True, text=True, check=False, cwd=cwd
    )


@cache
def help_of(*known: str) -> subprocess.CompletedProcess[str]:
    """Return what `provision KNOWN --help` prints; it needs no home."""
    return provision(*known, "--help", cwd=ROOT)


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_documentation_is_understood(line: str) -> None:
    """Each word and option exists: the command's own help takes them (exit 0)."""
    words = shlex.split(line)[1:]
    verb = words[2:] if words[0] == "--home" else words
    known = verb[:2] if verb[0] in GROUPS else verb[:1]
    done = help_of(*known)
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


def test_every_fault_of_the_lab_is_in_its_page() -> None:
    from provision.lab.values import FAULTS

    section = page("lab").partition("## Faults\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([a-z]+)", section, re.MULTILINE)
    assert set(listed) == set(FAULTS)


def test_every_test_that_the_page_on_security_names_is_there() -> None:
    named = set(re.findall(r"`(tests/[^`]+\.py)`", (ROOT / "SECURITY.md").read_text()))
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_is_one_screen_and_a_half() -> None:
    for name in ("README.md", "README.id.md"):
        text = (ROOT / name).read_text()
        assert len(text.splitlines()) <= LONGEST_README, name
        assert len(text.split()) <= MOST_WORDS, name


def test_every_page_has_its_twin_and_is_linked_from_the_readme() -> None:
    found = {p.name for p in (ROOT / "docs").glob("*.md")}
    english = {name for name in found if not name.endswith(".id.md")}
    assert found - english == {name.replace(".md", ".id.md") for name in english}
    for readme, names in (("README.md", english), ("README.id.md", found - english)):
        text = (ROOT / readme).read_text()
        assert [n for n in sorted(names) if f"](docs/{n})" not in text] == [], readme


def anchor(heading: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).strip().replace(" ", "-")


@pytest.mark.parametrize("name", ALL)
def test_relative_links_lead_to_files_and_headings(name: str) -> None:
    text = re.sub(r"^```.*?^```", "", (ROOT / name).read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", re.sub(r"`[^`]*`", "", text)):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.is_file(), target
        if heading:
            assert heading in {anchor(h) for h in re.findall(r"^#+ (.*)", path.read_text(), re.MULTILINE)}, target


@pytest.mark.parametrize("name", ["README.md", "README.id.md"])
def test_the_readme_shows_two_pictures_and_says_what_they_show(name: str) -> None:
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", (ROOT / name).read_text())
    assert [target for _, target in shown] == ["docs/pictures/verify.png", "docs/pictures/tanda-terima.png"]
    assert all(len(caption.split()) >= 5 for caption, _ in shown)
    for _, target in shown:  # made by ./run pictures
        picture = (ROOT / target).read_bytes()
        assert picture.startswith(b"\x89PNG"), target
        assert 10_000 < len(picture) < 400_000, target


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


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_say_the_same(name: str) -> None:
    text = (ROOT / name.replace(".md", ".id.md")).read_text()
    english, indonesian = shape(PAGES[name]), shape(text)
    for what, found in english.items():
        assert indonesian[what] == found, what
    plain = re.sub(r"^```.*?^```|^    [^\n]*$|`[^`]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    words = re.findall(r"[a-z]+", plain.lower())
    assert words.count("yang") >= 5, "it is Indonesian"
    assert words.count("the") == 0


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_timer_of_the_documentation_is_one_that_systemd_takes(tmp_path: Path) -> None:
    service, timer = re.findall(r"```ini\n(.*?)```", page("drift"), re.DOTALL)
    (tmp_path / "provision-watch.service").write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", service))
    (tmp_path / "provision-watch.timer").write_text(timer)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "provision-watch.timer"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "provision-watch" in line]
    assert said == []


def test_every_command_is_in_the_reference() -> None:
    done = provision("--help", cwd=ROOT)
    verbs = re.findall(r"^  ([a-z]+)  ", done.stdout.partition("Set up:")[2], re.MULTILINE)
    assert verbs == list(ENTRIES)
    listed = re.findall(r"^\| `provision ([a-z]+)", page("reference"), re.MULTILINE)
    assert sorted(set(listed)) == sorted(verbs)


def test_every_option_of_a_command_is_in_its_row_of_the_reference() -> None:
    rows = [line for line in page("reference").splitlines() if line.startswith("| `provision ")]
    for row in (r for r in rows if "`provision lab " not in r):
        words = re.match(r"\| `provision ([^`]*)`", row)[1].split()
        known = words[:2] if words[0] in GROUPS else words[:1]
        options = re.findall(r"^  (--[a-z-]+)", help_of(*known).stdout, re.MULTILINE)
        assert sorted(o for o in options if o != "--help") == sorted(re.findall(r"`(--[a-z-]+)`", row)), row


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
    known = verb[:2] if name in GROUPS else verb[:1]
    done = help_of(*known)
    assert done.returncode == 0
    own = help_of(name).stdout
    assert f"Example: {example}" in " ".join(own.split())
    assert [w for w in verb if w.startswith("--") and w not in done.stdout] == []


def test_the_bare_word_prints_help_and_the_version_is_one_line() -> None:
    bare = provision(cwd=ROOT)
    assert (bare.returncode, bare.stdout) == (0, provision("--help", cwd=ROOT).stdout)
    version = provision("--version", cwd=ROOT)
    assert (version.returncode, version.stdout) == (0, f"provision {__version__}\n")
