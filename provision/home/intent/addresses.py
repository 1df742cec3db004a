"""Addresses that the defaults give by the number of a kecamatan."""

from __future__ import annotations

from ipaddress import IPv4Interface

from provision.home.intent.schema import ModemDefaults, ModemIntent


def numbered(text: str, code: str) -> str:
    """Fill `{nn}` with the last part of a kecamatan's code."""
    return text.replace("{nn}", str(int(code.rpartition(".")[2])))


def lan_of(modem: ModemIntent, defaults: ModemDefaults, code: str) -> IPv4Interface:
    """Return the modem's own address and subnet at its site."""
    return modem.lan or IPv4Interface(numbered(defaults.lan, code))
