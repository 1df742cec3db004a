"""The whole main job on emulated kits, by the very commands that a person types."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision.local import children
from provision.local.files import ORDINARY, write_whole

HOME = Path("demo")
PORTS = 4  # the demo's bench has four ports: it enrols four devices at a time
PACKAGES = str(HOME / "var/lab/packages")
BROKEN = "BRU-PC-04"
PICTURE = b"\x89PNG\r\n\x1a\n"  # a picture as it begins; the demo has no camera
DRIFTING, OLD, NEW, SWAPPED, RETURNED = "BRU-MDM-11", "BRU-MDM-01", "BRU-MDM-14", "kelay", "talisayan"
NOTICE_S = 30.0
CAMATS = (  # invented people, for the demo only
    "Drs. Ahmad Rizal", "Siti Rahmah, S.Sos.", "H. Burhanuddin, S.E.", "Yohanes Lawing, S.IP.", "Nurhayati, M.Si.",
    "Andi Baso, S.H.", "Rusdiansyah, S.Sos.", "Maria Ngau, S.E.", "M. Arsyad, S.IP.", "Ir. Suhardi", "Hasanuddin, S.Pd.",
    "Fitriani, S.STP.", "La Ode Amir, S.Sos.",
)  # fmt: skip


class StepError(Exception):
    """A demo command that ended with another exit code than expected."""


def command_line(words: Iterable[str]) -> str:
    """Return a provision command as a person types it: a word with a space in it is in double quotes."""
    return "provision " + " ".join(f'"{w}"' if " " in w else w for w in words)


def print_line(text: str) -> None:
    """Print a line for whoever watches the demo."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def provision(*words: str, loud: bool = True, expect: int = 0) -> str:
    """Run one command in the demo's home; return its output, or with `loud` show it and return an empty text.

    Raises StepError if its exit code is not `expect`.
    """
    if loud:
        print_line(f"\n$ {command_line(['--home', str(HOME), *words])}")
    argv = [sys.executable, "-m", "provision", "--home", str(HOME), *words]
    done = children.run(
        argv,
        in_terminal=True,
        stdout=None if loud else subprocess.PIPE,
        stderr=None if loud else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != expect:
        raise StepError(f"{command_line(words)} gave {done.returncode}, not {expect}\n{done.stdout or ''}")
    return done.stdout or ""


def fresh_home() -> None:
    """Make the demo's home anew. An old one is deleted first, after its lab, if it still runs, is stopped."""
    if HOME.exists():
        children.run(
            [sys.executable, "-m", "provision", "--home", str(HOME), "lab", "down"], capture_output=True, check=False
        )
        shutil.rmtree(HOME)
    print_line(f"$ provision init {HOME} --lab")
    children.run([sys.executable, "-m", "provision", "init", str(HOME), "--lab"], in_terminal=True, check=True)


def side_by_side(work: Callable[[str], str], names: list[str]) -> None:
    """Call `work` for each name, PORTS at a time, and print the line that each returns, in the order of `names`."""
    with ThreadPoolExecutor(PORTS) as pool:
        for line in pool.map(work, names):
            print_line(line)


def enrol(tag: str) -> str:
    """Enrol one device, with the password on its label if it has one; return the line that says that it is enrolled."""
    label = HOME / "var/lab/labels" / tag  # the password on the box, where it has one
    words = ["--password-file", str(label)] if label.exists() else []
    text = provision("enrol", tag, "--packages", PACKAGES, "--yes", *words, loud=False)
    return next(line for line in text.splitlines() if " enrolled: " in line)


def enrol_all() -> None:
    """Enrol every modem and PC."""
    from provision.home.workspace import Workspace

    home = Workspace(HOME).home
    tags = [*home.intents, *home.computers]
    print_line(f"\n$ provision --home {HOME} enrol TAG --packages {PACKAGES} --yes   (for {len(tags)} devices)")
    side_by_side(enrol, tags)


def try_all() -> None:
    """Attest hearing and sight for the Windows PCs, where they cannot be measured, then verify every PC live."""
    from provision.home.workspace import Workspace

    pcs = Workspace(HOME).home.computers
    who = ["--by", "Siti Aminah", "--note", "uji di bangku kerja"]
    photo = HOME / "var/foto.png"
    write_whole(photo, PICTURE)
    print_line(
        f"\n$ provision --home {HOME} attest TAG hearing|sight --by NAME --note TEXT   (for the PCs with Windows)"
    )

    def attest(tag: str) -> str:
        provision("attest", tag, "hearing", *who, loud=False)
        return provision("attest", tag, "sight", *who, "--photo", str(photo), loud=False).splitlines()[0]

    side_by_side(attest, [t for t, c in pcs.items() if c.family.name == "windows"])
    provision("verify", *pcs, "--live", "--bench")


def break_one() -> None:
    """Take the speaker away from one PC, verify that its checks turn red, put it back, and verify again.

    Raises StepError if a verify has another result.
    """
    print_line(f"\n# somebody takes the speaker of {BROKEN} away")
    provision("lab", "break", BROKEN, "speaker", "gone", loud=False)
    provision("verify", BROKEN, "--bench", expect=3)
    provision("lab", "break", BROKEN, "speaker", "", loud=False)
    provision("verify", BROKEN, "--bench", loud=False)


def hand_over_all() -> None:
    """Record a training, draft the handover with its paper, and record its signature, for every kecamatan."""
    from provision.home.workspace import Workspace

    workspace = Workspace(HOME)
    today, camats = workspace.today(), dict(zip(workspace.home.kits, CAMATS, strict=True))

    def hand_over(slug: str) -> str:
        number = f"19{70 + list(camats).index(slug):02}0304 199803 1 {list(camats).index(slug) + 1:03}"
        provision("training", slug, "--person", f"Operator {slug}", "--topic", "bergabung ke rapat", loud=False)
        provision("handover", slug, "--to", camats[slug], "--nip", number, loud=False)
        said = provision("handover", slug, "--signed", today, loud=False)
        return said.splitlines()[0]

    print_line(
        f"\n$ provision --home {HOME} training KECAMATAN --person NAME --topic TEXT"
        f"        (for {len(camats)} kecamatan)"
    )
    print_line(f"$ provision --home {HOME} handover KECAMATAN --to NAME --nip NIP      then --signed {today}")
    side_by_side(hand_over, list(camats))


def drift() -> None:
    """Change the time zone on one modem as by hand, watch until the drift is found, and repair it by an apply.

    Raises StepError if a command ends otherwise than expected.
    """
    path = HOME / "var/lab" / DRIFTING / "root/etc/config/system"
    print_line(f"\n# somebody at the site sets another time zone on {DRIFTING}")
    write_whole(path, path.read_text().replace("WITA-8", "WIB-7"), ORDINARY)
    deadline = time.monotonic() + NOTICE_S  # snmpd publishes a new digest within 5 s
    while time.monotonic() < deadline:
        argv = [sys.executable, "-m", "provision", "--home", str(HOME), "watch", DRIFTING, "--json"]
        if children.run(argv, capture_output=True, check=False).returncode == 3:
            break
    provision("watch", "maratua", expect=3)
    provision("apply", DRIFTING, "--bench", "--yes")
    provision("watch")


def swap() -> None:
    """Replace one modem with the spare: name the spare in the kit's file, enrol it, and run `replace`.

    Prints who holds both.
    """
    kit = HOME / "inventory/kits" / f"{SWAPPED}.yml"
    rows = csv.reader((HOME / "inventory/delivery.csv").read_text().splitlines())
    row = next(r for r in rows if r[1] == NEW)
    text, _, rest = kit.read_text().partition(f"  - asset_tag: {OLD}")
    for field, value in (("serial", row[5]), ("mac", f'"{row[10]}"'), ("imei", f'"{row[11]}"')):
        rest = re.sub(rf"{field}: .*", f"{field}: {value}", rest, count=1)
    write_whole(kit, f"{text}  - asset_tag: {NEW}{rest}", ORDINARY)
    print_line(f"\n# lightning at {SWAPPED}: its kit's file now names {NEW} in the place of {OLD}")
    provision("lab", "up", loud=False)  # the spare stands on the bench, the old one is unplugged
    provision("enrol", NEW, "--packages", PACKAGES, "--yes")
    provision("replace", SWAPPED, "--reason", "tersambar petir", "--condition", "rusak_berat", "--bench", "--yes")
    provision("custody", NEW, OLD)


def ansible() -> None:
    """Run Ansible itself in the demo's home: print its inventory graph, and each PC's hostname.

    Raises CalledProcessError if it fails.
    """
    for argv in (
        ["ansible-inventory", "-i", "inventory/", "--graph"],
        ["ansible", "-i", "inventory/", "computers", "-m", "ansible.builtin.raw", "-a", "hostname"],
    ):
        print_line(f"\n$ cd {HOME}; {' '.join(argv)}")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        children.run(argv, {"PATH": path}, in_terminal=True, cwd=HOME, check=True)


def main_job() -> None:
    """Run every step of the demo in order, from the check of the intent to the backup.

    Raises StepError, or CalledProcessError from Ansible, at the first step that fails.
    """
    provision("check")
    provision("register", str(HOME / "inventory/delivery.csv"))
    enrol_all()
    provision("apply", "all", "--bench", "--yes", "--packages", PACKAGES)
    provision("apply", "all", "--bench", "--yes")
    try_all()
    break_one()
    hand_over_all()
    drift()
    swap()
    provision("return", RETURNED, "--receiver", "Pengurus Barang", "--bench")
    provision("custody", RETURNED, SWAPPED)
    provision("inventory", "--write")
    ansible()
    provision("history", DRIFTING)
    provision("ledger", "verify")
    provision("backup", str(HOME / "var/demo-backup.tar.gz"))


def run(*, keep: bool) -> int:
    """Run the demo in a new demo/ of this directory; return the exit code: 0, or 1 if a step failed.

    An old demo/ is deleted. At the end the lab is stopped unless `keep` is true.
    """
    started = time.monotonic()
    try:
        fresh_home()
        provision("lab", "up")
        main_job()
    except (StepError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"\nthe demo stopped: {error}\n")
        return 1
    finally:
        if not keep and HOME.exists():
            children.run(
                [sys.executable, "-m", "provision", "--home", str(HOME), "lab", "down"],
                capture_output=True,
                check=False,
            )
    ending = (
        f"the lab still runs: provision --home {HOME} lab status; end it with … lab down"
        if keep
        else "with --keep the lab goes on running, to try commands by hand"
    )
    print_line(
        f"""
13 kits, 21 devices (8 modems of 3 makers, 13 PCs with Linux and Windows) from the carton to the signed handover,
a drift found and repaired, a modem swapped, a kit returned, in {time.monotonic() - started:.0f} s.
  {HOME}/inventory/             the intent (kits, defaults), the vault, and devices.yml for Ansible
  {HOME}/var/papers/            the 13 receipts (PDF)
  {HOME}/var/ledger.db          every act, hash-chained: provision --home {HOME} history TAG
  {HOME}/var/host-keys/         the pinned host key of each device
  {HOME}/var/lab/TAG/root/      the disk of each emulated device
{ending}"""
    )
    return 0


def main() -> int:
    """Run the demo as `python -m provision.cli.demo [--keep]`; return its exit code, or 2 for an unknown word."""
    if unknown := [w for w in sys.argv[1:] if w != "--keep"]:
        sys.stderr.write(f"unknown: {' '.join(unknown)}\nusage: ./run demo [--keep]\n")
        return 2
    return run(keep="--keep" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
