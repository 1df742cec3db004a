"""The table that a bench ends with: a row for each figure, printed, and kept as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import size

ROOT = Path(__file__).parent.parent
ROWS: list[dict[str, object]] = []


def show(name: str, value: str, goal: str, *, held: bool) -> None:
    """Keep one figure as a row of the table, and print it as it comes."""
    verdict = "measured" if size.SMALL else "held" if held else "NOT HELD"
    ROWS.append({"figure": name, "goal": goal, "seen": value, "verdict": verdict})
    print(f"  {name}: {value}", flush=True)


def table() -> str:
    """Return the rows as one text with a line of column names, each column padded to its widest cell."""
    columns = ("figure", "goal", "seen", "verdict")
    cells = [columns, *(tuple(str(row[name]) for name in columns) for row in ROWS)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def keep(machine: str) -> Path:
    """Write rows, commit, `machine` and whether it was `--small` to a new JSON file; return its path.

    Time and commit are its name; its folder is PROVISION_BENCH_RESULTS or bench/results/.
    """
    asked = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    path = Path(os.environ.get("PROVISION_BENCH_RESULTS") or ROOT / "bench/results")
    path.mkdir(parents=True, exist_ok=True)
    path /= f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{commit}.json"
    body = {"commit": commit, "machine": machine, "small": size.SMALL, "rows": ROWS}
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")
    return path
