"""The program speaks plain engineer's English: what a reader meets first, names and docstrings, is held here.

The lists are short on purpose: each word was once a habit, and said nothing that the field's own word does not say better.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [p for folder in ("provision", "playbooks") for p in sorted((ROOT / folder).rglob("*.py"))]
BEGINNINGS = {  # how a docstring does not begin: it says what comes back, or what is done
    "Give": "Return, or the act itself",
    "Tell": "Print, Send, Record",
    "Hear": "Collect, Read",
    "Insist": "Validate, Raise, Return why",
}
NAMES = {  # of functions and parameters
    "told": "on_step", "tell": "on_step", "hear": "collect", "heard": "collected", "shown": "approve_host_key",
    "said": "reported, output, because", "found": "what it is", "one": "what it is", "single": "what it is",
    "way": "old_values, carrier", "insist": "validate",
}  # fmt: skip
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def test_a_docstring_says_what_comes_back_or_what_is_done() -> None:
    found = []
    for path in FILES:
        for node in functions(path):
            first = (ast.get_docstring(node) or "").partition(" ")[0]
            if first in BEGINNINGS:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {first}; rather {BEGINNINGS[first]}")
    assert found == []


def test_functions_and_parameters_are_named_by_what_they_are() -> None:
    found = []
    for path in FILES:
        if "lab" in path.parts:  # the words of emulated devices are those of their makers
            continue
        for node in functions(path):
            own = node.args
            names = [node.name.strip("_"), *(a.arg for a in (*own.posonlyargs, *own.args, *own.kwonlyargs))]
            found += [f"{path.relative_to(ROOT)}:{node.lineno}: {n}; rather {NAMES[n]}" for n in names if n in NAMES]
    assert found == []
