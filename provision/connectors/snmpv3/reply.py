"""SNMPv3 at authPriv: judge what a datagram is as the reply to a request (RFC 3412, 3414, 3826, 7860).

Of what `read` returns, only `Values`, `Failed` and `Late` are evidence, for they were authenticated; a `Hint` is
what anybody could have sent, and a `Refused` was thrown away. It returns nothing else, whatever the bytes.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final, NamedTuple

from provision.connectors.snmpv3 import ber, values
from provision.connectors.snmpv3.message import MAX_INT, REPORT, RESPONSE, SALT_BYTES, Clock, Peer, Request, cipher, mac
from provision.connectors.snmpv3.values import MIN_INT, Value

MAX_MESSAGE: Final = 65507
MIN_MESSAGE: Final = 484
WINDOW_S: Final = 150
USM: Final = 3
AUTH, PRIV, REPORTABLE = 1, 2, 4
USM_STATS = "1.3.6.1.6.3.15.1.1."
NOT_IN_TIME = USM_STATS + "2.0"
REPORTS: Final = {
    USM_STATS + "1.0": "unsupported security level",
    NOT_IN_TIME: "not in time window",
    USM_STATS + "3.0": "unknown user",
    USM_STATS + "4.0": "another engine ID",
    USM_STATS + "5.0": "the authentication is wrong: another key",
    USM_STATS + "6.0": "decryption error: another privacy key",
    "1.3.6.1.6.3.11.2.1.1.0": "unknown security model",
    "1.3.6.1.6.3.11.2.1.2.0": "invalid message",
    "1.3.6.1.6.3.11.2.1.3.0": "unknown PDU handler",
    "1.3.6.1.6.3.12.1.4.0": "unavailable context",
    "1.3.6.1.6.3.12.1.5.0": "unknown context",
}


@dataclass(frozen=True, slots=True)
class Values:
    """An authenticated and encrypted response to this request without an error: its values, and the engine's clock."""

    clock: Clock
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Failed:
    """An authenticated answer without values: an error, or a report other than that of the time window."""

    clock: Clock
    because: str


@dataclass(frozen=True, slots=True)
class Late:
    """An authenticated report that our idea of the engine's time is wrong: ask again with its clock."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class Hint:
    """An unauthenticated report: a word for people, never evidence; keep waiting."""

    because: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A datagram that was thrown away; keep waiting."""

    because: str


Reply = Values | Failed | Late | Hint | Refused


class _Head(NamedTuple):
    """The part of a message before its scoped PDU, read and not yet believed."""

    flags: int
    engine: bytes
    clock: Clock
    user: bytes
    mac: bytes
    mac_at: int
    salt: bytes
    body: int


def msg_id(datagram: bytes) -> int:
    """Return the message ID that a datagram claims, to find its request; nothing is proven by it.

    Raises BerError if the datagram has none.
    """
    end = len(datagram)
    if end > MAX_MESSAGE:
        raise ber.BerError("longer than any datagram")
    at = ber.whole(datagram, 0, end, ber.SEQUENCE)
    _, at = ber.integer(datagram, at, end, (3, 3))
    at, stop = ber.take(datagram, at, end, ber.SEQUENCE)
    return ber.integer(datagram, at, stop, (0, MAX_INT))[0]


def engine_of(asked: int, datagram: bytes) -> bytes:
    """Return the engine ID that an answer to `message.discover` claims; nobody vouches for it.

    Empty if the datagram is no such answer to message ID `asked`.
    """
    try:
        head = _head(asked, datagram)
        if head.flags or not 5 <= len(head.engine) <= 32:
            return b""
        _hint(datagram, head)
    except ber.BerError:
        return b""
    return head.engine


def read(request: Request, datagram: bytes, known: Clock | None = None) -> Reply:
    """Return what `datagram` is as the reply to `request`; a malformed or wrong one is Refused.

    `known` is the engine's clock as it should be now; if it is None, the time window is not checked.
    """
    try:
        head = _head(request.msg_id, datagram)
        if not head.flags & AUTH:
            return _hint(datagram, head)
        _prove(request.peer, datagram, head, known)
        return _body(request, datagram, head)
    except ber.BerError as why:
        return Refused(str(why))


def _head(asked: int, data: bytes) -> _Head:
    end = len(data)
    if end > MAX_MESSAGE:
        raise ber.BerError("longer than any datagram")
    at = ber.whole(data, 0, end, ber.SEQUENCE)
    _, at = ber.integer(data, at, end, (3, 3))
    part, at = ber.take(data, at, end, ber.SEQUENCE)
    number, part = ber.integer(data, part, at, (0, MAX_INT))
    _, part = ber.integer(data, part, at, (MIN_MESSAGE, MAX_INT))
    flag, part = ber.octets(data, part, at, (1, 1))
    _, part = ber.integer(data, part, at, (USM, USM))
    if part != at or number != asked:
        raise ber.BerError("an answer to another request" if part == at else "bytes are left over")
    flags = flag[0] & ~REPORTABLE  # no reply is, and whoever says so (pysnmp's agents) is not heeded: RFC 3412, 6.4
    if flags not in {0, AUTH, AUTH | PRIV}:
        raise ber.BerError("flags that no reply has")
    return _security(data, at, end, flags)


def _security(data: bytes, at: int, end: int, flags: int) -> _Head:
    part, body = ber.take(data, at, end, ber.OCTETS)
    part = ber.whole(data, part, body, ber.SEQUENCE)
    engine, part = ber.octets(data, part, body, (0, 32))
    boots, part = ber.integer(data, part, body, (0, MAX_INT))
    time, part = ber.integer(data, part, body, (0, MAX_INT))
    user, part = ber.octets(data, part, body, (0, 32))
    proof, part = ber.octets(data, part, body, (0, 64))
    mac_at = part - len(proof)
    salt, part = ber.octets(data, part, body, (0, SALT_BYTES))
    if part != body:
        raise ber.BerError("bytes are left over")
    return _Head(flags, engine, Clock(boots, time), user, proof, mac_at, salt, body)


def _prove(peer: Peer, data: bytes, head: _Head, known: Clock | None) -> None:
    """Raise BerError unless engine, user and MAC are the peer's and the engine's time is in the window.

    In the window: neither a boot nor more than 150 s behind `known` (if that is given), and boots not used up.
    """
    if head.engine != peer.engine:
        raise ber.BerError("another SNMP engine")
    if head.user != peer.user:
        raise ber.BerError("another user")
    size = peer.usm.mac_bytes
    if len(head.mac) != size:  # CVE-2008-0960: never let the sender say how much of a MAC is looked at
        raise ber.BerError("the authentication is wrong: a MAC of another size")
    bare = data[: head.mac_at] + bytes(size) + data[head.mac_at + size :]
    if not hmac.compare_digest(mac(peer, bare), head.mac):
        raise ber.BerError("the authentication is wrong: wrong key, or altered on the way")
    boots, time = head.clock
    if boots == MAX_INT:
        raise ber.BerError("the engine's boots are used up")
    if known is not None and (boots < known.boots or (boots == known.boots and time < known.time - WINDOW_S)):
        raise ber.BerError("outside the time window")


def _body(request: Request, data: bytes, head: _Head) -> Reply:
    """Return the reply in an authenticated message, decrypted if it is encrypted: Values, Failed or Late.

    Raises BerError if it is neither an encrypted response to this request nor a report. A report is one on this
    request, for its message ID is fresh and under the MAC.
    """
    peer, start, end = request.peer, head.body, len(data)
    if head.flags & PRIV:
        if len(head.salt) != SALT_BYTES:
            raise ber.BerError("a salt of a wrong size")
        sealed = ber.whole(data, start, end, ber.OCTETS)
        data = cipher(peer, head.clock, head.salt).decryptor().update(data[sealed:])
        start, end = 0, len(data)
    kind, at = _scoped(data, start, end, peer.engine)
    if kind == RESPONSE and head.flags & PRIV:
        at, error = values.status(request, data, at, end)
        return Failed(head.clock, error) if error else Values(head.clock, values.bindings(request, data, at, end))
    if kind != REPORT:  # values in the clear are not what was asked for
        raise ber.BerError("a lower security level, or no reply")
    said = _reported(data, at, end)
    return (
        Late(head.clock) if said == NOT_IN_TIME else Failed(head.clock, f"the agent reports: {REPORTS.get(said, said)}")
    )


def _hint(data: bytes, head: _Head) -> Hint:
    """Return the hint in a report that nobody vouches for; its context may be anything.

    Raises BerError if the message is no report.
    """
    kind, at = _scoped(data, head.body, len(data), None)
    if kind != REPORT:
        raise ber.BerError("a lower security level: refused")
    said = _reported(data, at, len(data))
    return Hint(REPORTS.get(said, said))


def _scoped(data: bytes, at: int, end: int, engine: bytes | None) -> tuple[int, int]:
    """Return the PDU's tag and where its content starts.

    Raises BerError if there is no PDU, if its context has a name, or if its context engine is not `engine` (None: any).
    """
    at = ber.whole(data, at, end, ber.SEQUENCE)
    context, at = ber.octets(data, at, end, (0, 32))
    name, at = ber.octets(data, at, end, (0, 255))
    if engine is not None and (context != engine or name):
        raise ber.BerError("another context")
    if at >= end:
        raise ber.BerError("no PDU")
    return data[at], ber.whole(data, at, end, data[at])


def _reported(data: bytes, at: int, end: int) -> str:
    """Return the OID of the one counter that a report holds. Raises BerError if it holds none, or more."""
    for _ in range(3):
        _, at = ber.integer(data, at, end, (MIN_INT, MAX_INT))
    at = ber.whole(data, at, end, ber.SEQUENCE)
    at = ber.whole(data, at, end, ber.SEQUENCE)
    name, at = ber.octets(data, at, end, (1, ber.MAX_OID_BYTES), ber.OID)
    _, at = ber.integer(data, at, end, (0, 0xFFFFFFFF), 0x41)
    if at != end:
        raise ber.BerError("bytes are left over in a report")
    return ber.oid_text(name)
