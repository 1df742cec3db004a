"""Record a home as the installed release leaves it: its demo, then the acts that the demo leaves out.

Run it with the Python of that release, in an empty directory, on a machine whose loopback addresses are free:

    /path/to/release/.venv/bin/python record.py 0.1.0.tar

The archive holds `home/` (intent, ledger, vault, host keys, and the disks of the lab devices in KEPT) and `expected/`
(what the release printed of it, and what its papers were made with). All secrets in it are those of an emulated lab.
The archive is compressed with xz; `tarfile.open` reads it as it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
from contextlib import closing
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

HOME = Path("demo")
KEPT = ("BRU-MDM-04", "BRU-PC-04")  # segah: a modem with OpenWrt and a PC with Linux, for `watch` and `return`
LENT = "segah"
VERBS = 31  # how many kinds of event releases 0.1.0 and 0.2.0 know
DEADLINE_S = 120.0
LARGEST = 300_000
LEFT_OUT = ("var/papers/", "var/lab/", "var/demo-backup.tar.gz", "var/provision.log")


def provision(*words: str, expect: int | None = 0) -> str:
    """Run one command in the home and return what it printed; exit where its code is not `expect`."""
    argv = [sys.executable, "-m", "provision", "--home", str(HOME), *words]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if expect is not None and done.returncode != expect:
        sys.exit(f"{' '.join(words)}: {done.returncode}, not {expect}\n{done.stdout}{done.stderr}")
    return done.stdout


def edit(path: Path, old: str, new: str) -> None:
    """Replace one text in a file that must hold it."""
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def drift(tag: str, old: str, new: str) -> None:
    """Change the time zone on a lab modem by hand, and wait until its agent publishes the new digest."""
    edit(HOME / "var/lab" / tag / "root/etc/config/system", old, new)
    deadline = time.monotonic() + DEADLINE_S
    while '"drift"' not in provision("watch", tag, "--json", expect=None):
        assert time.monotonic() < deadline, f"{tag}: no drift was seen"
        time.sleep(0.5)


def configuration_acts() -> None:
    """Drill, adopt, roll back, show and replace secrets."""
    provision("selftest", "BRU-MDM-11", "--bench")
    kit = HOME / "inventory/kits/maratua.yml"
    note = next(line for line in kit.read_text().splitlines() if "site_note:" in line)
    edit(kit, note, note.replace("Kantor", "Gedung"))
    provision("apply", "BRU-MDM-11", "--bench", "--yes")
    provision("rollback", "BRU-MDM-11", "--bench", "--yes")
    edit(kit, note.replace("Kantor", "Gedung"), note)
    drift("BRU-MDM-08", "WITA-8", "WIB-7")
    provision("adopt", "BRU-MDM-08", "--reason", "jam kantor disetel di tempat", "--bench")
    provision("secret", "show", "BRU-MDM-07", "--reason", "uji di bangku kerja")
    provision("secret", "rotate", "BRU-MDM-07", "--bench", "--yes")


def readings_acts() -> None:
    """Count the bytes of a SIM card, and take in a daily report of a PC."""
    card = f'modem:\n  sim_card: {{number: "081234567890", masa_aktif_sampai: 2099-01-31, kuota_gb: 30, dicek_pada: {date.today().isoformat()}}}\n'  # noqa: DTZ011 (the day here)
    edit(HOME / "inventory/kits/biatan.yml", "modem:\n", card)
    provision("verify", "BRU-MDM-13", "--bench", expect=None)
    provision("lab", "break", "BRU-PC-04", "report")
    provision("fetch", "BRU-PC-04", "--bench", expect=None)


def lending_acts() -> None:
    """Provision the returned kit again, waive a check, draft a handover, void it, and leave a second one unsigned."""
    (pc,) = re.findall(r"asset_tag: (BRU-PC-\d+)", (HOME / "inventory/kits/talisayan.yml").read_text())
    keys = HOME / "var/lab" / pc / "root/root/.ssh/authorized_keys"  # the technician's ssh-copy-id
    keys.write_text((HOME / "var/ssh/id_ed25519.pub").read_text())
    provision("enrol", pc, "--yes", "--new-key")
    provision("apply", pc, "--bench", "--yes", "--packages", str(HOME / "var/lab/packages"), expect=None)
    provision("lab", "break", pc, "speaker", "gone")
    provision("verify", pc, "--live", "--bench", expect=None)
    who = ("--by", "Siti Aminah", "--reason", "menunggu pengeras suara baru", "--until", "2099-12-31")
    for check in ("speaker_is_present", "it_hears_itself", "peripherals_are_the_kits_own"):
        provision("waive", "talisayan", check, *who, expect=None)
    provision("lab", "break", pc, "speaker", "")
    provision("verify", pc, "--live", "--bench")
    to = ("--to", "Dra. Nurlela", "--nip", "197503041998032001")
    provision("handover", "talisayan", *to)
    provision("handover", "talisayan", "--void", "nama penerima keliru")
    provision("handover", "talisayan", *to)


def expected() -> dict[str, str]:
    """Return what this release prints of the home, by file name, and what its papers were made with."""
    import typst

    import provision as package

    folder = Path(package.__file__).parent
    template = next(
        p for p in (folder / "share", folder.parent) if (p / "templates/documents/tanda-terima.typ").is_file()
    )
    made_with = {
        "typst": version("typst"),
        "binary": sha256(next(Path(typst.__file__).parent.glob("*.so")).read_bytes()).hexdigest(),
        "template": sha256((template / "templates/documents/tanda-terima.typ").read_bytes()).hexdigest(),
    }
    history = {
        tag: json.loads(provision("history", tag, "--json"))["events"]
        for tag in ("BRU-MDM-11", "BRU-PC-04", "talisayan", "kelay")
    }
    return {
        "release.json": json.dumps({"release": package.__version__, "paper": made_with}),
        "custody.json": provision("custody", "--json"),
        "inventory.json": provision("inventory", "--list"),
        "history.json": json.dumps(history),
        "watch.json": provision("watch", LENT, "--json"),
        "plan.json": provision("plan", LENT, "--json", "--bench", expect=None),
    }  # fmt: skip


def count_verbs() -> set[str]:
    """Return the verbs of the ledger."""
    with closing(sqlite3.connect(HOME / "var/ledger.db")) as connection:
        return {row[0] for row in connection.execute("SELECT DISTINCT verb FROM event")}


def pack(target: Path, texts: dict[str, str]) -> None:
    """Write the archive; of the lab only the disks of the devices in KEPT."""
    with closing(sqlite3.connect(HOME / "var/ledger.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    work = Path("expected")
    work.mkdir(exist_ok=True)
    for name, text in texts.items():
        (work / name).write_text(text)
    with tarfile.open(target, "w:xz", preset=9) as tar:
        for path in sorted(HOME.rglob("*")):
            name = str(path.relative_to(HOME))
            lab = name.startswith(tuple(f"var/lab/{tag}/" for tag in KEPT))
            if path.is_dir() or path.is_socket() or path.is_fifo() or (name.startswith(LEFT_OUT) and not lab):
                continue
            tar.add(path, arcname=f"home/{name}", recursive=False)
        tar.add(work, arcname="expected")
    assert target.stat().st_size <= LARGEST, f"{target}: {target.stat().st_size} bytes"


def main() -> None:
    """Make the home, do every act, pack it."""
    target = Path(sys.argv[1]).resolve()
    os.environ["PROVISION_ACTOR"] = "teknisi@bangku-kerja"
    shutil.rmtree(HOME, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "provision", "demo", "--keep"], check=True, stdout=subprocess.DEVNULL)
    try:
        configuration_acts()
        readings_acts()
        lending_acts()
        texts = expected()
    finally:
        provision("lab", "down")
    verbs = count_verbs()
    assert len(verbs) >= VERBS, f"{len(verbs)} verbs: {sorted(verbs)}"
    pack(target, texts)
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes, {len(verbs)} verbs\n")


if __name__ == "__main__":
    main()
