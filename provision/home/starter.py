"""A starter home: what a team edits first."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from provision.core.errors import ProvisionError
from provision.home.place import Place
from provision.local.files import ORDINARY, write_whole
from provision.local.share import share

ANSIBLE_CFG = """# Ansible in this home: the intent and the vault are not inventory.
[defaults]
host_key_checking = True
interpreter_python = auto_silent

[inventory]
enable_plugins = ansible.builtin.yaml
ignore_patterns = {ignored}
"""
IGNORED = (
    r"kecamatan\.yml$",
    r"defaults\.yml$",
    r"apn\.yml$",
    r"apps\.yml$",
    r"firmware\.yml$",
    "kits",
    r"secrets\.vault\..*$",
    r"delivery\.csv$",
    r"\.lock$",
    r"\.new$",
)
SHELF = {  # the lab's eight come from several makers, as the shelf may
    "batu-putih": ("routeros", "MikroTik", "Chateau LTE12"),
    "tabalar": ("routeros", "MikroTik", "LtAP LTE kit"),
    "biatan": ("rutos", "Teltonika", "RUT950"),
    "pulau-derawan": ("rutos", "Teltonika", "RUT955"),
}
WINDOWS = ("kelay", "tabalar", "maratua", "batu-putih", "biatan")  # the lab's PCs of another kind
GITIGNORE = "var/\ninventory/devices.yml\n*.lock\n*.new\n"


def write_settings(directory: Path) -> None:
    """Write the settings of Ansible and of git into a home, unless it has some."""
    texts = {"ansible.cfg": ANSIBLE_CFG.format(ignored=", ".join(IGNORED)), ".gitignore": GITIGNORE}
    for name, text in texts.items():
        if not (directory / name).exists():
            write_whole(directory / name, text, ORDINARY)


def make(directory: Path, *, lab: bool) -> Path:
    """Make a starter home in `directory`, which may be missing or empty, and return its path.

    A lab's home also gets a vault password, the lab's defaults, modems of several makers and some Windows PCs. Raises
    ProvisionError if the directory is not empty or cannot be written, UsageError if its path cannot be one of a home.
    """
    Place(directory).require_plain_path()
    if directory.exists() and any(directory.iterdir()):
        raise ProvisionError("the directory is not empty", where=str(directory), hint="choose another one")
    try:
        shutil.copytree(share("inventory"), directory / "inventory", dirs_exist_ok=True)
        for left in ("devices.yml", "secrets.vault.yml", "secrets.vault.lock"):
            (directory / "inventory" / left).unlink(missing_ok=True)
        write_settings(directory)
        if lab:
            (directory / "var").mkdir(mode=0o700)
            write_whole(directory / "var/vault-password", secrets.token_urlsafe(24) + "\n")
            shutil.copy(Path(__file__).parents[1] / "lab" / "defaults.yml", directory / "inventory" / "defaults.yml")
            _mix(directory / "inventory")
    except OSError as error:
        raise ProvisionError(
            f"cannot make a home here: {error.strerror}",
            where=str(directory),
            hint="choose a directory that you may write to",
        ) from None
    return directory


def _mix(inventory: Path) -> None:
    """Put modems of other makers into some kits and into the delivery list, and Windows PCs into some kits."""
    delivery = (inventory / "delivery.csv").read_text()
    for name, (driver, brand, model) in SHELF.items():
        path = inventory / "kits" / f"{name}.yml"
        head, _, modem = path.read_text().rpartition("    brand: ")
        old_brand, old_model = (line.partition(": ")[2] for line in ("brand: " + modem).splitlines()[:2])
        rest = modem.partition("\n")[2].partition("\n")[2]
        tag = head.rpartition("asset_tag: ")[2].partition("\n")[0]
        head = head.replace("modem:\n", f"modem:\n  driver: {driver}\n", 1)
        write_whole(path, f"{head}    brand: {brand}\n    model: {model}\n{rest}", ORDINARY)
        delivery = delivery.replace(f"{tag},Modem,{old_brand},{old_model}", f"{tag},Modem,{brand},{model}")
    write_whole(inventory / "delivery.csv", delivery, ORDINARY)
    for name in WINDOWS:
        path = inventory / "kits" / f"{name}.yml"
        text = path.read_text().replace("items:\n", "computer:\n  driver: windows\nitems:\n", 1)
        write_whole(path, text, ORDINARY)
