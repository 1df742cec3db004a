"""YAML that remembers its lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from provision.errors import Fault


class Text:
    """One file of the intent: its name, its values, and the line of each."""

    def __init__(self, name: str, text: str) -> None:
        """Parse `text`; a syntax error becomes a fault and an empty document."""
        self.name = name
        self.faults: list[Fault] = []
        self.values: Any = None
        try:
            self.values = YAML(typ="rt").load(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            self.faults.append(
                Fault(
                    where=f"{name}:{line}", what=f"not YAML: {error.problem or error.context}",
                    hint="check quotes, colons and indentation at this line",
                )
            )  # fmt: skip
        except YAMLError as error:
            self.faults.append(Fault(where=name, what=f"not YAML: {error}", hint="save it as UTF-8 text"))

    def at(self, path: Sequence[str | int]) -> str:
        """Give file:line of the value at `path`, or of the nearest thing around it."""
        node, line = self.values, 1
        for step in path:
            if isinstance(node, CommentedMap) and step in node:
                line = node.lc.key(step)[0] + 1
                node = node[step]
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                line = node.lc.item(step)[0] + 1
                node = node[step]
            else:
                break
        return f"{self.name}:{line}"

    def fault(self, path: Sequence[str | int], what: str, hint: str = "") -> None:
        """Note a fault at `path`."""
        self.faults.append(Fault(where=self.at(path), what=what, hint=hint))
