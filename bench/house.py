"""Count size and structure of the code at a commit and in the working tree: `python bench/house.py [COMMIT]`.

The default is release 0.1.0. The commit is read from git, so it need not be checked out; `measure` takes the texts
of any tree, and the house test holds its ceilings with it.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from graphlib import CycleError, TopologicalSorter
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[1]
RELEASE = "56642da"  # 0.1.0
LONGEST, MOST_PARAMETERS, WIDEST = 40, 5, 120
ANY = re.compile(r"\bdict\[str, Any\]")
# Where JSON, YAML or Ansible's variables come in or go out: there a dict is what it is.
EDGES = (
    "core/shapes.py", "connectors/ansible.py", "connectors/phase.py", "connectors/setter.py", "connectors/old_values.py",
    "connectors/prompt.py", "home/ansible_inventory.py", "ledger/", "families/languages/pc_", "families/readings/",
    "devices/carrier.py", "cli/",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class House:
    """Size and structure figures of one source tree.

    They count `provision/` without the lab, but `entries` and `cycles` count the lab, too, and `layers` is of
    pyproject.toml. `wide_functions` leaves out the command line, `formatter_off` the families, and `any_dicts_inside`
    the EDGES.
    """

    entries: int
    layers: int
    cycles: int
    modules: int
    median_lines: float
    largest_lines: int
    long_functions: int
    wide_functions: int
    any_dicts: int
    any_dicts_inside: int
    noqa: int
    formatter_off: int
    wide_lines: int


def texts_at(commit: str) -> dict[str, str]:
    """Return the texts of a commit's .py, .toml and .typed files by path, from git."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        files = [m for m in tar.getmembers() if m.isfile() and m.name.endswith((".py", ".toml", ".typed"))]
        return {m.name: f.read().decode() for m in files if (f := tar.extractfile(m))}


def texts_here() -> dict[str, str]:
    """Return the texts of the working tree's .py, .toml and .typed files that git tracks, by path."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return {
        n: (ROOT / n).read_text() for n in listed if n.endswith((".py", ".toml", ".typed")) and (ROOT / n).is_file()
    }


def measure(texts: Mapping[str, str]) -> House:
    """Return the figures of a tree, given its files by path."""
    every = {n: t for n, t in texts.items() if n.startswith("provision/") and n.endswith(".py")}
    own = {n: t for n, t in every.items() if not n.startswith("provision/lab/")}
    lines = [len(t.splitlines()) for t in own.values()]
    functions = [(n, f) for n, t in own.items() for f in _functions(t)]
    plain = {n: t for n, t in own.items() if not n.startswith(("provision/families/", "provision/drivers/"))}
    return House(
        entries=len({n.split("/")[1] for n in texts if n.startswith("provision/")}),
        layers=_layers(texts["pyproject.toml"]),
        cycles=len(cycles(every)),
        modules=len(own),
        median_lines=statistics.median(lines),
        largest_lines=max(lines),
        long_functions=sum(f.end_lineno - f.lineno >= LONGEST for _, f in functions if f.end_lineno),
        wide_functions=sum(_width(f) > MOST_PARAMETERS for n, f in functions if "/cli/" not in n),
        any_dicts=_count(ANY, own.values()),
        any_dicts_inside=_count(ANY, (t for n, t in own.items() if not n[10:].startswith(EDGES))),
        noqa=_count(re.compile(r"# noqa"), own.values()),
        formatter_off=_count(re.compile(r"^\s.*# fmt: skip|^\s*# fmt: off", re.MULTILINE), plain.values()),
        wide_lines=_count(re.compile(rf"^.{{{WIDEST + 1},}}$", re.MULTILINE), map(_without_tables, own.values())),
    )


def _count(pattern: re.Pattern[str], texts: Iterable[str]) -> int:
    return sum(len(pattern.findall(text)) for text in texts)


def _without_tables(text: str) -> str:
    """Return a module's text without tables of data.

    What stands between `fmt: off` and `fmt: on` is removed; a module's assignments of a dict, tuple or call become
    blank lines.
    """
    text = re.sub(r"(?ms)^# fmt: off$.*?^# fmt: on$", "", text)
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict | ast.Tuple | ast.Call):
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(lines)


def _functions(text: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def _width(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    own = function.args
    return sum(a.arg not in {"self", "cls"} for a in (*own.posonlyargs, *own.args, *own.kwonlyargs))


def _layers(pyproject: str) -> int:
    listed = re.search(r"(?ms)^layers = \[\n(.*?)^\]", pyproject)
    return len(re.findall(r'^\s*"', listed[1], re.MULTILINE)) if listed else 0


def imports_of(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Return for each module the set of modules of `texts` that it imports by `from … import`, by dotted names.

    An import within a function counts; a relative one, a plain `import` and the module itself do not.
    """
    names = {n.removesuffix(".py").removesuffix("/__init__").replace("/", "."): t for n, t in texts.items()}
    found: dict[str, set[str]] = {name: set() for name in names}
    for name, text in names.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                wanted = [f"{node.module}.{a.name}" for a in node.names]
                found[name] |= {w if w in names else node.module for w in wanted}
        found[name] = {m for m in found[name] if m in names and m != name}
    return found


def cycles(texts: Mapping[str, str]) -> list[list[str]]:
    """Return import cycles as lists of module names, each with the same module first and last.

    One import of each cycle is dropped before the next cycle is searched for, so not every cycle is listed.
    """
    graph = imports_of(texts)
    rings: list[list[str]] = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            ring = list(error.args[1])
            rings.append(ring)
            graph[ring[1]].discard(ring[0])
        else:
            return rings


def main() -> None:
    """Print the figures of a commit beside those of the working tree."""
    before = measure(texts_at(sys.argv[1] if len(sys.argv) > 1 else RELEASE))
    after = measure(texts_here())
    print(f"{'figure':<20}{'before':>10}{'after':>10}")
    for field in fields(House):
        print(f"{field.name:<20}{getattr(before, field.name):>10g}{getattr(after, field.name):>10g}")


if __name__ == "__main__":
    main()
