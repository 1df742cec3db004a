"""One emulated MikroTik: power, files, jobs, backup, and services that follow the configuration."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from provision.lab import ssh
from provision.lab.box import Box
from provision.lab.device import NoSuchFaultError
from provision.lab.ros import agent, door, factory, words
from provision.lab.ros.config import Config, RosError
from provision.lab.ros.parts import RouterParts
from provision.lab.ros.run import Runner, Stop
from provision.lab.values import seconds

SETTLE_S = 0.3
LOST_S = 16.0  # a link that is lost comes back by itself
STARTUP_S = 0.3  # jobs of the start run a little after the services are up
FOLLOWED = (
    "/ip/address",
    "/ip/service",
    "/snmp",
    "/snmp/community",
    "/interface/wireguard",
    "/interface/wireguard/peers",
)


class PowerCutError(Exception):
    """Power cut in the middle of an operation, caused by the fault `cut`."""


class Router(RouterParts):
    """An emulated MikroTik."""

    def __init__(self, box: Box, home: Path, run: Path) -> None:
        """Use the box's files in `home`, created in factory state if there are none; sockets go to `run`."""
        super().__init__(box, home, run)
        self.left = 0  # flash operations until the power is cut
        self.loses = 0  # flash operations until the link is lost
        self.refusals = 0  # flash operations until one is refused
        self._due: asyncio.TimerHandle | None = None
        self._jobs: dict[str, asyncio.TimerHandle] = {}
        self._cycle: asyncio.Task[None] | None = None
        if not self.root.exists():
            factory.make(box, self.root)
        self.config = self._load()

    def _load(self) -> Config:
        return Config(self.root / "config.json", self.box.firmware, self.touched)

    # -- power ------------------------------------------------------------------------------------
    async def power_on(self) -> None:
        """Boot: delete the files outside flash/, load the configuration, start services and job timers.

        The startup jobs run STARTUP_S seconds later.
        """
        for path in (self.root / "files").iterdir():
            if path.name != "flash":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.config = self._load()
        self.on = True
        await self.settle()
        self._plan_jobs()
        asyncio.get_running_loop().call_later(STARTUP_S, self._startup)

    async def power_off(self) -> None:
        """Cut the power: cancel the timers, end everything that runs and abort the SSH connections."""
        for handle in (self._due, *self._jobs.values()):
            if handle:
                handle.cancel()
        self._jobs.clear()
        await super().power_off()
        for visitor in list(self.visitors):
            visitor.abort()

    async def reset(self) -> None:
        """Press the reset button: power off, restore the factory state, power on."""
        await self.power_off()
        factory.make(self.box, self.root)
        await self.power_on()

    def reboot(self) -> None:
        """Start a power cycle in the background."""

        async def cycle() -> None:
            await self.power_off()
            await self.power_on()

        self._cycle = asyncio.get_running_loop().create_task(cycle())

    # -- configuration that takes effect -----------------------------------------------------------
    def touched(self, menu: str) -> None:
        """React to a change in `menu`: count it as a flash operation and plan jobs anew if it is the scheduler's.

        If it is one of FOLLOWED and the power is on, restart the services SETTLE_S seconds after the last such change.
        """
        self.flash()
        if menu == "/system/scheduler":
            self._plan_jobs()
        if menu in FOLLOWED and self.on:
            if self._due:
                self._due.cancel()
            self._due = asyncio.get_running_loop().call_later(SETTLE_S, lambda: self.spawn(self.settle()))

    def flash(self) -> None:
        """Count one flash operation for each pending fault; a fault takes effect when its count is used up.

        `lose` then cuts the link for LOST_S seconds, `fail` raises RosError, `cut` starts a reboot and raises
        PowerCutError.
        """
        if self.loses:
            self.loses -= 1
            if not self.loses:
                self.bitten["lose"] = "the link was cut at a change"
                for visitor in list(self.visitors):
                    visitor.abort()  # now: not a byte of the answer gets through
                self.spawn(self.put("link", str(LOST_S)))
        if self.refusals:
            self.refusals -= 1
            if not self.refusals:
                self.bitten["fail"] = "a change was refused"
                raise RosError("failure: out of memory")
        if self.left:
            self.left -= 1
            if not self.left:
                self.bitten["cut"] = "the power went at a change"
                self.reboot()
                raise PowerCutError

    def addresses(self) -> tuple[str, ...]:
        """Return the router's IP addresses; those of a WireGuard interface only if it has a private key and a peer."""
        names = {e["interface"] for e in self.config.entries("/interface/wireguard/peers")} if self._v7() else set()
        keyed = (
            {e["name"] for e in self.config.entries("/interface/wireguard") if e.get("private-key")}
            if self._v7()
            else set()
        )
        return tuple(
            e["address"].partition("/")[0]
            for e in self.config.entries("/ip/address")
            if not e["interface"].startswith("wg") or e["interface"] in names & keyed
        )

    def _v7(self) -> bool:
        return self.config.version >= (7,)

    def port(self) -> int:
        """Return the port of the SSH server: that of the service `ssh`, or 22 if there is no such service."""
        service = self.config.one("/ip/service", "name", "ssh")
        return int(service["port"]) if service else 22

    async def follow(self) -> None:
        """Start the SSH server and, unless the fault `snmp` is set, the SNMP agent, as configured."""
        port, delay_s = self.port(), float(self.faults.get("slow") or 0)
        addresses = () if self.faults.get("link") else self.addresses()
        barrier = ssh.Barrier.of(self.faults.get("door") or "")
        kept = barrier.keeps(addresses, port)
        opened = {
            (a, port, delay_s): partial(door.open_door, self, a, port, delay_s) for a in addresses if a not in kept
        }
        await self.doors({**barrier.doors(addresses, port), **opened})
        if not self.faults.get("snmp"):
            self.agent = await agent.start(self)

    # -- jobs -------------------------------------------------------------------------------------
    def _plan_jobs(self) -> None:
        """Start timers for new jobs with an interval and no start time; cancel those of jobs that are gone.

        A job first runs after one interval, never at the start. No timer runs while the power is off.
        """
        loop = asyncio.get_running_loop()
        there = {}
        for job in self.config.entries("/system/scheduler"):
            seconds = words.seconds(job.get("interval", "0s"))
            if seconds and "start-time" not in job and self.on:
                waiting = self._jobs.pop(job[".id"]) if job[".id"] in self._jobs else None
                there[job[".id"]] = waiting or loop.call_later(seconds, self._run_job, job)
        for handle in self._jobs.values():
            handle.cancel()
        self._jobs = there

    def _run_job(self, job: dict[str, str]) -> None:
        self._jobs.pop(job[".id"], None)
        self.background(job["on-event"])
        self._plan_jobs()

    def _startup(self) -> None:
        for job in list(self.config.entries("/system/scheduler")) if self.on else ():
            if job.get("start-time") == "startup" and not words.seconds(job.get("interval", "0s")):
                self.background(job["on-event"])

    def background(self, text: str) -> None:
        """Run a script as a job does: what it prints is discarded, and it may load a backup."""
        self.script(text, lambda _: None, prompting=True)

    # -- what people and programs type --------------------------------------------------------------
    def script(self, text: str, out: Any, *, prompting: bool = False) -> None:
        """Run commands and print to `out`; a refusal is printed, as RouterOS does, and ends them.

        A power cut ends them without a message. Only with `prompting` may they load a backup.
        """
        try:
            Runner(self.config, words.Words(self, out, prompting=prompting).do, out).run(text)
        except Stop as stop:
            out(f"{stop}\r\n")
        except RosError as error:
            out(f"{error}\r\n")
        except PowerCutError:
            pass

    async def put(self, name: str, value: str) -> None:
        """Cause a fault, or mend it; see Powered. Raises NoSuchFaultError if a MikroTik cannot have the fault."""
        self.bitten.pop(name, None)
        match name:
            case "power":
                await self.cut_power(seconds(value))
            case "cut":
                self.left = int(value or 0)
            case "reset":
                await self.reset()
            case "label":
                self.box = replace(self.box, password=value)
                await self.reset()
            case "firmware":
                self.box = replace(self.box, firmware=value)
                await self.reset()
            case "lose":
                self.loses = int(value or 0)
            case "fail":
                self.refusals = int(value or 0)
            case "radio":
                (self.root / "signal").write_text(value)
                await self.settle()
            case "login" | "snmp" | "slow" | "door" | "link" | "serial" | "full" | "noise" | "mode" | "bytes":
                ssh.Barrier.of(value if name == "door" else "")
                self.faults[name] = value
                await self.settle()
                if name == "link" and value:
                    for visitor in list(self.visitors):
                        visitor.abort()
                    asyncio.get_running_loop().call_later(seconds(value), lambda: self.spawn(self.put_back()))
            case _:
                raise NoSuchFaultError(name, self.tag)

    async def serial(self) -> str:
        """Return the serial number that the router reports."""
        return words.Words(self, lambda _: None, prompting=False).board("serial-number")

    async def put_back(self) -> None:
        """Mend the link and restart the services."""
        self.faults.pop("link", None)
        await self.settle()

    def signal(self) -> dict[str, Any]:
        """Return what the radio reports: the usual values, overridden by the fault `radio`, and the IMEI."""
        path = self.root / "signal"
        own = json.loads(path.read_text()) if path.exists() and path.read_text() else {}
        return factory.SIGNAL | own | {"imei": self.box.imei}

    def status(self) -> dict[str, Any]:
        """Return the router's status; see Powered."""
        return {
            "tag": self.box.tag,
            "on": self.on,
            "addresses": list(self.addresses()) if self.on else [],
            "ssh_port": self.port(),
            "hostname": self.config.single("/system/identity")["name"],
            "faults": {k: v for k, v in self.faults.items() if v},
            "bit": self.bitten,
        }
