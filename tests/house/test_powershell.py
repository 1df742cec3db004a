"""The programs for Windows parse, and hold only what Windows PowerShell 5.1 knows; nobody runs them here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

from provision import families
from provision.core.model import Secret
from provision.devices.pc import look
from provision.families import windows
from provision.families.languages import pc_task
from provision.local import share

FILES = sorted(share.PROGRAMS.rglob("*.ps1"))
PARSER = Parser(Language(tree_sitter_pwsh.language()))
NEWER = {"ternary_expression", "null_coalesce_expression", "pipeline_chain_tail"}  # PowerShell 7
LIMIT = 60_000


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def faults(text: str) -> list[str]:
    tree = PARSER.parse(text.encode())
    found = []
    for node in nodes(tree.root_node):
        line = node.start_point[0] + 1
        if node.is_missing or node.type == "ERROR":
            found.append(f"{line}: does not parse")
        elif node.type in NEWER or (node.type == "assignment_operator" and node.text == b"??="):
            found.append(f"{line}: {node.type} is not of 5.1")
        elif node.type == "try_statement" and not {"catch_clauses", "finally_clause"} & {c.type for c in node.children}:
            found.append(f"{line}: a try without catch or finally")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.parent.name + "-" + p.name)
def test_a_program_for_windows_is_windows_powershell_5_1(path: Path) -> None:
    text = path.read_text()
    assert faults(text) == []
    assert text.isascii(), "5.1 reads a file without a byte order mark in the PC's own code page"
    assert "Win32_Product" not in text, "it would start repairs of what is installed"


@pytest.mark.parametrize(
    "bad",
    [
        "if ($a) { 1", "$a = @{ b = 1", "try { 1 }", "$a ?? 1", "$a ??= 1", "$a ? 1 : 2", "ls && dir", '"text',
    ],
)  # fmt: skip
def test_the_check_finds_what_5_1_does_not_know(bad: str) -> None:
    assert faults(bad) != []


def test_the_whole_program_parses_and_is_small_enough_for_the_link() -> None:
    task = pc_task.Task(
        verb="apply", settings={"system.hostname": "O'Brien \u00e9 $(rm) `n"}, key="ssh-ed25519 AAAA x", nonce="n", serial="s'",
        collect=True, report=Secret('{"tag": "T"}'), report_program=look.report_program("windows"),
    )  # fmt: skip
    kind = families.pc("windows")
    text = pc_task.packed(pc_task.write(look.sources(families.pc("windows")), task, kind.language), kind.language)
    head, _, script = text.decode().partition("\n")
    assert faults(script) == []
    assert text.isascii()
    assert json.loads(head)["settings"]["system.hostname"] == "O'Brien \u00e9 $(rm) `n", "data, never code"
    assert "report_program" not in script.replace("$TASK.report_program", ""), "no key stands in what may be logged"
    assert 30_000 < len(text) < LIMIT, len(text)
    assert faults(windows.BOOTSTRAP) == []
    assert faults(windows.OUTBOX) == []
    assert len(windows.FAMILY.outbox) < 8000, "cmd takes no longer line"


def test_a_linux_look_is_small_enough_for_the_link() -> None:
    for live in (False, True):
        task = pc_task.Task(
            verb="apply", settings={}, key="ssh-ed25519 AAAA x", nonce="n", serial="s", collect=True, live=live,
            report=Secret("{}"), report_program=look.report_program("linux"),
        )  # fmt: skip
        assert len(pc_task.packed(pc_task.write(look.sources(families.pc("linux"), live=live), task))) < 16_000
