"""`kill -9` at every boundary of `apply` and `secret rotate`, on every family: vault, peers and device may then differ.

Whatever the moment, the device can be reached with a set that the vault still holds, and `resume` ends in one of two
whole states. The gate draws some boundaries of each; `./run soak matrix` takes all of them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from labhome import Bench, until
from matrix import SOAK

from provision.home.vault import wireguard_public

pytestmark = pytest.mark.lab
FAMILIES = {"openwrt": "BRU-MDM-04", "rutos": "BRU-MDM-13", "routeros": "BRU-MDM-12"}
KITS = {"BRU-MDM-04": "segah", "BRU-MDM-13": "biatan", "BRU-MDM-12": "batu-putih"}
DRAWN = {"BRU-MDM-04": 2, "BRU-MDM-13": 1, "BRU-MDM-12": 1}  # RutOS is changed by the words of OpenWrt


@dataclass
class Trial:
    """One family and one verb: how it begins, and what is killed."""

    bench: Bench
    tag: str
    notes: int = 0

    def begin(self) -> None:
        """A provisioned device whose intent is another than what it runs."""
        self.bench.provisioned(self.tag)
        self.notes += 1
        path = self.bench.home / f"inventory/kits/{KITS[self.tag]}.yml"
        kept = [line for line in path.read_text().splitlines() if "site_note:" not in line]
        at = kept.index("modem:") + 1
        path.write_text("\n".join([*kept[:at], f"  site_note: catatan {self.notes}", *kept[at:]]) + "\n")

    def sets(self) -> list[str]:
        """The tunnel's private keys that the vault holds for the device."""
        vault = self.bench.workspace.vault
        sets = [vault.device(self.tag), vault.waiting(self.tag), vault.spare(self.tag)]
        return [one["wireguard_private"].reveal() for one in sets if one]

    def runs(self) -> str:
        """The tunnel's private key on the disk of the device."""
        root = self.bench.flash(self.tag)
        if (root / "config.json").exists():
            menus = json.loads((root / "config.json").read_text())["menus"]
            return str(menus["/interface/wireguard"][0]["private-key"])
        return self.bench.config(self.tag, "network").partition("private_key '")[2].partition("'")[0]

    def holds(self, code: int) -> None:
        """What must be true after the kill, and after `resume`."""
        assert self.runs() in self.sets(), "the vault lost what the device runs"
        done = self.bench.run("resume")
        here = self.bench.workspace
        assert (done.code, here.unfinished()) == (0, {}), (code, done.out, done.err)
        assert self.sets()[0] == self.runs(), "its own set is what the device runs; one never sent goes with the next"
        assert here.known[self.tag].device.tunnel_key == wireguard_public(
            here.vault.device(self.tag)["wireguard_private"]
        )
        path = here.place.var / "hub/peers.vault"
        listed = here.vault.open(path.read_bytes()).decode()
        assert here.known[self.tag].device.tunnel_key in listed
        until(lambda: self.bench.run("verify", self.tag, "--bench").code == 0, "it is green (snmpd's cache lasts 5 s)")


@contextmanager
def kit_kept(bench: Bench, tag: str) -> Iterator[None]:
    """The kit's file is as before in the end."""
    kit = bench.home / f"inventory/kits/{KITS[tag]}.yml"
    before = kit.read_text()
    try:
        yield
    finally:
        kit.write_text(before)


def words_of(verb: str, tag: str) -> list[str]:
    return [*verb.split(), tag, "--bench", "--yes"]


@pytest.mark.parametrize("verb", ["apply", "secret rotate"])
@pytest.mark.parametrize("tag", FAMILIES.values(), ids=FAMILIES)
def test_killed_at_a_boundary_it_ends_in_one_of_two_whole_states(bench: Bench, tag: str, verb: str) -> None:
    with kit_kept(bench, tag):
        _killed_at_boundaries(Trial(bench, tag), verb)


def _killed_at_boundaries(trial: Trial, verb: str) -> None:
    bench, tag = trial.bench, trial.tag
    trial.begin()
    done, count = bench.killed(0, *words_of(verb, tag))
    assert (done.code, count > 10) == (0, True), done.out + done.err
    draw: Callable[[range, int], list[int]] = random.Random(f"{tag} {verb}").sample
    numbers = range(1, count + 1)
    for at in numbers if SOAK else sorted(draw(numbers, DRAWN[tag])):
        trial.begin()
        done, passed = bench.killed(at, *words_of(verb, tag))
        if done.code != -9:
            assert passed < at, "it ended before that boundary"
            continue
        try:
            trial.holds(done.code)
        except AssertionError as error:
            raise AssertionError(f"killed at {at} of {count}: {error}") from error
