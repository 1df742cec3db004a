"""The way back of a device that cannot keep one itself: its old values, on the office's disk before anything is set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.local.files import remove_whole, write_whole


@dataclass(frozen=True, slots=True)
class OldValues:
    """One device's file: armed by a run with its objects (old and new values), or the note of what was put back."""

    path: Path

    def read(self) -> dict[str, Any]:
        """Return what is kept, or nothing; raises OSError or ValueError where it cannot be read."""
        try:
            kept = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        if not isinstance(kept, dict) or not {"state", "run"} <= kept.keys():
            raise ValueError(f"{self.path} holds no way back")
        return kept

    def state(self) -> str:
        """Return the state as guards print it: none, armed RUN, or reverted RUN WHY."""
        kept = self.read()
        if not kept:
            return "none"
        return f"armed {kept['run']}" if kept["state"] == "armed" else f"reverted {kept['run']} {kept['why']}"

    def armed(self) -> str:
        """Return the run that kept these values, or an empty text."""
        kept = self.read()
        return str(kept["run"]) if kept.get("state") == "armed" else ""

    def arm(self, run: str, objects: list[dict[str, str]]) -> None:
        """Keep the objects, and read them back; raises OSError where that fails."""
        self._keep({"state": "armed", "run": run, "objects": objects})
        if self.armed() != run:
            raise OSError("the way back does not read back")

    def reverted(self, run: str, why: str) -> None:
        """Note that the old values are back."""
        self._keep({"state": "reverted", "run": run, "why": why})

    def clear(self) -> None:
        """Forget it: the change is confirmed."""
        remove_whole(self.path)

    def _keep(self, body: dict[str, Any]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.path, json.dumps(body))
