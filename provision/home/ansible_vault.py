"""Ansible Vault's format (1.1 and 1.2, AES256) without loading Ansible.

A look at eight modems needs their SNMP keys and nothing else of Ansible, whose vault module takes 0.15 s to import.
The format is documented in Ansible's guide, "Ansible Vault payload format 1.1 - 1.2"; tests check that this module
and Ansible read each other's files.
"""

from __future__ import annotations

import binascii
import hmac
import os
from functools import lru_cache
from hashlib import pbkdf2_hmac

HEADER = b"$ANSIBLE_VAULT;"
VERSIONS = (b"1.1", b"1.2")
ITERATIONS, KEY, IV, WIDTH = 10_000, 32, 16, 80  # of the format


def decrypt(text: bytes, password: bytes) -> bytes:
    """Return the plain bytes of an Ansible Vault text.

    Raises ValueError if it is not one, if it is damaged or altered, or if the password is wrong.
    """
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    head, _, body = text.strip().partition(b"\n")
    fields = head.strip().split(b";")
    if not head.startswith(HEADER) or fields[1] not in VERSIONS or fields[2:3] != [b"AES256"]:
        raise ValueError("no Ansible Vault text")
    try:
        salt, tag, secret = (binascii.unhexlify(p) for p in binascii.unhexlify(b"".join(body.split())).split(b"\n", 2))
    except binascii.Error as error:
        raise ValueError(f"damaged: {error}") from None
    cipher_key, mac_key, iv = _keys(password, salt)
    if not hmac.compare_digest(hmac.digest(mac_key, secret, "sha256"), tag):
        raise ValueError("wrong password, or altered")
    cipher = Cipher(algorithms.AES(cipher_key), modes.CTR(iv)).decryptor()
    unpad = PKCS7(128).unpadder()
    return unpad.update(cipher.update(secret) + cipher.finalize()) + unpad.finalize()


def encrypt(plain: bytes, password: bytes) -> bytes:
    """Return the vault text of `plain`, with a salt of its own, in lines of 80 characters."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    salt = os.urandom(KEY)
    cipher_key, mac_key, iv = _keys(password, salt)
    pad = PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(cipher_key), modes.CTR(iv)).encryptor()
    secret = cipher.update(pad.update(plain) + pad.finalize()) + cipher.finalize()
    parts = (salt, hmac.digest(mac_key, secret, "sha256"), secret)
    body = binascii.hexlify(b"\n".join(binascii.hexlify(part) for part in parts))
    lines = [body[n : n + WIDTH] for n in range(0, len(body), WIDTH)]
    return b"\n".join((HEADER + b"1.1;AES256", *lines)) + b"\n"


@lru_cache(maxsize=4)  # a vault that is read again needs no second derivation, which takes 10 ms
def _keys(password: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    keys = pbkdf2_hmac("sha256", password, salt, ITERATIONS, 2 * KEY + IV)
    return keys[:KEY], keys[KEY : 2 * KEY], keys[2 * KEY :]
