"""SNMP v2c with a community, by pysnmp: for a box from the carton that nobody has secured yet.

What it says proves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provision.families.readings.mib import Raw

AT_ONCE = 16  # OIDs in one question: small agents answer no more in one datagram
ROWS = 16  # values of one column; a box has few modems


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An SNMP v2c agent: its address, its community, and the seconds to wait for an answer."""

    host: str
    port: int
    community: str
    timeout_s: float = 2.0


def get(agent: Agent, oids: tuple[str, ...]) -> dict[str, Raw] | None:
    """Return values by OID, or None if the agent does not answer or reports an error.

    A value is None if the agent does not have it. If only a later one of several questions fails, the values before it
    are returned.
    """
    return asyncio.run(_get(agent, oids))


def columns(agent: Agent, roots: tuple[str, ...]) -> dict[str, Raw]:
    """Return the values below each of `roots`, by OID, at most 16 for each root.

    A root whose question fails is left out.
    """
    return asyncio.run(_columns(agent, roots))


async def _get(agent: Agent, oids: tuple[str, ...]) -> dict[str, Raw] | None:
    from pysnmp.hlapi.v3arch import asyncio as api

    engine = api.SnmpEngine()
    found: dict[str, Raw] = {}
    try:
        for at in range(0, len(oids), AT_ONCE):
            objects = [api.ObjectType(api.ObjectIdentity(oid)) for oid in oids[at : at + AT_ONCE]]
            error, status, _, binds = await api.get_cmd(engine, *await _to(agent), *objects, lookupMib=False)
            if error or status:
                return found or None
            found |= {str(name): plain(value) for name, value in binds}
    finally:
        engine.close_dispatcher()
    return found


async def _columns(agent: Agent, roots: tuple[str, ...]) -> dict[str, Raw]:
    from pysnmp.hlapi.v3arch import asyncio as api

    engine = api.SnmpEngine()
    found: dict[str, Raw] = {}
    try:
        for root in roots:
            start = api.ObjectType(api.ObjectIdentity(root))
            error, status, _, binds = await api.bulk_cmd(engine, *await _to(agent), 0, ROWS, start, lookupMib=False)
            if error or status:
                continue
            found |= {str(name): plain(value) for name, value in binds if str(name).startswith(root + ".")}
    finally:
        engine.close_dispatcher()
    return found


async def _to(agent: Agent) -> tuple[Any, Any, Any]:
    from pysnmp.hlapi.v3arch import asyncio as api

    where = await api.UdpTransportTarget.create((agent.host, agent.port), timeout=agent.timeout_s, retries=1)
    community = api.CommunityData(agent.community, mpModel=1)  # noqa: S508 (a box from the carton has no other)
    return community, where, api.ContextData()


def plain(value: Any) -> int | bytes | str | None:
    """Return one of pysnmp's values as an integer, bytes (an octet string) or text (an OID).

    None if the value is absent, or is none of these.
    """
    from pyasn1.type import univ
    from pysnmp.proto import rfc1905

    if isinstance(value, rfc1905.NoSuchObject | rfc1905.NoSuchInstance | rfc1905.EndOfMibView | univ.Null):
        return None
    if isinstance(value, univ.ObjectIdentifier):
        return str(value)
    if isinstance(value, univ.OctetString):
        return bytes(value)
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def asked(values: Mapping[str, Any] | None) -> bool:
    """Say whether an agent gave at least one value that is not None."""
    return values is not None and any(v is not None for v in values.values())
