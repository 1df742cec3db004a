"""SNMP agent of a lab OpenWrt.

The configuration is made from UCI as OpenWrt's /etc/init.d/snmpd makes it: without escaping, and v3 users only if
`general.snmp_version` includes v3.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from provision.lab import agent as agents
from provision.lab import ssh
from provision.lab.rut import agent as rut
from provision.lab.uciconfig import Package, Section, UciError

EXTEND = (1, 3, 6, 1, 4, 1, 8072, 1, 3, 2, 3, 1, 1)  # nsExtendOutput1Line, by length and name
MIN_PASS = 8


async def start(root: Path, run: Path, mark: str, shell: Path, addresses: tuple[str, ...]) -> ssh.Stop | None:
    """Start the SNMP agent as configured; return the coroutine function that stops it.

    Return None if there is no `snmpd` configuration, snmpd is not installed, or the RutOS agent or the stand-in does
    not start.
    """
    try:
        sections = Package(str(root), "snmpd").sections
    except UciError:
        return None
    if not (root / "usr/sbin/snmpd").exists():
        return None  # the package is not installed
    if any("v3mode" in s.options or s.kind == "user" for s in sections):
        return await rut.start(sections, root, run, mark, addresses)
    agent = next((s for s in sections if s.kind == "agent"), None)
    port = str(agent.options.get("agentaddress", "UDP:161")).split(":")[1].split(",")[0] if agent else "161"
    where = [(a, int(port)) for a in addresses]
    if agents.real():
        extend = run / "extend"
        extend.write_text(f'#!/bin/sh\nSSH_ORIGINAL_COMMAND="\\"\\$IPKG_INSTROOT$1\\"" exec {shell}\n')
        extend.chmod(0o755)
        return await agents.snmpd(lines(sections, shell), run, mark, where)
    return await _standin(sections, shell, where)


def lines(sections: list[Section], shell: Path) -> Iterator[str]:
    """Yield the lines of snmpd.conf as the init script makes them from UCI.

    A v3 user is left out unless `snmp_version` includes v3 and its authentication password has MIN_PASS characters or
    more.
    """
    general = next((s for s in sections if s.name == "general"), None)
    v3 = general is not None and general.options.get("snmp_version") in {"v3", "v1/v2c/v3"}
    for section in sections:
        got = section.options.get
        match section.kind:
            case "system":
                for name in ("sysLocation", "sysContact", "sysName"):
                    if got(name):
                        yield f"{name} {got(name)}"
            case "com2sec":
                yield f"com2sec {got('secname')} {got('source')} {got('community')}"
            case "group":
                yield f"group {got('group')} {got('version')} {got('secname')}"
            case "view":
                yield f"view {got('viewname')} {got('type')} {got('oid')}"
            case "access":
                context = '""' if got("context") == "none" else got("context")
                rest = " ".join(str(got(k)) for k in ("version", "level", "prefix", "read", "write", "notify"))
                yield f"access {got('group')} {context} {rest}"
            case "engineid":
                if got("engineid"):
                    yield f"engineID {got('engineid')}"
            case "extend":
                # A box keeps what its program said for 5 s, net-snmp's default; a test waits for this to pass
                yield f"extend -cacheTime 1 {got('name')} {shell.parent / 'extend'} {got('prog')}"
            case "v3" if v3 and len(str(got("auth_pass", ""))) >= MIN_PASS:
                user = got("username")
                auth, privacy = (f'{got(f"{n}_type")} "{got(f"{n}_pass")}"' for n in ("auth", "privacy"))
                yield f"createUser {user} {auth} {privacy}"
                yield f"rouser {user} priv {got('RestrictedOID')}"


async def _standin(sections: list[Section], shell: Path, where: list[tuple[str, int]]) -> ssh.Stop | None:
    """Serve, with pysnmp, the first line that each `extend` program prints, to the first v3 user.

    Return the coroutine function that stops it, or None if there is no v3 user or no engine ID.
    """
    user = next((s.options for s in sections if s.kind == "v3"), None)
    named = next((s.options.get("engineid") for s in sections if s.kind == "engineid"), None)
    if user is None or not named:
        return None

    def ask(program: str) -> str:
        said = subprocess.run(
            [shell],
            env={"SSH_ORIGINAL_COMMAND": f'"$IPKG_INSTROOT{program}"', "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=False,
        )
        return said.stdout.splitlines()[0].decode() if said.stdout else ""

    programs = {str(s.options["name"]): str(s.options["prog"]) for s in sections if s.kind == "extend"}
    answers: agents.Answers = {(*EXTEND, len(n), *n.encode()): partial(ask, p) for n, p in programs.items()}
    who = agents.User(
        name=str(user["username"]),
        digest="sha256",
        auth=str(user["auth_pass"]),
        priv=str(user["privacy_pass"]),
        engine_id=b"\x80\x00\x1f\x88\x04" + str(named).encode(),
    )
    return await agents.standin(who, answers, where)
