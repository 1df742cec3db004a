"""SNMPv3's user security (RFC 3414): the engine ID of a device, and keys that are good for it alone."""

from __future__ import annotations

from hashlib import sha256

PASSPHRASE_SPAN = 1048576  # RFC 3414, A.2: a megabyte of the passphrase repeated


def engine_id(asset_tag: str) -> bytes:
    """Give the engine ID that net-snmp builds from a text (`engineID`): format 4 of RFC 3411."""
    return b"\x80\x00\x1f\x88\x04" + asset_tag.encode("ascii")


def localise(passphrase: str, engine: bytes) -> bytes:
    """Turn a passphrase into the key of one engine (RFC 3414 A.2 with SHA-256 of RFC 7860).

    It takes milliseconds, so the vault keeps the result.
    """
    once = passphrase.encode()
    spread = (once * (PASSPHRASE_SPAN // len(once) + 1))[:PASSPHRASE_SPAN]
    user_key = sha256(spread).digest()
    return sha256(user_key + engine + user_key).digest()
