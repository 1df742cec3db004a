"""The proof that a fault of the lab bit: what is seen of the device from outside, or by its own shell, in a sentence.

A fault that only counts (`cut`, `fail`, `lose`) is proved to be armed; what it did stands in the device's status once
it was due. A fault that does not bite is an error: a test of it would prove nothing.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from provision.lab.computer import Computer
from provision.lab.device import Boxed, Powered
from provision.lab.pcfactory import USB, plugged
from provision.lab.ros.parts import RouterParts
from provision.lab.values import seconds
from provision.local.processes import marked, stopped

PATIENCE_S = 10.0  # until a door that was opened or closed is seen so
SILENT_S = 0.5  # a door of loopback that says nothing for so long says nothing
ROUND_S = 0.05
SIGNAL = 'cat "$IPKG_INSTROOT/lab/signal"'  # what its uqmi prints
COUNTERS = 'cd "$IPKG_INSTROOT/sys/class/net/wwan0/statistics" && cat tx_bytes rx_bytes'
WRITE = 'echo x >"$IPKG_INSTROOT/tmp/full" && echo written; rm -f "$IPKG_INSTROOT/tmp/full"'
FREE = "df -k \"$IPKG_INSTROOT\" | awk 'NR == 2 { print $4 }'"


class DidNotBiteError(Exception):
    """A fault was put and nothing of it can be seen."""


async def bit(device: Powered, fault: str, value: str) -> str:
    """Return in a sentence how a fault that was just put, or mended by an empty value, shows on the device.

    Raises DidNotBiteError where it does not.
    """
    if fault in PROOFS:
        return await PROOFS[fault](device, value)
    assert isinstance(device, Computer), f"{fault} has no proof"
    return "its report is made" if fault == "report" else await _pc(device, fault, value)


# -- from outside ---------------------------------------------------------------------------------
def _doors(device: Powered) -> list[tuple[str, int]]:
    status = device.status()
    return [(address, status["ssh_port"]) for address in status["addresses"]]


async def _reach(address: str, port: int) -> tuple[str, float]:
    """Return what a new connection meets (`open`, `refused`, `silent`), and how long the banner took in seconds."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(SILENT_S + 10):
            try:
                async with asyncio.timeout(SILENT_S):
                    reader, writer = await asyncio.open_connection(address, port)
            except TimeoutError:
                return "silent", 0.0
            try:
                banner = await reader.readline()
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return "refused", 0.0
    return ("open" if banner else "refused"), time.monotonic() - began


async def _until(seen: Callable[[], Awaitable[bool]], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not await seen():
        if time.monotonic() > end:
            raise DidNotBiteError(what)
        await asyncio.sleep(ROUND_S)


async def _answers(device: Powered) -> str:
    async def each() -> bool:
        return all([(await _reach(*one))[0] == "open" for one in _doors(device)])

    await _until(each, f"{device.tag} does not answer over SSH")
    return "it answers over SSH at " + ", ".join(f"{address}:{port}" for address, port in _doors(device))


async def _power(device: Powered, value: str) -> str:
    if device.on:
        return f"it was off, and started anew; {await _answers(device)}"
    _no_process(device)
    return f"it is off, with no process left; it comes back after {seconds(value):g} s"


async def _off(device: Powered, value: str) -> str:
    if not value:
        return await _answers(device)
    _no_process(device)
    return "it is off, with no process left"


def _no_process(device: Powered) -> None:
    if left := marked(f"KIT_LAB_DEVICE={device.mark}"):
        raise DidNotBiteError(f"{len(left)} processes of {device.tag} still run")


async def _reset(device: Powered, _: str) -> str:
    return f"it is in factory state, and calls itself {device.status()['hostname']}; {await _answers(device)}"


async def _door(device: Powered, value: str) -> str:
    how, _, at = value.partition(" ")
    if not how:
        return await _answers(device)
    barred = [(a, p) for a, p in _doors(device) if at in {"", a, str(p)}]
    if not barred:
        return f"nothing of it listens at {at} now: who comes there meets the fault"
    wanted = {"refuse": "refused", "drop": "silent"}[how]

    async def each() -> bool:
        return all([(await _reach(*one))[0] == wanted for one in barred])

    await _until(each, f"new connections to {barred} are not {wanted}")
    return "new connections are " + wanted + " at " + ", ".join(f"{a}:{p}" for a, p in barred)


async def _login(device: Powered, value: str) -> str:
    if not value:
        return await _answers(device)
    passwd = device.run / "passwd"
    if passwd.exists() and passwd.read_text().startswith("root:"):
        raise DidNotBiteError("the SSH server still knows root")
    return "the SSH server answers, and knows no user"


async def _slow(device: Powered, value: str) -> str:
    async def each() -> bool:
        for one in _doors(device):
            state, took_s = await _reach(*one)
            if state != "open" or took_s < seconds(value):
                return False
        return True

    await _until(each, f"{device.tag} does not answer more slowly")
    return f"a banner takes at least {seconds(value):g} s" if value else "it answers at once"


async def _snmp(device: Boxed, value: str) -> str:
    address, _ = _doors(device)[0]
    port = device.snmp_port()

    async def each() -> bool:
        return _nobody(address, port) == bool(value)

    if not value and not device.agent:
        return "it has no agent set up"
    await _until(each, f"an agent {'still listens' if value else 'does not listen'} at {address}:{port}")
    return f"{'nobody listens' if value else 'an agent listens'} at udp {address}:{port}"


def _nobody(address: str, port: int) -> bool:
    """Whether the kernel refuses a datagram to a port, since nobody listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(ROUND_S)
        probe.connect((address, port))
        try:
            probe.send(b"?")
            probe.recv(1)
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False
    return False


async def _link(device: Powered, value: str) -> str:
    if not seconds(value):
        return "the link is up"
    if device.faults.get("link"):  # a MikroTik closes its doors
        return f"nothing of it listens, for {seconds(value):g} s"
    halted = [pid for pid in marked(f"KIT_LAB_DEVICE={device.mark}") if stopped(pid)]
    if not halted:
        raise DidNotBiteError("none of its servers is a process of its own, which could be stopped")
    return f"{len(halted)} of its servers answer nothing for {seconds(value):g} s"


# -- by its own shell -----------------------------------------------------------------------------
async def _full(device: Powered, value: str) -> str:
    if isinstance(device, RouterParts):
        free = _printed(device, ":put [/system resource get free-hdd-space]").strip()
        if (free == "0") != bool(value):
            raise DidNotBiteError(f"it says that {free} bytes are free")
        return f"it says that {free} bytes are free"
    written, free = await device.said(WRITE), await device.said(FREE)
    if value and (written.strip() or free.strip() != "0"):
        raise DidNotBiteError(f"a file can be written ({written.strip()}), and df says {free.strip()} kB are free")
    if not value and written.strip() != "written":
        raise DidNotBiteError("no file can be written")
    return "no file can be written, and df says 0 kB are free" if value else "a file can be written"


async def _cut(device: Powered, value: str) -> str:
    if not value:
        return "nothing is counted"
    if not isinstance(device, RouterParts):
        word = (await device.said("command -v mv")).strip()
        if word != str(device.run / "cut/mv"):
            raise DidNotBiteError(f"its shell takes {word or 'its own mv'}, so that nothing is counted")
    return f"the power goes at flash operation {value}, and comes back"


async def _fail(_: Powered, value: str) -> str:
    return f"change {value} from now is refused" if value else "no change is refused"


async def _lose(_: Powered, value: str) -> str:
    return f"the link is cut at change {value} from now" if value else "the link is not cut"


async def _serial(device: Powered, value: str) -> str:
    said = await device.serial()
    if value and said != value:
        raise DidNotBiteError(f"it still says {said}")
    return f"it says the serial number {said}"


async def _radio(device: Boxed, value: str) -> str:
    said = device.signal() if isinstance(device, RouterParts) else json.loads(await device.said(SIGNAL))
    wanted = json.loads(value) if value else {}
    if wrong := [name for name, one in wanted.items() if said.get(name) != one]:
        raise DidNotBiteError(f"its radio says other values of {', '.join(wrong)}")
    return "its radio says " + ", ".join(f"{name} {one}" for name, one in (wanted or said).items())


async def _bytes(device: Boxed, value: str) -> str:
    if isinstance(device, RouterParts):
        said = str(device.faults.get("bytes"))  # what its SNMP agent is started with; see ros/agent.py
    else:
        said = ",".join((await device.said(COUNTERS)).split())
    if said != value:
        raise DidNotBiteError(f"it counted {said}")
    return f"it counted {said} bytes, sent and received"


async def _mode(device: RouterParts, value: str) -> str:
    said = _printed(device, ":put [/system device-mode get scheduler]").strip()
    if "bad command" not in said and (said == "false") != bool(value):  # before 7.17 there is no device-mode
        raise DidNotBiteError(f"device-mode says scheduler {said}")
    return f"device-mode says scheduler {said}"


async def _noise(device: RouterParts | Computer, value: str) -> str:
    if isinstance(device, Computer):
        return await _pc(device, "noise", value)
    noisy = any(not line.startswith(("/", "#")) for line in _printed(device, "/export terse").splitlines() if line)
    if noisy != bool(value):
        raise DidNotBiteError("what it exports is the same")
    return f"its export has lines that are no commands: {'yes' if noisy else 'no'}"


def _printed(device: RouterParts, command: str) -> str:
    lines: list[str] = []
    device.script(command, lines.append)
    return "".join(lines)


async def _pc(device: Computer, fault: str, value: str) -> str:
    """A PC's fault shows in what its own commands say, which are the ones that the programs on it read."""
    if device.box.system == "windows":
        if (await device.said(f"powershell shows {fault}")).strip() != ("yes" if value else "no"):
            raise DidNotBiteError(f"what its PowerShell says is {'the same' if value else 'not as usual'}")
        return (
            f"its PowerShell says something else: {fault} {value}"
            if value
            else f"its PowerShell says the usual {fault}"
        )
    if fault in USB:
        there = ", ".join(plugged(device.root, fault))
        return f"{fault}: {there} is plugged in" if there else f"{fault}: none is plugged in"
    said = (await device.said(ON_LINUX[fault])).strip()
    wanted = f"{int(value or 0) * 1024}" if fault == "disk" else value
    if value and said != wanted:
        raise DidNotBiteError(f"{fault}: its own commands say {said or 'nothing'}")
    return f"{fault}: its own commands say {said or 'the usual'}"


ON_LINUX = {
    "clock": "date -u +%s", "disk": "df -Pk / | awk 'NR == 2 { print $4 }'",
    "app": "dpkg-query -W -f '${Version}' zoom | cut -f 2",
    "sound": "parec --fault sound", "camera": "v4l2-ctl --fault camera",
}  # fmt: skip
PROOFS: dict[str, Callable[[Any, str], Awaitable[str]]] = {
    "power": _power, "off": _off, "reset": _reset, "label": _reset, "firmware": _reset, "door": _door,
    "login": _login, "slow": _slow, "snmp": _snmp, "link": _link, "full": _full, "cut": _cut, "fail": _fail,
    "lose": _lose, "serial": _serial, "radio": _radio, "bytes": _bytes, "mode": _mode, "noise": _noise,
}  # fmt: skip
