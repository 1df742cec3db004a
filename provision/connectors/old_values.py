"""The way back of a device that cannot keep one itself: its old values, on the office's disk before anything is set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.local.files import write_whole
from provision.local.reading import text_within


@dataclass(frozen=True, slots=True)
class OldValues:
    """The file of one device's old values: armed by a run, or only a note of how the last run ended.

    Armed, it holds the objects of the change, with their old and new values.
    """

    path: Path

    def read(self) -> dict[str, Any]:
        """Return what the file holds, or an empty dict if there is no file.

        Raises OSError if it cannot be read, ValueError if it is not such a file.
        """
        try:
            kept = json.loads(text_within(self.path))
        except FileNotFoundError:
            return {}
        if not isinstance(kept, dict) or not {"state", "run"} <= kept.keys():
            raise ValueError(f"{self.path} holds no way back")
        return kept

    def state(self) -> str:
        """Return the state as guards print it: none, armed RUN, confirmed RUN, or reverted RUN WHY."""
        kept = self.read()
        if not kept:
            return "none"
        return f"{kept['state']} {kept['run']} {kept.get('why', '')}".rstrip()

    def armed(self) -> str:
        """Return the run whose old values are in the file, or an empty text if it is not armed.

        Raises as `read` does.
        """
        kept = self.read()
        return str(kept["run"]) if kept.get("state") == "armed" else ""

    def arm(self, run: str, objects: list[dict[str, str]]) -> None:
        """Write the objects to the file, armed by `run`, and read it back.

        Raises OSError if it cannot be written, or does not read back as armed by this run.
        """
        self._keep({"state": "armed", "run": run, "objects": objects})
        if self.armed() != run:
            raise OSError("the way back does not read back")

    def reverted(self, run: str, why: str) -> None:
        """Replace the old values in the file by a note that those of `run` were put back, and why."""
        self._keep({"state": "reverted", "run": run, "why": why})

    def confirmed(self, run: str) -> None:
        """Replace the old values in the file by a note that the change of `run` was confirmed."""
        self._keep({"state": "confirmed", "run": run})

    def _keep(self, body: dict[str, Any]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.path, json.dumps(body))
