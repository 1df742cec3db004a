"""The directory that a team works in: intent by hand, state in var/."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provision.core.errors import Fault, IntentError, ProvisionError
from provision.local.files import write_whole

if TYPE_CHECKING:
    from provision.home import intent


@dataclass(frozen=True, slots=True)
class Place:
    """One home; nothing is written before it is asked for."""

    root: Path

    @property
    def inventory(self) -> Path:
        """Intent, by hand, in git."""
        return self.root / "inventory"

    @property
    def var(self) -> Path:
        """State; made on first use, for this user only."""
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
        """The office's own SSH key, as anybody's ~/.ssh/id_ed25519."""
        return Path(os.environ.get("PROVISION_SSH_KEY") or self.var / "ssh" / "id_ed25519")

    @property
    def lab(self) -> Path:
        """The state of this home's lab."""
        self.require()
        return self.var / "lab"

    def hints(self) -> dict[str, str]:
        """Return the last values seen: `TAG.row` (of its modem's table) and `TAG.engine` (the SNMP engine ID).

        They only save an exchange and have to be proved; without the file, or with a damaged one, there are none.
        """
        try:
            kept = json.loads((self.var / "hints.json").read_text())
            return {str(name): str(value) for name, value in kept.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def keep_hints(self, hints: dict[str, str]) -> None:
        """Keep the hints, where they changed."""
        if hints != self.hints():
            write_whole(self.var / "hints.json", json.dumps(hints))

    def require(self) -> None:
        """Raise IntentError where this is no home: nothing may be made in a wrong directory."""
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
        """Read the files of the intent by name."""
        self.require()
        found = {}
        for path in sorted([*self.inventory.glob("*.yml"), *self.inventory.glob("kits/*.yml")]):
            if path.name in {"secrets.vault.yml", "devices.yml"}:
                continue
            name = str(path.relative_to(self.root))
            try:
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
        """Read all of the intent."""
        from provision.home import intent

        return intent.read(self.texts())
