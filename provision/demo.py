"""The whole main job on emulated modems, by the very commands that a person types."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOME = Path("demo")
PORTS = 4  # the demo's bench has four ports: it enrols four modems at a time


class Step(Exception):  # noqa: N818 (it ends the demo, at this step)
    """A command of the demo that did not do what it has to."""


def shown(words: list[str]) -> str:
    """Give a command as a person types it."""
    return "provision " + " ".join(words)


def provision(*words: str, loud: bool = True, expect: int = 0) -> str:
    """Run one command in the demo's home; raises Step where its exit code is another."""
    if loud:
        sys.stdout.write(f"\n$ {shown(['--home', str(HOME), *words])}\n")
        sys.stdout.flush()
    argv = [sys.executable, "-m", "provision", "--home", str(HOME), *words]
    done = subprocess.run(
        argv,
        stdout=None if loud else subprocess.PIPE,
        stderr=None if loud else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != expect:
        raise Step(f"{shown(list(words))} gave {done.returncode}, not {expect}\n{done.stdout or ''}")
    return done.stdout or ""


def fresh_home() -> None:
    """Make the demo's home anew; a lab left running from the last time is stopped first."""
    if HOME.exists():
        subprocess.run(
            [sys.executable, "-m", "provision", "--home", str(HOME), "lab", "down"], capture_output=True, check=False
        )
        shutil.rmtree(HOME)
    sys.stdout.write(f"$ provision init {HOME} --lab\n")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-m", "provision", "init", str(HOME), "--lab"], check=True)


def enrol_all() -> None:
    """Enrol every modem, a few at a time, each on a bench port of its own."""
    from provision.office import Office

    tags = sorted(Office(HOME).home.intents)
    packages = str(HOME / "var/lab/packages")
    sys.stdout.write(f"\n$ provision --home {HOME} enrol TAG --packages {packages} --yes   (for {len(tags)} modems)\n")
    with ThreadPoolExecutor(PORTS) as pool:
        said = pool.map(lambda tag: provision("enrol", tag, "--packages", packages, "--yes", loud=False), tags)
        for text in said:
            sys.stdout.write(next(line for line in text.splitlines() if " enrolled: " in line) + "\n")
            sys.stdout.flush()


def ansible() -> None:
    """Let Ansible itself use the home that came out."""
    for argv in (
        ["ansible-inventory", "-i", "inventory/", "--graph"],
        ["ansible", "-i", "inventory/", "maratua", "-m", "ansible.builtin.raw", "-a", "uptime"],
    ):
        sys.stdout.write(f"\n$ cd {HOME}; {' '.join(argv)}\n")
        sys.stdout.flush()
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        subprocess.run(argv, cwd=HOME, check=True, env=os.environ | {"PATH": path})


def main() -> int:
    """Run it; `--keep` leaves the lab running."""
    keep = "--keep" in sys.argv[1:]
    if unknown := [w for w in sys.argv[1:] if w != "--keep"]:
        sys.stderr.write(f"unknown: {' '.join(unknown)}\nusage: ./run demo [--keep]\n")
        return 2
    started = time.monotonic()
    fresh_home()
    provision("lab", "up")
    try:
        provision("check")
        provision("register", str(HOME / "inventory/delivery.csv"))
        enrol_all()
        provision("apply", "all", "--bench", "--yes")
        provision("apply", "all", "--bench", "--yes")
        provision("verify")
        provision("history", "BRU-MDM-11")
        provision("ledger", "verify")
        provision("inventory", "--write")
        ansible()
    except Step as error:
        sys.stderr.write(f"\nthe demo stopped: {error}\n")
        return 1
    finally:
        if not keep:
            provision("lab", "down")
    ending = (
        f"the lab still runs: .venv/bin/provision --home {HOME} lab status; end it with … lab down"
        if keep
        else "./run demo --keep leaves the lab running, to try commands by hand"
    )
    sys.stdout.write(
        f"""
Eight modems went from the carton to provisioned, verified, recorded and in the inventory, in {time.monotonic() - started:.0f} s.
  {HOME}/inventory/             the intent (kits, defaults), the vault, and devices.yml for Ansible
  {HOME}/var/ledger.db          every act, hash-chained: provision --home {HOME} history TAG
  {HOME}/var/host-keys/         the pinned host key of each device
  {HOME}/var/lab/TAG/root/      the flash of each emulated modem
{ending}
"""
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
