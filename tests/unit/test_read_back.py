"""What a device runs after a change, judged against what was sent: nothing is left out, nothing is made up."""

from __future__ import annotations

import pytest

from provision import families
from provision.core import read_back
from provision.core.family import Family
from provision.core.model import Secret, Settings, Snapshot
from provision.core.settings import marker

KEY = b"k" * 32
OPENWRT = families.load("openwrt")
ROUTEROS = families.load("routeros")
SENT: Settings = {"system.@system.hostname": "BRU-MDM-01", "network.wwan.apn": "internet"}


def seen(settings: Settings, name: str = "m") -> Snapshot:
    return Snapshot(device="x", at="now", settings=settings, marker=name)


def paths(back: read_back.ReadBack) -> list[str]:
    return [change.path for change in back.wrong]


def test_what_runs_as_it_was_sent_has_nothing_wrong() -> None:
    back = read_back.judge(OPENWRT, seen(SENT), SENT)
    assert (back.wrong, back.closing, back.snapshot.marker) == ((), (), "m")


@pytest.mark.parametrize(
    ("running", "wrong"),
    [
        (SENT | {"network.wwan.apn": "lain"}, ["network.wwan.apn"]),
        ({"system.@system.hostname": "BRU-MDM-01"}, ["network.wwan.apn"]),
        (SENT | {"network.wwan.pincode": "1234"}, ["network.wwan.pincode"]),
        ({}, ["system.@system.hostname", "network.wwan.apn"]),
    ],
    ids=["another value", "one is missing", "one too many", "nothing"],
)
def test_what_differs_is_named(running: Settings, wrong: list[str]) -> None:
    assert paths(read_back.judge(OPENWRT, seen(running), SENT)) == wrong


def test_where_nothing_is_owned_what_was_not_sent_may_stand() -> None:
    running = SENT | {"network.wwan.pincode": "1234"}
    assert paths(read_back.judge(OPENWRT, seen(running), SENT, ())) == []


def test_an_old_door_is_to_be_closed_and_is_not_wrong() -> None:
    new, old = (
        "/ip/address:interface=bridge,address=10.0.0.1/24",
        "/ip/address:interface=bridge,address=192.168.88.1/24",
    )
    back = read_back.judge(ROUTEROS, seen({new: "+", old: "+"}), {new: "+"})
    assert [(c.path, c.intended) for c in back.closing] == [(old, None)]
    assert back.wrong == ()
    assert back.snapshot.settings == {new: "+"}
    assert back.snapshot.marker == marker({new: "+"}), "the marker of the device as it is once the door is closed"


def test_a_snapshot_keeps_no_secret_and_always_has_a_marker() -> None:
    path = "network.wg0.private_key"
    whole = read_back.sealed(OPENWRT, seen({path: Secret("rahasia")}, name=""), KEY, {})
    assert whole.marker == marker(whole.settings)
    value = whole.settings[path]
    assert isinstance(value, Secret)
    assert value.reveal().startswith("sealed:")
    assert "rahasia" not in value.reveal()
    assert read_back.sealed(OPENWRT, whole, KEY, {}) == whole, "what is sealed stays as it is"


@pytest.mark.parametrize("family", [OPENWRT, ROUTEROS], ids=lambda family: family.name)
def test_only_what_a_family_hides_is_taken_from_what_was_kept(family: Family) -> None:
    kept = {"/user:name=a": "+", "/user:name=a:password": Secret("sealed:1"), "network.wwan.apn": "internet"}
    whole = read_back.sealed(family, seen({"/user:name=a": "+"}), KEY, kept)
    assert set(whole.settings) - {"/user:name=a"} == ({"/user:name=a:password"} if family is ROUTEROS else set())
