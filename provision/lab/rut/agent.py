"""SNMP agent of an emulated RutOS: users from its own UCI shape, as its init script does, and Teltonika's MIB.

The agent keeps nothing over a restart: its engine ID is another one each time.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provision.lab import agent as agents
from provision.lab import ssh
from provision.lab.uciconfig import Section

TELTONIKA = (1, 3, 6, 1, 4, 1, 48690)
SIGNAL: dict[str, Any] = {
    "rssi": -66,
    "rsrp": -96,
    "rsrq": -11,
    "sinr": 11,
    "operator": "TELKOMSEL",
    "state": "Registered, home",
}
MIN_PASS = 8


def _values(root: Path) -> dict[tuple[int, ...], int | str]:
    told = json.loads((root / "lab/signal").read_text())
    signal = SIGNAL | (told if "state" in told or ("rsrp" in told and "type" not in told) else {})
    modem = (*TELTONIKA, 2, 2, 1)
    counted = root / "sys/class/net/wwan0/statistics"
    return {
        (*TELTONIKA, 1, 1, 0): (root / "lab/serial").read_text().strip(),
        (*TELTONIKA, 1, 3, 0): (root / "lab/name").read_text().strip(),
        (*TELTONIKA, 1, 6, 0): (root / "etc/version").read_text().strip(),
        (*modem, 3, 1): json.loads((root / "lab/imei").read_text()),
        (*modem, 11, 1): str(signal["state"]),
        (*modem, 12, 1): int(signal["rssi"]),
        (*modem, 13, 1): str(signal["operator"]),
        (*modem, 16, 1): "LTE",
        (*modem, 17, 1): 410,
        (*modem, 18, 1): "52896774",
        (*modem, 19, 1): int(signal["sinr"]),
        (*modem, 20, 1): int(signal["rsrp"]),
        (*modem, 21, 1): int(signal["rsrq"]),
        (*modem, 22, 1): (counted / "tx_bytes").read_text().strip(),
        (*modem, 23, 1): (counted / "rx_bytes").read_text().strip(),
    }


def _users(sections: list[Section]) -> Iterator[dict[str, str]]:
    for section in sections:
        own = {k: str(v) for k, v in section.options.items()}
        secure = section.kind == "user" and own.get("enabled") == "1" and own.get("seclevel") == "priv"
        if secure and min(len(own.get("authpass", "")), len(own.get("privpass", ""))) >= MIN_PASS:
            yield own


async def start(
    sections: list[Section], root: Path, run: Path, mark: str, addresses: tuple[str, ...]
) -> ssh.Stop | None:
    """Start the SNMP agent as configured; return the coroutine function that stops it.

    Return None if the agent or SNMPv3 is disabled, or if no enabled user has level `priv` and two passwords of MIN_PASS
    characters or more.
    """
    general = next((s.options for s in sections if s.kind == "agent"), {})
    users = list(_users(sections)) if general.get("v3mode") == "1" else []
    if general.get("enabled") != "1" or not users:
        return None
    where = [(a, int(str(general.get("port", "161")))) for a in addresses]
    values = _values(root)
    if not agents.real():
        first = users[0]
        user = agents.User(
            name=first["username"],
            digest="sha256",
            auth=first["authpass"],
            priv=first["privpass"],
            engine_id=b"\x80\x00\x1f\x88\x80" + os.urandom(8),
        )
        return await agents.standin(user, {n: agents.constant(v) for n, v in values.items()}, where)
    shutil.rmtree(run / "snmp", ignore_errors=True)
    lines = []
    for user_ in users:
        lines.append(
            f'createUser {user_["username"]} {user_["authtype"]} "{user_["authpass"]}" '
            f'{user_["privtype"]} "{user_["privpass"]}"'
        )
        lines.append(f"rouser {user_['username']} priv {user_.get('mibaccess', '')}".strip())
    for name, value in values.items():
        kind = "integer" if isinstance(value, int) else "octet_str"
        lines.append(
            f"override .{'.'.join(map(str, name))} {kind} {value if isinstance(value, int) else json.dumps(value)}"
        )
    return await agents.snmpd(lines, run, mark, where)
