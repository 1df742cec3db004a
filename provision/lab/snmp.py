"""The SNMP agent of a lab device: Debian's snmpd, or pysnmp where there is none.

The configuration is made from UCI as OpenWrt's /etc/init.d/snmpd makes it: without escaping,
and v3 users only where `general.snmp_version` says v3.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provision.lab import ssh
from provision.lab.uciconfig import Package, Section, UciError

EXTEND = (1, 3, 6, 1, 4, 1, 8072, 1, 3, 2, 3, 1, 1)  # nsExtendOutput1Line, by length and name
MIN_PASS = 8


def real() -> bool:
    """Say whether the real agent is used."""
    return ssh.real() and shutil.which("snmpd") is not None


async def start(root: Path, run: Path, mark: str, shell: Path, addresses: tuple[str, ...]) -> ssh.Stop | None:
    """Start the agent for the present configuration; give the coroutine function that stops it."""
    try:
        sections = Package(str(root), "snmpd").sections
    except UciError:
        return None
    if not (root / "usr/sbin/snmpd").exists():
        return None  # the package is not installed
    agent = next((s for s in sections if s.kind == "agent"), None)
    port = str(agent.options.get("agentaddress", "UDP:161")).split(":")[1].split(",")[0] if agent else "161"
    if real():
        return await _snmpd(sections, run, mark, shell, [f"udp:{a}:{port}" for a in addresses])
    return await _standin(sections, shell, [(a, int(port)) for a in addresses])


def lines(sections: list[Section], shell: Path) -> Iterator[str]:
    """Write snmpd.conf as the init script does."""
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
                yield f"extend {got('name')} {shell.parent / 'extend'} {got('prog')}"
            case "v3" if v3 and len(str(got("auth_pass", ""))) >= MIN_PASS:
                user = got("username")
                yield f'createUser {user} {got("auth_type")} "{got("auth_pass")}" {got("privacy_type")} "{got("privacy_pass")}"'
                yield f"rouser {user} priv {got('RestrictedOID')}"


async def _snmpd(sections: list[Section], run: Path, mark: str, shell: Path, where: list[str]) -> ssh.Stop:
    extend = run / "extend"
    extend.write_text(f'#!/bin/sh\nSSH_ORIGINAL_COMMAND="\\"\\$IPKG_INSTROOT$1\\"" exec {shell}\n')
    extend.chmod(0o755)
    conf = run / "snmpd.conf"
    conf.touch(mode=0o600)
    conf.write_text("\n".join([f"agentAddress {','.join(where)}", *lines(sections, shell)]) + "\n")
    (run / "snmp").mkdir(mode=0o700, exist_ok=True)
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MIBS": "", "MIBDIRS": "/nonexistent",
        "SNMP_PERSISTENT_DIR": str(run / "snmp"), "HOME": "/nonexistent", "KIT_LAB_DEVICE": mark,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        "snmpd", "-Lf", str(run / "snmpd.log"), "-f", "-r", "-C", "-c", str(conf), env=environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip

    async def stop() -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()

    return stop


def localise(passphrase: str, engine_id: bytes) -> bytes:
    """Make a localised key by RFC 3414 with SHA-256."""
    once = passphrase.encode()
    ku = hashlib.sha256((once * (1048576 // len(once) + 1))[:1048576]).digest()
    return hashlib.sha256(ku + engine_id + ku).digest()


async def _standin(sections: list[Section], shell: Path, where: list[tuple[str, int]]) -> ssh.Stop | None:
    """Serve the same user and the same extends from pysnmp."""
    from pysnmp.carrier.asyncio.dgram import udp
    from pysnmp.entity import config, engine
    from pysnmp.entity.rfc3413 import cmdrsp, context
    from pysnmp.proto import rfc1902, rfc1905
    from pysnmp.proto.api import v2c

    user = next((s.options for s in sections if s.kind == "v3"), None)
    named = next((s.options.get("engineid") for s in sections if s.kind == "engineid"), None)
    if user is None or not named:
        return None
    engine_id = b"\x80\x00\x1f\x88\x04" + str(named).encode()
    programs = {s.options["name"]: s.options["prog"] for s in sections if s.kind == "extend"}
    answers = {(*EXTEND, len(n), *str(n).encode()): str(p) for n, p in programs.items()}

    class Mib:
        def read_variables(self, *binds: Any, **_: Any) -> list[Any]:
            return [(name, self._one(tuple(name))) for name, _ in binds]

        def _one(self, name: tuple[int, ...]) -> Any:
            import subprocess

            if name == (1, 3, 6, 1, 2, 1, 1, 3, 0):
                return rfc1902.TimeTicks(int(asyncio.get_running_loop().time() * 100) % 2**32)
            if name not in answers:
                return rfc1905.noSuchObject
            said = subprocess.run(
                [shell], env={"SSH_ORIGINAL_COMMAND": f'"$IPKG_INSTROOT{answers[name]}"', "PATH": "/usr/bin:/bin"},
                capture_output=True, check=False,
            )  # fmt: skip
            return rfc1902.OctetString(said.stdout.splitlines()[0] if said.stdout else b"")

    class Get(cmdrsp.GetCommandResponder):  # type: ignore[misc]
        def handle_management_operation(self, snmpEngine: Any, ref: Any, contextName: Any, PDU: Any) -> None:  # noqa: N803, ARG002
            seen = snmpEngine.observer.get_execution_context("rfc3412.receiveMessage:request")
            if (seen["securityModel"], seen["securityLevel"]) == (3, 3):
                binds = v2c.apiPDU.get_varbinds(PDU)
                self.send_varbinds(snmpEngine, ref, 0, 0, Mib().read_variables(*binds))
            self.release_state_information(ref)

    agent = engine.SnmpEngine(rfc1902.OctetString(engine_id))
    for at, address in enumerate(where):
        transport = udp.UdpAsyncioTransport().open_server_mode(address)
        config.add_transport(agent, (*udp.DOMAIN_NAME, at), transport)
    secrets = [rfc1902.OctetString(localise(str(user[k]), engine_id)) for k in ("auth_pass", "privacy_pass")]
    config.add_v3_user(
        agent, str(user["username"]), config.USM_AUTH_HMAC192_SHA256, secrets[0],
        config.USM_PRIV_CFB128_AES, secrets[1].clone(bytes(secrets[1])[:16]),
        authKeyType=config.USM_KEY_TYPE_LOCALIZED, privKeyType=config.USM_KEY_TYPE_LOCALIZED,
    )  # fmt: skip
    for model in (0, 1):
        agent.message_processing_subsystems.pop(model, None)
    Get(agent, context.SnmpContext(agent))
    agent.transport_dispatcher.job_started(1)

    async def stop() -> None:
        agent.close_dispatcher()

    return stop
