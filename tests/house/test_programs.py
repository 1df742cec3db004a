"""Programs that run on devices are checked as code: as they are sent, against the oldest thing that runs them.

A PC's Python is 3.8 or later; mypy knows 3.10 and later only, so what a program may use is held by vermin and ruff. A
modem's shell is busybox ash. Windows programs are parsed by a real PowerShell where there is one: PROVISION_PWSH, `pwsh`
on PATH, or the archive of PROVISION_SHARED; elsewhere tests/house/test_powershell.py parses them by a grammar alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from provision import families
from provision.devices.pc import look
from provision.families.languages import pc_task
from provision.local import share

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("PROVISION_SHARED") or ROOT.parent / "shared")
OLDEST_PYTHON = "3.8"
RULES = "E4,E7,E9,F,B,PLE,W605"
JOINED = "E402,F811"  # each text imports what it needs at its head, so that it stands alone, too
# A pattern that is an argument is meant as a pattern; a text in single quotes is for another shell; `IFS== read` parts at
# the equals sign. None is written otherwise for the checker's sake: a guard with another text is a change on each device.
SHELL_EXCLUDED = ("SC2254", "SC2016", "SC1097")
BEHIND_THE_GUARD = ("SC1091", "SC2154")  # these two read the guard's functions from the device
PWSH_ARCHIVE_SHA256 = "ebc4feff371af6114b8a79f01fa8253a41e5881c53944c90c373c8fa453b8634"
PARSE = """
$ErrorActionPreference = 'Stop'
foreach ($path in $args) {
    $tokens = $null; $faults = $null
    $null = [System.Management.Automation.Language.Parser]::ParseFile($path, [ref]$tokens, [ref]$faults)
    foreach ($fault in $faults) { '{0}:{1}: {2}' -f $path, $fault.Extent.StartLineNumber, $fault.Message }
}
'parsed'
"""


def joined() -> dict[str, str]:
    """Return each Linux program as it is sent or laid down, by name."""
    kind = families.pc("linux")
    task = pc_task.Task(verb="look", settings={}, key="k", nonce="n", serial="s", collect=True)
    texts = {"look": pc_task.write(look.sources(kind), task).decode()}
    texts["live"] = pc_task.write(look.sources(kind, live=True), task).decode()
    texts["report"] = look.report_program("linux")
    return texts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("programs")
    for name, text in joined().items():
        (path / f"{name}.py").write_text(text + "\n")
    return path


def tool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    scripts = Path(sys.executable).parent
    return subprocess.run([scripts / words[0], *words[1:]], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["look", "live", "report"])
def test_a_joined_linux_program_is_one_sound_module(folder: Path, name: str) -> None:
    path = folder / f"{name}.py"
    options = (
        "--python-version",
        "3.10",
        "--config-file=",
        "--check-untyped-defs",
        "--strict-equality",
        "--no-incremental",
    )
    done = tool("mypy", *options, path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = tool("ruff", "check", "--isolated", "--target-version", "py38", "--select", RULES, "--ignore", JOINED, path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["look", "live", "report"])
def test_a_linux_program_runs_on_the_oldest_python(folder: Path, name: str) -> None:
    done = tool("vermin", f"-t={OLDEST_PYTHON}-", "--no-tips", "--violations", folder / f"{name}.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("bad", "how"),
    [
        ("def f():\n    return g()\n", "ruff"),
        ("def f():\n    return len(3)\n", "mypy"),
        ("from zoneinfo import ZoneInfo\n\nZoneInfo('x')\n", "vermin"),
        ("def f(a):\n    match a:\n        case 1:\n            return 2\n", "vermin"),
    ],
    ids=["a name that is not there", "a wrong argument", "a module of 3.9", "a word of 3.10"],
)
def test_each_check_of_the_programs_can_fail(tmp_path: Path, bad: str, how: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(bad)
    words = {
        "ruff": ("ruff", "check", "--isolated", "--target-version", "py38", "--select", RULES, path),
        "mypy": (
            "mypy",
            "--python-version",
            "3.10",
            "--config-file=",
            "--check-untyped-defs",
            "--no-incremental",
            path,
        ),
        "vermin": ("vermin", f"-t={OLDEST_PYTHON}-", "--no-tips", path),
    }
    assert tool(*words[how]).returncode == 1


def shell_texts() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return each shell program as it lies on a device, and what is not looked for in it."""
    texts: dict[str, tuple[str, tuple[str, ...]]] = {}
    for family in ("openwrt", "rutos"):
        own = share.templates(family)
        texts[f"{family}-guard"] = own["files/guard.sh"], SHELL_EXCLUDED
        for name in ("sample", "status"):
            if f"files/{name}.sh" in own:
                texts[f"{family}-{name}"] = own[f"files/{name}.sh"], (*SHELL_EXCLUDED, *BEHIND_THE_GUARD)
    return texts


@pytest.mark.parametrize("name", sorted(shell_texts()))
def test_a_shell_program_is_sound_for_busybox_ash(tmp_path: Path, name: str) -> None:
    text, excluded = shell_texts()[name]
    path = tmp_path / f"{name}.sh"
    path.write_text(text)
    done = tool("shellcheck", "--norc", "-s", "busybox", "-S", "warning", "-e", ",".join(excluded), path)
    assert done.returncode == 0, done.stdout + done.stderr
    busybox = shutil.which("busybox")
    assert busybox, "./run test installs it"
    done = subprocess.run([busybox, "ash", "-n", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_scripts_of_the_checkout_are_sound() -> None:
    paths = [ROOT / "run", *sorted((ROOT / ".ci").iterdir())]
    done = tool("shellcheck", "--norc", "-S", "warning", *paths)
    assert done.returncode == 0, done.stdout + done.stderr


# -- Windows -------------------------------------------------------------------------------------------
def pwsh() -> str:
    """Return the real PowerShell of this machine, or an empty text; the shared archive is unpacked once."""
    if own := os.environ.get("PROVISION_PWSH") or shutil.which("pwsh"):
        return own
    archive = SHARED / "tools/pwsh.tar.xz"
    if not archive.is_file():
        return ""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "provision"
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / f"pwsh-{PWSH_ARCHIVE_SHA256[:12]}"
    with (cache / "pwsh.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            assert hashlib.sha256(archive.read_bytes()).hexdigest() == PWSH_ARCHIVE_SHA256, f"{archive} is another one"
            fresh = place.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            with tarfile.open(archive) as tar:
                tar.extractall(fresh, filter="data")
            fresh.rename(place)
    return str(place / "pwsh/pwsh")


@pytest.fixture(scope="module")
def engine() -> str:
    found = pwsh()
    if not found:
        pytest.skip("no PowerShell: set PROVISION_PWSH, or PROVISION_SHARED")
    return found


def test_a_real_powershell_parses_each_windows_program_and_finds_what_is_wrong(engine: str, tmp_path: Path) -> None:
    kind = families.pc("windows")
    task = pc_task.Task(verb="look", settings={}, key="k", nonce="n", serial="s", collect=True)
    visit = pc_task.write(look.sources(kind), task, kind.language).decode().partition("\n")[2]
    texts = {"visit": visit, "report": look.report_program("windows"), "bad": "if ($a) { 1\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.ps1").write_text(text)
    (tmp_path / "parse.ps1").write_text(PARSE)
    paths = [tmp_path / f"{name}.ps1" for name in ("visit", "report")]
    environment = os.environ | {"POWERSHELL_TELEMETRY_OPTOUT": "1", "HOME": str(tmp_path)}

    def parse(*files: Path) -> list[str]:
        argv = [engine, "-NoProfile", "-NonInteractive", "-File", tmp_path / "parse.ps1", *files]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment, timeout=120)
        return done.stdout.splitlines()

    assert parse(*paths) == ["parsed"]
    assert any(line.startswith(f"{tmp_path / 'bad.ps1'}:1:") for line in parse(tmp_path / "bad.ps1"))
    assert (
        json.loads(pc_task.write(look.sources(kind), task, kind.language).decode().partition("\n")[0])["verb"] == "look"
    )
