"""Measure PCs: size of the programs sent to one, time of a look beside one raw task, time to judge reports."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import size
from commands import PYTHON, provision, timed

ROUNDS = size.of(5, 1)
REPORTS = size.of(1000, 10)
Show = Callable[..., None]


def measure_computers(show: Show) -> None:
    _sizes(show)
    _reports(show)
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    home = folder / "home"
    timed([PYTHON, "-m", "provision", "init", str(home), "--lab"])
    timed(provision(home, "lab", "up"))
    try:
        timed(provision(home, "register", str(home / "inventory/delivery.csv")))
        _looks(home, folder, show)
    finally:
        subprocess.run(provision(home, "lab", "down"), check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _sizes(show: Show) -> None:
    from provision import families
    from provision.core.model import Secret
    from provision.devices.pc import look
    from provision.families.languages import pc_task

    for name, goal in (("linux", 16_000), ("windows", 60_000)):
        kind = families.pc(name)
        for verb, live in (("look", False), ("look", bool(kind.live)), ("apply", False)):
            given = {"report": Secret("{}"), "report_program": look.report_program(name)} if verb == "apply" else {}
            task = pc_task.Task(
                verb=verb, settings={}, key="ssh-ed25519 " + "A" * 68, nonce="n" * 16, serial="S", collect=True,
                live=live, **given,  # type: ignore[arg-type]
            )  # fmt: skip
            text = pc_task.write(look.sources(kind, live=live), task, kind.language)
            size = len(pc_task.packed(text, kind.language))
            what = "a look that listens" if live else "an apply" if verb == "apply" else "a look"
            show(f"{what}, to a PC with {name}", f"{size / 1000:.1f} KB", f"{goal // 1000} KB", held=size < goal)


def _reports(show: Show) -> None:
    """Show how long reading, proving and judging one Windows report 1,000 times takes (10 times with `--small`).

    A lab Windows PC makes and signs the report first. The goal is less than 2 s.
    """
    from provision import checks, families
    from provision.core.device import Device
    from provision.core.model import Item, ItemKind, Secret, Snapshot, Stage
    from provision.families.languages import pc_report
    from provision.lab import pcfactory

    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    pc = pcfactory.Pc(
        tag="BRU-PC-01", serial="AC1", mac="c0:18:50:00:00:01", vendor="Acer", model="V", address="127.0.0.1", ssh_port=22,
        key="k", names=dict.fromkeys(("webcam", "microphone", "speaker"), "C920"), system="windows",
    )  # fmt: skip
    pcfactory.make(pc, folder / "root")
    state = json.loads((folder / "root/lab/windows.json").read_text())
    key = Secret("ab" * 32)
    state["report"] = {"tag": "BRU-PC-01", "key": key.reveal()}
    (folder / "root/lab/windows.json").write_text(json.dumps(state))
    script = Path(pcfactory.__file__).with_name("windows.py")
    subprocess.run([sys.executable, script, "report"], env={"KIT_ROOT": str(folder / "root")}, check=True)
    raw = next((folder / "root").rglob("*-000001.json")).read_bytes()
    shutil.rmtree(folder)
    item = Item(
        asset_tag="BRU-PC-01", kind=ItemKind.COMPUTER, brand="b", model="m", serial="AC1", kode_barang="k", condition="baik",
        year=2026, value_idr=1,
    )  # fmt: skip
    device = Device(
        tag="BRU-PC-01", kecamatan="kelay", family=families.pc("windows"), host="h", bench_host="h", ssh_port=22, snmp_port=0,
        stage=Stage.PROVISIONED,
    )  # fmt: skip
    now = int(time.time())
    started = time.perf_counter()
    for _ in range(REPORTS):
        proven = pc_report.prove(pc_report.claim(raw), key, last=0, now_s=now)
        snapshot = Snapshot(device="x", at="now", readings=proven.readings, missing=proven.missing)
        assert len(checks.judge(checks.Case(snapshot=snapshot, item=item, device=device))) > 10
    took = time.perf_counter() - started
    show(
        f"{REPORTS} reports of {len(raw) / 1000:.1f} KB read, proven and judged", f"{took:.2f} s", "2 s", held=took < 2
    )


def _looks(home: Path, folder: Path, show: Show) -> None:
    """Show the median time of `verify` of all 13 lab PCs (one with `--small`) beside one raw task on the same hosts.

    The PCs are enrolled and applied first. The time is of the whole process: Ansible, collector, checks, ledger. The
    goal is the raw task's time, plus the collector's own time for each PC shared by 2 cores, plus 1 s.
    """
    from provision.home.workspace import Workspace

    workspace = Workspace(home)
    linux = [t for t, c in workspace.home.computers.items() if c.family.name == "linux"]
    tags = list(workspace.home.computers) if not size.SMALL else linux[:1]
    packages = ("--packages", str(home / "var/lab/packages"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda tag: timed(provision(home, "enrol", tag, "--yes")), tags))
    timed(provision(home, "apply", *tags, "--bench", "--yes", *packages))
    inventory, playbook = folder / "hosts.json", folder / "peer.yml"
    hosts = {
        tag: {
            "ansible_host": known.device.bench_host, "ansible_port": known.device.ssh_port, "ansible_user": "root",
            "ansible_ssh_private_key_file": str(workspace.place.ssh_key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={home}/var/host-keys/{tag} -o HostKeyAlias={tag}",
        }
        for tag, known in Workspace(home).known.items()
    }  # fmt: skip
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    playbook.write_text("- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.raw: echo\n")
    peer = [str(Path(PYTHON).parent / "ansible-playbook"), "-f", "16", "-i", str(inventory), str(playbook)]
    plain, looks = [], []
    for _ in range(ROUNDS):
        plain.append(timed(peer))
        looks.append(timed(provision(home, "verify", *tags, "--bench")))
    own = statistics.median(_collector(home, linux[0]) for _ in range(ROUNDS))
    raw, seen = statistics.median(plain), statistics.median(looks)
    cores = 2  # the 13 collectors share this machine; on real PCs each has its own
    allowed = raw + own * len(tags) / cores + 1
    print(f"{len(tags)} lab PCs, median of {ROUNDS}: one raw task {raw:.2f} s, the collector alone {own:.2f} s")
    show(f"a look at {len(tags)} PCs, whole process", f"{seen:.2f} s", f"{allowed:.2f} s", held=seen <= allowed)


def _collector(home: Path, tag: str) -> float:
    from provision.lab import client

    root = home / "var/lab" / tag / "root"
    words = f"{client.run_directory(home / 'var/lab')}/{tag}/words"
    script = Path(__file__).parents[1] / "provision/programs/linux/collector.py"
    started = time.perf_counter()
    subprocess.run(
        [PYTHON, "-SE", script],
        env={"KIT_ROOT": str(root), "PATH": f"{words}:/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - started
