"""Serve 1,000 emulated SNMPv3 agents (50 with `--small`), each at a loopback address of its own.

Replies are signed and encrypted; a request with wrong engine boots gets a signed notInTimeWindows report. Run as
`python bench/agents.py PORT`: one light process, so that the reader is what is measured. It prints `ready`, and
serves until its standard input closes.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import resource
import selectors
import socket
import struct
import sys
import time

import size
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from provision.connectors.snmpv3 import ber
from provision.core.snmp_keys import NET_SNMP

AGENTS = size.of(1000, 50)
BOOTS = 7
USER = b"pantau"
UPTIME, TEXT = "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.1.0"
OIDS = (UPTIME, TEXT)
SAID = bytes(range(32, 127)) * 3 + b"end"  # 288 bytes, as our status line
LATE = ber.wrap(48, ber.wrap_oid("1.3.6.1.6.3.15.1.1.2.0") + b"\x41\x01\x05")


def address(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250 + 1}"


def engine(number: int) -> bytes:
    return NET_SNMP.engine_id(f"BRU-MDM-{number:04}")


def keys(number: int) -> tuple[bytes, bytes]:
    """Return an agent's localised keys: 32 bytes for authentication and 16 bytes for privacy (AES-128).

    They are SHA-256 digests of a fixed word and the engine ID; no passphrase is involved.
    """
    own = [hashlib.sha256(word + engine(number)).digest() for word in (b"auth", b"priv")]
    return own[0], own[1][:16]


def take_apart(data: bytes) -> tuple[int, int, int, int, bytes, int]:
    """Return message ID, engine boots, engine time, MAC offset, salt and scoped PDU's offset of an SNMPv3 message.

    The last is the offset of the octet string that holds the encrypted scoped PDU. Raises BerError if the message
    cannot be parsed.
    """
    end = len(data)
    at = ber.whole(data, 0, end, 48)
    _, at = ber.integer(data, at, end, (3, 3))
    head, at = ber.take(data, at, end, 48)
    number, _ = ber.integer(data, head, at, (0, 2**31 - 1))
    part, body = ber.take(data, at, end, 4)
    part = ber.whole(data, part, body, 48)
    _, part = ber.octets(data, part, body, (0, 32))
    boots, part = ber.integer(data, part, body, (0, 2**31 - 1))
    now, part = ber.integer(data, part, body, (0, 2**31 - 1))
    _, part = ber.octets(data, part, body, (0, 32))
    mac, part = ber.octets(data, part, body, (0, 64))
    mac_at = part - len(mac)
    salt, _ = ber.octets(data, part, body, (0, 8))
    return number, boots, now, mac_at, salt, body


def answer(number: int, data: bytes, now: int) -> bytes:
    name, (auth, priv) = engine(number), keys(number)
    message, boots, said, mac_at, salt, body = take_apart(data)
    proof = hmac.digest(auth, data[:mac_at] + bytes(24) + data[mac_at + 24 :], "sha256")[:24]
    if proof != data[mac_at : mac_at + 24]:
        return b""
    start = ber.whole(data, body, len(data), 4)
    plain = Cipher(AES(priv), CFB(struct.pack(">II", boots, said) + salt)).decryptor().update(data[start:])
    at = ber.whole(plain, 0, len(plain), 48)
    _, at = ber.octets(plain, at, len(plain), (0, 32))
    _, at = ber.octets(plain, at, len(plain), (0, 32))
    at, _ = ber.take(plain, at, len(plain), 0xA0)
    request, _ = ber.integer(plain, at, len(plain), (0, 2**31 - 1))
    late = boots != BOOTS
    ticks = ber.wrap(0x43, now.to_bytes(4, "big"))
    rows = (
        LATE
        if late
        else ber.wrap(48, ber.wrap_oid(UPTIME) + ticks) + ber.wrap(48, ber.wrap_oid(TEXT) + ber.wrap(4, SAID))
    )
    pdu = ber.wrap(0xA8 if late else 0xA2, ber.wrap_integer(request) + b"\x02\x01\0\x02\x01\0" + ber.wrap(48, rows))
    scoped = ber.wrap(48, ber.wrap(4, name) + b"\x04\0" + pdu)
    fresh = b"" if late else os.urandom(8)
    if not late:
        scoped = ber.wrap(4, Cipher(AES(priv), CFB(struct.pack(">II", BOOTS, now) + fresh)).encryptor().update(scoped))
    head = ber.wrap(
        48, ber.wrap_integer(message) + b"\x02\x03\0\xff\xe3\x04\x01" + bytes([1 if late else 3]) + b"\x02\x01\x03"
    )
    before = ber.wrap(4, name) + ber.wrap_integer(BOOTS) + ber.wrap_integer(now) + ber.wrap(4, USER)
    after = ber.wrap(4, fresh)
    bare = ber.wrap(
        48, b"\x02\x01\x03" + head + ber.wrap(4, ber.wrap(48, before + ber.wrap(4, bytes(24)) + after)) + scoped
    )
    at = len(bare) - len(scoped) - len(after) - 24
    return bare[:at] + hmac.digest(auth, bare, "sha256")[:24] + bare[at + 24 :]


def main() -> None:
    port, began = int(sys.argv[1]), time.monotonic()
    resource.setrlimit(resource.RLIMIT_NOFILE, (AGENTS + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with selectors.DefaultSelector() as ready:
        for number in range(AGENTS):
            door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            door.bind((address(number), port))
            ready.register(door, selectors.EVENT_READ, number)
        ready.register(sys.stdin, selectors.EVENT_READ, None)
        print("ready", flush=True)
        while True:
            for key, _ in ready.select():
                if key.data is None:
                    return
                data, source = key.fileobj.recvfrom(65535)  # type: ignore[union-attr]
                if said := answer(key.data, data, int(time.monotonic() - began) + 1000):
                    key.fileobj.sendto(said, source)  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
