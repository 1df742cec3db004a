"""A starter home: what a team edits first."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from provision.errors import ProvisionError
from provision.home import share

ANSIBLE_CFG = """# Ansible in this home: the intent and the vault are not inventory.
[defaults]
host_key_checking = True
interpreter_python = auto_silent

[inventory]
enable_plugins = ansible.builtin.yaml
ignore_patterns = kecamatan\\.yml$, defaults\\.yml$, apn\\.yml$, kits, secrets\\.vault\\..*$, delivery\\.csv$, \\.lock$, \\.new$
"""
GITIGNORE = "var/\ninventory/devices.yml\n*.lock\n*.new\n"


def make(directory: Path, *, lab: bool) -> Path:
    """Make the home; raises ProvisionError where something is in the way."""
    if directory.exists() and any(directory.iterdir()):
        raise ProvisionError("the directory is not empty", where=str(directory), hint="choose another one")
    try:
        shutil.copytree(share("inventory"), directory / "inventory", dirs_exist_ok=True)
        for left in ("devices.yml", "secrets.vault.yml", "secrets.vault.lock"):
            (directory / "inventory" / left).unlink(missing_ok=True)
        (directory / "ansible.cfg").write_text(ANSIBLE_CFG)
        (directory / ".gitignore").write_text(GITIGNORE)
        if lab:
            (directory / "var").mkdir(mode=0o700)
            with os.fdopen(os.open(directory / "var/vault-password", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24) + "\n")
            shutil.copy(Path(__file__).parent / "lab" / "defaults.yml", directory / "inventory" / "defaults.yml")
    except OSError as error:
        raise ProvisionError(
            f"cannot make a home here: {error.strerror}",
            where=str(directory),
            hint="choose a directory that you may write to",
        ) from None
    return directory
