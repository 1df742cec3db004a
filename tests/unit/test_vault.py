"""The vault is Ansible's own format: what Ansible writes is read without it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret

from provision.core.model import Secret
from provision.home.ansible_vault import decrypt, encrypt
from provision.home.vault import Vault

PLAIN = "seal:\n  key: 'it''s ünïcode'\n".encode()


@pytest.fixture(scope="module")
def text() -> bytes:
    return VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"office"))]).encrypt(PLAIN)


def test_what_ansible_wrote_is_read(text: bytes) -> None:
    assert decrypt(text, b"office") == PLAIN


def test_a_vault_id_in_the_header_is_read_too() -> None:
    named = VaultLib([("office", VaultSecret(b"office"))]).encrypt(PLAIN, vault_id="office")
    assert named.startswith(b"$ANSIBLE_VAULT;1.2;AES256;office")
    assert decrypt(named, b"office") == PLAIN


def test_a_wrong_password_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="wrong password"):
        decrypt(text, b"other")


@pytest.mark.parametrize("at", [0.05, 0.3, 0.7, 0.98])
def test_one_changed_character_is_refused(text: bytes, at: float) -> None:
    bent = bytearray(text)
    spot = int(len(text) * at)
    bent[spot] = ord("1") if bent[spot] == ord("0") else ord("0")
    with pytest.raises(ValueError, match=r".+"):
        decrypt(bytes(bent), b"office")


@pytest.mark.parametrize("cut", [0, 10, 40, 200])
def test_a_vault_cut_short_is_refused(text: bytes, cut: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decrypt(text[:cut], b"office")


@pytest.mark.parametrize("plain", [b"", b"x", PLAIN, b"\0\xff" * 5000, b"a" * 16])
def test_what_we_wrote_is_read_by_ansible_and_by_us(plain: bytes) -> None:
    text = encrypt(plain, b"office")
    assert VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"office"))]).decrypt(text) == plain
    assert decrypt(text, b"office") == plain
    assert encrypt(plain, b"office") != text, "each text has a salt of its own"
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_passphrase_that_a_person_set_makes_the_keys_of_the_old_one_void(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v.yml", Secret("pw"))
    before = vault.device("BRU-MDM-01")
    vault.keep("BRU-MDM-01", {"snmp_auth": Secret("new-passphrase")})
    after = vault.device("BRU-MDM-01")
    assert after["snmp_auth"] == Secret("new-passphrase")
    assert [n for n in after if n.startswith("snmp_auth_key")] == []
    assert {n: v for n, v in after.items() if not n.startswith("snmp_auth")} == {
        n: v for n, v in before.items() if not n.startswith("snmp_auth")
    }
