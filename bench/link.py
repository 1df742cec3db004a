"""Measure applies and a look over an impaired link between two network namespaces; the link counts the bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import size

NET = 77
NEAR, FAR = f"kitbench-near-{os.getpid()}", f"kitbench-far-{os.getpid()}"
TAG = "BRU-MDM-01"
SHOW = Callable[..., None]


def inside(namespace: str, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", "netns", "exec", namespace, *argv], capture_output=True, text=True, check=check)


class Link:
    """A running process of the link emulator, with the address of each end."""

    def __init__(self, tool: Path, folder: Path, profile: str) -> None:
        self.stats = folder / "link.json"
        argv = [
            sys.executable, str(tool), "--near", NEAR, "--far", FAR, "--net", str(NET),
            "--profile", profile, "--stats", str(self.stats), "--seed", "1", "--rm",
        ]  # fmt: skip
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        _, self.near, self.far = self.process.stdout.readline().split()

    def counted(self) -> tuple[int, int]:
        """Return the bytes and the packets so far, both directions together. Raises SystemExit if no count comes."""
        self.stats.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        for _ in range(200):
            try:
                both = json.loads(self.stats.read_text()).values()
                return sum(w["bytes"] for w in both), sum(w["packets"] for w in both)
            except (FileNotFoundError, ValueError):
                time.sleep(0.01)
        raise SystemExit("the link does not count")

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate()


def measure(tool: Path, show: SHOW) -> None:
    """Set up a lab modem behind the link; show an unchanged look, an apply of one change and one of a new APN.

    The link has the profile `vsat`, or `lan` with `--small`. A failed command raises CalledProcessError or SystemExit.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench-link-"))
    home = folder / "home"
    link = Link(tool, folder, "lan" if size.SMALL else "vsat")
    provision = [sys.executable, "-m", "provision", "--home", str(home)]
    try:
        inside(NEAR, *provision[:-2], "init", str(home), "--lab")
        defaults = home / "inventory/defaults.yml"
        text = re.sub(r"address: 127.90.0.\{nn\}", f"address: 10.77.{NET}.{{nn}}", defaults.read_text())
        text = text.replace("network: 127.90.0.0/24", f"network: 10.77.{NET}.0/24").replace(
            "window_s: 30", "window_s: 180"
        )
        defaults.write_text(text)
        kit = home / "inventory/kits/kelay.yml"
        kit.write_text(kit.read_text().replace("modem:\n", f"modem:\n  address: {link.far}\n"))
        others = home / "inventory/kits/segah.yml"  # its tunnel address is the near end's: give it another
        others.write_text(others.read_text().replace("modem:\n", f"modem:\n  address: 10.77.{NET}.44\n"))
        inside(FAR, *provision, "lab", "up")
        inside(FAR, *provision, "register", str(home / "inventory/delivery.csv"))
        inside(FAR, *provision, "enrol", TAG, "--packages", str(home / "var/lab/packages"), "--yes")
        inside(FAR, *provision, "apply", TAG, "--bench", "--yes")
        inside(FAR, *provision, "selftest", TAG, "--bench")
        print("one modem behind a VSAT (300 ms one way, 1 % loss, 1024 kbit/s), counted on the link")
        look(link, provision, show, "watch", ("a scheduled look at an unchanged device (watch)", 1400, 4))
        look(link, provision, show, "verify", ("a verify, which logs in anew", 9000, 60))
        kit.write_text(kit.read_text().replace("site_note: Kantor", "site_note: Gedung Kantor"))
        change(link, provision, show, "apply of one change (configuration known by its digest)")
        kit.write_text(kit.read_text().replace("apn: telkomsel", "apn: tri"))
        change(link, provision, show, "apply of a new APN (proved 3 s after the commit, when it runs)")
    finally:
        inside(FAR, *provision, "lab", "down", check=False)
        link.end()
        shutil.rmtree(folder, ignore_errors=True)


def look(link: Link, provision: list[str], show: SHOW, verb: str, goal: tuple[str, int, int]) -> None:
    """Show the bytes and packets of a verb that only reads; `goal` is its name, and how many of both it may take."""
    name, most_bytes, most_packets = goal
    time.sleep(1)
    before = link.counted()
    started = time.perf_counter()
    done = inside(NEAR, *provision, verb, TAG, check=False)
    took = time.perf_counter() - started
    time.sleep(1)
    after = link.counted()
    size, packets = after[0] - before[0], after[1] - before[1]
    if done.returncode not in (0, 3):
        raise SystemExit(done.stdout + done.stderr)
    show(
        name,
        f"{size} bytes, {packets} packets, {took:.1f} s",
        f"{most_bytes} bytes, {most_packets}",
        held=size <= most_bytes and packets <= most_packets,
    )


def served(home: Path) -> tuple[int, int]:
    """Return how many SSH logins the lab modem let in and how many commands it ran so far, by its own count."""
    from provision.lab.client import run_directory

    box = run_directory(home / "var/lab") / TAG
    return (box / "dropbear.log").read_text().count("auth succeeded"), (box / "execs").read_text().count("x")


def change(link: Link, provision: list[str], show: SHOW, name: str) -> None:
    home = Path(provision[-1])
    before, logins = link.counted(), served(home)
    started = time.perf_counter()
    done = inside(NEAR, *provision, "apply", TAG, "--yes", "--json", check=False)
    took = time.perf_counter() - started
    time.sleep(1)
    after = link.counted()
    if '"applied"' not in done.stdout:
        raise SystemExit(done.stdout + done.stderr)
    size = after[0] - before[0]
    connections, execs = (now - then for now, then in zip(served(home), logins, strict=True))
    counted = f"{connections} conn, {execs} exec, {size / 1000:.1f} KB, {took:.1f} s"
    show(name, counted, "30 KB, 14 s", held=size <= 30_000 and took <= 14)
