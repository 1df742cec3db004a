"""The values of an authenticated response by OID, each of a type that SNMP has, or the reason for none.

Also values that are to be set, as elements of BER.
"""

from __future__ import annotations

import struct
from enum import Enum
from ipaddress import IPv4Address
from typing import Final

from provision.connectors.snmpv3 import ber
from provision.connectors.snmpv3.message import BULK, MAX_INT, Request

MIN_INT: Final = -MAX_INT - 1
IP_ADDRESS, GAUGE, OPAQUE = 0x40, 0x42, 0x44
_UNSIGNED: Final = {0x41: 0xFFFFFFFF, 0x42: 0xFFFFFFFF, 0x43: 0xFFFFFFFF, 0x46: 0xFFFFFFFFFFFFFFFF, 0x47: 0xFFFFFFFF}
_FLOATS: Final = {b"\x9f\x78\x04": ">f", b"\x9f\x79\x08": ">d"}
ERRORS: Final = [
    "noError",
    "tooBig",
    "noSuchName",
    "badValue",
    "readOnly",
    "genErr",
    "noAccess",
    "wrongType",
    "wrongLength",
    "wrongEncoding",
    "wrongValue",
    "noCreation",
    "inconsistentValue",
    "resourceUnavailable",
    "commitFailed",
    "undoFailed",
    "authorizationError",
    "notWritable",
    "inconsistentName",
]


class Absent(Enum):
    """Why an agent gives no value."""

    NULL = "null"
    NO_OBJECT = "no such object"
    NO_INSTANCE = "no such instance"
    END = "end of the MIB view"


_ABSENT: Final = {0x05: Absent.NULL, 0x80: Absent.NO_OBJECT, 0x81: Absent.NO_INSTANCE, 0x82: Absent.END}


class Oid(str):
    """A value that is an object identifier, written with dots."""

    __slots__ = ()


Value = int | float | bytes | Oid | IPv4Address | Absent


def status(request: Request, data: bytes, at: int, end: int) -> tuple[int, str]:
    """Return where the bindings of a response start, and the agent's error in words (empty if there is none).

    Raises BerError if it is malformed or no answer to `request`.
    """
    number, at = ber.integer(data, at, end, (MIN_INT, MAX_INT))
    if number != request.request_id:
        raise ber.BerError("an answer to another request")
    code, at = ber.integer(data, at, end, (0, MAX_INT))
    index, at = ber.integer(data, at, end, (0, MAX_INT))
    at = ber.whole(data, at, end, ber.SEQUENCE)
    if not code:
        return at, ""
    word = ERRORS[code] if code < len(ERRORS) else f"error {code}"
    where = f" at {request.oids[index - 1]}" if 0 < index <= len(request.oids) else ""
    return at, f"the agent says {word}{where}"


def bindings(request: Request, data: bytes, at: int, end: int) -> dict[str, Value]:
    """Return the values of a response by OID.

    Raises BerError if those of a GET or SET are not exactly the OIDs of the request in their order, or those of a
    GETBULK do not go up.
    """
    if request.kind == BULK:
        return _walked(request, data, at, end)
    found: dict[str, Value] = {}
    for oid in request.oids:
        at, stop = ber.take(data, at, end, ber.SEQUENCE)
        wanted = ber.wrap_oid(oid)
        upto = at + len(wanted)
        if data[at:upto] != wanted:
            name, upto = ber.octets(data, at, stop, (1, ber.MAX_OID_BYTES), ber.OID)  # a long length is BER as well
            if ber.oid_text(name) != oid:
                raise ber.BerError("values that nobody asked for")
        found[oid] = value(data, upto, stop)
        at = stop
    if at != end:
        raise ber.BerError("values that nobody asked for")
    return found


def _walked(request: Request, data: bytes, at: int, end: int) -> dict[str, Value]:
    """Return the values behind the request's first OID, by OID, up to the end of the MIB view.

    Raises BerError if the OIDs do not go up, as in a walk that never ends.
    """
    found: dict[str, Value] = {}
    last = arcs(request.oids[0])
    while at < end:
        at, stop = ber.take(data, at, end, ber.SEQUENCE)
        name, upto = ber.octets(data, at, stop, (1, ber.MAX_OID_BYTES), ber.OID)
        said, at = value(data, upto, stop), stop
        text = ber.oid_text(name)
        if said is Absent.END:
            break
        if arcs(text) <= last:
            raise ber.BerError("a walk that does not go on")
        last = arcs(text)
        found[text] = said
    return found


def arcs(oid: str) -> tuple[int, ...]:
    """Return an OID's numbers, by which OIDs are ordered."""
    return tuple(map(int, oid.split(".")))


def value(data: bytes, at: int, end: int) -> Value:
    """Return the one value that lies between `at` and `end`.

    Raises BerError if there is none, something follows it, or it is of no type that SNMP has.
    """
    if at >= end:
        raise ber.BerError("no value")
    tag = data[at]
    start = ber.whole(data, at, end, tag)
    if tag == ber.OCTETS:
        return data[start:end]
    if tag == ber.INTEGER:
        return ber.integer(data, at, end, (MIN_INT, MAX_INT))[0]
    if (high := _UNSIGNED.get(tag)) is not None:
        return _unsigned(data[start:end], high)
    return _rare(tag, data[start:end])


def _unsigned(content: bytes, high: int) -> int:
    """Return the bytes as an unsigned integer, even if an agent left out the leading zero byte.

    Raises BerError if there are none, or the number is above `high`.
    """
    number = int.from_bytes(content, "big")
    if not content or number > high or len(content) > 9:
        raise ber.BerError("an integer is out of its range")
    return number


def _rare(tag: int, content: bytes) -> Value:
    if (absent := _ABSENT.get(tag)) is not None and not content:
        return absent
    if tag == ber.OID:
        return Oid(ber.oid_text(content))
    if tag == IP_ADDRESS and len(content) == 4:
        return IPv4Address(content)
    if tag == OPAQUE:
        layout = _FLOATS.get(content[:3])
        if layout and len(content) == 3 + content[2]:
            number: float = struct.unpack(layout, content[3:])[0]
            return number
        return content
    raise ber.BerError(f"a value of type {tag:02x}")


def element(kind: str, text: str) -> bytes:
    """Return a value to be set as an element of BER.

    `kind` is `integer`, `unsigned`, `octets` (UTF-8 text) or `address` (IPv4). Raises ValueError if it is none of
    these, or the text is no such value.
    """
    match kind:
        case "integer":
            number = int(text)
            if not MIN_INT <= number <= MAX_INT:
                raise ValueError(f"not a 32-bit integer: {text}")
            return ber.wrap_integer(number)
        case "unsigned":
            number = int(text)
            if not 0 <= number <= _UNSIGNED[GAUGE]:
                raise ValueError(f"not an unsigned 32-bit integer: {text}")
            return ber.wrap_integer(number, GAUGE)
        case "octets":
            return ber.wrap(ber.OCTETS, text.encode())
        case "address":
            return ber.wrap(IP_ADDRESS, IPv4Address(text).packed)
    raise ValueError(f"no such type of a value: {kind}")
