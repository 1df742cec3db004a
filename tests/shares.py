"""The shares of the gate: how many seconds the tests of one sort may take together, and how many they took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase

SHARES = {  # name: (seconds, files); the first one that a file belongs to counts
    "namespaces": (
        90,
        (
            "*/lab/test_old_home.py",
            "*/lab/test_upgrade.py",
            "*/lab/test_radio_link.py",
            "*/lab/test_identify.py",
            "*/house/test_bench.py",
        ),
    ),
    "chaos": (45, ("*/lab/test_killed.py", "*/lab/test_power_cut.py", "*/lab/test_faults.py")),
    "PostgreSQL": (40, ("*postgresql*",)),
    "papers and pages": (40, ("*/lab/test_lending.py", "*/house/test_docs.py", "*/house/test_product.py")),
    "engines": (60, ("*/engines/*", "*/lab/test_hearing.py", "*/house/test_programs.py", "*/house/test_powershell.py")),
    "demo": (80, ("*/lab/test_demo.py",)),
    "lab": (150, ("*/lab/*",)),
    "lint and contracts": (45, ("*/house/*", "*/contract/*")),
    "unit": (10, ("*",)),
}


def share_of(test: str) -> str:
    """Return the share that a test (its node id) belongs to."""
    path = test if "postgresql" in test else test.partition("::")[0]
    return next(name for name, (_, files) in SHARES.items() if any(fnmatchcase(f"/{path}", glob) for glob in files))


def lines(took: Iterable[tuple[str, float]], lint_s: float) -> list[str]:
    """Return one line for each share: what its tests (node id, seconds) took together, and what they may take."""
    sums = Counter({"lint and contracts": lint_s})
    for test, seconds in took:
        sums[share_of(test)] += seconds
    return [
        f"{name:<20} {sums[name]:6.0f} s of {most:4d} s{'  over' if sums[name] > most else ''}"
        for name, (most, _) in SHARES.items()
    ]
