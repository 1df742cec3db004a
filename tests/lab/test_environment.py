"""What a user's shell holds reaches no child: neither Ansible nor ssh."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ansible
import pytest
from labhome import Bench, again_and_again

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
def environments() -> Iterator[dict[str, dict[str, str]]]:
    """Collect the environments of the processes of each run, by its name; other labs have runs of their own."""
    seen: dict[str, dict[str, str]] = {}

    def look() -> None:
        for entry in os.scandir("/proc"):
            try:
                block = Path(entry.path, "environ").read_bytes() if entry.name.isdigit() else b""
            except OSError:
                continue
            own = dict(one.partition("=")[::2] for one in block.decode().split("\0") if "=" in one)
            if "PROVISION_RUN" in own:
                seen.setdefault(own["PROVISION_RUN"], {}).update(own)

    with again_and_again(look, 0.005):
        yield seen


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
    with environments() as runs:
        done = bench.run("apply", TAG, "--bench", "--yes", env=hostile)
    assert done.code == 0, done.out + done.err
    assert not trap.exists()
    seen = runs[bench.last(TAG, "apply.begun")["run"]]
    assert seen["LC_ALL"] == "C.UTF-8"
    assert {n for n, v in seen.items() if v and v == hostile.get(n)} == set()
    allowed = {*children.PASSED_ON, *children.LOCALE, "PWD", "SHLVL", "OLDPWD", "_"}  # the last four: a shell's own
    assert {n for n in seen if n not in allowed and not OURS.fullmatch(n)} == set()
