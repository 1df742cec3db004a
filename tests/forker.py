"""Programs that are forked from a process with their imports done: a lab test starts hundreds of them.

Two programs are forked: `provision`, and the `ansible-playbook` that it starts. Both are reached by a virtual environment
like ours, in which the words `ansible-playbook`, `provision` and `python -m provision` hand their files, words, directory
and environment to a process that forks, and end as the forked one ends.

A forked program begins as a started one does: its own files, the caller's directory and environment, which stands in
/proc, too, since a run is ended by what its processes show there. Two things differ: it runs in the network namespace
of the process that forks, and has no modules that are not imported yet. A test that is about either starts a real
process (`Bench.start`, or `Bench.run` with `env`).
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import boundaries

DIES = "FORKER_DIES"  # the boundary at which a forked program is killed, and the file of its count
STANDARD = 3  # files: input, output, error
HEAD = 4  # bytes of a request's length
ROOM = 64 * 1024  # bytes that the process that forks keeps free in its environment, for the one of each forked program
FIRST_OF_STAT = 3  # the field that follows the name of the process in /proc/PID/stat; proc(5)
ENV_START, ENV_END = 50 - FIRST_OF_STAT, 51 - FIRST_OF_STAT
OF_ONE_RUN = {  # Ansible's settings that are paths of one run
    "ANSIBLE_CACHE_PLUGIN_CONNECTION", "ANSIBLE_CONFIG", "ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP",
}  # fmt: skip
CLIENT = """\
import array, json, os, socket, sys
words, own = sys.argv[1:], {own!r}
if words[: len(own)] != own:
    os.execv({python!r}, [{itself!r}, *words])
connection = socket.socket(socket.AF_UNIX)
connection.connect({path!r})
request = json.dumps({{"words": words[len(own) :], "cwd": os.getcwd(), "environment": dict(os.environ)}}).encode()
files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
connection.sendmsg([len(request).to_bytes(4, "big")], files)
connection.sendall(request)
answer = int(connection.recv(64))
if answer < 0:
    os.kill(os.getpid(), -answer)
os._exit(answer)
"""
CLIENTS: dict[str, tuple[str, list[str]]] = {  # a word: the program that is forked, and the words that it begins with
    "ansible-playbook": ("ansible", []), "provision": ("provision", []), "python": ("provision", ["-m", "provision"]),
}  # fmt: skip
Words = Sequence[str]


class GoneError(Exception):
    """The caller was ended before he had asked."""


class Forker:
    """The two processes that fork; they are started at the first command and end with this one."""

    def __init__(self, inside: Words = ()) -> None:  # the words that go before a command that runs in a namespace
        self._inside = inside
        self._lock = threading.Lock()
        self.folder = Path()
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start both, if they are not at work."""
        with self._lock:
            if not self._processes:
                self._start()

    def _start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="forker-"))
        python = _virtual_environment(self.folder)
        ours, self._alive = os.pipe()  # they end when nobody holds the writing end any more
        for program in PROGRAMS:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self.folder / program))
            listener.listen(16)
            process = subprocess.Popen(
                [*self._inside, python, __file__, program, str(listener.fileno()), str(ours)],
                pass_fds=(listener.fileno(), ours), stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[1],
                env=os.environ | {"FORKER_ROOM": "-" * ROOM},
            )  # fmt: skip
            self._processes.append(process)
            listener.close()
        os.close(ours)
        atexit.register(self.close)

    def close(self) -> None:
        """End the processes that fork."""
        atexit.unregister(self.close)
        os.close(self._alive)
        for process in self._processes:
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, words: Words, timeout_s: float) -> tuple[int, str, str]:
        """Run one command; return its exit code (negative: the signal that ended it), output and error."""
        self.start()
        with (
            socket.socket(socket.AF_UNIX) as connection, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err,
            Path(os.devnull).open("rb") as nothing,
        ):  # fmt: skip
            connection.connect(str(self.folder / "provision"))
            connection.settimeout(timeout_s)
            request = json.dumps({"words": words, "cwd": str(Path.cwd()), "environment": dict(os.environ)}).encode()
            socket.send_fds(
                connection, [len(request).to_bytes(HEAD, "big")], [nothing.fileno(), out.fileno(), err.fileno()]
            )
            connection.sendall(request)
            try:
                answer = connection.recv(64)
            except TimeoutError:
                raise subprocess.TimeoutExpired(words, timeout_s) from None
            assert answer, "the process that forks is gone"
            for file in (out, err):
                file.seek(0)
            return int(answer), out.read().decode(), err.read().decode()


def _virtual_environment(folder: Path) -> str:
    """Make a virtual environment like ours with clients in the place of what is forked; return its true Python."""
    ours, binary, python = Path(sys.prefix), folder / "venv/bin", Path(sys.executable).resolve()
    binary.mkdir(parents=True)
    shutil.copy(ours / "pyvenv.cfg", binary.parent)
    (binary.parent / "lib").symlink_to(ours / "lib")
    (binary / "python3").symlink_to(python)
    for word in (ours / "bin").iterdir():
        if word.name in CLIENTS:
            program, own = CLIENTS[word.name]
            text = CLIENT.format(
                path=str(folder / program), own=own, python=str(binary / "python3"), itself=str(binary / word.name)
            )
            (binary / word.name).write_text(f"#!{python} -IS\n{text}")
            (binary / word.name).chmod(0o755)
        elif not word.name.startswith("python"):
            (binary / word.name).symlink_to(word)
    return str(binary / "python3")


@dataclass
class Running:
    """A forked program, and the connection of who waits for its end."""

    process: int
    ended: int  # a descriptor that is readable once the process has ended
    connection: socket.socket


def serve(listener: socket.socket, alive: int, prepare: Callable[[Mapping[str, str]], None]) -> Words:
    """Fork for each request; return in the child, with the words of its command. Ends when `alive` is at its end.

    `prepare` is called once, with the environment of the first request, before anything is forked.
    """
    prepared = False
    running: list[Running] = []
    while True:
        waited = [of for one in running for of in (one.ended, one.connection)]
        ready, _, _ = select.select([listener, alive, *waited], [], [])
        if alive in ready:
            os._exit(0)
        for one in running[:]:
            if one.ended in ready:
                _answer(one)
                running.remove(one)
            elif one.connection in ready:  # the caller was ended: so is what he started
                os.kill(one.process, signal.SIGKILL)
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        try:
            asked, files = _request(connection)
        except GoneError:
            connection.close()
            continue
        if not prepared:
            prepare(asked["environment"])
            gc.collect()
            gc.freeze()  # what is imported stays in pages that all forked programs share
            prepared = True
        if process := os.fork():
            running.append(Running(process, os.pidfd_open(process), connection))
            for file in files:
                os.close(file)
            continue
        for held in (listener, connection, *(one.connection for one in running)):
            held.close()
        _become(files, asked["cwd"], asked["environment"])
        return list(asked["words"])


def _request(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return what is asked, and the standard files that the caller hands over.

    Raises GoneError for a caller that was ended before he had asked.
    """
    files: list[int] = []
    try:
        head, files, _, _ = socket.recv_fds(connection, HEAD, 3)
        left, request = int.from_bytes(head, "big"), b""
        while piece := connection.recv(left - len(request)) if len(request) < left else b"":
            request += piece
    except OSError:
        request, left = b"", HEAD
    if len(files) == STANDARD and len(request) == left:
        return json.loads(request), files
    for file in files:
        os.close(file)
    raise GoneError


def _answer(one: Running) -> None:
    """Tell the caller how the program ended."""
    _, status = os.waitpid(one.process, 0)
    os.close(one.ended)
    with one.connection, contextlib.suppress(BrokenPipeError):
        one.connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become(files: list[int], cwd: str, environment: Mapping[str, str]) -> None:
    """Take over the caller's files, directory and environment."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    _show(environment)
    random.seed()


def _show(environment: Mapping[str, str]) -> None:
    """Write the environment where /proc shows it: over the room that this process was started with."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[ENV_START]), int(fields[ENV_END])
    block = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items())
    assert len(block) <= end - start, "the environment is longer than the room that is kept for it"
    ctypes.memmove(start, block.ljust(end - start, b"\0"), end - start)


def prepare_provision(_: Mapping[str, str]) -> None:
    """Import all that a command may need."""
    from pkgutil import walk_packages

    import provision
    import provision.cli

    for module in walk_packages(provision.__path__, "provision."):
        if not module.name.startswith(("provision.lab", "provision.__main__", "provision.ledger.migrations")):
            __import__(module.name)
    import alembic.config
    import ansible_runner
    import sqlalchemy.dialects.sqlite

    assert alembic.config
    assert ansible_runner
    assert sqlalchemy.dialects.sqlite


def provision_command(words: Words) -> None:
    """Be `provision`."""
    from provision.cli import main

    if DIES in os.environ:
        boundaries.die(os.environ.pop(DIES))
    sys.argv = ["provision", *words]
    main()


def prepare_ansible(environment: Mapping[str, str]) -> None:
    """Import Ansible under the settings of the first run, which are those of all runs but for paths."""
    os.environ.update(environment)
    from importlib import import_module

    for name in (
        "cli.playbook", "executor.playbook_executor", "executor.process.worker", "inventory.manager",
        "plugins.action.normal", "plugins.callback.default", "plugins.cache.memory", "plugins.connection.local",
        "plugins.connection.ssh", "plugins.filter.core", "plugins.inventory.yaml", "plugins.shell.sh",
        "plugins.strategy.free", "plugins.strategy.linear", "plugins.test.core", "plugins.vars.host_group_vars",
    ):  # fmt: skip
        import_module(f"ansible.{name}")
    from ansible.plugins import loader

    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")  # by the next line
    loader.init_plugin_loader()
    import_module("ansible_collections.ansible.builtin")  # half of what a start costs: its table of names is read
    for kind, name in (
        ("connection", "local"), ("connection", "ssh"), ("inventory", "yaml"), ("shell", "sh"),
        ("strategy", "free"), ("strategy", "linear"),
    ):  # fmt: skip
        getattr(loader, f"{kind}_loader").get(name, class_only=True)  # reads which settings it has


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return Ansible's settings that are those of all runs."""
    return {n: v for n, v in environment.items() if n.startswith("ANSIBLE_") and n not in OF_ONE_RUN}


def ansible_playbook(words: Words) -> None:
    """Be `ansible-playbook` with its settings read anew; a started one where more than a run's paths differs."""
    from ansible import constants

    if _settings(os.environ) != PREPARED:
        real = str(Path(sys.prefix, "lib").resolve().parent / "bin/ansible-playbook")
        os.execv(real, [real, *words])  # noqa: S606
    constants.config._config_file = os.environ["ANSIBLE_CONFIG"]
    constants.config._parsers = {}
    constants.config._parse_config_file()
    for setting in constants.config.get_configuration_definitions():
        constants.set_constant(setting, constants.config.get_config_value(setting, variables=vars(constants)))
    from ansible.cli.playbook import main

    sys.argv = ["ansible-playbook", *words]
    sys.exit(main())


def _code(leaving: object) -> int:
    """Return the exit code that an interpreter makes of `sys.exit(leaving)`."""
    if leaving is None or isinstance(leaving, int):
        return leaving or 0
    print(leaving, file=sys.stderr)
    return 1


PREPARED: dict[str, str] = {}
PROGRAMS = {"provision": (prepare_provision, provision_command), "ansible": (prepare_ansible, ansible_playbook)}


def main() -> None:
    """Import, serve, and become one program after the other."""
    prepare, program = PROGRAMS[sys.argv[1]]

    def first(environment: Mapping[str, str]) -> None:
        PREPARED.update(_settings(environment))
        prepare(environment)

    words = serve(socket.socket(fileno=int(sys.argv[2])), int(sys.argv[3]), first)
    code = 1
    try:
        program(words)
        code = 0
    except SystemExit as leaving:
        code = _code(leaving.code)
    finally:
        if sys.exc_info()[0]:
            traceback.print_exc()
        _end(code)


def _end(code: int) -> NoReturn:
    """End as a program does, but for the interpreter's own end: it would write to each page of what was imported."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
