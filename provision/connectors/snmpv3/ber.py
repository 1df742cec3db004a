"""A strict, small subset of BER (X.690): definite lengths, single-byte tags, no recursion.

No function here calls itself, so a hostile datagram cannot make the reader go deeper than its caller does. Every
read is bounded by `end`, the end of what holds the element; what breaks a rule is a BerError.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NoReturn

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
MAX_LENGTH_BYTES = 4  # agents write 30 82 00 xx: a long form that is longer than need be is BER
MAX_OID_BYTES = 128 * 5
MAX_ARCS = 128  # RFC 2578, 3.5
MAX_ARC = 0xFFFFFFFF


class BerError(ValueError):
    """A datagram that is not what it has to be, or a value that cannot be written in BER."""


def _bad(what: str) -> NoReturn:
    raise BerError(what)


# -- reading -----------------------------------------------------------------------------------


def take(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Return where the content of the element with `tag` at `at` starts and stops.

    Raises BerError if there is no such element, or it does not end by `end`.
    """
    if at + 2 > end or data[at] != tag:
        _bad(f"tag {tag:02x} is missing")
    size = data[at + 1]
    at += 2
    if size > 0x7F:
        count = size & 0x7F
        if not 0 < count <= MAX_LENGTH_BYTES or at + count > end:
            _bad("an indefinite, or too long, length")
        size = int.from_bytes(data[at : at + count], "big")
        at += count
    stop = at + size
    if stop > end:
        _bad("an element is longer than what holds it")
    return at, stop


def whole(data: bytes, at: int, end: int, tag: int) -> int:
    """Return where the content of the element with `tag` at `at` starts.

    Raises BerError if there is no such element, or it does not fill everything up to `end`.
    """
    start, stop = take(data, at, end, tag)
    if stop != end:
        _bad("bytes are left over")
    return start


def integer(data: bytes, at: int, end: int, bounds: tuple[int, int], tag: int = INTEGER) -> tuple[int, int]:
    """Return the signed integer at `at` and the offset after it.

    Raises BerError if there is none, or it is not within `bounds` (both ends allowed).
    """
    start, stop = take(data, at, end, tag)
    if not 1 <= stop - start <= 9:
        _bad("an integer of a wrong size")
    value = int.from_bytes(data[start:stop], "big", signed=True)
    if not bounds[0] <= value <= bounds[1]:
        _bad("an integer is out of its range")
    return value, stop


def octets(data: bytes, at: int, end: int, sizes: tuple[int, int], tag: int = OCTETS) -> tuple[bytes, int]:
    """Return the octet string at `at` and the offset after it.

    Raises BerError if there is none, or its size is not within `sizes` (both ends allowed).
    """
    start, stop = take(data, at, end, tag)
    if not sizes[0] <= stop - start <= sizes[1]:
        _bad("an octet string of a wrong size")
    return data[start:stop], stop


@lru_cache(maxsize=4096)
def oid_text(content: bytes) -> str:
    """Return an OID, given as the content of its element, as dotted text.

    Raises BerError if an arc is padded, too large or without end, or if there are too many.
    """
    if not content or len(content) > MAX_OID_BYTES or content[-1] & 0x80:
        _bad("an OID has no end")
    arcs: list[int] = []
    arc, fresh = 0, True
    for byte in content:
        if fresh and byte == 0x80:
            _bad("an OID's arc is padded")
        arc = arc << 7 | byte & 0x7F
        if arc > MAX_ARC + 80:
            _bad("an OID's arc is too large")
        fresh = byte < 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    if len(arcs) >= MAX_ARCS or max(arcs[1:], default=0) > MAX_ARC:
        _bad("an OID is too long, or an arc too large")
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


# -- writing -----------------------------------------------------------------------------------


def wrap(tag: int, content: bytes) -> bytes:
    """Return `content` as an element with the shortest definite length. Raises BerError from 64 KiB on."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    if size < 0x100:
        return bytes((tag, 0x81, size)) + content
    if size < 0x10000:
        return bytes((tag, 0x82, size >> 8, size & 0xFF)) + content
    _bad("longer than any datagram")


def wrap_integer(value: int, tag: int = INTEGER) -> bytes:
    """Return a signed integer as an element in its shortest form."""
    return wrap(tag, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=4096)
def wrap_oid(text: str) -> bytes:
    """Return the element of an OID written with dots. Raises BerError if it is no OID."""
    try:
        arcs = [int(arc) for arc in text.split(".")]
    except ValueError:
        _bad(f"not an OID: {text!r}")
    if not 2 <= len(arcs) <= MAX_ARCS or min(arcs) < 0 or max(arcs) > MAX_ARC or arcs[0] > 2:
        _bad(f"not an OID: {text!r}")
    if arcs[0] < 2 and arcs[1] >= 40:
        _bad(f"not an OID: {text!r}")
    content = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return wrap(OID, bytes(content))
