"""One lab PC: an SSH server and a disk folder of its own, with the few system commands that the program uses.

On Linux the collector and the baseline run as they are, on real Python; what they read (sysfs, /etc) is this PC's
folder, and the system's commands (hostnamectl, timedatectl, dpkg, …) change that folder. On Windows, windows.py
stands for PowerShell.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from provision.lab import factory, ssh
from provision.lab.device import NoSuchFaultError, Powered
from provision.lab.pcfactory import WORDS, Pc, hold, make, peripheral, tell
from provision.lab.values import seconds

SCRIPT = Path(__file__).with_name("windows.py")
POWERSHELL = {
    "powershell": f'exec python3 -SE "{SCRIPT}" "$@"\n',
    "hostname": f'exec python3 -SE "{SCRIPT}" hostname\n',
}
WINDOWS_FAULTS = (
    "serial",
    "webcam",
    "microphone",
    "speaker",
    "clock",
    "disk",
    "sound",
    "camera",
    "app",
    "consent",
    "problem",
    "noise",
)


OF_WINDOWS = {"sound": ("none", "disabled", "remote"), "camera": ("phantom",)}  # values that a Linux PC cannot have
REPORTS = {"linux": 'python3 -SE "$KIT_ROOT/var/lib/kit/report.py"', "windows": "powershell report"}


class Computer(Powered):
    """An emulated conference PC."""

    def __init__(self, box: Pc, home: Path, run: Path) -> None:
        """Use the PC's files in `home`, created in their first state if there are none; sockets go to `run`."""
        super().__init__(box.tag, home, run)
        self.box = box
        if not self.root.exists():
            make(box, self.root)

    async def power_on(self) -> None:
        """Boot: write the PC's commands and its login shell, then start the SSH server."""
        words = self.run / "words"
        shutil.rmtree(words, ignore_errors=True)
        words.mkdir()
        for name, body in (WORDS if self.box.system == "linux" else POWERSHELL).items():
            factory.script(words / name, f"#!/bin/sh\n{body}")
        (words / "python3").symlink_to(os.path.realpath(sys.executable))
        factory.script(
            self.shell,
            f"""#!/bin/sh
export KIT_ROOT='{self.root}' KIT_LAB_DEVICE='{self.mark}' HOME='{self.root}/root' TZ=Asia/Makassar
export PATH='{words}:{self.run.parent}/bin' PS1='root@pc:~# '
unset LD_PRELOAD SUDO_USER
[ -z "$SSH_ORIGINAL_COMMAND" ] || exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
exec /bin/sh -i
""",
        )
        self.on = True
        await self.settle()

    async def follow(self) -> None:
        """Start the SSH server, which accepts keys and a password, and nothing while the fault `login` is set."""
        door = ssh.Door(
            root=self.root,
            run=self.run,
            mark=self.mark,
            shell=self.shell,
            port=self.box.ssh_port,
            addresses=(self.box.address,),
            passwords=True,
            refuse=bool(self.faults.get("login")),
            host_keys="etc/ssh",
            authorized="root/.ssh/authorized_keys",
        )

        async def listen() -> ssh.Stop:
            return await ssh.open_door(door)

        barrier = ssh.Barrier.of(self.faults.get("door") or "")
        kept = barrier.keeps(door.addresses, door.port)
        await self.doors(barrier.doors(door.addresses, door.port) if kept else {door: listen})

    async def serial(self) -> str:
        """Return the serial number that the PC reports."""
        if self.box.system == "windows":
            state = json.loads((self.root / "lab/windows.json").read_text())
            return str(state["faults"].get("serial") or state["serial"])
        return (await self.said('cat "$KIT_ROOT/sys/class/dmi/id/product_serial"')).strip()

    async def put(self, fault: str, value: str) -> None:
        """Cause a fault, or mend it; see Powered. Raises NoSuchFaultError if a PC of this system cannot have it."""
        match fault:
            case "power":
                await self.cut_power(seconds(value))
            case "off":
                await (self.power_off() if value else self.power_on())
            case "reset":
                await self.power_off()
                make(self.box, self.root)
                await self.power_on()
            case "login" | "door":
                ssh.Barrier.of(value if fault == "door" else "")
                self.faults[fault] = value
                await self.settle()
            case "report":
                await self.sh(REPORTS[self.box.system])
            case _ if self.box.system == "windows":
                self._state(fault, value)
            case _:
                self._change(fault, value)
        if fault not in {"power", "off", "reset", "report"}:
            self.faults[fault] = value

    def _change(self, fault: str, value: str) -> None:
        """Apply a fault to the files of a Linux PC, or mend it with an empty value.

        Raises NoSuchFaultError if a Linux PC cannot have the fault.
        """
        if value in OF_WINDOWS.get(fault, ()):
            raise NoSuchFaultError(f"{fault} {value}", self.tag)
        match fault:
            case "serial":
                tell(self.root, value or self.box.serial)
            case "clock" | "disk" | "sound" | "camera":
                self._lie(fault, value)
                if fault == "camera":
                    hold(self.root, on=value == "held")
            case "app":
                (self.root / "var/lib/dpkg/zoom").write_text(value or "6.2.11")
            case "webcam" | "microphone" | "speaker":
                peripheral(self.root, self.box, fault, value)
            case _:
                raise NoSuchFaultError(fault, self.tag)

    def _state(self, fault: str, value: str) -> None:
        """Write a fault into a Windows PC's state file, or remove it if `value` is empty.

        Raises NoSuchFaultError if the fault is not one of WINDOWS_FAULTS.
        """
        if fault not in WINDOWS_FAULTS:
            raise NoSuchFaultError(fault, self.tag)
        path = self.root / "lab/windows.json"
        state = json.loads(path.read_text())
        state["faults"] = {
            **{n: v for n, v in state["faults"].items() if n != fault},
            **({fault: value} if value else {}),
        }
        path.write_text(json.dumps(state))

    def _lie(self, name: str, value: str) -> None:
        path = self.root / "lab" / name
        if value:
            path.write_text(value)
        else:
            path.unlink(missing_ok=True)

    def status(self) -> dict[str, Any]:
        """Return the PC's status; see Powered."""
        hostname, windows = self.root / "etc/hostname", self.root / "lab/windows.json"
        name = json.loads(windows.read_text())["settings"]["system.hostname"] if windows.exists() else ""
        return {
            "tag": self.box.tag,
            "on": self.on,
            "addresses": [self.box.address] if self.on else [],
            "ssh_port": self.box.ssh_port,
            "hostname": hostname.read_text().strip() if hostname.exists() else name,
            "faults": {k: v for k, v in self.faults.items() if v},
            "bit": self.bitten,
        }
