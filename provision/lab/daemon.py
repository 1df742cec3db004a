"""The lab's process: holds the devices, listens for `status`, `boxes`, `break` and `down`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from provision.lab import bites, factory, faults, fence, ssh, standins
from provision.lab.box import Box
from provision.lab.computer import POWERSHELL, Computer
from provision.lab.device import NoSuchFaultError
from provision.lab.modem import Modem
from provision.lab.pcfactory import WORDS, Pc
from provision.lab.ros.device import Router

STANDINS = {
    *faults.FLASH_WORDS, *factory.WORDS, *WORDS, *POWERSHELL,
}  # what a device's folder brings, and must not be the machine's own  # fmt: skip


class Lab:
    """All devices of one home's lab."""

    def __init__(self, home: Path, run: Path) -> None:
        """Create the devices that `home/boxes.json` lists; sockets and pid files go to `run`."""
        boxes = json.loads((home / "boxes.json").read_text())
        self.home, self.run = home, run
        self.devices = {b["tag"]: _device(b, home / b["tag"], run / b["tag"]) for b in boxes}
        self.end = asyncio.Event()

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one control request and return the reply; it has the key `error` if the request is unknown."""
        match request:
            case {"verb": "status"}:
                return {"devices": [d.status() for d in self.devices.values()], "real": ssh.real()}
            case {"verb": "boxes", "boxes": boxes}:
                await self.follow({b["tag"]: b for b in boxes})
                return await self.answer({"verb": "status"})
            case {"verb": "down"}:
                self.end.set()
                return {}
            case {"verb": "break", "tag": tag, "fault": fault, "value": value}:
                device = self.devices[tag]
                await device.put(fault, value)
                return {"said": await bites.bit(device, fault, value), **device.status()}
        return {"error": "not understood"}

    async def follow(self, boxes: dict[str, dict[str, Any]]) -> None:
        """Power off and drop the devices whose tag is not in `boxes`, then create and power on those that are new."""
        for tag in [t for t in self.devices if t not in boxes]:
            await self.devices.pop(tag).power_off()
        for tag in [t for t in boxes if t not in self.devices]:
            self.devices[tag] = _device(boxes[tag], self.home / tag, self.run / tag)
            await self.devices[tag].power_on()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request of a control connection and close it; an exception is sent as an `error` reply."""
        try:
            reply = await self.answer(json.loads(await reader.readline()))
        except (NoSuchFaultError, ValueError) as error:  # another fault, or a value that it cannot have
            reply = {"error": str(error)}
        except bites.DidNotBiteError as error:
            reply = {"error": f"the fault did not bite: {error}"}
        except Exception as error:  # noqa: BLE001 (the lab tells its client, and lives on)
            reply = {"error": repr(error)}
        writer.write(json.dumps(reply).encode() + b"\n")
        await writer.drain()
        writer.close()

    async def serve(self) -> None:
        """Power all devices on and serve control requests until SIGTERM, SIGINT or a `down` request.

        Then power all off and remove `run`, also if a device could not be powered on: nothing is left that would hold
        its addresses. The file `ready` tells the parent that the control socket is open.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end.set)
        try:
            started = await asyncio.gather(*(m.power_on() for m in self.devices.values()), return_exceptions=True)
            for error in (one for one in started if isinstance(one, BaseException)):
                raise error
            server = await asyncio.start_unix_server(self.control, self.run / "control")
            (self.run / "ready").write_text(str(os.getpid()))
            await self.end.wait()
            server.close()
        finally:
            await asyncio.gather(*(m.power_off() for m in self.devices.values()))
            shutil.rmtree(self.run, ignore_errors=True)


def _device(box: dict[str, Any], home: Path, run: Path) -> Modem | Router | Computer:
    if box.get("kind") == "computer":
        return Computer(Pc(**box), home, run)
    one = Box(**box)
    return Router(one, home, run) if one.system == "routeros" else Modem(one, home, run)


def main() -> None:
    """Run the lab until it is stopped: `python -m provision.lab.daemon HOME RUN`.

    It is shut in first, and its stand-ins are proved; where that fails the file `refused` says why, with what to do.
    """
    home, run = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        fence.shut()
        standins.link(run / "bin")
        standins.prove(run / "proof", STANDINS)
    except fence.FenceError as error:
        _refuse(run, f"the lab could reach this machine's power: {error}", "apt-get install libseccomp2")
    except standins.StandinError as error:
        _refuse(run, str(error), error.hint)
    asyncio.run(Lab(home, run).serve())


def _refuse(run: Path, why: str, hint: str) -> NoReturn:
    (run / "refused").write_text(json.dumps({"why": why, "hint": hint}))
    sys.exit(1)


if __name__ == "__main__":
    main()
