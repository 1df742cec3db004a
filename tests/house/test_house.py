"""The house holds its own shape: sizes, layers, no paths of one machine, locks without an address."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "provision").rglob("*.py"))
CAP, FAMILY_CAP, FUNCTION_CAP, MEDIAN = 300, 80, 50, 100
# What is asked of boxes alone: their kind of configuration is the point (adopt, rollback, rotate), or the box itself.
OF_ONE_KIND = {"identify.py", "lab.py", "attest.py"}
sys.path.insert(0, str(ROOT / "bench"))
import house  # noqa: E402 (bench/ is no package)


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_modules_are_small() -> None:
    assert {str(p): n for p in MODULES if (n := lines(p)) > CAP} == {}
    assert statistics.median(lines(p) for p in MODULES) <= MEDIAN


def test_a_family_is_one_small_file() -> None:
    for path in (ROOT / "provision/families").glob("[a-z]*.py"):
        assert lines(path) <= FAMILY_CAP, path


def test_the_documented_example_of_a_family_is_known_to_its_own_files_only() -> None:
    """One driver file of at most 80 lines, a reading table, templates, a recording: and no registry."""
    assert lines(ROOT / "provision/families/epmp.py") <= 80
    knowing = [p for p in MODULES if re.search(r"epmp", p.read_text(), re.IGNORECASE)]
    assert [str(p.relative_to(ROOT)) for p in knowing] == [
        "provision/families/epmp.py",
        "provision/families/readings/epmp.py",
    ]
    page = (ROOT / "docs/families.md").read_text()
    for path in ("provision/families/epmp.py", "templates/epmp/radio.j2", "tests/recordings/epmp-force300/"):
        assert f"`{path}`" in page
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


def test_no_two_files_of_tests_have_one_name() -> None:
    """pytest imports them by their bare names: the second one of two would not run when both are asked for."""
    names = [p.name for p in (ROOT / "tests").rglob("*.py") if p.name != "conftest.py"]
    assert sorted(n for n in set(names) if names.count(n) > 1) == []


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
    for path in [ROOT / "run", *(ROOT / "templates").rglob("*.sh"), *(ROOT / "provision/programs").rglob("*.sh")]:
        done = subprocess.run(["sh", "-n", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_shape_of_the_house_keeps_its_ceilings() -> None:
    """Counted by bench/house.py from git, as the figures of every release are."""
    now = house.measure(house.texts_here())
    ceilings = {
        "entries": 16, "layers": 8, "cycles": 0, "median_lines": 100, "largest_lines": 300, "long_functions": 0,
        "wide_functions": 0, "any_dicts_inside": 30, "noqa": 12, "formatter_off": 0, "wide_lines": 0,
    }  # fmt: skip
    assert {n: getattr(now, n) for n, most in ceilings.items() if getattr(now, n) > most} == {}
    assert now.layers == 8, "and every layer is there"
    assert now.entries >= 13


def test_no_operation_knows_a_kind_of_device() -> None:
    """A verb asks the kind; it holds no name of one, and does not look which one it met."""
    kinds = re.compile(
        r"\bisinstance\([^)]*(?:Intent|Computer)\)|(?<!Item)Kind\.(?:MODEM|RADIO|PC)|devices\.(?:modem|radio|pc)\b"
    )
    verbs = [p for p in MODULES if p.parent.name == "operations" and p.name not in OF_ONE_KIND]
    assert len(verbs) >= 8
    assert {p.name: m for p in verbs if (m := kinds.findall(p.read_text()))} == {}


def test_payloads_are_built_and_read_in_the_ledger_only() -> None:
    """Elsewhere an event is a class: see ledger/events.py."""
    by_hand = re.compile(r"\.payload\[|\.payload\.get|ledger\.(?:append|extend)\(")
    own = [p for p in MODULES if not {"ledger", "lab"} & set(p.parts)]
    assert {str(p): m for p in own if (m := by_hand.findall(p.read_text()))} == {}


def test_only_the_journal_writes_what_runs_and_what_was_accepted() -> None:
    """A configuration stands in one transaction with its acceptance because one function writes both."""
    writes = re.compile(r"\b(?:Accepted|Configured|Enrolled|Begun|Ended|PcBegun|PcEnded|Undone)\((?!\))")
    own = [p for p in MODULES if p.parent.name != "ledger" and p.name != "journal.py"]
    found = {(p.parent.name, p.name): set(m) for p in own if (m := writes.findall(p.read_text()))}
    made = {
        k: v - {"Begun(", "PcBegun("} for k, v in found.items()
    }  # a kind says what it begins; the journal writes it
    assert {k: v for k, v in made.items() if v} == {("operations", "enrol.py"): {"Enrolled("}}, (
        "its result has that name"
    )


def written(path: Path) -> set[str]:
    """What a module writes of devices by itself: calls of the ledger's and the vault's writing methods."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, of = node.func.attr, ast.unparse(node.func.value)
        given = {keyword.arg for keyword in node.keywords}
        if name in {"record", "extend", "append"} and (of.endswith("ledger") or "at" in given):
            found.add("ledger")
        elif (of.endswith("vault") and name in {"pending", "promote", "discard", "keep", "drop"}) or "anew" in given:
            found.add("vault")
        elif name in {"arm", "reverted", "clear"} and of.endswith(("way", "old_values")):
            found.add("old values")
    return found


def test_only_whoever_holds_a_device_writes_its_state_and_its_secrets() -> None:
    """`Workspace.hold` takes the lease and reads anew; elsewhere the rule could be forgotten."""
    assert {"/".join(p.parts[-2:]): w for p in MODULES if "ledger" not in p.parts and (w := written(p))} == {
        "home/held.py": {"ledger", "vault"},
        "home/workspace.py": {"ledger"},  # what was only observed
        "home/restore.py": {"ledger"},  # a home that was just made
        "operations/register.py": {"ledger"},  # items, before they are devices
        "lending/loans.py": {"ledger"},  # of a kecamatan; the devices that are revoked with it are held
        "connectors/setter.py": {"old values"},  # a program that a run starts for a device that it holds
    }
    takes = {"/".join(p.parts[-2:]) for p in MODULES if re.search(r"\bLease\(", p.read_text())}
    assert takes == {"home/workspace.py"}


def test_unit_tests_start_no_program(root: Path) -> None:
    """What is started is slow, and proves something else: it stands in tests/engines or tests/lab."""
    starts = re.compile(r"\bsubprocess\b|\bPopen\(|os\.(?:system|fork|exec\w*)\(")
    paths = sorted((root / "tests/unit").glob("*.py"))
    assert paths
    assert {p.name: m for p in paths if (m := starts.findall(p.read_text()))} == {}


def test_what_is_started_gets_an_environment_of_our_own() -> None:
    """A program is started by local/children.py; the lab, which plays devices, hands each a whole environment."""
    starts = re.compile(
        r"(?:subprocess\.(?:run|Popen|call|check_\w+)|create_subprocess_(?:exec|shell)|os\.(?:system|popen|exec\w+|spawn\w+))$"
    )
    found = set()
    for path in MODULES:
        if path.name == "children.py" or "programs" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and starts.search(ast.unparse(node.func)):
                given = {keyword.arg for keyword in node.keywords}  # None: what is given as a whole
                if "lab" not in path.parts or not given & {"env", None}:
                    found.add(f"{path.name}:{node.lineno}")
    assert found == set()


def test_what_a_person_reads_goes_out_through_the_console() -> None:
    """Its functions make every text harmless; whoever writes by himself can forget that."""
    writes = re.compile(r"sys\.std(?:out|err)\.write|\bprint\(|typer\.(?:echo|secho|prompt|confirm)|\bConsole\(")
    own = {
        "cli/console.py", "cli/tables.py",  # the console itself
        "cli/demo.py",  # its own words only
        "cli/__init__.py",  # "interrupted", before anything is imported
        "cli/commands.py",  # version and help
        "cli/secret.py",  # a secret in a pipe is what it is, byte for byte
        "cli/door.py", "cli/intake.py",  # a question, and the entry of a kit's file: made visible in the same line
        "connectors/setter.py",  # a program of its own: JSON to the program that started it
    }  # fmt: skip
    found = {p.as_posix().partition("provision/")[2] for p in MODULES if writes.search(p.read_text())}
    assert {n for n in found if not n.startswith(("lab/", "programs/"))} <= own
    for name in ("cli/door.py", "cli/intake.py"):
        (path,) = [p for p in MODULES if p.as_posix().endswith(name)]
        lines = [line for line in path.read_text().splitlines() if writes.search(line)]
        assert all("visible_lines(" in line for line in lines), lines
