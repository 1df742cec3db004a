"""Measure reading emulated modems over SNMPv3: our CPU time per device beside pysnmp's, and our peak memory.

Ours reads 1,000 modems and pysnmp 200 (50 and 5 with `--small`), every MAC verified. Each reader runs in a process
of its own (`python bench/poll.py ours|pysnmp PORT COUNT`) and prints CPU milliseconds a device and its peak memory
in MB.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import size

ROUNDS, PEERS = size.of(5, 1), size.of(200, 5)
HERE = Path(__file__)
Show = Callable[..., None]


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ours(port: int, count: int) -> int:
    import agents

    from provision.connectors import snmp

    targets = [
        snmp.Target(
            device=f"BRU-MDM-{n:04}", host=agents.address(n), port=port, user=agents.USER.decode(),
            engine_id=agents.engine(n), auth_key=agents.keys(n)[0], priv_key=agents.keys(n)[1],
        )
        for n in range(count)
    ]  # fmt: skip
    answers = snmp.read(targets, agents.OIDS)
    return sum(a.values.get(agents.TEXT) == agents.SAID for a in answers.values())


def pysnmp(port: int, count: int) -> int:
    import agents
    from pysnmp.hlapi.v3arch import asyncio as api
    from pysnmp.proto.rfc1902 import OctetString

    async def one(engine: object, number: int) -> bool:
        where = await api.UdpTransportTarget.create((agents.address(number), port), timeout=5, retries=1)
        auth, priv = agents.keys(number)
        user = api.UsmUserData(
            agents.USER.decode(), OctetString(auth), OctetString(priv), authProtocol=api.USM_AUTH_HMAC192_SHA256,
            privProtocol=api.USM_PRIV_CFB128_AES, securityEngineId=OctetString(agents.engine(number)),
            authKeyType=api.USM_KEY_TYPE_LOCALIZED, privKeyType=api.USM_KEY_TYPE_LOCALIZED,
        )  # fmt: skip
        model = engine.message_processing_subsystems[3]  # type: ignore[attr-defined]
        identity = OctetString(agents.engine(number))
        cache = model._SnmpV3MessageProcessingModel__engineIdCache  # noqa: SLF001 (no public way)
        cache[where.TRANSPORT_DOMAIN, where.transport_address] = {
            "securityEngineId": identity, "contextEngineId": identity, "contextName": b"",
        }  # fmt: skip
        objects = [api.ObjectType(api.ObjectIdentity(oid)) for oid in agents.OIDS]
        error, _, _, binds = await api.get_cmd(
            engine, user, where, api.ContextData(identity), *objects, lookupMib=False
        )
        return not error and bytes(binds[1][1]) == agents.SAID

    async def whole() -> int:
        engine = api.SnmpEngine()
        done = await asyncio.gather(*(one(engine, n) for n in range(count)))
        engine.close_dispatcher()
        return sum(done)

    return asyncio.run(whole())


def spare_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def figure(show: Show) -> None:
    import agents

    port = spare_port()
    with subprocess.Popen(
        [sys.executable, str(HERE.with_name("agents.py")), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as served:
        assert served.stdout
        assert served.stdin
        served.stdout.readline()

        def run(who: str, count: int) -> tuple[float, float]:
            argv = [sys.executable, str(HERE), who, str(port), str(count)]
            said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
            return float(said[0]), float(said[1])

        seen = [(run("ours", agents.AGENTS), run("pysnmp", PEERS)) for _ in range(ROUNDS)]
        served.stdin.close()
    own, peer = (statistics.median(pair[n][0] for pair in seen) for n in (0, 1))
    memory = max(pair[0][1] for pair in seen)
    show(
        f"{agents.AGENTS} modems, authPriv: CPU a device",
        f"{own:.2f} ms (pysnmp {peer:.1f})",
        "0.5 ms",
        held=own <= 0.5,
    )
    show(f"{agents.AGENTS} modems, authPriv: peak memory", f"{memory:.0f} MB", "100 MB", held=memory < 100)


def main() -> None:
    who, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    reader = {"ours": ours, "pysnmp": pysnmp}[who]
    reader(port, 1)  # imports and tables are not what is measured
    began = cpu_s()
    answered = reader(port, count)
    used = cpu_s() - began
    if answered != count:
        raise SystemExit(f"{answered} of {count} answered")
    print(f"{used / count * 1000:.4f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}")


if __name__ == "__main__":
    main()
