"""SNMPv3: only an authenticated reply to this very request is believed; nothing else comes out, whatever the bytes."""

from __future__ import annotations

import contextlib
import hmac
import random
import struct
from ipaddress import IPv4Address
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given
from hypothesis import strategies as st

from provision.connectors import snmp
from provision.connectors.snmpv3 import ber, message, reply
from provision.connectors.snmpv3.values import Absent
from provision.core.snmp_keys import NET_SNMP, ROUTEROS

PEERS = [
    message.Peer(b"\x80\0\x1f\x88\x04X", b"reader", b"a" * usm.key_bytes, b"p" * 16, usm)
    for usm in (NET_SNMP, ROUTEROS)
]
OIDS = ("1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0")
KNOWN = message.Clock(3, 1000)
ASKED = {peer.usm.name: message.build(peer, message.Query(OIDS), KNOWN, snmp.new_numbers()) for peer in PEERS}
PEER, REQUEST = PEERS[0], ASKED["sha256"]
X = b"\x04\x01x"


def binds(*values: bytes) -> bytes:
    return b"".join(ber.wrap(48, ber.wrap_oid(o) + v) for o, v in zip(OIDS, values, strict=False))


def made(request: message.Request = REQUEST, **change: Any) -> bytes:
    """An agent's reply, right unless `change` says otherwise."""
    peer = request.peer
    of = {
        "flags": 3, "kind": 0xA2, "mid": request.msg_id, "rid": request.request_id, "engine": peer.engine, "user": peer.user,
        "boots": 3, "time": 1001, "salt": b"s" * 8, "context": peer.engine, "name": b"", "version": 3, "model": 3,
        "key": peer.auth_key, "size": peer.usm.mac_bytes, "mac": None, "status": 0, "index": 0, "binds": binds(X, X), "tail": b"",
    } | change  # fmt: skip
    integer, wrap = ber.wrap_integer, ber.wrap
    pdu = wrap(of["kind"], integer(of["rid"]) + integer(of["status"]) + integer(of["index"]) + wrap(48, of["binds"]))
    scoped = wrap(48, wrap(4, of["context"]) + wrap(4, of["name"]) + pdu)
    if of["flags"] & 2:
        clock = struct.pack(">II", of["boots"], of["time"])
        scoped = wrap(4, Cipher(AES(peer.priv_key), CFB(clock + of["salt"])).encryptor().update(scoped))

    def whole(mac: bytes) -> bytes:
        salt = of["salt"] if of["flags"] & 2 else b""
        usm = (
            wrap(4, of["engine"])
            + integer(of["boots"])
            + integer(of["time"])
            + wrap(4, of["user"])
            + wrap(4, mac)
            + wrap(4, salt)
        )
        head = integer(of["mid"]) + integer(1472) + wrap(4, bytes([of["flags"]])) + integer(of["model"])
        return wrap(48, integer(of["version"]) + wrap(48, head) + wrap(4, wrap(48, usm)) + scoped + of["tail"])

    if of["mac"] is not None:
        return whole(of["mac"])
    signed = hmac.digest(of["key"], whole(bytes(of["size"])), peer.usm.digest)[: of["size"]]
    return whole(signed if of["flags"] & 1 else b"")


def read(datagram: bytes, request: message.Request = REQUEST) -> reply.Reply:
    return reply.read(request, datagram, KNOWN)


@pytest.mark.parametrize("request_", ASKED.values(), ids=ASKED)
def test_a_right_reply_is_believed(request_: message.Request) -> None:
    assert read(made(request_), request_) == reply.Values(message.Clock(3, 1001), dict.fromkeys(OIDS, b"x"))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"\x46\x09\0" + b"\xff" * 8, 2**64 - 1), (b"\x41\x05\0\xff\xff\xff\xff", 2**32 - 1), (b"\x43\x01\x7f", 127),
        (b"\x41\x04\xff\xff\xff\xff", 2**32 - 1), (b"\x02\x01\xff", -1), (b"\x05\0", Absent.NULL), (b"\x80\0", Absent.NO_OBJECT),
        (b"\x81\0", Absent.NO_INSTANCE), (b"\x82\0", Absent.END), (b"\x40\x04\x0a\0\0\1", IPv4Address("10.0.0.1")),
        (b"\x44\x07\x9f\x78\x04" + struct.pack(">f", 1.5), 1.5), (b"\x44\x02hi", b"hi"), (b"\x06\x03\x2b\x06\x01", "1.3.6.1"),
        (b"\x04\x00", b""),
    ],
)  # fmt: skip
def test_each_type_is_read(raw: bytes, value: object) -> None:
    said = read(made(binds=binds(X, raw)))
    assert isinstance(said, reply.Values)
    assert said.values[OIDS[1]] == value


BENT: dict[str, dict[str, Any]] = {
    "no flags": {"flags": 0}, "values without privacy": {"flags": 1}, "privacy only": {"flags": 2}, "reserved flags": {"flags": 11},
    "no MAC": {"mac": b""}, "MAC of 1 byte": {"size": 1}, "MAC of 12 bytes": {"size": 12}, "MAC of 32 bytes": {"size": 32},
    "another key": {"key": b"b" * 32}, "another engine": {"engine": b"\x80\0\x1f\x88\x04Y"}, "another user": {"user": b"other"},
    "another context": {"context": b"zzzzz"}, "a context's name": {"name": b"n"}, "another message": {"mid": REQUEST.msg_id ^ 1},
    "another request": {"rid": REQUEST.request_id ^ 1}, "too old": {"time": 849}, "boots went back": {"boots": 2},
    "boots used up": {"boots": 2**31 - 1}, "version 1": {"version": 1}, "another model": {"model": 2}, "a tail": {"tail": b"\0\0"},
    "one value of two": {"binds": binds(X)}, "three values": {"binds": binds(X, X) + binds(X)}, "a request": {"kind": 0xA0},
    "a Counter32 of 33 bits": {"binds": binds(X, b"\x41\x05\1\0\0\0\0")}, "an indefinite length": {"binds": binds(X, b"\x04\x80\0\0")},
    "a null with content": {"binds": binds(X, b"\x05\x01\0")}, "an address of 5 bytes": {"binds": binds(X, b"\x40\x05\0\0\0\0\0")},
    "two values in one": {"binds": binds(X, X + X)}, "a padded OID": {"binds": binds(X, b"\x06\x03\x2b\x80\x01")},
    "an integer of 9 bytes": {"binds": binds(X, b"\x02\x09" + b"\1" * 9)}, "an unknown type": {"binds": binds(X, b"\x1f\x01\0")},
}  # fmt: skip


@pytest.mark.parametrize("what", BENT)
def test_a_bent_reply_is_refused(what: str) -> None:
    said = read(made(**BENT[what]))
    assert isinstance(said, reply.Refused)
    assert said.because


@pytest.mark.parametrize("request_", ASKED.values(), ids=ASKED)
def test_no_flipped_bit_and_no_cut_is_believed(request_: message.Request) -> None:
    late = {
        "flags": 1,
        "kind": 0xA8,
        "rid": 0,
        "binds": ber.wrap(48, ber.wrap_oid(reply.NOT_IN_TIME) + b"\x41\x01\x05"),
    }
    for whole in (made(request_), made(request_, **late)):
        for bit in range(len(whole) * 8):
            bent = bytearray(whole)
            bent[bit // 8] ^= 1 << bit % 8
            assert isinstance(read(bytes(bent), request_), reply.Refused | reply.Hint)
        for cut in range(len(whole)):
            assert isinstance(read(whole[:cut], request_), reply.Refused)


def test_reports_are_a_clock_a_failure_or_a_hint() -> None:
    def report(name: str, **more: Any) -> reply.Reply:
        counter = ber.wrap(48, ber.wrap_oid(name) + b"\x41\x01\x05")
        return read(made(**{"kind": 0xA8, "rid": 0, "binds": counter} | more))

    assert report(reply.NOT_IN_TIME, flags=1) == reply.Late(message.Clock(3, 1001))
    assert isinstance(report("1.3.6.1.6.3.12.1.5.0", flags=1), reply.Failed)
    for last in range(1, 7):
        assert isinstance(report(f"{reply.USM_STATS}{last}.0", flags=0, engine=b"other"), reply.Hint)


def test_an_agents_error_names_its_place() -> None:
    assert read(made(status=5, index=2)) == reply.Failed(message.Clock(3, 1001), f"the agent says genErr at {OIDS[1]}")
    assert "tooBig" in read(made(status=1, binds=b"")).because  # type: ignore[union-attr]


def test_a_walk_ends_and_never_goes_back() -> None:
    request = message.build(PEER, message.Query(("1.3.6.1.2",), message.BULK, 3), KNOWN, snmp.new_numbers())

    def walked(*names: str) -> reply.Reply:
        rows = b"".join(ber.wrap(48, ber.wrap_oid(n) + X) for n in names)
        return reply.read(request, made(request, binds=rows), KNOWN)

    assert isinstance(walked("1.3.6.1.2.1", "1.3.6.1.2.2", "1.3.6.1.3"), reply.Values)
    for round_and_round in (
        ("1.3.6.1.2.1", "1.3.6.1.2.1"),
        ("1.3.6.1.2.2", "1.3.6.1.2.1"),
        ("1.3.6.1.2",),
        ("1.3.6.1.1.9",),
    ):
        assert walked(*round_and_round) == reply.Refused("a walk that does not go on")


def test_two_requests_never_share_a_salt_or_an_id() -> None:
    made_ = [message.build(PEER, message.Query(OIDS), KNOWN, snmp.new_numbers()) for _ in range(300)]
    assert len({r.datagram[-1 - 60 :] for r in made_}) == len({r.msg_id for r in made_}) == 300


def test_a_key_of_the_wrong_size_is_refused_at_once() -> None:
    for auth, priv in ((b"a" * 31, b"p" * 16), (b"a" * 32, b"p" * 15)):
        with pytest.raises(ValueError, match="localised key"):
            message.Peer(b"\x80\0\x1f\x88\x04X", b"reader", auth, priv, NET_SNMP)
    assert "aaaa" not in repr(PEER)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    assert isinstance(read(noise), reply.Refused | reply.Hint)
    with contextlib.suppress(ber.BerError):
        reply.msg_id(noise)


def test_mutations_of_a_right_reply_are_refused() -> None:
    rng, whole = random.Random(6403), made()
    for _ in range(3000):
        bent = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            bent[rng.randrange(len(bent))] = rng.randrange(256)
        if bytes(bent) != whole:
            assert isinstance(read(bytes(bent)), reply.Refused | reply.Hint)
