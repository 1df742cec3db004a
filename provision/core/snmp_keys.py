"""SNMPv3's user-based security (RFC 3414): what a family uses, engine IDs, and keys that are good for one engine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

PASSPHRASE_SPAN = 1048576  # RFC 3414, A.2: a megabyte of the passphrase repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class Usm:
    """How a family secures SNMPv3.

    `digest` is hashlib's name of the hash, `mac_bytes` the length of its MAC in a message. `prefix` goes before the
    text from which the device makes its engine ID (format 4 of RFC 3411). If it is empty, the engine ID is learned from
    the device. Nothing vouches for such an ID, but a key is good for one engine only, and cannot be made without the
    passphrase.
    """

    name: str
    digest: str
    mac_bytes: int
    prefix: bytes

    @property
    def key_bytes(self) -> int:
        """The length of a localised authentication key, in bytes."""
        return hashlib.new(self.digest).digest_size

    def key(self, name: str) -> str:
        """Return the name under which the vault keeps a localised key."""
        return f"{name}_key" if self.name == "sha256" else f"{name}_key_{self.name}"

    def engine_id(self, asset_tag: str) -> bytes:
        """Return the engine ID of a device that is configured with its asset tag; empty if it has to be learned."""
        return self.prefix + asset_tag.encode("ascii") if self.prefix else b""


NET_SNMP = Usm(name="sha256", digest="sha256", mac_bytes=24, prefix=b"\x80\x00\x1f\x88\x04")  # RFC 7860
ROUTEROS = Usm(name="routeros", digest="sha1", mac_bytes=12, prefix=b"\x80\x00\x3a\x8c\x04")  # MikroTik's SNMP manual
ONE_PASSPHRASE = Usm(name="one", digest="sha1", mac_bytes=12, prefix=b"")  # CAMBIUM-PMP80211-MIB: one for both
LEARNED = Usm(name="learned", digest="sha256", mac_bytes=24, prefix=b"")  # an engine ID that cannot be set


def localise(passphrase: str, engine: bytes, digest: str = "sha256") -> bytes:
    """Turn a passphrase into the key of one engine (RFC 3414 A.2, with the digests of RFC 7860).

    It takes milliseconds, so the vault keeps the result.
    """
    once = passphrase.encode()
    spread = (once * (PASSPHRASE_SPAN // len(once) + 1))[:PASSPHRASE_SPAN]
    user_key = hashlib.new(digest, spread).digest()
    return hashlib.new(digest, user_key + engine + user_key).digest()
