"""An apply of modems, beside one Ansible that only pushes: the same settings and files, without a way back."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import homes
import size
from commands import PYTHON, ROUNDS, fresh, provision, timed

Show = Callable[..., None]


def peer(home: Path, folder: Path, tags: list[str]) -> list[str]:
    """Write an inventory and a playbook to `folder`; return the ansible-playbook command that runs them.

    It pushes one script to each modem in `tags` by raw, and reads nothing back. The script does the job of an apply
    without a way back: the settings, committed; the same files, but not the guard; the password; and the reload
    (`reload_config` is one event for each package).
    """
    from provision.core import plan
    from provision.core.family import DocumentRequest
    from provision.devices.modem.candidate import candidates_of
    from provision.families.languages import shell_document
    from provision.home.workspace import Workspace

    workspace = Workspace(home)
    intents = [workspace.home.intents[tag] for tag in tags]
    candidates = candidates_of(workspace, intents)
    hosts = {}
    for intent in intents:
        tag = intent.item.asset_tag
        known = workspace.known[tag]
        family = intent.family
        made = plan.make(family, known.snapshot, candidates[tag], workspace.vault.seal_key())
        document = gzip.decompress(
            shell_document.change(family, made, DocumentRequest(nonce="n", run="peer", window_s=60))
        ).decode()
        batch = document.split("stage <<'KIT-n' || return $?\n")[1].split("\nKIT-n")[0]
        script = f"uci batch <<'END'\n{batch}\nEND\nfor p in {' '.join(family.configuration.sections)}; do uci commit $p; done\n"
        script += "cd $IPKG_INSTROOT/; mkdir -p etc/dropbear etc/crontabs usr/libexec/kit\n"
        for path, file in candidates[tag].files.items():
            text = file.text if isinstance(file.text, str) else file.text.reveal()
            if path == shell_document.SHADOW:
                script += f"sed -i 's|^root:[^:]*|root:{text.strip()}|' etc/shadow\n"
            elif family.configuration.files[path].source != family.commit.guard:
                script += f"cat >.{path} <<'END'\n{text}END\nchmod {file.mode} .{path}\n"
        script += f"for p in {' '.join(family.configuration.sections)}; do\n"
        script += 'ubus call service event \'{"type":"config.change","data":{"package":"\'$p\'"}}\'\ndone\n'
        packed = base64.b64encode(gzip.compress(script.encode())).decode()
        hosts[tag] = {
            "ansible_host": known.device.bench_host, "ansible_port": known.device.ssh_port, "ansible_user": "root",
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={home}/var/host-keys/{tag} -o HostKeyAlias={tag}",
            "push": f"echo {packed} | base64 -d | gzip -dc | sh",
        }  # fmt: skip
    inventory, playbook = folder / "hosts.json", folder / "peer.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    playbook.write_text('- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.raw: "{{ push }}"\n')
    return [str(Path(PYTHON).parent / "ansible-playbook"), "-f", "8", "-i", str(inventory), str(playbook)]


def measure_apply(show: Show) -> None:
    """Show the median times of a first and a second apply to 8 lab modems, and their ratios to a plain push by raw.

    With `--small` it is one modem. The goals are 2.5 and 1.5 times the push.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    home = folder / "home"
    timed([PYTHON, "-m", "provision", "init", str(home), "--lab"])
    homes.all_openwrt(home)
    timed(provision(home, "lab", "up"))
    try:
        timed(provision(home, "register", str(home / "inventory/delivery.csv")))
        tags = sorted(path.name for path in (home / "var/lab").glob("*-MDM-*"))  # the PCs are not enrolled here
        tags = tags[: size.of(len(tags), 1)]
        pushes, applies, again = [], [], []
        for _ in range(ROUNDS):
            for tag in tags:
                fresh(home, tag)
            pushes.append(timed(peer(home, folder, tags)))
            for tag in tags:
                fresh(home, tag)
            applies.append(timed(provision(home, "apply", *tags, "--bench", "--yes")))
            again.append(timed(provision(home, "apply", *tags, "--bench", "--yes")))
    finally:
        subprocess.run(provision(home, "lab", "down"), check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
    push, first, second = (statistics.median(x) for x in (pushes, applies, again))
    print(f"{len(tags)} lab modems, median of {ROUNDS}: a plain push by raw takes {push:.2f} s")
    show(
        "apply, whole process, verify included",
        f"{first:.2f} s = {first / push:.2f} x",
        "2.5 x",
        held=first <= 2.5 * push,
    )
    show(
        "second apply, nothing to change", f"{second:.2f} s = {second / push:.2f} x", "1.5 x", held=second <= 1.5 * push
    )
