"""`./run demo --keep` does the whole main job, and the README's lines after it work as they are printed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhome import FORKER

from provision.lab import client
from provision.local.processes import sweep

ROOT = Path(__file__).parents[2]
RED = 3
DEMO = ".venv/bin/python -m provision.cli.demo --keep >demo.log 2>&1 || { tail -30 demo.log; exit 9; }\n"
pytestmark = pytest.mark.lab


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A directory with `.venv`, as a checkout has it; the commands of this one are forked."""
    FORKER.start()
    (tmp_path / ".venv").symlink_to(FORKER.folder / "venv")
    yield tmp_path
    run = client.run_directory(tmp_path / "demo/var/lab")
    FORKER.run(["--home", str(tmp_path / "demo"), "lab", "down"], 60)
    sweep(f"KIT_LAB_DEVICE={run}")


def lines(page: str) -> list[str]:
    """Return the commands that a README prints after `./run demo --keep`."""
    after = (ROOT / page).read_text().partition("./run demo --keep")[2]
    found = re.search(r"```sh\n(.*?)```", after, re.DOTALL)
    assert found
    return found.group(1).splitlines()


def test_the_demo_ends_well_and_the_lines_of_the_readme_work_after_it(checkout: Path) -> None:
    typed = lines("README.md")
    assert typed == lines("README.id.md")
    script = DEMO + "\n".join(f"{line}\necho code: $?" for line in typed)
    done = subprocess.run(
        ["sh", "-c", script], cwd=checkout, capture_output=True, text=True, check=False, timeout=230, stdin=subprocess.DEVNULL
    )  # fmt: skip
    codes = [int(code) for code in re.findall(r"^code: (\d+)$", done.stdout, re.MULTILINE)]
    red = [typed[n - 1].endswith("speaker gone") for n in range(len(typed))]  # the verify after it
    assert codes == [RED if after else 0 for after in red], done.stdout[-4000:] + done.stderr[-2000:]
    assert red.count(True) == 1
    log = (checkout / "demo.log").read_text()
    assert "13 kits, 21 devices" in log
    assert re.search(r"^whole: \d+ events$", log, re.MULTILINE)
