"""One lab modem: power, boot, services that follow the configuration, and faults."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

from provision.lab import factory, faults, rpcd, slow, snmp, ssh
from provision.lab.box import Box
from provision.lab.device import Boxed
from provision.lab.uciconfig import Package, UciError

RELOAD_S = 1.0  # procd's delay between config.change and the reload
SERVICES = ("network", "dropbear", "snmpd", "system")


class PowerCutError(Exception):
    """Power cut in the middle of an operation, caused by the fault `cut`."""


class Modem(Boxed):
    """An emulated modem with OpenWrt or RutOS."""

    def __init__(self, box: Box, home: Path, run: Path) -> None:
        """Use the box's files in `home`, created in factory state if there are none; sockets go to `run`."""
        super().__init__(box, home, run)
        self._reload: asyncio.TimerHandle | None = None
        self.rpcd: rpcd.Rpcd | None = None
        if not self.root.exists():
            factory.make(box, self.root)

    # -- power ----------------------------------------------------------------------------------
    async def power_on(self) -> None:
        """Boot: clear the RAM, run the rc.d hooks, then start the bus, the services and cron."""
        for ram in ("tmp/kit", "tmp/.uci"):
            shutil.rmtree(self.root / ram, ignore_errors=True)
        self._write_shell()
        self.rpcd = rpcd.Rpcd(self.root, self.changed, self._reboot, self._step)
        self.on = True
        for hook in sorted((self.root / "etc/rc.d").glob("S*")):
            await self.sh(f'"{hook}" boot')
        self.at_power_off.append(await rpcd.serve(self.run / "ubus", self._bus))
        await self.settle()
        self.spawn(self._cron())

    async def power_off(self) -> None:
        """Cut the power: cancel reload and rollback timers, and end everything that runs."""
        if self._reload:
            self._reload.cancel()
        if self.rpcd:
            self.rpcd.stop()
        await super().power_off()

    async def reset(self) -> None:
        """Press the reset button: power off, restore the factory state, power on."""
        await self.power_off()
        factory.make(self.box, self.root)
        await self.power_on()

    # -- configuration that takes effect ----------------------------------------------------------
    def option(self, package: str, kind: str, option: str, default: str = "") -> str:
        """Return an option of the first section of type `kind` that has it.

        Return `default` if there is no such section or the package cannot be read. Staged changes do not count.
        """
        try:
            sections = Package(str(self.root), package).sections
        except UciError:
            return default
        for section in sections:
            if section.kind == kind and option in section.options:
                return str(section.options[option])
        return default

    def addresses(self) -> tuple[str, ...]:
        """Return the IP addresses of the LAN and of the WireGuard interfaces that have a peer with a public key.

        Return an empty tuple if the network configuration cannot be read.
        """
        found: list[str] = []
        try:
            sections = Package(str(self.root), "network").sections
        except UciError:
            return ()
        peers = {s.kind.removeprefix("wireguard_") for s in sections if s.options.get("public_key")}
        for section in sections:
            if section.name == "lan":
                found.append(str(section.options.get("ipaddr", "")))
            if section.options.get("proto") == "wireguard" and section.name in peers:
                given = section.options.get("addresses", [])
                found += [a.partition("/")[0] for a in ([given] if isinstance(given, str) else given)]
        return tuple(a for a in found if a)

    def changed(self, package: str) -> None:
        """Schedule a reload of the services in RELOAD_S seconds, in place of one that waits, as procd on config.change.

        Nothing is done if the modem is off or `package` is not one of SERVICES.
        """
        if self.on and package in SERVICES:
            if self._reload:
                self._reload.cancel()
            loop = asyncio.get_running_loop()
            self._reload = loop.call_later(RELOAD_S, lambda: self.spawn(self.settle()))

    async def follow(self) -> None:
        """Start the SSH server as configured, and the SNMP agent unless it is disabled or the fault `snmp` is set."""
        await self._follow_door()
        if not self.faults.get("snmp") and self.option("snmpd", "snmpd", "enabled", "1") == "1":
            self.agent = await snmp.start(self.root, self.run, self.mark, self.shell, self.addresses())

    async def _follow_door(self) -> None:
        delay_s = float(self.faults.get("slow") or 0)
        door = ssh.Door(
            root=self.root,
            run=self.run,
            mark=self.mark,
            shell=self.shell,
            port=int(self.option("dropbear", "dropbear", "Port", "22")),
            addresses=self.addresses(),
            passwords=self.option("dropbear", "dropbear", "PasswordAuth", "on") in {"on", "1"},
            refuse=bool(self.faults.get("login")),
        )

        async def behind_a_slow_line() -> ssh.Stop:
            def inside(port: int) -> Awaitable[ssh.Stop]:
                return ssh.open_door(replace(door, port=port, addresses=("127.0.0.1",)))

            return await slow.behind(inside, door.addresses, door.port, delay_s)

        async def directly() -> ssh.Stop:
            return await ssh.open_door(door)

        barrier = ssh.Barrier.of(self.faults.get("door") or "")
        kept = barrier.keeps(door.addresses, door.port)
        barred = barrier.doors(door.addresses, door.port)
        door = replace(door, addresses=tuple(a for a in door.addresses if a not in kept))
        opened = {(door, delay_s): behind_a_slow_line if delay_s else directly} if door.addresses else {}
        await self.doors({**barred, **opened})

    async def put(self, fault: str, value: str) -> None:
        """Cause a fault, or mend it; see faults.py."""
        await faults.put(self, fault, value)

    async def serial(self) -> str:
        """Return the serial number that the modem reports."""
        if self.box.system == "rutos":
            return (await self.said("mnf_info --sn")).strip()
        return (await self.said('cat "$IPKG_INSTROOT/proc/device-tree/serial-number"')).strip("\0\n")

    # -- inside -----------------------------------------------------------------------------------
    def _write_shell(self) -> None:
        path = f"{self.run}/cut:{self.root}/usr/sbin:{self.run.parent}/bin"
        found = shutil.which("busybox")
        busybox = f"{found} " if found and ssh.real() else ""
        factory.script(
            self.shell,
            f"""#!/bin/sh
export IPKG_INSTROOT='{self.root}' UBUS_SOCKET='{self.run}/ubus' KIT_LAB_DEVICE='{self.mark}'
export PATH='{path}' PS1='root@OpenWrt:~# ' HOME='{self.root}/root'
unset LD_PRELOAD
[ -z "$SSH_CONNECTION" ] || echo x >>'{self.run}/execs'
[ ! -e '{self.run}/full' ] || ulimit -f 0
[ -z "$SSH_ORIGINAL_COMMAND" ] || exec {busybox}sh -c "$SSH_ORIGINAL_COMMAND"
exec {busybox}sh -i
""",
        )

    def _bus(self, path: str, method: str, message: dict[str, Any]) -> rpcd.Reply:
        return self.rpcd.call(path, method, message) if self.rpcd else (4, None)

    async def _cron(self) -> None:
        """Run every line of root's crontab once a minute, for ever; its schedule, always `* * * * *`, is not read."""
        while True:
            await asyncio.sleep(60)
            table = self.root / "etc/crontabs/root"
            for line in table.read_text().splitlines() if table.exists() else ():
                await self.sh(f'"$IPKG_INSTROOT{line.split(None, 5)[5]}"')

    def _reboot(self) -> None:
        async def cycle() -> None:
            await self.power_off()
            await self.power_on()

        self._cycle = asyncio.get_running_loop().create_task(cycle())

    def _step(self) -> None:
        """Count one flash operation; at the last one of the fault `cut`, start a reboot and raise PowerCutError."""
        if faults.cut_now(self):
            (self.run / "went").write_text("a write of the configuration")
            self._reboot()
            raise PowerCutError

    def status(self) -> dict[str, Any]:
        """Return the modem's status; see Powered."""
        went = self.run / "went"
        return {
            "tag": self.box.tag,
            "on": self.on,
            "addresses": list(self.addresses()) if self.on else [],
            "ssh_port": int(self.option("dropbear", "dropbear", "Port", "22")),
            "hostname": self.option("system", "system", "hostname"),
            "faults": {k: v for k, v in self.faults.items() if v}
            | ({"full": "1"} if (self.run / "full").exists() else {}),
            "bit": self.bitten | ({"cut": f"the power went at {went.read_text().strip()}"} if went.exists() else {}),
        }
