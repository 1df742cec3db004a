"""Addresses that the defaults give by the number of a kecamatan."""

from __future__ import annotations

from ipaddress import IPv4Interface

from provision.home.intent.schema import ModemDefaults, ModemIntent


def numbered(text: str, code: str) -> str:
    """Return `text` with `{nn}` replaced by the last part of a kecamatan's code, without a leading zero."""
    return text.replace("{nn}", str(int(code.rpartition(".")[2])))


def lan_of(modem: ModemIntent, defaults: ModemDefaults, code: str) -> IPv4Interface:
    """Return the modem's address and subnet at its site: its own `lan`, or else the default for the kecamatan.

    Raises ValueError if the default gives no such address.
    """
    return modem.lan or IPv4Interface(numbered(defaults.lan, code))
