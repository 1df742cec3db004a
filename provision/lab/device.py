"""Base classes of lab devices: a disk folder, a shell, SSH and SNMP services, and tasks that end at power off."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

from provision.lab import ssh
from provision.lab.box import Box
from provision.local.processes import sweep


class NoSuchFaultError(Exception):
    """Request for a fault that this device cannot have."""

    def __init__(self, fault: str, tag: str) -> None:
        super().__init__(f"{tag} is no device that can have the fault {fault}")


class Powered(ABC):
    """Base class of a device whose files are below `home/root` and whose sockets go to `run`."""

    def __init__(self, tag: str, home: Path, run: Path) -> None:
        """Set up the device `tag`, powered off, and create `run`."""
        self.tag = tag
        self.root = home / "root"
        self.run = run
        self.mark = f"{run}"
        self.on = False
        self.faults: dict[str, Any] = {}
        self.bitten: dict[str, str] = {}  # what each fault that counts did, once it was due
        self.shell = run / "shell"
        self.open_doors: dict[Hashable, ssh.Stop] = {}  # what each depends on, and what closes it
        self.at_power_off: list[ssh.Stop] = []  # of what lasts as long as the power
        self.agent: ssh.Stop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._settles: set[asyncio.Task[None]] = set()
        self._back: asyncio.Task[None] | None = None  # brings the power back
        self.settling = asyncio.Lock()
        run.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    async def power_on(self) -> None:
        """Boot."""

    async def power_off(self) -> None:
        """Cut the power: cancel the device's tasks, kill its processes and stop its services."""
        self.on = False
        for task in list(self._tasks):
            task.cancel()
        sweep(f"KIT_LAB_DEVICE={self.mark}", grace_s=0)
        async with self.settling:
            await self._shut()
            while self.at_power_off:
                await self.at_power_off.pop()()

    async def cut_power(self, seconds: float) -> None:
        """Cut the power now; it comes back after so many seconds, before this returns if that is at once."""
        if self._back:
            self._back.cancel()
        await self.power_off()
        self._back = asyncio.get_running_loop().create_task(self._power_back(seconds))
        if not seconds:
            await self._back

    async def _power_back(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._back = None
        if not self.on:
            await self.power_on()

    async def settle(self) -> None:
        """Restart SSH server and SNMP agent as the device is configured now, if it is on; open sessions live on.

        Once begun it runs to its end, even if its caller is cancelled by a power cut, which waits for it and then
        closes all: nobody could close a server that is half open when its task is cancelled, and its address would stay
        taken.
        """
        task = asyncio.get_running_loop().create_task(self._settle())
        self._settles.add(task)
        task.add_done_callback(self._settles.discard)
        await asyncio.shield(task)

    async def _settle(self) -> None:
        async with self.settling:
            if self.on:
                await self._stop_agent()
                await self.follow()

    @abstractmethod
    async def follow(self) -> None:
        """Start the services of the device (SSH server and, if it has one, SNMP agent) as it is configured now."""

    async def doors(self, wanted: Mapping[Any, Callable[[], Awaitable[ssh.Stop]]]) -> None:
        """Close the doors that are not wanted any more, keep those that are, and open the others.

        The key of a door is all that it depends on; its function opens it and returns what closes it. procd does the
        same: it restarts a service only if the parameters of its instance have changed. A door that is kept is never
        closed for a moment, in which a connection would be refused.
        """
        for gone in [key for key in self.open_doors if key not in wanted]:
            await self.open_doors.pop(gone)()
        for key, open_it in wanted.items():
            if key not in self.open_doors:
                self.open_doors[key] = await open_it()

    async def _shut(self) -> None:
        await self.doors({})
        await self._stop_agent()

    async def _stop_agent(self) -> None:
        if self.agent:
            await self.agent()
            self.agent = None

    async def sh(self, command: str) -> None:
        """Run a command in the device's shell and wait for its end; output and exit status are discarded."""
        process = await self._shell(command, subprocess.DEVNULL)
        await process.wait()

    async def said(self, command: str) -> str:
        """Run a command in the device's shell and return what it prints."""
        process = await self._shell(command, subprocess.PIPE)
        out, _ = await process.communicate()
        return out.decode(errors="replace")

    def _shell(self, command: str, out: int) -> Awaitable[asyncio.subprocess.Process]:
        return asyncio.create_subprocess_exec(
            str(self.shell),
            env={"SSH_ORIGINAL_COMMAND": command, "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @abstractmethod
    def status(self) -> dict[str, Any]:
        """Return tag, power, addresses (none when off), SSH port, hostname and active faults of the device.

        `bit` has what each fault that counts did.
        """

    @abstractmethod
    async def put(self, fault: str, value: str) -> None:
        """Cause a fault, or mend it with an empty value; see values.FAULTS.

        Raises NoSuchFaultError if this device cannot have the fault.
        """

    @abstractmethod
    async def serial(self) -> str:
        """Return the serial number that the device reports."""

    def spawn(self, coroutine: Any) -> None:
        """Start a coroutine as a task that power off cancels; its exception goes to standard error."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            sys.stderr.write(f"{self.tag}: {error!r}\n")


class Boxed(Powered):
    """Base class of a modem: a device described by a `Box`, with a reset button."""

    def __init__(self, box: Box, home: Path, run: Path) -> None:
        """Set up the modem `box`, whose files are in `home` and whose sockets go to `run`."""
        super().__init__(box.tag, home, run)
        self.box = box

    def snmp_port(self) -> int:
        """Return the UDP port of the modem's SNMP agent, as its label says."""
        return self.box.snmp_port

    @abstractmethod
    async def reset(self) -> None:
        """Press the reset button: restore the factory state and boot."""
