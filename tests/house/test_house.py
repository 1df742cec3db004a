"""The house holds its own shape: sizes, layers, no paths of one machine, locks without an address."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "provision").rglob("*.py"))
CAP, DRIVER_CAP, FUNCTION_CAP, MEDIAN = 300, 100, 50, 100


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_modules_are_small() -> None:
    assert {str(p): n for p in MODULES if (n := lines(p)) > CAP} == {}
    assert statistics.median(lines(p) for p in MODULES) <= MEDIAN


def test_a_driver_is_one_small_file() -> None:
    for path in (ROOT / "provision/families").glob("[a-z]*.py"):
        assert lines(path) <= DRIVER_CAP, path


def test_the_readmes_example_of_a_family_is_known_to_its_own_files_only() -> None:
    """One driver file of at most 80 lines, a reading table, templates, a recording: and no registry."""
    assert lines(ROOT / "provision/families/epmp.py") <= 80
    knowing = [p for p in MODULES if re.search(r"epmp", p.read_text(), re.IGNORECASE)]
    assert [str(p.relative_to(ROOT)) for p in knowing] == [
        "provision/families/epmp.py",
        "provision/families/readings/epmp.py",
    ]
    readme = (ROOT / "README.md").read_text()
    for path in ("provision/families/epmp.py", "templates/epmp/radio.j2", "tests/recordings/epmp-force300/"):
        assert f"`{path}`" in readme
        assert (ROOT / path).exists()


def test_functions_are_short() -> None:
    long = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > FUNCTION_CAP and "lab" not in path.parts:
                    long.append((path.name, node.name, length))
    assert long == []


def test_every_module_says_what_it_is() -> None:
    assert [p for p in MODULES if not ast.get_docstring(ast.parse(p.read_text()))] == []


def test_the_locks_hold_hashes_and_no_index_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index-url" not in text
        pins = re.findall(r"^[a-z0-9-]+(?:\[[a-z]+\])?==", text, re.MULTILINE)
        assert len(pins) > 20
        assert text.count("--hash=sha256:") >= len(pins)


def test_the_tree_names_no_path_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    word = "/" + "work/"
    assert [f for f in listed if f and (ROOT / f).is_file() and word in (ROOT / f).read_text(errors="replace")] == []


def test_the_shell_scripts_are_posix_and_parse() -> None:
    for path in [ROOT / "run", *(ROOT / "templates").rglob("*.sh")]:
        done = subprocess.run(["sh", "-n", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
