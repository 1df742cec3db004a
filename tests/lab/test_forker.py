"""What is forked is what would have been started: its environment in /proc, its settings, its end."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from forker import Forker
from labhome import until

from provision import __version__
from provision.local.processes import marked

MARK = "PROVISION_RUN=test-forker"
FORKED, STARTED = "executable location = ansible-playbook\n", "bin/ansible-playbook\n"


@pytest.fixture(scope="module")
def playbook_word() -> Iterator[Path]:
    """The word `ansible-playbook` of a virtual environment whose Ansible is forked."""
    forker = Forker()
    forker.start()
    yield forker.folder / "venv/bin/ansible-playbook"
    forker.close()


def settings(path: Path, **more: str) -> dict[str, str]:
    path.mkdir(exist_ok=True)
    config = path / "ansible.cfg"
    config.touch()
    own = {"ANSIBLE_CONFIG": str(config), "ANSIBLE_HOME": str(path / "home"), "PROVISION_RUN": "test-forker"}
    return os.environ | own | more


def version(word: Path, environment: dict[str, str]) -> str:
    return subprocess.run([word, "--version"], env=environment, capture_output=True, text=True, check=True).stdout


def test_ansible_is_forked_with_the_paths_of_its_run_and_started_where_another_setting_differs(
    playbook_word: Path, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        text = version(playbook_word, settings(tmp_path / name))
        assert FORKED in text
        assert f"config file = {tmp_path / name / 'ansible.cfg'}" in text
    assert STARTED in version(playbook_word, settings(tmp_path / "third", ANSIBLE_FORKS="3"))
    words = [playbook_word, "--no-such-option"]
    assert subprocess.run(words, env=settings(tmp_path / "first"), capture_output=True, check=False).returncode == 2


def test_a_forked_program_shows_its_run_and_ends_with_who_waits_for_it(playbook_word: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    os.mkfifo(inventory)
    play = tmp_path / "play.yml"
    play.write_text("- hosts: all\n  gather_facts: false\n  tasks: []\n")
    caller = subprocess.Popen([playbook_word, "-i", inventory, play], env=settings(tmp_path / "first"))
    try:
        until(lambda: len(marked(MARK)) == 2, "the caller and the forked program show the run")
    finally:
        caller.kill()
        caller.wait()
    until(lambda: not marked(MARK), "the forked program ended with its caller")


def test_python_is_forked_as_provision_and_started_as_anything_else(playbook_word: Path) -> None:
    python = playbook_word.parent / "python"
    words = "import sys; print(sys.executable, sys.prefix, 'sqlalchemy' in sys.modules)"
    done = subprocess.run([python, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == f"{python} {python.parents[1]} False\n"
    for argv in ([python, "-m", "provision", "--version"], [python.parent / "provision", "--version"]):
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        assert done.stdout == f"provision {__version__}\n"


@pytest.mark.parametrize("sent", [None, b"", b'{"words": ['], ids=["nothing", "a length", "half of it"])
def test_a_caller_that_is_ended_before_he_has_asked_takes_nobody_along(
    playbook_word: Path, tmp_path: Path, sent: bytes | None
) -> None:
    """A blow may fall on a program at any moment, also while it asks."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(playbook_word.parents[2] / "ansible"))
        if sent is not None:
            socket.send_fds(caller, [(1000).to_bytes(4, "big")], [0, 1, 2])
            caller.sendall(sent)
    assert FORKED in version(playbook_word, settings(tmp_path / "run"))
