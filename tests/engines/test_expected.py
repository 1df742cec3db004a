"""What fails as it may be expected to (an output nobody takes, a full disk, a damaged file) is told in a sentence.

Every command is run with its standard output shut, full, and as a pipe that ends, and with each file of a home replaced
by garbage, by a directory, by nothing, by one that may not be read, and by one of 100 MB. The gate draws some of the
commands for each damage; `./run soak matrix` takes all of them. The home is a recorded one, whose lab does not run.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from forker import prepare_provision
from matrix import SOAK

from provision.cli.commands import ENTRIES

RECORDED = Path(__file__).parents[1] / "recordings/homes/0.2.0.tar"
MODEM, PC, LENT = "BRU-MDM-04", "BRU-PC-04", "segah"
LONGEST_S = 60.0
ENDS = {0, 1, 2, 3}
GARBAGE = bytes(range(256)) * 3 + b"\n{{%\n\tx: [\n"
BIG = 100_000_000
COMMANDS = {
    "init": ["init", "{tmp}/new"], "check": ["check"], "register": ["register", "{home}/inventory/delivery.csv"],
    "identify": ["identify", "127.0.0.1:1"], "enrol": ["enrol", PC, "--yes"], "bind": ["bind", PC, "--reason", "uji"],
    "plan": ["plan", PC], "apply": ["apply", PC, "--yes"], "verify": ["verify", PC], "selftest": ["selftest", PC],
    "attest": ["attest", "BRU-PC-08", "hearing", "--by", "Siti", "--note", "uji"],
    "training": ["training", LENT, "--person", "Yosep", "--topic", "rapat"],
    "waive": ["waive", LENT, "disk_has_room", "--by", "Siti", "--reason", "uji", "--until", "2030-01-31"],
    "handover": ["handover", LENT], "replace": ["replace", "kelay", "--reason", "petir", "--bench", "--yes"],
    "return": ["return", LENT, "--receiver", "Pengurus", "--bench"], "watch": ["watch", PC],
    "adopt": ["adopt", PC, "--reason", "uji"], "fetch": ["fetch", PC], "ingest": ["ingest", "{home}/ansible.cfg"],
    "inventory": ["inventory", "--list"], "inventory --write": ["inventory", "--write"], "resume": ["resume"],
    "rollback": ["rollback", PC, "--yes"], "secret show": ["secret", "show", MODEM, "--reason", "uji"],
    "secret rotate": ["secret", "rotate", PC, "--yes"], "backup": ["backup", "{tmp}/b.tar.gz"],
    "restore": ["--home", "{tmp}/restored", "restore", "{home}/ansible.cfg"], "custody": ["custody"],
    "history": ["history", MODEM], "ledger verify": ["ledger", "verify"],
    "ledger trust-head": ["ledger", "trust-head", "--reason", "uji"], "lab status": ["lab", "status"],
    "lab break": ["lab", "break", MODEM, "power", "3"], "demo": ["demo", "--help"],
}  # fmt: skip


@dataclass(frozen=True)
class Ended:
    code: int
    err: str


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    prepare_provision({})


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    with tarfile.open(RECORDED) as tar:
        tar.extractall(folder, filter="tar")
    return folder / "home"


@pytest.fixture
def home(original: Path, tmp_path: Path) -> Iterator[Path]:
    copy = tmp_path / "home"
    shutil.copytree(original, copy, symlinks=True)
    yield copy
    shutil.rmtree(copy, ignore_errors=True)


def run(
    home: Path, words: list[str], out: int | None = None, *, err: int | None = None, as_owner: bool = False
) -> Ended:
    """Run a command in a fork with its standard output as given (None: shut), as a user to whom modes apply."""
    tmp = home.parent
    filled = [word.format(home=home, tmp=tmp) for word in words]
    argv = ["provision", *([] if filled[0] == "--home" else ["--home", str(home)]), *filled]
    said = tmp / "err"
    messages = os.open(said, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    if (process := os.fork()) == 0:
        _be(argv, out, messages if err is None else err, as_owner=as_owner)
    os.close(messages)
    deadline = time.monotonic() + LONGEST_S
    while (status := os.waitpid(process, os.WNOHANG))[0] == 0:
        if time.monotonic() > deadline:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            pytest.fail(f"{words} did not end in {LONGEST_S:g} s")
        time.sleep(0.005)
    return Ended(os.waitstatus_to_exitcode(status[1]), said.read_text(errors="replace"))


def _be(argv: list[str], out: int | None, err: int, *, as_owner: bool) -> NoReturn:
    """Be the command, as an interpreter that was just started."""
    from provision.cli import main

    code = 70
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(err, 2)
        if out is None:
            os.close(1)
        else:
            os.dup2(out, 1)
        if as_owner:
            _without_capabilities()
        os.environ["HOME"] = str(Path(argv[2]).parent)
        sys.stdin, sys.stderr = open(0), open(2, "w", buffering=1)  # noqa: SIM115
        sys.stdout = None if out is None else open(1, "w", closefd=False)  # type: ignore[assignment]  # noqa: SIM115
        sys.argv = argv
        main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError:
            code = 120  # as the interpreter says it
    except BaseException:  # noqa: BLE001 (what nobody expected)
        import traceback

        traceback.print_exc()
        code = 71
    finally:
        os._exit(code)


def _without_capabilities() -> None:
    """Root is a user like others then: a file of mode 0 may not be read."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process; capset(2)
    if ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capset")


def told(ended: Ended, what: object) -> None:
    """An end that somebody expected: a code of ours, no traceback, and a sentence where something failed."""
    assert "Traceback" not in ended.err, (what, ended)
    assert ended.code in ENDS, (what, ended)


def test_every_command_is_tried_here() -> None:
    assert {name.partition(" ")[0] for name in COMMANDS} == set(ENTRIES)


def test_the_home_is_one_on_which_the_commands_work(home: Path) -> None:
    with (home.parent / "out").open("w") as out:
        for name in ("check", "inventory", "custody", "history", "ledger verify"):
            assert run(home, COMMANDS[name], out.fileno()).code == 0, name


def ended_pipe() -> int:
    ours, its = os.pipe()
    os.close(ours)
    return its


ON_THE_NET = {"identify", "bind", "plan", "apply", "verify", "selftest", "watch", "fetch", "demo", "enrol"}
HERE = [name for name in COMMANDS if name not in ON_THE_NET]
OUTPUTS: dict[str, Callable[[], int | None]] = {
    "shut": lambda: None, "full": lambda: os.open("/dev/full", os.O_WRONLY), "a pipe that has ended": ended_pipe,
}  # fmt: skip
TELLS = {"inventory", "custody", "history"}  # they print at least a line of data, whatever the home


@pytest.mark.parametrize("how", OUTPUTS)
def test_an_output_that_nobody_takes_is_told_and_nothing_is_lost(home: Path, how: str) -> None:
    for name in COMMANDS if SOAK else sorted(TELLS | set(random.Random(how).sample(HERE, 8))):
        out = OUTPUTS[how]()
        try:
            ended = run(home, COMMANDS[name], out)
        finally:
            if out is not None:
                os.close(out)
        told(ended, (how, name))
        if name in TELLS:
            assert ended.code == 1, (name, ended)
            assert ("the output could not be written" in ended.err) == (how != "a pipe that has ended"), (name, ended)
    assert run(home, COMMANDS["ledger verify"], os.open(os.devnull, os.O_WRONLY)).code == 0


def test_a_message_that_nobody_takes_changes_no_exit_code(home: Path) -> None:
    with (home.parent / "out").open("w") as out:
        for opened in (os.open("/dev/full", os.O_WRONLY), ended_pipe()):
            assert run(home, ["check"], out.fileno(), err=opened).code == 0
            assert run(home, ["plan", "nowhere"], out.fileno(), err=opened).code == 2
            os.close(opened)


def garbage(path: Path) -> None:
    path.write_bytes(GARBAGE)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def big(path: Path) -> None:
    with path.open("ab") as file:
        file.truncate(BIG)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": garbage, "a directory": directory, "missing": Path.unlink, "unreadable": lambda path: path.chmod(0),
    "100 MB": big,
}  # fmt: skip
FILES = (
    ".gitignore", "ansible.cfg", "inventory/apn.yml", "inventory/apps.yml", "inventory/defaults.yml",
    "inventory/delivery.csv", "inventory/devices.yml", "inventory/firmware.yml", "inventory/kecamatan.yml",
    "inventory/kits/segah.yml", "inventory/secrets.vault.yml", "inventory/secrets.vault.lock", "var/foto.png",
    "var/hints.json", "var/host-keys/BRU-MDM-04", "var/host-keys/BRU-PC-04", "var/hub/peers.vault", "var/ledger.db",
    "var/ledger.head", "var/ledger.lock", "var/ssh/id_ed25519", "var/ssh/id_ed25519.pub", "var/vault-password",
)  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_a_home_is_told_and_mended_by_bringing_it_back(
    original: Path, tmp_path: Path, damage: str
) -> None:
    draw = random.Random(damage)
    copy = tmp_path / "home"
    for file in FILES:
        for name in COMMANDS if SOAK else [draw.choice(HERE)]:
            shutil.copytree(
                original, copy, symlinks=True, ignore=lambda folder, _: {"lab"} if folder.endswith("/var") else ()
            )
            DAMAGES[damage](copy / file)
            with (tmp_path / "out").open("w") as out:
                ended = run(copy, COMMANDS[name], out.fileno(), as_owner=True)
            told(ended, (file, damage, name))
            assert ended.code == 0 or ended.err.strip(), (file, damage, name)
            shutil.rmtree(copy)


def test_every_file_of_a_home_is_damaged_above(original: Path) -> None:
    """Of the files of one kind one is enough: kits, pinned keys, evidence."""
    found = {str(p.relative_to(original)) for p in original.rglob("*") if p.is_file()}
    of_a_kind = ("inventory/kits/", "var/host-keys/", "var/evidence/", "var/lab/")
    assert {f for f in found if not f.startswith(of_a_kind)} <= set(FILES)
