"""Objects of a MIB: their text, the documents that set them, and the values on the wire."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision import families
from provision.connectors import settable, setter, snmp
from provision.connectors.old_values import OldValues
from provision.connectors.snmpv3 import ber, values
from provision.core import plan
from provision.core.errors import CutShortError, DeviceError, ProvisionError
from provision.core.family import DocumentRequest, Shape
from provision.core.model import Candidate, Change, Secret, Snapshot
from provision.core.snmp_keys import ONE_PASSPHRASE
from provision.families.languages import mib_objects, snmp_document

DRIVER = families.load("epmp")
KEY = b"k" * 32
RUNNING = dict.fromkeys(DRIVER.configuration.objects, "0")


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60))
def test_any_text_is_read_back_as_it_was_written(text: str) -> None:
    found, _ = mib_objects.parse(f"a = {mib_objects.quote(text)}\n", Shape())
    assert found == {"a": text}


@pytest.mark.parametrize("text", ["a = 1", "a =", 'a = "1"\na = "2"', '[a]\nb = "c"', 'a = ["b"]', "\x00"])
def test_what_is_no_list_of_texts_is_refused(text: str) -> None:
    with pytest.raises(ProvisionError):
        mib_objects.parse(text, Shape())


@pytest.mark.parametrize("intended", [None, Secret("x"), ("a", "b")])
def test_neither_a_secret_nor_nothing_is_ever_set(intended: object) -> None:
    with pytest.raises(ProvisionError):
        mib_objects.edits((Change(path="webService", running="3", intended=intended),), {}, Shape())  # type: ignore[arg-type]


def planned(running: dict[str, str], **intended: str) -> object:
    snapshot = Snapshot(device="x", at="now", settings=running, marker="m")
    return plan.make(DRIVER, snapshot, Candidate(settings=intended), KEY)


def test_a_document_carries_the_old_value_beside_the_new_one() -> None:
    made = planned(RUNNING, webService="2", snmpSystemName="BRU")
    text = snmp_document.change(DRIVER, made, DocumentRequest(nonce="n", run="r"))
    document = json.loads(text)
    assert [(o["name"], o["type"], o["old"], o["new"]) for o in document["set"]] == [
        ("webService", "integer", "0", "2"), ("snmpSystemName", "octets", "0", "BRU"),
    ]  # fmt: skip
    assert set(document["oids"]) >= {oid for oid, _ in DRIVER.configuration.objects.values()}


def test_what_could_not_be_put_back_is_not_planned() -> None:
    with pytest.raises(ProvisionError, match="webService is not on this device"):
        planned({n: v for n, v in RUNNING.items() if n != "webService"}, webService="2")


def answer(**more: object) -> bytes:
    said = {"end": "n", "code": 0, "refused": "", "guard": "none", "values": {}}
    return json.dumps(said | more).encode()


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", answer(end="m"), answer(code="0"), b"[" * 5000])
def test_an_answer_that_is_not_whole_is_no_answer(raw: bytes) -> None:
    with pytest.raises(CutShortError):
        snmp_document.read_look(DRIVER, raw, "n", "x", "now")
    assert snmp_document.read_end(raw, "n") == (False, 1, "")


def test_a_refusal_and_an_empty_device_are_no_snapshot() -> None:
    with pytest.raises(DeviceError, match="stale"):
        snmp_document.read_look(DRIVER, answer(code=22, refused="stale"), "n", "x", "now")
    with pytest.raises(DeviceError, match="none of the family's objects"):
        snmp_document.read_look(DRIVER, answer(values={"1.3.6.1": "x"}), "n", "x", "now")


@pytest.mark.parametrize(
    ("kind", "text", "wire"),
    [
        ("integer", "-1", b"\x02\x01\xff"), ("integer", "300", b"\x02\x02\x01\x2c"), ("octets", "é", b"\x04\x02\xc3\xa9"),
        ("octets", "", b"\x04\x00"), ("unsigned", "4294967295", b"\x42\x05\x00\xff\xff\xff\xff"),
        ("address", "10.64.1.1", b"\x40\x04\x0a\x40\x01\x01"),
    ],
)  # fmt: skip
def test_a_value_goes_out_as_its_type_says(kind: str, text: str, wire: bytes) -> None:
    assert values.element(kind, text) == wire


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "x"), ("integer", "2147483648"), ("unsigned", "-1"), ("address", "10.64.1"), ("float", "1")],
)
def test_what_is_no_such_value_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        values.element(kind, text)


@given(st.integers(values.MIN_INT, values.MAX_INT))
def test_every_integer_comes_back(number: int) -> None:
    wire = values.element("integer", str(number))
    assert values.value(wire, 0, len(wire)) == number
    assert ber.integer(wire, 0, len(wire), (values.MIN_INT, values.MAX_INT))[0] == number


def test_the_way_back_is_kept_whole_and_replaced_by_how_it_ended(tmp_path: Path) -> None:
    way = OldValues(tmp_path / "deep/TAG.json")
    assert (way.state(), way.armed()) == ("none", "")
    way.arm("r1", [{"name": "a", "oid": "1.3", "type": "integer", "new": "1", "old": "0"}])
    assert (way.state(), way.armed()) == ("armed r1", "r1")
    assert way.path.stat().st_mode & 0o77 == 0
    way.reverted("r1", "asked")
    assert (way.state(), way.armed()) == ("reverted r1 asked", "")
    way.arm("r2", [])
    way.confirmed("r2")
    assert (way.state(), way.armed()) == ("confirmed r2", "")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"state": "armed"}'])
def test_a_damaged_way_back_is_said_and_nothing_is_sent(tmp_path: Path, text: str) -> None:
    target = snmp.Target(
        device="x", host="127.0.0.1", port=1, user="u", engine_id=b"12345", usm=ONE_PASSPHRASE, auth_key=b"a" * 20,
        priv_key=b"p" * 16,
    )  # fmt: skip
    (tmp_path / "x.json").write_text(text)
    box = settable.Box(target, OldValues(tmp_path / "x.json"))
    said = setter.execute(box, {"verb": "change", "nonce": "n", "run": "r", "set": [], "oids": [], "staging": None})
    assert said["code"] == setter.NO_WAY
    assert "way back" in said["refused"]
    again = setter.unpack(setter.pack(target, tmp_path / "x.json").decode())
    assert again == replace(box, target=target)


def test_a_pinned_engine_is_shown_as_it_is() -> None:
    from provision.core import host_keys

    assert host_keys.fingerprint("snmp-engine 80001f88030000000000ab") == "snmp-engine 80001f88030000000000ab"
    assert host_keys.fingerprint("ssh-ed25519 AAAA").startswith("SHA256:")
