"""Texts of inventory/ that may hold certain characters only, each with what is said of any other.

What is free (a name, a title, a note) is printable text; see `Shape`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field


def _tag(text: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)*", text) or not 3 <= len(text) <= 27:
        raise ValueError("must be 3 to 27 capital letters, digits and hyphens, as BRU-MDM-01")
    return text


def _mac(text: str) -> str:
    if text and not re.fullmatch(r"(?i)[0-9a-f]{2}([:-][0-9a-f]{2}){5}", text):
        raise ValueError("must be a MAC address as 94:83:c4:00:00:01")
    return text.lower().replace("-", ":")


def _imei(text: str) -> str:
    if not text:
        return text
    if not re.fullmatch(r"[0-9]{15}", text):
        raise ValueError("must be the 15 digits of the IMEI, in quotes")
    double = [sum(divmod(int(d) * 2, 10)) if i % 2 else int(d) for i, d in enumerate(text)]
    if sum(double) % 10:
        raise ValueError("is not an IMEI: its check digit is wrong; read the label again")
    return text


def _day(text: str) -> str:
    try:
        return text and date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("must be a day as 2026-11-24") from None


def _versions(text: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        raise ValueError('must be a range of versions as ">=7.23.8,<7.24"') from None
    return text


def _host(text: str) -> str:
    """Take an IP address, or a name as RFC 1123 (2.1) has it; underscores are met in practice."""
    if not re.fullmatch(r"[A-Za-z0-9:]([A-Za-z0-9._:-]*[A-Za-z0-9:])?", text) or len(text) > 253:
        raise ValueError("must be an IP address or a host name as hub.example.go.id")
    return text


def _apn(text: str) -> str:
    """Take an access point name of up to 100 octets (3GPP TS 23.003, 9.1), or nothing."""
    if text and (not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", text) or len(text) > 100):
        raise ValueError("must be an access point name: letters, digits, dots and hyphens, as internet")
    return text


def _drop(text: str) -> str:
    """Take an address that is read by nobody on the way: HTTPS, or the loopback of the lab."""
    if text and not re.fullmatch(r"https://[^\s]+|http://127(\.[0-9]{1,3}){3}(:[0-9]+)?(/[^\s]*)?", text):
        raise ValueError("must be an address with https://, or empty")
    return text


def _of(pattern: str, words: str) -> AfterValidator:
    """Return a validator that takes what matches as a whole, and says of anything else what it must be."""

    def match(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"must be {words}")
        return text

    return AfterValidator(match)


Tag = Annotated[str, AfterValidator(_tag)]
Mac = Annotated[str, AfterValidator(_mac)]
Imei = Annotated[str, AfterValidator(_imei)]
Day = Annotated[str, AfterValidator(_day)]
Drop = Annotated[str, AfterValidator(_drop)]
Versions = Annotated[str, AfterValidator(_versions)]
Host = Annotated[str, AfterValidator(_host)]
Apn = Annotated[str, AfterValidator(_apn)]
NetworkCode = Annotated[
    str, _of(r"[0-9]{5,6}", "the 5 or 6 digits of the network (MCC and MNC), in quotes, as '51010'")
]
ZoneName = Annotated[str, _of(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", "a time zone as Asia/Makassar")]
PosixZone = Annotated[
    str, _of(r"([A-Za-z]{3,}|<[A-Za-z0-9+-]+>)[+-]?[0-9][A-Za-z0-9<>+,./:-]*", "a time zone as POSIX has it, as WITA-8")
]
Port = Annotated[int, Field(ge=1, le=65535)]
Code = Annotated[
    str, _of(r"64\.03\.(0[1-9]|1[0-3])", "the code of a kecamatan of Berau: 64.03.01 to 64.03.13, in quotes")
]
TunnelKey = Annotated[str, _of(r"[A-Za-z0-9+/]{43}=", "a WireGuard public key: 44 characters that end in =")]
SnmpUser = Annotated[str, _of(r"[a-z][a-z0-9_]{2,30}", "3 to 31 small letters, digits or _, a letter first, as pantau")]
Login = Annotated[str, _of(r"[a-z_][a-z0-9_-]{0,30}", "a login name: small letters, digits, - or _, as petugas")]
AnyLogin = Annotated[str, _of(r"""[^\s"'-][^"']{0,63}""", "a login name without quotes, neither a blank nor - first")]
Package = Annotated[str, _of(r"[a-z0-9][a-z0-9+.-]+", "the name of a Debian package, as chromium")]
Version = Annotated[str, _of(r"[0-9]+(\.[0-9]+)*", "a version as 6.0, in quotes")]
Phone = Annotated[str, _of(r"(\+62|0)8[0-9]{7,12}", "a mobile number as 081234567890, in quotes")]
KodeBarang = Annotated[
    str, _of(r"perlu_konfirmasi|[0-9](\.[0-9]{1,3}){6}", "as 1.3.2.10.01.02.001, or perlu_konfirmasi")
]
Nibar = Annotated[str, _of(r"([0-9]{45})?", "the 45 digits of the NIBAR, in quotes, or empty")]
