"""Measure the figures and compare each with its goal: medians, some as ratios to a peer timed in the same run.

./run bench            all
./run bench NAME …     some of: start, ledger, inventory, apply, link, kit, computers, custody, snmp
./run bench --small    each with as little as shows that it can be measured; nothing is held against its goal

Ends with one table, and keeps it as JSON in bench/results/ (or PROVISION_BENCH_RESULTS). A bench that fails is a
row of it, too; `link` is left out, without a row, if it does not run as root or its tools are missing.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import size
from commands import PYTHON, ROUNDS, provision, timed
from rows import ROWS, keep, show, table

ROOT = Path(__file__).parent.parent


def bench_start() -> None:
    """Show how many ms longer `provision --help` takes than `python -c pass`, by medians. The goal is 100 ms."""
    bare, help_ = [], []
    for _ in range(size.of(15, 3)):
        bare.append(timed([PYTHON, "-c", "pass"]))
        help_.append(timed([str(Path(PYTHON).parent / "provision"), "--help"]))
    over = (statistics.median(help_) - statistics.median(bare)) * 1000
    print("the command line")
    show("provision --help over python -c pass", f"{over:.0f} ms", "100 ms", held=over <= 100)


def bench_inventory() -> None:
    """Show the median time and the memory of `inventory --list` with 10,000 recorded devices (500 with `--small`)."""
    from provision.home.workspace import Workspace
    from provision.ledger.events import Accepted, Configured

    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    home = folder / "home"
    timed([PYTHON, "-m", "provision", "init", str(home), "--lab"])
    workspace = Workspace(home)
    kept = {
        "locators": {},
        "marker": "x" * 32,
        "settings": {f"network.section{n}.option{n}": "value" * 3 for n in range(180)},
    }
    body = {
        "kecamatan": "kelay", "driver": "openwrt", "host": "10.9.0.1", "bench_host": "10.64.1.1", "ssh_port": 22, "snmp_port": 161,
        "username": "root", "model": "m", "firmware": "f", "link": "lte",
    }  # fmt: skip
    for start in range(0, size.of(10_000, 500), 500):
        workspace.ledger.extend(
            [
                (v, f"BRU-MDM-{n:05}", b)
                for n in range(start, start + 500)
                for v, b in ((Configured.VERB, kept), (Accepted.VERB, body))
            ],
            at=workspace.now(),
        )
    workspace.ledger.engine.dispose()
    times, script = (
        [],
        "import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,check=True);print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
    )
    times += [timed(provision(home, "inventory", "--list")) for _ in range(ROUNDS)]
    used = (
        int(
            subprocess.run(
                [PYTHON, "-c", script, *provision(home, "inventory", "--list")],
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        / 1024
    )
    shutil.rmtree(folder)
    median = statistics.median(times)
    print(f"{size.of(10_000, 500):,} recorded devices with 180 settings each, median of {ROUNDS}")
    show("inventory --list, whole process", f"{median:.2f} s", "0.5 s", held=median < 0.5)
    show("its memory", f"{used:.0f} MB", "150 MB", held=used < 150)


def bench_ledger() -> None:
    """Show how many events a second the ledger's `verify` walks: 200,000 events, or 10,000 with `--small`.

    Raises SystemExit if it finds the chain broken.
    """
    from provision.ledger import connect, verify

    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    ledger = connect(f"sqlite:///{folder}/ledger.db", folder / "head", "bench")
    for start in range(0, size.of(200_000, 10_000), 10_000):
        ledger.extend(
            [("v", f"s{n % 1000}", {"n": n, "pad": "x" * 150}) for n in range(start, start + 10_000)],
            at="2026-11-24T00:00:00Z",
        )
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        count, found = verify(ledger)
        rates.append(count / (time.perf_counter() - started))
        if found:
            raise SystemExit(str(found))
    ledger.engine.dispose()
    shutil.rmtree(folder)
    print(f"{size.of(200_000, 10_000):,} events of 300 bytes, median of {ROUNDS}")
    show(
        "ledger verify",
        f"{statistics.median(rates):,.0f} events/s",
        "200,000 events/s",
        held=statistics.median(rates) >= 200_000,
    )


def bench_apply() -> None:
    """Measure a first and a second apply to 8 modems beside a plain push by raw."""
    from push import measure_apply

    measure_apply(show)


def bench_link() -> None:
    """Measure an apply and a look of one modem over a link with 300 ms one way and loss, counted on the link itself.

    Prints that it is left out if it does not run as root, or `ip` or the link emulator is missing.
    """
    tool = Path(os.environ.get("PROVISION_SHARED", ROOT.parent / "shared")) / "tools/badlink"
    if os.getuid() != 0 or not tool.exists() or not shutil.which("ip"):
        print("link: left out (needs root, iproute2, and the badlink tool beside this checkout)")
        return
    from link import measure

    measure(tool, show)


def bench_kit() -> None:
    """Measure apply with verify of 8 modems and 13 PCs beside raw tasks, and a watch of them all."""
    from kit import measure_kit

    measure_kit(show)


def bench_computers() -> None:
    """Measure the size of the programs sent to PCs, the time of a look at PCs, and the time to judge their reports."""
    from computers import measure_computers

    measure_computers(show)


def bench_custody() -> None:
    """Measure the time of `custody --as-of` over a long history."""
    from kit import measure_custody

    measure_custody(show)


def bench_snmp() -> None:
    """Measure CPU time and memory of reading 1,000 emulated modems over SNMPv3 (50 with `--small`)."""
    from poll import figure

    figure(show)


BENCHES: dict[str, Callable[[], None]] = {
    "start": bench_start, "ledger": bench_ledger, "inventory": bench_inventory, "apply": bench_apply, "link": bench_link,
    "kit": bench_kit, "computers": bench_computers, "custody": bench_custody, "snmp": bench_snmp,
}  # fmt: skip


def main() -> None:
    """Run the benches named on the command line, or all, then print their table and keep it as JSON.

    Exits 1 if a goal is not held or a bench fails, 2 if a name is unknown, else 0.
    """
    wanted = [word for word in sys.argv[1:] if word != "--small"] or list(BENCHES)
    if "--small" in sys.argv and not size.SMALL:  # the other files read it when they are imported
        environment = os.environ | {"PROVISION_BENCH_SMALL": "1"}
        sys.exit(subprocess.run([PYTHON, __file__, *wanted], env=environment, check=False).returncode)
    if unknown := [w for w in wanted if w not in BENCHES]:
        sys.stderr.write(f"no such figure: {', '.join(unknown)}; one of: {', '.join(BENCHES)}\n")
        sys.exit(2)
    bare = statistics.median(timed([PYTHON, "-c", "pass"]) for _ in range(size.of(15, 3))) * 1000
    machine = f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, python -c pass in {bare:.0f} ms"
    print(f"{machine} (this machine, now)")
    for name in wanted:
        try:
            BENCHES[name]()
        except (Exception, SystemExit) as error:  # noqa: BLE001 (one that dies is a row; the others are measured)
            ROWS.append({"figure": name, "goal": "", "seen": " ".join(str(error).split())[-160:], "verdict": "DIED"})
    print(f"\n{table()}\nkept as {keep(machine)}")
    sys.exit(any(row["verdict"] in {"NOT HELD", "DIED"} for row in ROWS))


if __name__ == "__main__":
    main()
