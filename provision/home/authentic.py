"""Prove that a backup was made by somebody who has the vault password of the home."""

from __future__ import annotations

import hmac
import json
import os
from hashlib import pbkdf2_hmac

from provision.core.secret import Secret

ROUNDS = 200_000  # 0.1 s, once for a backup: a stolen one is no quick way to try passwords
SALT_BYTES, KEY_BYTES = 16, 32
PURPOSE = b"provision backup manifest v1\0"  # the same password opens the vault, by other keys


def sign(body: bytes, password: Secret) -> bytes:
    """Return the signature of `body` under the vault password, as JSON: salt and HMAC-SHA256 in hex."""
    salt = os.urandom(SALT_BYTES)
    return json.dumps({"salt": salt.hex(), "mac": _mac(body, password, salt).hex()}).encode()


def is_signed(body: bytes, signature: bytes, password: Secret) -> bool:
    """Return whether a signature of `sign` is of this body under this password; what is none is none."""
    try:
        read = json.loads(signature)
        salt, mac = bytes.fromhex(read["salt"]), bytes.fromhex(read["mac"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return len(salt) == SALT_BYTES and hmac.compare_digest(mac, _mac(body, password, salt))


def _mac(body: bytes, password: Secret, salt: bytes) -> bytes:
    key = pbkdf2_hmac("sha256", PURPOSE + password.reveal().encode(), salt, ROUNDS, KEY_BYTES)
    return hmac.digest(key, body, "sha256")
