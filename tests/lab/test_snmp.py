"""Every SNMPv3 reply is authenticated before use: proven by a proxy that flips bits."""

from __future__ import annotations

import random
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from labhome import Bench

from provision import families
from provision.connectors import snmp
from provision.core import snmp_keys

pytestmark = pytest.mark.lab
TAG = "BRU-MDM-08"
TABLE = families.box("openwrt").snmp.readings
HEADERS = 28  # IPv4 and UDP


@pytest.fixture
def target(bench: Bench) -> snmp.Target:
    bench.provisioned(TAG)
    workspace = bench.workspace
    intent = workspace.home.intents[TAG]
    device = replace(workspace.known[TAG].device, host=intent.address, snmp_port=intent.snmp_port)
    return snmp.target(device, intent.snmp_user, workspace.vault.device(TAG), snmp_keys.NET_SNMP)


@contextmanager
def proxy(
    target: snmp.Target, bend: Callable[[int, bytes], list[bytes]]
) -> Iterator[tuple[snmp.Target, list[tuple[str, int]]]]:
    """Stand between reader and agent; `bend` gives what the reader gets for the n-th reply."""
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", 0))
    back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    back.connect((target.host, target.port))
    counted: list[tuple[str, int]] = []
    done = threading.Event()

    def carry() -> None:
        client, replies = None, 0
        while not done.is_set():
            for ready in select.select([front, back], [], [], 0.05)[0]:
                if ready is front:
                    piece, client = front.recvfrom(65535)
                    counted.append(("out", len(piece)))
                    back.send(piece)
                elif client:
                    piece = back.recv(65535)
                    counted.append(("in", len(piece)))
                    for bent in bend(replies, piece):
                        front.sendto(bent, client)
                    replies += 1

    thread = threading.Thread(target=carry)
    thread.start()
    host, port = front.getsockname()
    try:
        yield replace(target, host=host, port=port), counted
    finally:
        done.set()
        thread.join()
        front.close()
        back.close()


def read(target: snmp.Target, timeout_s: float = 20.0) -> snmp.Answer:
    return snmp.read([target], TABLE.oids(0), timeout_s=timeout_s, retries=0)[TAG]


def refusal(target: snmp.Target) -> snmp.Answer:
    """The first answer that came: the reader waits for a better one, and a busy agent may let one try pass."""
    for _ in range(20):
        answer = read(target, 1.0)
        assert answer.values == {}
        if answer.because != "no answer":
            return answer
    pytest.fail("the agent never answered")


def test_the_answer_to_an_earlier_try_counts(target: snmp.Target) -> None:
    held: list[bytes] = []

    def slow(number: int, piece: bytes) -> list[bytes]:
        """Hold the first reply until the second try is answered, and lose that answer."""
        held.extend([piece] if number == 0 else [])
        return [[], held][number] if number < 2 else [piece]

    with proxy(target, slow) as (through, counted):
        answer = snmp.read([through], TABLE.oids(0), timeout_s=2.0, retries=1)[TAG]
    assert answer.because == ""
    assert [way for way, _ in counted] == ["out", "in", "out", "in", "out", "in"]


def test_a_look_is_two_exchanges_of_less_than_1400_bytes(target: snmp.Target) -> None:
    with proxy(target, lambda _, piece: [piece]) as (through, counted):
        answer = read(through)
    assert answer.because == ""
    assert [way for way, _ in counted] == ["out", "in", "out", "in"]
    assert sum(size + HEADERS for _, size in counted) <= 1400, counted
    assert max(size for _, size in counted) <= 1200


def test_a_reply_with_any_flipped_bit_is_never_used(target: snmp.Target) -> None:
    truth = read(target)
    serial = TABLE.read(truth.values, 0)[0]["serial"]
    rng = random.Random(6403)
    for which in (0, 1):
        for _ in range(12):
            spot = rng.random()

            def flip(n: int, piece: bytes, which: int = which, spot: float = spot) -> list[bytes]:
                if n != which:
                    return [piece]
                bent = bytearray(piece)
                at = int(spot * len(bent))
                bent[at] ^= 1 << rng.randrange(8)
                return [bytes(bent)]

            for _ in range(50):
                with proxy(target, flip) as (through, counted):
                    answer = read(through, 0.4)
                if [way for way, _ in counted].count("in") > which:
                    break
            else:
                pytest.fail("the agent never answered")
            if not answer.because:  # a bit that has no meaning to anybody, as in the length form
                assert TABLE.read(answer.values, 0)[0]["serial"] == serial
                pytest.fail(f"a bent reply was taken: byte {spot}")
            assert answer.values == {}


def test_an_inverted_mac_is_refused_and_named(target: snmp.Target) -> None:
    def invert(n: int, piece: bytes) -> list[bytes]:
        at = piece.find(b"\x04\x18")  # the OCTET STRING of 24 bytes: HMAC-192-SHA-256
        assert at > 0
        return [piece[: at + 2] + bytes(b ^ 255 for b in piece[at + 2 : at + 26]) + piece[at + 26 :]]

    with proxy(target, invert) as (through, _):
        assert "authentication is wrong" in refusal(through).because


def test_wrong_keys_are_refused(target: snmp.Target) -> None:
    assert "authentication is wrong" in refusal(replace(target, auth_key=b"x" * 32)).because
    unread = read(replace(target, priv_key=b"x" * 16), 1.0)  # net-snmp drops what it cannot decrypt
    assert (unread.values, unread.because) == ({}, "no answer")


def test_another_engine_is_refused(target: snmp.Target) -> None:
    refusal(replace(target, engine_id=snmp_keys.NET_SNMP.engine_id("BRU-MDM-99")))


def test_a_lower_security_level_is_refused(target: snmp.Target) -> None:
    """A reply whose flags say noAuthNoPriv, and one that says authNoPriv, are no replies."""
    for flags in (b"\x00", b"\x01"):

        def lower(_: int, piece: bytes, flags: bytes = flags) -> list[bytes]:
            at = piece.find(b"\x04\x01", 10)  # msgFlags: an OCTET STRING of one byte
            return [piece[: at + 2] + flags + piece[at + 3 :]]

        with proxy(target, lower) as (through, _):
            refusal(through)


def test_a_silent_agent_is_no_answer(target: snmp.Target) -> None:
    with proxy(target, lambda *_: []) as (through, _):
        assert read(through, 1.0).because == "no answer"
