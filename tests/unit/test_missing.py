"""What is missing from a home is told, and nothing new takes its place: a new one would hold nothing of the old."""

from __future__ import annotations

import pytest
from berau import MODEM, Site

from provision.core.errors import LedgerError, VaultError
from provision.home.workspace import Workspace


def test_a_vault_that_is_gone_is_not_made_anew_while_devices_are_known(site: Site) -> None:
    site.provisioned_modem()
    path = site.workspace.vault.path
    kept = path.read_bytes()
    path.unlink()
    site.workspace.forget_vault()
    with pytest.raises(VaultError, match="the vault is missing, and 1 devices have their secrets in it") as caught:
        site.workspace.vault.device(MODEM)
    assert "provision restore" in caught.value.hint
    assert not path.exists()
    path.write_bytes(kept)
    assert site.workspace.vault.has(MODEM)


def test_a_new_home_gets_its_vault(site: Site) -> None:
    assert not site.known
    assert site.workspace.vault.device(MODEM)


def test_a_ledger_that_is_gone_is_not_begun_anew(site: Site) -> None:
    site.provisioned_modem()
    site.workspace.ledger.close()
    for path in site.workspace.place.var.glob("ledger.db*"):
        path.unlink()
    again = Workspace(site.workspace.place.root)
    for ask in (lambda: again.ledger, lambda: again.latest("device.enrolled")):
        with pytest.raises(LedgerError, match=r"the ledger is gone: it had \d+ events") as caught:
            ask()
        assert "restore" in caught.value.hint
    assert not (site.workspace.place.var / "ledger.db").exists()
