"""Read YAML with the line of each value; a scalar is the text that was typed, unquoted null or empty is None.

No type is guessed: a serial 00123 keeps its zeros and a MAC of digits is no sexagesimal number. The shape of the
file says what a number is. libyaml reads it, if it is there: ten times faster than YAML in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from provision.core.budget import YAML_DEPTH, YAML_NODES
from provision.core.errors import Fault

Spot = tuple[str | int, ...]
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
NOTHING = ("", "~", "null", "Null", "NULL")


class _TooLargeError(Exception):
    """There are more values than YAML_NODES: aliases of aliases."""


class Text:
    """One file of the intent: its name, its values, the line of each, and the faults found in it."""

    def __init__(self, name: str, text: str) -> None:
        """Parse `text`; if it is not YAML, record a fault and leave `values` None.

        A repeated key, a key that is no text, an alias that contains itself, and too many or too deep values are
        faults, too.
        """
        self.name = name
        self.faults: list[Fault] = []
        self.values: Any = None
        self._lines: dict[Spot, int] = {}
        self._nodes = 0
        try:
            root = yaml.compose(text, Loader=LOADER) if self._is_shallow(text) else None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = f"not YAML: {error.problem or error.context}"
            self._note(mark.line + 1 if mark else 1, what, "check quotes, colons and indentation at this line")
        except yaml.YAMLError as error:
            said = str(error).splitlines()[0]
            self.faults.append(Fault(where=name, what=f"not YAML: {said}", hint="save it as UTF-8 text"))
        else:
            self._read(root)

    def _is_shallow(self, text: str) -> bool:
        """Return whether nothing is nested deeper than YAML_DEPTH; libyaml composes by recursion, and would crash."""
        depth = 0
        for event in yaml.parse(text, Loader=LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > YAML_DEPTH:
                mark = event.start_mark
                what = f"not YAML: more than {YAML_DEPTH} values within each other"
                self._note(mark.line + 1 if mark else 1, what, "see the starter's file of this name")
                return False
        return True

    def _read(self, root: yaml.Node | None) -> None:
        try:
            self.values = self._value(root, (), ()) if root else None
        except _TooLargeError:
            self.values, self._lines = None, {}
            self._note(1, f"not YAML: more than {YAML_NODES:,} values, its aliases written out", "write fewer aliases")

    def at(self, path: Sequence[str | int]) -> str:
        """Return file:line of the value at `path`, or else of the nearest value around it; line 1 if there is none."""
        whole = tuple(path)
        line = next((self._lines[p] for n in range(len(whole), 0, -1) if (p := whole[:n]) in self._lines), 1)
        return f"{self.name}:{line}"

    def fault(self, path: Sequence[str | int], what: str, hint: str = "") -> None:
        """Note a fault at `path`."""
        self.faults.append(Fault(where=self.at(path), what=what, hint=hint))

    def _note(self, line: int, what: str, hint: str) -> None:
        self.faults.append(Fault(where=f"{self.name}:{line}", what=what, hint=hint))

    def _value(self, node: yaml.Node, path: Spot, around: tuple[yaml.Node, ...]) -> Any:
        self._nodes += 1
        if self._nodes > YAML_NODES:
            raise _TooLargeError
        if isinstance(node, yaml.ScalarNode):
            return None if node.style is None and node.value in NOTHING else node.value
        if node in around:
            self._note(node.start_mark.line + 1, "not YAML: an alias that contains itself", "write it out")
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self._step(one, one, (*path, n), (*around, node)) for n, one in enumerate(node.value)]
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in found:
                what = f"duplicate key {key.value}" if isinstance(key, yaml.ScalarNode) else "a key that is no text"
                self._note(key.start_mark.line + 1, f"not YAML: {what}", "keep one, or correct it")
                continue
            found[key.value] = self._step(key, value, (*path, key.value), (*around, node))
        return found

    def _step(self, at: yaml.Node, node: yaml.Node, path: Spot, around: tuple[yaml.Node, ...]) -> Any:
        self._lines[path] = at.start_mark.line + 1
        return self._value(node, path, around)
