"""A radio that only SNMP can set: Debian's snmpd with a user that may write, and the objects of an ePMP behind it.

Run as a program it is snmpd's `pass_persist`: it keeps its state in a file, stages what is SET, saves and applies it.
`pass_persist` sets one object after the other, so a SET that is refused in the middle is half done: as bad as it gets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from provision.connectors.settable import SET_SERIAL
from provision.families.epmp import EPMP
from provision.families.epmp import FAMILY as DRIVER

SKU, SERIAL, MAC, FIRMWARE = "1.1.2.0", "1.1.31.0", "1.1.15.0", "1.1.1.0"
STATE, SAVE, APPLY, DISCARD = "4.6.0", "4.3.0", "4.4.0", "4.5.0"
ACTIONS = (SAVE, APPLY, DISCARD)
READ_ONLY = {
    FIRMWARE: ("string", "4.7.1"), SKU: ("integer", "36"), MAC: ("string", "00:04:56:00:00:0c"),
    "1.1.30.0": ("string", "00045600000c"), SERIAL: ("string", "E4ZK02301102"), "1.2.16.0": ("integer", "3"),
    "1.2.8.0": ("string", "menara-maratua"), "1.2.3.0": ("integer", "-58"), "1.2.18.0": ("integer", "27"),
}  # fmt: skip
FACTORY = {
    "systemConfigDeviceName": "", "snmpSystemName": "CambiumNetworks", "snmpSystemDescription": "",
    "snmpTrapEnable": "0", "snmpProtocolVersion": "3", "webService": "3", "cambiumTelnetServerEnable": "0",
    "cambiumDeviceAgentEnable": "1",
}  # fmt: skip
OBJECTS = {
    oid.removeprefix(f"{EPMP}."): (name, "integer" if kind == "integer" else "string")
    for name, (oid, kind) in DRIVER.configuration.objects.items()
}
PASSPHRASE = "Radio-Maratua-4711"


class Radio:
    """One radio: `state` is what it runs, stages and does wrong, in a file; see `faults` below."""

    def __init__(self, folder: Path, address: str, port: int) -> None:
        self.folder, self.address, self.port = folder, address, port
        self.file = folder / "radio.json"
        self.process: subprocess.Popen[bytes] | None = None
        self.engine = 1
        folder.mkdir(parents=True, exist_ok=True)
        self.reset()

    def reset(self) -> None:
        self.write(
            {"running": dict(FACTORY), "staged": {}, "mask": 1, "faults": {}, "said": {}, "log": [], "number": 7}
        )

    def read(self) -> dict[str, Any]:
        return json.loads(self.file.read_text())

    def write(self, state: dict[str, Any]) -> None:
        temporary = self.file.with_suffix(".new")
        temporary.write_text(json.dumps(state))
        temporary.replace(self.file)

    def fault(self, **faults: Any) -> None:
        self.write(self.read() | {"faults": faults})

    def alter(self, **values: str) -> None:
        state = self.read()
        self.write(state | {"running": state["running"] | values})

    def say(self, oid: str, value: str) -> None:
        state = self.read()
        self.write(state | {"said": state["said"] | {oid: value}})

    @property
    def running(self) -> dict[str, str]:
        return dict(self.read()["running"])

    def start(self, *, rights: str = "rwuser", passphrase: str = PASSPHRASE, numbered: bool = False) -> None:
        """Start the agent with the engine ID number `engine`.

        With `numbered` it has a set-serial number that can be set; net-snmp's own cannot on a machine of 64 bits, where
        it takes the length of a long for that of an int (agent/helpers/watcher.c).
        """
        program = f"{sys.executable} -u {__file__} {self.file}"
        lines = [
            f"agentAddress udp:{self.address}:{self.port}", f"{rights} pantau priv",
            *([f"pass_persist .{SET_SERIAL} {program}"] if numbered else []),
            f"exactEngineID 0x80001f8803{self.engine:012x}",
            f'createUser pantau SHA "{passphrase}" AES "{passphrase}"',
            f"pass_persist .{EPMP} {program}", f"sysObjectID .{EPMP}",
        ]  # fmt: skip
        conf = self.folder / "snmpd.conf"
        conf.write_text("\n".join(lines) + "\n")
        root = str(Path(__file__).parents[2])
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MIBS": "", "MIBDIRS": "/nonexistent", "HOME": "/nonexistent",
            "SNMP_PERSISTENT_DIR": str(self.folder / "snmp"), "PYTHONPATH": root,
        }  # fmt: skip
        self.process = subprocess.Popen(
            ["snmpd", "-Lf", str(self.folder / "log"), "-f", "-r", "-C", "-c", str(conf)], env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None


# -- the program behind snmpd --------------------------------------------------------------------
def main() -> None:
    file = Path(sys.argv[1])
    for word in iter(sys.stdin.readline, ""):
        match word.strip():
            case "PING":
                print("PONG", flush=True)
            case "get":
                _get(file, sys.stdin.readline().strip().removeprefix(f".{EPMP}."))
            case "getnext":
                sys.stdin.readline()
                print("NONE", flush=True)
            case "set":
                oid = sys.stdin.readline().strip().removeprefix(f".{EPMP}.")
                kind, _, value = sys.stdin.readline().strip().partition(" ")
                print(_set(file, oid, kind, value.strip('"')), flush=True)


def _get(file: Path, oid: str) -> None:
    state = json.loads(file.read_text())
    if oid == f".{SET_SERIAL}":
        print(f"{oid}\ninteger\n{state['number']}", flush=True)
        return
    if oid in OBJECTS:
        name, kind = OBJECTS[oid]
        value = None if name in state["faults"].get("lacks", ()) else state["running"][name]
    elif oid in ACTIONS:
        kind, value = "integer", "0"
    elif oid == STATE:
        kind, value = "integer", str(state["mask"])
    else:
        kind, value = READ_ONLY.get(oid, ("", None))
        value = state["said"].get(oid, value)
    print("NONE" if value is None else f".{EPMP}.{oid}\n{kind}\n{value}", flush=True)


def _set(file: Path, oid: str, kind: str, value: str) -> str:
    state = json.loads(file.read_text())
    faults = state["faults"]
    if oid == f".{SET_SERIAL}":
        return _count(file, state, value)
    state["log"].append(f"{oid}={value}")
    answer = _obey(state, oid, kind, value, faults)
    temporary = file.with_suffix(".own")
    temporary.write_text(json.dumps(state))
    os.replace(temporary, file)  # noqa: PTH105
    if faults.get("dies_after") == oid:
        os.kill(os.getppid(), 9)
    return answer


def _count(file: Path, state: dict[str, Any], value: str) -> str:
    """A SET with the number of before is refused as a whole: what it has staged is gone."""
    same = int(value) == state["number"]
    state |= {"number": state["number"] + 1} if same else {"staged": {}, "mask": 1}
    file.with_suffix(".own").write_text(json.dumps(state))
    os.replace(file.with_suffix(".own"), file)  # noqa: PTH105
    return "DONE" if same else "inconsistent-value"


def _obey(state: dict[str, Any], oid: str, kind: str, value: str, faults: dict[str, Any]) -> str:
    if oid in OBJECTS:
        name, wanted = OBJECTS[oid]
        if name in faults.get("refuses", {}):
            return str(faults["refuses"][name])
        if kind != wanted:
            return "wrong-type"
        state["staged"][name] = value
        state["mask"] |= 0x02
    elif oid == SAVE:
        state["mask"] = state["mask"] & ~0x02 | 0x04
    elif oid == APPLY:
        deaf = faults.get("deaf", ())
        state["running"] |= {n: v for n, v in state["staged"].items() if n not in deaf}
        state["staged"] = {}
        state["mask"] = state["mask"] & ~0x06 | int(faults.get("restart", 0))
    elif oid == DISCARD:
        state["staged"], state["mask"] = {}, state["mask"] & ~0x02
    else:
        return "not-writable"
    return "DONE"


if __name__ == "__main__":
    main()
