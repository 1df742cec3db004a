"""The directory that a team works in: intent by hand, state in var/."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provision.core.budget import FILE_BYTES
from provision.core.errors import Fault, IntentError, ProvisionError, UsageError
from provision.core.foreign import visible
from provision.local.files import write_whole
from provision.local.reading import text_within

if TYPE_CHECKING:
    from provision.home import intent

NOT_PLAIN = frozenset("%$\"'`\\{}")  # of ssh's tokens and variables, of quotes, of Ansible's templates


@dataclass(frozen=True, slots=True)
class Place:
    """The paths and files of the home at `root`; nothing is made before it is asked for."""

    root: Path

    @property
    def inventory(self) -> Path:
        """The directory of the intent, which is written by hand and kept in git."""
        return self.root / "inventory"

    @property
    def var(self) -> Path:
        """The directory of the state, made if it is missing, for this user only (0700).

        Raises ProvisionError if it cannot be made.
        """
        path = self.root / "var"
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ProvisionError(
                f"cannot write here: {error.strerror}",
                where=str(path),
                hint="choose a home that you may write to: --home DIR",
            ) from None
        return path

    @property
    def database(self) -> str:
        """The ledger's URL: PROVISION_DATABASE, or one SQLite file."""
        return os.environ.get("PROVISION_DATABASE") or f"sqlite:///{self.var / 'ledger.db'}"

    @property
    def host_keys(self) -> Path:
        """Where each device's pinned host key lies, a file per device."""
        return self.var / "host-keys"

    @property
    def ssh_key(self) -> Path:
        """The path of the office's private SSH key: PROVISION_SSH_KEY, or else var/ssh/id_ed25519."""
        return Path(os.environ.get("PROVISION_SSH_KEY") or self.var / "ssh" / "id_ed25519")

    @property
    def lab(self) -> Path:
        """The directory of the lab's state; raises IntentError if this is no home."""
        self.require()
        return self.var / "lab"

    def hints(self) -> dict[str, str]:
        """Return the hints: `TAG.row`, the row of a device's modem table, and `TAG.engine`, its SNMP engine ID (hex).

        They only save an exchange and have to be proved; empty if the file is missing or damaged.
        """
        try:
            kept = json.loads(text_within(self.var / "hints.json"))
            return {str(name): str(value) for name, value in kept.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def keep_hints(self, hints: dict[str, str]) -> None:
        """Write the hints to var/hints.json, if they differ from those in it."""
        if hints != self.hints():
            write_whole(self.var / "hints.json", json.dumps(hints))

    def require_plain_path(self) -> None:
        """Raise UsageError if the path holds what ssh or Ansible would take for something else than a character."""
        path = str(self.root.absolute())
        if found := sorted(set(path) & NOT_PLAIN | {c for c in path if not c.isprintable()}):
            what = f"the path of a home may not hold {' '.join(visible(c) for c in found)}"
            raise UsageError(
                f"{what}: ssh or Ansible reads more into it", where=path, hint="move it, as: mv DIR ~/berau"
            )

    def require(self) -> None:
        """Raise IntentError if the home has no inventory/, so that nothing is made in a wrong directory.

        Raises UsageError if its path cannot be one of a home; see `require_plain_path`.
        """
        self.require_plain_path()
        if not self.inventory.is_dir():
            raise IntentError(
                [
                    Fault(
                        where=str(self.root),
                        what="no home here: inventory/ is missing",
                        hint="provision init DIR makes one; --home DIR names one",
                    )
                ]
            )

    def texts(self) -> dict[str, str]:
        """Return the text of each file of the intent by its path in the home, without devices.yml and the vault.

        Raises IntentError if this is no home, or if a file cannot be read or is not UTF-8.
        """
        self.require()
        found = {}
        for path in sorted([*self.inventory.glob("*.yml"), *self.inventory.glob("kits/*.yml")]):
            if path.name in {"secrets.vault.yml", "devices.yml"}:
                continue
            name = str(path.relative_to(self.root))
            try:
                if (size := path.stat().st_size) > FILE_BYTES:
                    what = f"{size // 1_000_000} MB are no file of the intent"
                    raise IntentError([Fault(where=name, what=what, hint="restore it, or write it anew")])
                found[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                line = path.read_bytes()[: error.start].count(b"\n") + 1
                raise IntentError(
                    [Fault(where=f"{name}:{line}", what="not UTF-8 text", hint="save the file as UTF-8")]
                ) from None
            except OSError as error:
                raise IntentError(
                    [Fault(where=name, what=error.strerror or str(error), hint="check its permissions")]
                ) from None
        return found

    def intent(self) -> intent.Home:
        """Return all of the intent; raises IntentError with every fault that was found."""
        from provision.home import intent

        return intent.read(self.texts())
