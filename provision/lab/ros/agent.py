"""SNMP agent of an emulated MikroTik: its first secure v3 community, and values of MIKROTIK-MIB and ifXTable."""

from __future__ import annotations

from provision.lab import agent as agents
from provision.lab import ssh
from provision.lab.ros.parts import RouterParts

PREFIX = b"\x80\x00\x3a\x8c\x04"
MIKROTIK = (1, 3, 6, 1, 4, 1, 14988, 1, 1)
HIGH_COUNTERS = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)  # ifXTable
INDEX = 4  # lte1 behind the bridge and two Ethernet ports
MIN_PASS = 8


def _values(router: RouterParts) -> dict[tuple[int, ...], int | str]:
    signal = router.signal()
    lte = (*MIKROTIK, 16, 1, 1)
    found: dict[tuple[int, ...], int | str] = {
        (*MIKROTIK, 4, 4, 0): router.box.firmware,
        (*MIKROTIK, 7, 3, 0): str(router.faults.get("serial") or router.box.serial),
        (*MIKROTIK, 14, 1, 1, 2, INDEX): "lte1",
        (*lte, 6, INDEX): 7,
        (*lte, 11, INDEX): router.box.imei,
        (*lte, 14, INDEX): "LTE",
    }
    sent, received = (int(n) for n in str(router.faults.get("bytes") or "0,0").split(","))
    found |= {(*HIGH_COUNTERS, 6, INDEX): received, (*HIGH_COUNTERS, 10, INDEX): sent}
    for column, name in ((2, "rssi"), (3, "rsrq"), (4, "rsrp"), (7, "sinr")):
        if name in signal:
            found[*lte, column, INDEX] = int(signal[name])
    return found


async def start(router: RouterParts) -> ssh.Stop | None:
    """Start the SNMP agent as configured; return the coroutine function that stops it.

    Return None if SNMP is disabled, no enabled community with security `private` has two passwords of MIN_PASS
    characters or more, the router has no address, or its link is cut.
    """
    config = router.config
    snmp = config.single("/snmp")
    users = [
        c
        for c in config.entries("/snmp/community")
        if c.get("security") == "private"
        and c.get("disabled") != "yes"
        and len(c.get("authentication-password", "")) >= MIN_PASS
        and len(c.get("encryption-password", "")) >= MIN_PASS
    ]
    where = [(a, router.box.snmp_port) for a in router.addresses()]
    if snmp["enabled"] != "yes" or not users or not where or router.faults.get("link"):
        return None
    engine = PREFIX + (snmp.get("engine-id-suffix") or snmp.get("engine-id") or "").encode()
    user = agents.User(
        name=users[0]["name"],
        digest="sha1",
        auth=users[0]["authentication-password"],
        priv=users[0]["encryption-password"],
        engine_id=engine,
    )
    values = _values(router)
    if not agents.real():
        system: dict[tuple[int, ...], int | str] = {(1, 3, 6, 1, 2, 1, 1, 1, 0): f"RouterOS {router.box.model}"}
        answers = {n: agents.constant(v) for n, v in (system | values).items()}
        return await agents.standin(user, answers, where)
    lines = [
        f"exactEngineID 0x{engine.hex()}",
        f'createUser {user.name} SHA "{user.auth}" AES "{user.priv}"',
        f"rouser {user.name} priv .1.3.6.1",
        f"sysDescr RouterOS {router.box.model}",
        "sysObjectID .1.3.6.1.4.1.14988.1",
    ]
    for name, value in values.items():
        kind = "integer" if isinstance(value, int) else "octet_str"
        lines.append(f"override .{'.'.join(map(str, name))} {kind} {value}")
    return await agents.snmpd(lines, router.run, router.mark, where)
