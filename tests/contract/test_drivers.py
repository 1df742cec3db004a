"""Every driver over every recording: golden edits, stable parse, no noise, the way there and back."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest

from provision import families
from provision.core import plan, render
from provision.core import settings as core_settings
from provision.core.family import Family
from provision.core.model import Candidate, Secret, Snapshot
from provision.core.settings import FILE, diff, invert, matches, patch
from provision.families.languages import uci
from provision.home.place import Place
from provision.local.share import templates

ROOT = Path(__file__).parents[2]
BOXES = [n for n in families.names() if isinstance(families.load(n), Family)]
RECORDINGS = [
    (name, folder)
    for name in BOXES
    for folder in sorted((ROOT / "tests/recordings").glob(f"{name}-*"))
]  # fmt: skip
KEY = b"k" * 32
NAMES = ("wireguard_private", "wireguard_preshared", "snmp_auth", "snmp_priv", "admin_password")
ACCESS = render.Access(
    authorized_keys="ssh-ed25519 AAAA office\n",
    password_hash=Secret("$6$x\n"),
    secrets={n: Secret(f"secret-of-{n}") for n in NAMES},
)


def text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def candidate(driver: Family, folder: Path) -> Candidate:
    intent = replace(Place(ROOT).intent().intents["BRU-MDM-01"], family=driver)
    intent = replace(intent, **json.loads(text(folder / "facts.json") or "{}"))
    firmware = text(folder / "firmware").strip()
    return render.render(intent, ACCESS, templates(driver.name), lambda: token_hex(12), firmware)


def running(driver: Family, folder: Path, name: str = "running.txt") -> Snapshot:
    settings, locators = driver.configuration.grammar.parse((folder / name).read_text(), driver.configuration.shape)
    return Snapshot(device="x", at="now", settings=core_settings.seal(settings, KEY), locators=locators, marker="m")


def test_every_driver_has_a_recording() -> None:
    assert {name for name, _ in RECORDINGS} == set(BOXES)


@pytest.mark.parametrize(("name", "folder"), RECORDINGS, ids=lambda v: v if isinstance(v, str) else v.name)
class TestDriver:
    def test_the_first_apply_sends_the_golden_edits(self, name: str, folder: Path) -> None:
        driver = families.box(name)
        wanted = candidate(driver, folder)
        made = plan.make(driver, running(driver, folder), wanted, KEY)
        real = tuple(
            replace(c, intended=wanted.settings.get(c.path)) for c in made.changes if not c.path.startswith(FILE)
        )
        edits = driver.configuration.grammar.edits(real, made.locators, driver.configuration.shape)
        golden = folder / "edits.txt"
        if os.environ.get("PROVISION_GOLDEN"):
            golden.write_text(edits)
        assert edits == golden.read_text()

    def test_parse_is_stable_and_noise_is_no_change(self, name: str, folder: Path) -> None:
        driver = families.box(name)
        if driver.configuration.objects:  # nothing but its own objects is ever read
            assert set(running(driver, folder).settings) == set(driver.configuration.objects)
            return
        one, two = running(driver, folder), running(driver, folder, "noise.txt")
        assert one.settings == running(driver, folder).settings
        assert one.settings != two.settings
        assert (
            diff(one.settings, two.settings, owns=driver.configuration.owns, volatile=driver.configuration.volatile)
            == ()
        )

    def test_the_way_there_and_back(self, name: str, folder: Path) -> None:
        driver = families.box(name)
        before = running(driver, folder).settings
        wanted = core_settings.seal(candidate(driver, folder).settings, KEY)
        changes = diff(before, wanted, owns=driver.configuration.owns, volatile=driver.configuration.volatile)
        after = patch(before, changes)
        ours = [
            k
            for k in {*after, *wanted}
            if matches(k, driver.configuration.owns) and not matches(k, driver.configuration.volatile)
        ]
        assert {k: after.get(k) for k in ours} == {k: wanted.get(k) for k in ours}
        assert all(after[k] == v for k, v in wanted.items())
        assert patch(after, invert(changes)) == before

    def test_no_secret_shows_in_a_plan(self, name: str, folder: Path) -> None:
        driver = families.box(name)
        made = plan.make(driver, running(driver, folder), candidate(driver, folder), KEY)
        assert "secret-of" not in repr(made)


UCI = [
    (n, f) for n, f in RECORDINGS if families.box(n).configuration.grammar is uci
]  # the lab's RouterOS obeys in tests/unit/test_rsc.py


@pytest.mark.parametrize(("name", "folder"), UCI, ids=lambda v: v if isinstance(v, str) else v.name)
def test_the_edits_end_in_the_candidate_on_the_labs_own_uci(name: str, folder: Path, tmp_path: Path) -> None:
    """Obeyed to the letter by a word that does not share our parser."""
    from provision.lab.uci import Cli
    from provision.lab.uciconfig import words

    driver = families.box(name)
    (tmp_path / "etc/config").mkdir(parents=True)
    for part in ("\n" + (folder / "running.txt").read_text()).split("\npackage ")[1:]:
        package, _, body = part.partition("\n")
        (tmp_path / "etc/config" / package).write_text(body)
    cli = Cli(str(tmp_path), str(tmp_path / "stage"))
    for command in words((folder / "edits.txt").read_text()):
        cli.run(command)
    text = "".join(cli.run(["export", section]) for section in driver.configuration.sections)
    settings, _ = driver.configuration.grammar.parse(text, driver.configuration.shape)
    wanted = {k: v for k, v in candidate(driver, folder).settings.items() if not k.startswith(FILE)}
    assert diff(settings, wanted, owns=driver.configuration.owns, volatile=driver.configuration.volatile) == ()
