"""Per-device secrets in one Ansible Vault file, which the team's other playbooks can read."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from provision.core.budget import SECRET_FILE_BYTES
from provision.core.errors import VaultError
from provision.core.model import Secret
from provision.core.snmp_keys import NET_SNMP, ROUTEROS, localise
from provision.home.ansible_vault import decrypt, encrypt
from provision.local.files import locked, write_whole
from provision.local.reading import text_within, within

NAME = "secrets.vault.yml"
PASSWORD_BYTES = 18
REPORT_KEY_BYTES = 32  # as long as the digest (RFC 2104)
NEXT = ".next"
SPARE = ".spare"


class Vault:
    """The secrets of one home: a set for each device, made at first need and written to the file at once."""

    def __init__(self, path: Path, password: Secret) -> None:
        """Open the vault at `path`, empty if there is no file. Raises VaultError if it does not open."""
        self.path = path
        self._password = password
        self._sets: dict[str, dict[str, str]] = {}
        self._stamp: tuple[int, int] | None = None
        self._load()

    def device(self, tag: str) -> Mapping[str, Secret]:
        """Return the secrets of one device by name; if it has none, they are made and written first."""
        if tag not in self._sets:
            with self._locked():
                self._load()
                if tag not in self._sets:
                    self._sets[tag] = fresh(tag)
                    self._save()
        return {name: Secret(text) for name, text in self._sets[tag].items()}

    def has(self, tag: str) -> bool:
        """Return whether there is a secret of a device, pending and spare ones too."""
        return any(tag + suffix in self._sets for suffix in ("", NEXT, SPARE))

    def devices(self, tags: list[str]) -> dict[str, Mapping[str, Secret]]:
        """Return the sets of several devices; missing ones are made in one write."""
        if missing := [t for t in tags if t not in self._sets]:
            with self._locked():
                self._load()
                self._sets |= {t: fresh(t) for t in missing if t not in self._sets}
                self._save()
        return {t: self.device(t) for t in tags}

    def report_key(self, tag: str, *, anew: bool = False) -> Secret:
        """Return the key (hex) with which a PC signs its reports.

        If there is none, or if `anew` is set, a new one is made and written first.
        """
        if anew or "report_key" not in self._sets.get(tag, {}):
            with self._locked():
                self._load()
                own = self._sets.setdefault(tag, {})
                if anew or "report_key" not in own:
                    own["report_key"] = secrets.token_hex(REPORT_KEY_BYTES)
                    self._save()
        return Secret(self._sets[tag]["report_key"])

    def keep(self, tag: str, own: Mapping[str, Secret]) -> None:
        """Write secrets that a person has set on a device into its set, which is made if there is none.

        Keys that were derived from the secrets before are removed.
        """
        self.device(tag)
        with self._locked():
            self._load()
            stale = tuple(f"{name}_key" for name in own)  # keys that were made of the passphrases before
            kept = {name: text for name, text in self._sets[tag].items() if not name.startswith(stale)}
            self._sets[tag] = kept | {name: one.reveal() for name, one in own.items()}
            self._save()

    def pending(self, tag: str) -> Mapping[str, Secret]:
        """Return the secrets that are to replace a device's own; if there are none, they are made and written.

        The device's own are kept beside them.
        """
        return self.device(tag + NEXT)

    def waiting(self, tag: str) -> Mapping[str, Secret] | None:
        """Return the secrets that are to replace a device's own, or None if there are none."""
        kept = self._sets.get(tag + NEXT)
        return None if kept is None else {name: Secret(text) for name, text in kept.items()}

    def spare(self, tag: str) -> Mapping[str, Secret] | None:
        """Return the secrets that a device may run if a person was wrong about how a rotation ended, or None."""
        kept = self._sets.get(tag + SPARE)
        return None if kept is None else {name: Secret(text) for name, text in kept.items()}

    def promote(self, tag: str, *, spare: bool = False) -> None:
        """Replace a device's own set by its pending one, and keep the other one as a `spare`; see `_settle`."""
        self._settle(tag, take=True, spare=spare)

    def discard(self, tag: str, *, spare: bool = False) -> None:
        """Remove a device's pending set, or keep it as a `spare`; see `_settle`."""
        self._settle(tag, take=False, spare=spare)

    def _settle(self, tag: str, *, take: bool, spare: bool) -> None:
        """Make the pending set the device's own, or not, and keep the set that is not its own only as a `spare`.

        Do nothing if none is pending.
        """
        if tag + NEXT not in self._sets:
            return
        with self._locked():
            self._load()
            waiting = self._sets.pop(tag + NEXT, None)
            if waiting is not None:
                own = self._sets[tag]
                self._sets[tag], other = (waiting, own) if take else (own, waiting)
                if spare:
                    self._sets[tag + SPARE] = other
            self._save()

    def forget_spare(self, tag: str) -> None:
        """Remove a device's spare set: it is proved which one it runs. Do nothing if there is none."""
        if tag + SPARE in self._sets:
            with self._locked():
                self._load()
                self._sets.pop(tag + SPARE, None)
                self._save()

    def drop(self, tags: list[str]) -> None:
        """Remove the sets of some devices, pending and spare ones too; do nothing if none of the devices has a set."""
        if not any(self.has(t) for t in tags):
            return
        with self._locked():
            self._load()
            gone = {t + suffix for t in tags for suffix in ("", NEXT, SPARE)}
            self._sets = {name: one for name, one in self._sets.items() if name not in gone}
            self._save()

    def seal_key(self) -> bytes:
        """Return the key of the digests by which the ledger compares secrets without knowing them.

        It is made and written at first need.
        """
        if "seal" not in self._sets:
            with self._locked():
                self._load()
                if "seal" not in self._sets:
                    self._sets["seal"] = {"key": secrets.token_hex(32)}
                    self._save()
        return bytes.fromhex(self._sets["seal"]["key"])

    def seal(self, text: bytes) -> bytes:
        """Encrypt a text with the vault's password, in Ansible Vault's format."""
        return encrypt(text, self._password.reveal().encode())

    def open(self, text: bytes) -> bytes:
        """Return the plain bytes of what `seal` returned.

        Raises ValueError if it is no such text, is altered, or was sealed with another password.
        """
        return decrypt(text, self._password.reveal().encode())

    def _load(self) -> None:
        try:
            stamp = self.path.stat()
        except FileNotFoundError:
            return
        if self._stamp == (stamp.st_mtime_ns, stamp.st_size):
            return
        import yaml

        try:
            text = decrypt(within(self.path), self._password.reveal().encode())
        except ValueError:
            raise VaultError(
                "the vault does not open: wrong vault password, or the file is damaged",
                where=str(self.path),
                hint="set PROVISION_VAULT_PASSWORD_FILE to the file with the right password",
            ) from None
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._sets = yaml.load(text, Loader=loader) or {}  # noqa: S506 (both are safe)
        self._stamp = (stamp.st_mtime_ns, stamp.st_size)

    def _save(self) -> None:
        import yaml

        text = yaml.dump(self._sets, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))
        try:
            write_whole(self.path, self.seal(text.encode()))
        except OSError as error:
            raise VaultError(
                f"the vault cannot be kept: {error.strerror}",
                where=str(self.path),
                hint="free space, or check permissions",
            ) from None
        stamp = self.path.stat()
        self._stamp = (stamp.st_mtime_ns, stamp.st_size)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self.path))
            except OSError as error:
                raise VaultError(
                    f"the vault cannot be kept: {error.strerror}", where=str(self.path), hint="check permissions"
                ) from None
            yield


def fresh(tag: str) -> dict[str, str]:
    """Return a new set of secrets for a device, all random, from the operating system.

    It also holds what is derived from them: the password's hash (SHA-512 crypt) and the localised SNMP keys.
    """
    from passlib.hash import sha512_crypt

    password = secrets.token_urlsafe(PASSWORD_BYTES)
    auth, priv = (secrets.token_urlsafe(PASSWORD_BYTES) for _ in range(2))
    return {
        "admin_password": password,
        "password_hash": sha512_crypt.using(rounds=5000).hash(password),
        "snmp_auth": auth,
        "snmp_priv": priv,
        **_localised(auth, priv, tag.removesuffix(NEXT)),
        "wireguard_private": wireguard_key(),
        "wireguard_preshared": base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def _localised(auth: str, priv: str, tag: str) -> dict[str, str]:
    return {
        usm.key(name): localise(text, usm.engine_id(tag), usm.digest).hex()
        for usm in (NET_SNMP, ROUTEROS)
        for name, text in (("snmp_auth", auth), ("snmp_priv", priv))
    }


def wireguard_key() -> str:
    """Return a new X25519 private key in base64, clamped as `wg genkey` does."""
    raw = bytearray(secrets.token_bytes(32))
    raw[0] &= 248
    raw[31] = raw[31] & 127 | 64
    return base64.b64encode(bytes(raw)).decode()


def wireguard_public(private: Secret) -> str:
    """Return the public key (base64) of a WireGuard private key; the hub needs it."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    key = X25519PrivateKey.from_private_bytes(base64.b64decode(private.reveal()))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def password(kept: Path) -> Secret:
    """Return the vault password from the first of these that is given; raises VaultError if none is.

    In this order: the file that PROVISION_VAULT_PASSWORD_FILE or ANSIBLE_VAULT_PASSWORD_FILE names, the variable
    PROVISION_VAULT_PASSWORD, the file `kept`, the terminal. A file that cannot be read raises VaultError, too.
    """
    name = os.environ.get("PROVISION_VAULT_PASSWORD_FILE") or os.environ.get("ANSIBLE_VAULT_PASSWORD_FILE")
    if name or (kept.exists() and not os.environ.get("PROVISION_VAULT_PASSWORD")):
        name = name or str(kept)
        try:
            return Secret(text_within(Path(name), SECRET_FILE_BYTES).strip())
        except OSError as error:
            what = f"the vault password file cannot be read: {error.strerror}"
            raise VaultError(what, where=name, hint="check its path") from None
    if text := os.environ.get("PROVISION_VAULT_PASSWORD"):
        return Secret(text)
    if sys.stdin.isatty():
        import getpass

        return Secret(getpass.getpass("Vault password: "))
    raise VaultError(
        "no vault password", hint="set PROVISION_VAULT_PASSWORD_FILE, or run this in a terminal to be asked"
    )
