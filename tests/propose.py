"""Propose rows for tests/mutants.yml: mutations of one module by cosmic-ray, drawn by the hash of the commit.

    python tests/propose.py provision/operations/apply.py tests/unit/test_apply.py [--kills 5] [--draws 12]

Prints a row for each mutation that an assertion of the tests sees, and a comment for each that survives. cosmic-ray is
no part of the gate: `pip install cosmic-ray` first.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import re
import subprocess
import tempfile
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from proves import ROOT, copy_of_the_tree, failures, is_proof

OPERATORS = (
    "AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "NumberReplacer",
    "ZeroIterationForLoop", "ReplaceContinueWithBreak", "ReplaceBreakWithContinue", "ReplaceUnaryOperator_Delete_Not",
    "ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq", "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is", "ReplaceComparisonOperator_Lt_GtE", "ReplaceComparisonOperator_GtE_Lt",
    "ReplaceComparisonOperator_Gt_LtE", "ReplaceComparisonOperator_LtE_Gt", "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add", "ReplaceBinaryOperator_BitOr_BitAnd",
)  # fmt: skip


def mutations(source: str) -> list[tuple[str, str]]:
    """Return every mutation of a text: its operator, and the whole text with it."""
    from cosmic_ray.mutating import MutationVisitor
    from cosmic_ray.plugins import get_operator
    from parso import parse

    found = []
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        for occurrence in range(200):
            visitor = MutationVisitor(occurrence, operator)
            mutated = visitor.walk(parse(source))
            if not visitor.mutation_applied:
                break
            with contextlib.suppress(SyntaxError):  # it may write what is no Python
                ast.parse(code := mutated.get_code())
                found.append((name, code))
    return found


def change(old: str, new: str) -> tuple[str, str]:
    """Return the lines that differ, with as many before them as make them stand once."""
    one, two = old.splitlines(keepends=True), new.splitlines(keepends=True)
    blocks = [b for b in SequenceMatcher(None, one, two, autojunk=False).get_opcodes() if b[0] != "equal"]
    start, end, first, last = blocks[0][1], blocks[-1][2], blocks[0][3], blocks[-1][4]
    while old.count("".join(one[start:end])) != 1:
        start, first = start - 1, first - 1
    return "".join(one[start:end]), "".join(two[first:last])


def main() -> None:
    """Print rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module")
    parser.add_argument("tests")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--draws", type=int, default=12)
    asked = parser.parse_args()
    source = (ROOT / asked.module).read_text()
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    every = [(name, change(source, new)) for name, new in mutations(source)]
    every = [(name, pair) for name, pair in every if '"""' not in pair[0] and "@dataclass" not in pair[0]]
    every.sort(key=lambda one: sha256(f"{head}{one}".encode()).digest())
    name_of = asked.module.removeprefix("provision/").removesuffix(".py").replace("/", "-")
    kept: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="propose-") as folder:
        tree = copy_of_the_tree(Path(folder))
        for operator, (text, instead) in every[: asked.draws]:
            if len(kept) >= asked.kills:
                break
            (tree / asked.module).write_text(source.replace(text, instead))
            try:
                said = failures(tree, asked.tests)
            except subprocess.TimeoutExpired:
                said = ["error: it ran too long"]
            what = " ".join(instead.split())
            if not said:
                print(f"# survives: {asked.module}: {operator}: {what}", flush=True)
                continue
            proof = next((one for one in said if is_proof(one, asked.tests)), "")
            found = re.match(r"failure (\S+)::(.*?): ", proof)
            if not found:
                print(f"# seen by an error, by no assertion: {asked.module}: {operator}: {what}", flush=True)
                continue
            group = found[1].rpartition(".")[2]
            test = f"{asked.tests}::{group + '::' if group[0].isupper() else ''}{found[2]}"
            kept.append({
                "name": f"{name_of}-{len(kept) + 1}", "fault": f"{operator}: {what[:150]}", "test": test,
                "file": asked.module, "text": text, "instead": instead,
            })  # fmt: skip
            print(yaml.safe_dump([kept[-1]], sort_keys=False, allow_unicode=True, width=110), end="", flush=True)
    print(f"# {asked.module}: {len(every)} mutations, {len(kept)} rows", flush=True)


if __name__ == "__main__":
    main()
