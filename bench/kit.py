"""The whole kit: 8 modems and 13 PCs applied and verified, a watch of them, and custody over a long history."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import homes
import size
from commands import PYTHON, ROUNDS, fresh, provision, timed

Show = Callable[..., None]
LOADED = "import sys; sys.argv = sys.argv[1:]; from provision.cli import main\ntry:\n    main()\nfinally:\n    print('LOADED', *sorted({m.split('.')[0] for m in sys.modules} & {'ansible', 'ansible_runner', 'netmiko', 'paramiko'}), file=sys.stderr)\n"


def fresh_kit(home: Path) -> None:
    """Reset each device of `of_the_kit` to factory state and enrol it again, two at a time.

    Raises SystemExit if an enrolment fails.
    """
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda tag: fresh(home, tag), of_the_kit(home)))


def of_the_kit(home: Path) -> list[str]:
    """Return the tags of what is measured: all 21, or one modem and one PC."""
    from provision.home.workspace import Workspace

    found = Workspace(home).home
    tags = [*found.intents, *found.computers]
    return tags[: size.of(len(tags), 1)] + ([*found.computers][1:2] if size.SMALL else [])


def peer(home: Path, folder: Path) -> list[str]:
    """Write an inventory and a playbook to `folder`; return the ansible-playbook command that runs them.

    It has six raw tasks on each enrolled modem and one on each enrolled PC, which change and check nothing.
    """
    from provision.home.workspace import Workspace

    workspace = Workspace(home)
    hosts: dict[str, dict[str, object]] = {"modems": {}, "computers": {}}
    for tag, known in workspace.known.items():
        hosts[known.device.kind.group][tag] = {
            "ansible_host": known.device.bench_host, "ansible_port": known.device.ssh_port, "ansible_user": "root",
            "ansible_ssh_private_key_file": str(workspace.place.ssh_key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={home}/var/host-keys/{tag} -o HostKeyAlias={tag}",
        }  # fmt: skip
    inventory, playbook = folder / "hosts.json", folder / "peer.yml"
    inventory.write_text(json.dumps({"all": {"children": {role: {"hosts": some} for role, some in hosts.items()}}}))
    raw = "    - ansible.builtin.raw: uptime\n"
    playbook.write_text(
        f"- hosts: modems\n  gather_facts: false\n  tasks:\n{raw * 6}"
        f"- hosts: computers\n  gather_facts: false\n  tasks:\n{raw}"
    )
    return [str(Path(PYTHON).parent / "ansible-playbook"), "-f", "16", "-i", str(inventory), str(playbook)]


def measure_kit(show: Show) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    home = folder / "home"
    timed([PYTHON, "-m", "provision", "init", str(home), "--lab"])
    homes.all_openwrt(home)
    timed(provision(home, "lab", "up"))
    packages = ("--packages", str(home / "var/lab/packages"))
    try:
        timed(provision(home, "register", str(home / "inventory/delivery.csv")))
        plain, applies = [], []
        for _ in range(ROUNDS):
            fresh_kit(home)
            plain.append(timed(peer(home, folder)))
            applies.append(timed(provision(home, "apply", *of_the_kit(home), "--bench", "--yes", *packages)))
        _watch(home, show, statistics.median(plain), statistics.median(applies))
    finally:
        subprocess.run(provision(home, "lab", "down"), check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _watch(home: Path, show: Show, plain: float, applied: float) -> None:
    deadline = time.monotonic() + 30  # snmpd's cache of what ran before the apply
    while (
        subprocess.run(provision(home, "watch", *of_the_kit(home)), check=False, capture_output=True).returncode
        and time.monotonic() < deadline
    ):
        time.sleep(0.5)
    looks = [timed(provision(home, "watch", *of_the_kit(home))) for _ in range(ROUNDS)]
    done = subprocess.run(
        [PYTHON, "-c", LOADED, "provision", "--home", str(home), "watch"], check=False, capture_output=True, text=True
    )
    loaded = done.stderr.partition("LOADED")[2].split("\n")[0].strip()
    print(
        f"{len(of_the_kit(home))} lab devices, median of {ROUNDS}: six raw tasks a modem and one a PC take {plain:.2f} s"
    )
    ratio = applied / plain
    show(
        "apply + verify of all, whole process",
        f"{applied:.2f} s = {ratio:.2f} x",
        "2.5 x, 60 s",
        held=ratio <= 2.5 and applied <= 60,
    )
    median = statistics.median(looks)
    show(
        f"watch of all {len(of_the_kit(home))}, nothing changed, whole process",
        f"{median:.2f} s",
        "1.5 s",
        held=median < 1.5,
    )
    show("of Ansible and netmiko it loads", loaded or "nothing", "nothing", held=not loaded)


def measure_custody(show: Show) -> None:
    """Show the time of `custody --as-of` on the slowest of three days, each day's the median of its runs.

    The ledger has 10,000 items and 100,000 events (20,000 with `--small`), half of them moves. The goal is 0.3 s.
    """
    from provision.home import starter
    from provision.home.workspace import Workspace
    from provision.ledger.lending_events import Moved

    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    home = starter.make(folder / "home", lab=True)
    workspace = Workspace(home)
    kinds = ("computer", "speaker", "webcam", "microphone", "modem")
    for start in range(0, size.of(100_000, 20_000), 10_000):
        year = 2017 + start // 10_000
        body = {
            "condition": "baik",
            "holder": "Camat",
            "because": "handed over",
            "loan": "64.03.01/1",
            "model": "Acer V",
            "serial": "S",
        }
        workspace.ledger.extend(
            [
                (Moved.VERB, f"BRU-{n:05}", body | {"effective": f"{year}-06-01", "place": "kelay" if year % 4 else "gudang", "kind": kinds[n % 5]})
                if year % 2 else ("device.watched", f"BRU-{n:05}", {"state": "ok", "changes": [], "seen_at": "x" * 20})
                for n in range(10_000)
            ],
            at=f"{year}-06-02T00:00:00Z",
        )  # fmt: skip
    workspace.ledger.close()
    times = {}
    for day in ("2018-01-01", "2022-12-31", "2026-12-31"):
        times[day] = statistics.median(timed(provision(home, "custody", "--as-of", day)) for _ in range(ROUNDS))
    shutil.rmtree(folder)
    worst = max(times.values())
    print(f"10,000 items, {size.of(100_000, 20_000):,} events, three days, median of {ROUNDS} each")
    show("custody as of any date, whole process", f"{worst:.2f} s", "0.3 s", held=worst < 0.3)
