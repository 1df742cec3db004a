"""SSH host keys as text: the kinds that are taken, and their fingerprints."""

from __future__ import annotations

import base64
from hashlib import sha256

HOST_KEYS = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")


def fingerprint(key: str) -> str:
    """Return the SHA256 fingerprint of an RSA or Ed25519 host key, as ssh prints it; any other text unchanged.

    Such a text is what is pinned of a device without SSH.
    """
    if key.split(maxsplit=1)[0] not in (*HOST_KEYS, "ssh-rsa"):
        return key
    return "SHA256:" + base64.b64encode(sha256(base64.b64decode(key.split()[1])).digest()).decode().rstrip("=")
