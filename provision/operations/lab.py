"""The lab of a home: a box for each modem and PC of its kits, with a folder of packages to install."""

from __future__ import annotations

from typing import Any

from provision.core.device import Computer, Intent
from provision.core.errors import UsageError
from provision.core.model import ItemKind
from provision.home.keys import office_key
from provision.home.workspace import Workspace
from provision.lab import client
from provision.lab.box import Box
from provision.lab.pcfactory import Pc
from provision.local.files import ORDINARY, write_whole

FIRMWARE = {"openwrt": "25.12.5", "routeros": "7.23.8", "rutos": "RUT9_R_00.07.06.21"}
LABEL = {"rutos": "Label-4711"}  # the password that a RutOS box has from the carton
PACKAGES = (
    "snmpd-5.9.4-r1.apk",
    "snmpd_5.9.4-1_lab.ipk",
    "wireguard-tools-1.0.20210914-r2.apk",
    "wireguard-tools_1.0.20210914-2_lab.ipk",
    "zoom_6.2.11_amd64.deb",
)
THINGS = (ItemKind.WEBCAM, ItemKind.MICROPHONE, ItemKind.SPEAKER)


def up(workspace: Workspace) -> dict[str, Any]:
    """Start the lab with a box for each modem and PC of the home, or update one that runs; return its status.

    The packages and the labels' passwords are written beside it. Raises UsageError if a bench address is not loopback,
    ProvisionError if the lab does not start.
    """
    key = office_key(workspace.place.ssh_key)  # the technician's ssh-copy-id
    boxes: list[Box | Pc] = [_box(intent) for intent in workspace.home.intents.values()]
    boxes += [_pc(computer, key) for computer in workspace.home.computers.values()]
    if not all(b.address.startswith("127.") for b in boxes):
        raise UsageError("this home is not a lab: its addresses are not loopback", hint="provision init DIR --lab")
    folder = workspace.place.lab / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    labels = workspace.place.lab / "labels"
    labels.mkdir(exist_ok=True)
    for box in boxes:
        if isinstance(box, Box) and box.password:
            write_whole(labels / box.tag, box.password + "\n")
    for name in PACKAGES:
        write_whole(folder / name, f"a stand-in for {name}\n", ORDINARY)
    return client.up(workspace.place.lab, boxes)


def _box(intent: Intent) -> Box:
    item, system = intent.item, intent.family.name
    return Box(
        tag=intent.tag,
        serial=item.serial,
        mac=item.mac,
        imei=item.imei,
        model=f"{item.brand} {item.model}",
        firmware=FIRMWARE[system],
        system=system,
        password=LABEL.get(system, ""),
        address=intent.bench_address,
        ssh_port=intent.bench_port,
        snmp_port=intent.snmp_port,
    )


def _pc(computer: Computer, key: str) -> Pc:
    item = computer.item
    return Pc(
        tag=computer.tag,
        serial=item.serial,
        mac=item.mac,
        vendor=item.brand,
        model=item.model,
        address=computer.address,
        ssh_port=computer.ssh_port,
        key=key,
        names={str(k): f"{i.brand} {i.model}" for k in THINGS if (i := computer.kit.item(k))},
        system=computer.family.name,
    )
