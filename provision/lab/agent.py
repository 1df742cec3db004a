"""SNMP agent of a lab device: Debian's snmpd, or pysnmp if that is not used; USM is theirs, not ours."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provision.lab import ssh

UPTIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
Answers = dict[tuple[int, ...], Callable[[], int | str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """SNMPv3 user of an agent, with passphrases and engine ID; `digest` is `sha256` or `sha1`, privacy is AES-128."""

    name: str
    digest: str
    auth: str
    priv: str
    engine_id: bytes


def real() -> bool:
    """Return True if the real agent is used: snmpd is installed and `ssh.real()` is true."""
    return ssh.real() and shutil.which("snmpd") is not None


async def snmpd(lines: Iterable[str], run: Path, mark: str, where: list[tuple[str, int]]) -> ssh.Stop:
    """Start Debian's snmpd with `lines` as its configuration, on UDP at each (address, port) of `where`.

    Return the coroutine function that stops it.
    """
    addresses = ",".join(f"udp:{a}:{p}" for a, p in where)
    conf = run / "snmpd.conf"
    conf.touch(mode=0o600)
    conf.write_text("\n".join([f"agentAddress {addresses}", *lines]) + "\n")
    (run / "snmp").mkdir(mode=0o700, exist_ok=True)
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "MIBS": "",
        "MIBDIRS": "/nonexistent",
        "SNMP_PERSISTENT_DIR": str(run / "snmp"),
        "HOME": "/nonexistent",
        "KIT_LAB_DEVICE": mark,
    }
    process = await asyncio.create_subprocess_exec(
        "snmpd",
        "-Lf",
        str(run / "snmpd.log"),
        "-f",
        "-r",
        "-C",
        "-c",
        str(conf),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def stop() -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()

    return stop


def localise(passphrase: str, engine_id: bytes, digest: str = "sha256") -> bytes:
    """Return a passphrase's key, localised to `engine_id` by RFC 3414, with the full length of the hash `digest`."""
    once = passphrase.encode()
    ku = hashlib.new(digest, (once * (1048576 // len(once) + 1))[:1048576]).digest()
    return hashlib.new(digest, ku + engine_id + ku).digest()


def constant(value: int | str) -> Callable[[], int | str]:
    """Return a function that always returns `value`."""
    return lambda: value


async def standin(user: User, answers: Answers, where: list[tuple[str, int]]) -> ssh.Stop:
    """Serve `answers` to `user` with pysnmp at each (address, port) of `where`.

    Return the coroutine function that stops it. Only authenticated and encrypted SNMPv3 GET requests are answered; the
    function of an answer is called when its OID is requested.
    """
    from pysnmp.carrier.asyncio.dgram import udp
    from pysnmp.entity import config, engine
    from pysnmp.entity.rfc3413 import cmdrsp, context
    from pysnmp.proto import rfc1902, rfc1905
    from pysnmp.proto.api import v2c

    def one(name: tuple[int, ...]) -> Any:
        if name == UPTIME:
            return rfc1902.TimeTicks(int(asyncio.get_running_loop().time() * 100) % 2**32)
        if name not in answers:
            return rfc1905.noSuchObject
        said = answers[name]()
        return rfc1902.Integer32(said) if isinstance(said, int) else rfc1902.OctetString(said)

    class Get(cmdrsp.GetCommandResponder):  # type: ignore[misc]
        def handle_management_operation(self, snmpEngine: Any, ref: Any, contextName: Any, PDU: Any) -> None:  # noqa: N803, ARG002
            seen = snmpEngine.observer.get_execution_context("rfc3412.receiveMessage:request")
            if (seen["securityModel"], seen["securityLevel"]) == (3, 3):
                binds = [(name, one(tuple(name))) for name, _ in v2c.apiPDU.get_varbinds(PDU)]
                self.send_varbinds(snmpEngine, ref, 0, 0, binds)
            self.release_state_information(ref)

    agent = engine.SnmpEngine(rfc1902.OctetString(user.engine_id))
    for at, address in enumerate(where):
        transport = udp.UdpAsyncioTransport().open_server_mode(address)
        config.add_transport(agent, (*udp.DOMAIN_NAME, at), transport)
    secrets = [rfc1902.OctetString(localise(s, user.engine_id, user.digest)) for s in (user.auth, user.priv)]
    protocol = config.USM_AUTH_HMAC96_SHA if user.digest == "sha1" else config.USM_AUTH_HMAC192_SHA256
    config.add_v3_user(
        agent,
        user.name,
        protocol,
        secrets[0],
        config.USM_PRIV_CFB128_AES,
        secrets[1].clone(bytes(secrets[1])[:16]),
        authKeyType=config.USM_KEY_TYPE_LOCALIZED,
        privKeyType=config.USM_KEY_TYPE_LOCALIZED,
    )
    for model in (0, 1):
        agent.message_processing_subsystems.pop(model, None)
    Get(agent, context.SnmpContext(agent))
    agent.transport_dispatcher.job_started(1)

    async def stop() -> None:
        agent.close_dispatcher()

    return stop
