"""Faults of a lab modem with OpenWrt or RutOS, caused and mended on request."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path

from provision.lab import factory, ssh
from provision.lab.device import Boxed, NoSuchFaultError
from provision.lab.values import seconds
from provision.local.processes import alive, marked

FLASH_WORDS = ("mv", "sync", "tar", "rm", "ln", "chmod")
TALKERS = {"dropbear", "snmpd"}


async def put(modem: Boxed, name: str, value: str) -> None:
    """Cause fault `name` of `modem`, or mend it with an empty value; see values.FAULTS.

    Raises NoSuchFaultError if this modem cannot have the fault.
    """
    match name:
        case "power":
            await modem.cut_power(seconds(value))
        case "link":
            modem.spawn(_thaw(_freeze(modem), seconds(value)))
        case "cut":
            _cut(modem, int(value or 0))
        case "reset":
            await modem.reset()
        case "serial":
            factory.tell(modem.root, value or modem.box.serial, modem.box.imei)
        case "full":
            _full(modem, on=bool(value))
        case "login" | "snmp" | "slow" | "door":
            ssh.Barrier.of(value if name == "door" else "")
            modem.faults[name] = value
            await modem.settle()
        case "radio":
            signals = factory.SIGNAL if not value else json.loads(value)
            (modem.root / "lab/signal").write_text(json.dumps(signals))
            await modem.sh('"$IPKG_INSTROOT/usr/libexec/kit/sample"')
            if modem.box.system == "rutos":
                await modem.settle()
        case "bytes":
            factory.count(modem.root, *value.split(","))
            await (
                modem.settle() if modem.box.system == "rutos" else modem.sh('"$IPKG_INSTROOT/usr/libexec/kit/sample"')
            )
        case _:
            raise NoSuchFaultError(name, modem.tag)


def cut_now(modem: Boxed) -> bool:
    """Count one flash operation of the fault `cut`; return True if the power has to go at this one.

    Return False if no `cut` is pending.
    """
    count = modem.run / "cut" / "left"
    if not count.exists():
        return False
    left = int(count.read_text() or 0) - 1
    count.write_text(str(left))
    if left <= 0:
        shutil.rmtree(modem.run / "cut")
    return left <= 0


def _cut(modem: Boxed, after: int) -> None:
    """Install counting wrappers of the commands that write flash; run number `after` cuts the power instead."""
    folder, went = modem.run / "cut", modem.run / "went"
    shutil.rmtree(folder, ignore_errors=True)
    went.unlink(missing_ok=True)
    if not after:
        return
    folder.mkdir()
    (folder / "left").write_text(str(after))
    words = modem.run.parent / "bin"
    for word in FLASH_WORDS:
        factory.script(
            folder / word,
            f"""#!/bin/sh
left=999999
[ ! -e '{folder}/left' ] || read -r left <'{folder}/left'
left=$((left - 1))
[ ! -e '{folder}/left' ] || echo "$left" >'{folder}/left'
[ "$left" -gt 0 ] || {{
	echo {word} >'{went}'; '{words}/rm' -rf '{folder}'; ubus -S call service event '{{"type":"lab.reboot"}}'; '{words}/sleep' 60
}}
exec '{words}/{word}' "$@"
""",
        )


def _full(modem: Boxed, *, on: bool) -> None:
    flag, word = modem.run / "full", modem.root / "usr/sbin/df"
    if on:
        flag.touch()
        factory.script(word, "#!/bin/sh\necho Filesystem\necho 'overlay 7000 7000 0 100% /overlay'\n")
    else:
        flag.unlink(missing_ok=True)
        word.unlink(missing_ok=True)


def _freeze(modem: Boxed) -> list[int]:
    """Cut the link by stopping the SSH and SNMP servers: nothing answers, no connection is closed; return their ids."""
    stopped = [pid for pid in marked(f"KIT_LAB_DEVICE={modem.mark}") if _talks(pid)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    return stopped


async def _thaw(stopped: list[int], after_s: float) -> None:
    """Have the link up again after so many seconds."""
    await asyncio.sleep(after_s)
    for pid in stopped:
        if alive(pid):
            os.kill(pid, signal.SIGCONT)


def _talks(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() in TALKERS
    except OSError:
        return False
