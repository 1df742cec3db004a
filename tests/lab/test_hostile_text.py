"""Kits whose every free text is written for each interpreter that it meets, from the list to the paper.

What may be free is found from the files' shapes, so that a new field is in it by itself. A field that is not free
refuses such a text with its file and line. The devices of this lab call themselves by the same texts.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from labhome import Bench, make_home
from matrix import cases

from provision.core.errors import IntentError
from provision.home import intent
from provision.home.place import Place
from provision.home.workspace import Workspace

pytestmark = pytest.mark.lab
CANARY = "kit-canary"
HOSTILE = (
    f"{{{{ lookup('pipe', 'touch {CANARY}') }}}} {{% if 1 %}} {{# c #}} $(touch {CANARY}) `touch {CANARY}` ; touch {CANARY}; ' \" "
    f"; /system identity set name={CANARY}; [/system identity set name={CANARY}] $x \\r \\22 "
    f"#panic(\x22{CANARY}\x22) $x^ [bold]b[/bold] =1+1 +1 -1 @SUM(1) %s {{0}} <b>&amp;</b> ${{IFS}} $env:PATH ../../{CANARY} \\"
)  # fmt: skip
KITS = {"segah": "BRU-MDM-04", "biatan": "BRU-MDM-13", "batu-putih": "BRU-MDM-12"}
PC = "BRU-PC-04"
FREE = {  # what an office may call as it likes, by file; `*` stands for a name or a number
    "kecamatan": {"kecamatan.*.seat"},
    "defaults": {
        "contact", "lending.letterhead.*", "lending.place", "lending.bases.*.title", "lending.first_party.name",
        "lending.first_party.position", "lending.first_party.office",
    },
    "apn": {"*.username", "*.password"},
    "firmware": {"*.bad.*.because"},
    "apps": {"*.title", "*.linux.*", "*.windows.*"},
    "kits/segah": {"modem.site_note", "items.*.brand", "items.*.model", "items.*.serial"},
}  # fmt: skip
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
Path_ = tuple[str | int, ...]


def texts_of(value: Any, at: Path_ = ()) -> Iterator[Path_]:
    """Every place in a file where a text stands."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from texts_of(one, (*at, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from texts_of(one, (*at, number))
    elif isinstance(value, str):
        yield at


def put(value: Any, at: Path_, text: str) -> Any:
    """A copy of a file's contents with another text at one place."""
    copied = copy.deepcopy(value)
    inner = copied
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = text
    return copied


def is_free(name: str, at: Path_) -> bool:
    """Whether a place is one of FREE."""
    return any(
        len(parts := free.split(".")) == len(at) and all(p in {"*", str(a)} for p, a in zip(parts, at, strict=True))
        for free in FREE[name]
    )


@pytest.mark.parametrize("name", FREE)
def test_a_text_of_a_file_is_free_or_refused_with_its_line(root: Path, name: str) -> None:
    texts, file = Place(root).texts(), f"inventory/{name}.yml"
    contents = yaml.safe_load(texts[file])
    shapes = {tuple("*" if isinstance(a, int) else a for a in at): at for at in texts_of(contents)}
    for at in shapes.values():
        changed = texts | {file: yaml.safe_dump(put(contents, at, HOSTILE))}
        if is_free(name, at):
            intent.read(changed)
            changed = texts | {file: yaml.safe_dump(put(contents, at, "a\x1b]0;x\x07b"))}
        with pytest.raises(IntentError) as caught:
            intent.read(changed)
        assert any(re.match(r"inventory/.*yml(:\d+)?$", fault.where) for fault in caught.value.faults), at
        assert STEERS.findall(str(caught.value)) == [], at


def hostile(home: Path) -> None:
    """Every free text of the files, of the list and of what the lab's devices say is HOSTILE."""
    for name in ("defaults", "apn", "kecamatan", *(f"kits/{slug}" for slug in KITS)):
        path = home / f"inventory/{name}.yml"
        contents, kind = yaml.safe_load(path.read_text()), "kits/segah" if "/" in name else name
        for at in [a for a in texts_of(contents) if is_free(kind, a) and a[-1] != "serial"]:
            contents = put(contents, at, HOSTILE)
        path.write_text(yaml.safe_dump(contents, sort_keys=False, allow_unicode=True))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = make_home(tmp_path_factory.mktemp("hostile") / "home", 5)  # beside the other labs' addresses
    hostile(home)
    bench = Bench(home, Workspace(home))
    bench.ok("lab", "up")
    try:
        bench.ok("register", str(home / "inventory/delivery.csv"))
        yield bench
    finally:
        bench.run("lab", "down")
        bench.hand.ledger.close()


def canaries(bench: Bench) -> list[Path]:
    """The files that a text made, wherever a command may have stood."""
    places = [bench.home, Path.cwd(), Path("/tmp"), Path.home(), Path("/")]
    return [p / CANARY for p in places if (p / CANARY).exists()] + [*bench.home.rglob(CANARY)]


def reads(bench: Bench, *words: str, codes: tuple[int, ...] = (0,)) -> str:
    """What a command prints, once nothing in it steers a terminal."""
    done = bench.run(*words)
    assert done.code in codes, (words, done.code, done.out, done.err)
    assert STEERS.findall(done.out + done.err) == [], words
    return done.out


@pytest.mark.parametrize("slug", cases(["segah", "batu-putih"], ["biatan"]))
def test_a_kit_of_hostile_text_is_provisioned_as_its_text_says(bench: Bench, slug: str) -> None:
    tag = KITS[slug]
    bench.enrol(tag)
    reads(bench, "plan", tag, "--bench", codes=(3,))
    reads(bench, "apply", tag, "--bench", "--yes")
    reads(bench, "verify", tag, "--bench", "--json")
    assert json.loads(reads(bench, "apply", tag, "--bench", "--yes", "--json"))["outcomes"][0]["outcome"] == "unchanged"
    kept = bench.workspace.known[tag].snapshot.settings
    assert HOSTILE in {value for value in kept.values() if isinstance(value, str)}, "the note arrived as it was written"
    assert canaries(bench) == []
    flash = "".join(p.read_text(errors="replace") for p in sorted(bench.flash(tag).rglob("*.json")))
    assert f'"name": "{CANARY}"' not in flash


def test_a_pc_that_calls_itself_a_template_is_a_pc_of_that_name(bench: Bench) -> None:
    (bench.flash(PC) / "sys/class/dmi/id/product_name").write_text(f"{HOSTILE}\x1b[2J\x9b1m\u202e\n")
    bench.pc(PC)
    assert HOSTILE[:200] in bench.workspace.known[PC].device.model.raw
    reads(bench, "verify", PC, "--bench", codes=(0, 3))
    assert canaries(bench) == []
    listed = subprocess.run(
        [shutil.which("ansible-inventory", path=str(Path(sys.executable).parent)) or "ansible-inventory",
         "-i", str(bench.home / "inventory/devices.yml"), "--list"],
        capture_output=True, text=True, check=True, cwd=bench.home, env=os.environ | {"ANSIBLE_LOCALHOST_WARNING": "0"},
    )  # fmt: skip
    said = json.loads(listed.stdout)["_meta"]["hostvars"][PC.lower()]["kit_model"]
    assert HOSTILE[:200] in (said["__ansible_unsafe"] if isinstance(said, dict) else said)
    assert canaries(bench) == []


def test_every_page_and_the_paper_show_it_as_text(bench: Bench) -> None:
    tag = KITS["segah"]
    bench.provisioned(tag)
    bench.pc(PC)
    bench.run("verify", tag, PC, "--bench")
    reads(bench, "training", "segah", "--person", HOSTILE, "--topic", HOSTILE)
    for word in ("watch", "check", "custody", f"history {tag}", f"history {PC}", "inventory --list", "resume", "plan"):
        reads(bench, *word.split(), codes=(0, 1, 3))
    for word in ("watch", "custody", f"history {tag}", f"history {PC}", "plan"):
        json.loads(reads(bench, *word.split(), "--json", codes=(0, 1, 3)))
    for check in json.loads(bench.run("verify", tag, PC, "--bench", "--json").out)["findings"]:
        if check["verdict"] != "pass":
            bench.run("waive", check["device"], check["check"], "--reason", HOSTILE)
    reads(bench, "handover", "segah", "--to", HOSTILE, "--nip", "19720304 199803 2 005")
    (paper,) = (bench.home / "var/papers").glob("*.pdf")
    assert paper.read_bytes().startswith(b"%PDF-"), "Typst evaluated nothing of it"
    assert paper.parent == bench.home / "var/papers"
    reads(bench, "handover", "segah")
    shown = json.loads(reads(bench, "handover", "segah", "--json"))
    assert shown["to"] == HOSTILE
    assert canaries(bench) == []
