"""SNMPv3 reads: authPriv only, two exchanges, every reply authenticated before use.

pysnmp is used with keys that are already localised and an engine ID that is known from the
asset tag, so that no unauthenticated discovery takes place: (1) an authenticated request that
gets the agent's time in an authenticated report, (2) the GET.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provision import usm
from provision.model import Secret

AES128_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One agent and the user that reads it; keys are localised."""

    device: str
    host: str
    port: int
    user: str
    engine_id: bytes
    auth_key: bytes
    priv_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one agent said: values by OID, or why there are none."""

    device: str
    values: Mapping[str, Any] = field(default_factory=dict)
    because: str = ""


def target(device: str, host: str, port: int, user: str, secrets: Mapping[str, Secret]) -> Target:
    """Make the target of one device from its secrets; a vault of an older program has no localised keys."""
    engine = usm.engine_id(device)

    def key(name: str) -> bytes:
        kept = secrets.get(f"{name}_key")
        return bytes.fromhex(kept.reveal()) if kept else usm.localise(secrets[name].reveal(), engine)

    return Target(
        device=device, host=host, port=port, user=user, engine_id=engine,
        auth_key=key("snmp_auth"), priv_key=key("snmp_priv")[:AES128_BYTES],
    )  # fmt: skip


def warm() -> None:
    """Import what a read needs while the caller waits for something else (about 0.15 s)."""
    import pysnmp.hlapi.v3arch.asyncio  # noqa: F401


def read(
    targets: list[Target], oids: tuple[str, ...], *, timeout_s: float = 2.0, retries: int = 1
) -> dict[str, Answer]:
    """GET `oids` from all targets at once; a failed target is an answer with a reason."""
    return asyncio.run(_read(targets, oids, timeout_s, retries)) if targets else {}


async def _read(targets: list[Target], oids: tuple[str, ...], timeout_s: float, retries: int) -> dict[str, Answer]:
    from pysnmp.hlapi.v3arch.asyncio import SnmpEngine

    engine = SnmpEngine()
    suspicions: dict[tuple[str, int], str] = {}
    engine.observer.register_observer(lambda *a: _suspect(suspicions, a[2]), "rfc3412.prepareDataElements:sm-failure")
    try:
        answers = await asyncio.gather(*(_one(engine, t, oids, timeout_s, retries, suspicions) for t in targets))
    finally:
        engine.close_dispatcher()
    return {answer.device: answer for answer in answers}


def _suspect(suspicions: dict[tuple[str, int], str], seen: Mapping[str, Any]) -> None:
    """Note why a reply was thrown away: a hint for people, never evidence."""
    status = seen.get("statusInformation") or {}
    address = seen.get("transportAddress")
    if address is not None:
        suspicions[address[0], address[1]] = type(status.get("errorIndication")).__name__


async def _one(
    engine: Any,
    target: Target,
    oids: tuple[str, ...],
    timeout_s: float,
    retries: int,
    suspicions: Mapping[tuple[str, int], str],
) -> Answer:
    from pysnmp.hlapi.v3arch.asyncio import (
        USM_AUTH_HMAC192_SHA256,
        USM_KEY_TYPE_LOCALIZED,
        USM_PRIV_CFB128_AES,
        ContextData,
        ObjectIdentity,
        ObjectType,
        UdpTransportTarget,
        UsmUserData,
        get_cmd,
    )  # fmt: skip
    from pysnmp.proto.rfc1902 import OctetString

    said = "no answer"
    for _ in range(retries + 1):
        try:
            async with asyncio.timeout(timeout_s + 1):
                transport = await UdpTransportTarget.create((target.host, target.port), timeout=timeout_s, retries=0)
                user = UsmUserData(
                    target.user, OctetString(target.auth_key), OctetString(target.priv_key),
                    authProtocol=USM_AUTH_HMAC192_SHA256, privProtocol=USM_PRIV_CFB128_AES,
                    securityEngineId=OctetString(target.engine_id),
                    authKeyType=USM_KEY_TYPE_LOCALIZED, privKeyType=USM_KEY_TYPE_LOCALIZED,
                )  # fmt: skip
                _know_engine(engine, transport, target.engine_id)
                error, status, _, binds = await get_cmd(
                    engine, user, transport, ContextData(OctetString(target.engine_id)),
                    *[ObjectType(ObjectIdentity(oid)) for oid in oids], lookupMib=False,
                )  # fmt: skip
        except (TimeoutError, OSError):
            continue
        if not error and not status:
            return Answer(device=target.device, values={str(n): v for n, v in binds})
        said = _reason(str(error or status), suspicions.get((target.host, target.port), ""))
    return Answer(device=target.device, because=said)


def _know_engine(engine: Any, transport: Any, engine_id: bytes) -> None:
    """Tell pysnmp the engine ID, or it asks for it without authentication (seen in 7.1)."""
    from pysnmp.proto.rfc1902 import OctetString

    model = engine.message_processing_subsystems[3]
    known = model._SnmpV3MessageProcessingModel__engineIdCache  # noqa: SLF001 (no public way; a test counts the exchanges)
    identity = OctetString(engine_id)
    known[transport.TRANSPORT_DOMAIN, transport.transport_address] = {
        "securityEngineId": identity, "contextEngineId": identity, "contextName": b"",
    }  # fmt: skip


def _reason(error: str, suspicion: str) -> str:
    """Say in words what an error indication means."""
    if suspicion in {"AuthenticationFailure", "WrongDigest"} or "Wrong SNMP PDU digest" in error:
        return "an answer came whose authentication is wrong: wrong key, or altered on the way"
    if suspicion in {"UnknownSecurityName", "UnsupportedSecurityLevel"}:
        return "an answer came from another SNMP engine or at a lower security level: refused"
    if "timed out" in error.lower() or "timeout" in error.lower() or "before" in error.lower():
        return "no answer"
    return f"the agent reports: {error}"
