"""What a user's shell holds reaches no child: neither Ansible nor ssh."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ansible
import pytest
from labhome import Bench

from provision.local import children

pytestmark = pytest.mark.lab
TAG = "BRU-MDM-07"
OURS = re.compile(r"PROVISION_RUN|ANSIBLE_\w+|AWX_\w+|RUNNER_\w+|LC_CTYPE")  # set by the writer, ansible-runner, Python


def settings_of_ansible() -> set[str]:
    """Every ANSIBLE_ variable that a file of the installed release names."""
    package = Path(ansible.__file__).parent
    files = [p for p in package.rglob("*") if p.suffix in {".py", ".yml"} and "_vendor" not in p.parts]
    return {name for path in files for name in re.findall(r"\bANSIBLE_[A-Z0-9_]+\b", path.read_text(errors="replace"))}


@contextmanager
def environments_of_a_run() -> Iterator[dict[str, str]]:
    """Collect the environment of every process that carries a run's mark, again and again."""
    seen: dict[str, str] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            for entry in os.scandir("/proc"):
                try:
                    block = Path(entry.path, "environ").read_bytes() if entry.name.isdigit() else b""
                except OSError:
                    continue
                if b"PROVISION_RUN=" in block:
                    seen.update(one.partition("=")[::2] for one in block.decode().split("\0") if "=" in one)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def test_no_setting_of_the_users_shell_reaches_ansible_or_ssh(bench: Bench, tmp_path: Path) -> None:
    """Each would stop Ansible or run a command of the user's if it were read."""
    names = settings_of_ansible()
    assert len(names) > 200
    trap = tmp_path / "ran"
    hostile = dict.fromkeys(names, f"-o ProxyCommand='touch {trap}'") | {
        "LANG": "id_ID.UTF-8", "LC_ALL": "id_ID.UTF-8", "PROVISION_DATABASE": "", "AWX_LIB_DIRECTORY": str(tmp_path),
        "PROVISION_VAULT_PASSWORD": "", "SSH_ASKPASS": f"touch {trap}", "RUNNER_OMIT_EVENTS": "True",
    }  # fmt: skip
    del hostile["ANSIBLE_VAULT_PASSWORD_FILE"]  # which the vault of the home reads, as Ansible's users expect
    bench.fault(TAG, "reset")
    bench.enrol(TAG)
    with environments_of_a_run() as seen:
        done = bench.run("apply", TAG, "--bench", "--yes", env=hostile)
    assert done.code == 0, done.out + done.err
    assert not trap.exists()
    assert seen["LC_ALL"] == "C.UTF-8"
    assert {n for n, v in seen.items() if v and v == hostile.get(n)} == set()
    allowed = {*children.PASSED_ON, *children.LOCALE, "PWD", "SHLVL", "OLDPWD", "_"}  # the last four: a shell's own
    assert {n for n in seen if n not in allowed and not OURS.fullmatch(n)} == set()
