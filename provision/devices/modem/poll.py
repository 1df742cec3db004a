"""One look over SNMP: identity, radio and, where it is published, the digest of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from provision.connectors import snmp
from provision.core.device import Device
from provision.core.family import ReadingTable
from provision.core.model import Snapshot
from provision.families.readings import mib
from provision.home.workspace import Workspace

OWN = frozenset(
    {"serial", "firmware", "model", "uptime_s"}
)  # what a device says of itself, whichever row is its modem's


def poll(workspace: Workspace, devices: list[Device], *, retries: int = 1) -> dict[str, Snapshot]:
    """Read identity, radio and (where it is published) the configuration's marker of each device in two exchanges.

    Always returns a snapshot per device; what could not be read is in `missing` with its reason. A row's index is a
    hint: an answer counts only where IMEI or interface name prove it, else the row is looked for and read again.
    """
    hints = workspace.place.hints()
    engines = _engines(workspace, devices, hints)
    targets = {d.tag: _target(workspace, d, hints, engines[d.tag]) for d in devices if d.tag in engines}
    answers = workspace.network.read_snmp(list(targets.values()), retries=retries)
    if moved := [d for d in devices if d.tag in targets and _another_engine(d, answers[d.tag])]:
        engines = _engines(workspace, moved, {})
        again = {d.tag: _target(workspace, d, hints, engines[d.tag]) for d in moved if d.tag in engines}
        answers |= workspace.network.read_snmp(list(again.values()), retries=retries)
        targets |= again
    snapshots: dict[str, Snapshot] = {}
    for device in devices:
        tag, table = device.tag, device.box.snmp.readings
        if tag not in targets:
            snapshots[tag] = _snapshot(workspace, tag, snmp.Answer(device=tag, because=snmp.SILENT), table, 0)
            continue
        hints |= {} if device.box.snmp.usm.prefix else {f"{tag}.engine": targets[tag].engine_id.hex()}
        if answers[tag].because or not table.is_indexed:
            snapshots[tag] = _snapshot(workspace, tag, answers[tag], table, 0)
        else:
            snapshots[tag] = _proven(workspace, targets[tag], answers[tag], table, hints)
    workspace.place.keep_hints(hints)
    return snapshots


def _engines(workspace: Workspace, devices: list[Device], hints: Mapping[str, str]) -> dict[str, bytes]:
    """Return the SNMP engine ID of each device by asset tag: made from its tag, seen last, or learned now.

    A device for which none is known and that does not answer is left out.
    """
    engines = {d.tag: d.box.snmp.usm.engine_id(d.tag) for d in devices}
    engines |= {t: bytes.fromhex(hints.get(f"{t}.engine", "")) for t, engine in engines.items() if not engine}
    unknown = {d.tag: (d.host, d.snmp_port) for d in devices if not engines[d.tag]}
    engines |= workspace.network.learn_engines(unknown) if unknown else {}
    return {tag: engine for tag, engine in engines.items() if engine}


def _another_engine(device: Device, answer: snmp.Answer) -> bool:
    return not device.box.snmp.usm.prefix and "another engine ID" in answer.because


def _target(workspace: Workspace, device: Device, hints: Mapping[str, str], engine: bytes) -> snmp.Target:
    look, tag = device.box.snmp, device.tag
    user = workspace.home.intents[tag].snmp_user
    target = snmp.target(device, user, workspace.vault.device(tag), look.usm, engine)
    return replace(target, oids=look.readings.oids(_row(hints, tag)))


def _row(hints: Mapping[str, str], tag: str) -> int:
    kept = hints.get(f"{tag}.row", "1")
    return int(kept) if kept.isdigit() else 1


def _proven(
    workspace: Workspace, target: snmp.Target, answer: snmp.Answer, table: ReadingTable, hints: dict[str, str]
) -> Snapshot:
    """Return the snapshot of the modem's own row; if the answer does not prove it, find the row and ask once more.

    The index that is found is put into `hints`. If no row is proven, only what the device says of itself (`OWN`) is
    kept, and the rest is missing.
    """
    tag = target.device
    seen = _snapshot(workspace, tag, answer, table, _row(hints, tag))
    if _is_ours(workspace, tag, seen):
        return seen
    index = _find(workspace, target, table)
    if index is not None:
        hints[f"{tag}.row"] = str(index)
        again = workspace.network.read_snmp([replace(target, oids=table.oids(index))])[tag]
        seen = _snapshot(workspace, tag, again, table, index)
        if _is_ours(workspace, tag, seen):
            return seen
    own = {n: v for n, v in seen.readings.items() if n in OWN}
    return replace(seen, readings=own, missing={**_all(table, "the modem's row was not found"), **seen.missing})


def _interface(workspace: Workspace, tag: str) -> str:
    """Return the name of the modem's interface by the intent, else by the family's defaults, or an empty text."""
    intent = workspace.home.intents[tag]
    return intent.modem_device or intent.family.configuration.defaults.get("modem_device", "")


def _is_ours(workspace: Workspace, tag: str, seen: Snapshot) -> bool:
    if "imei" in seen.readings:
        return bool(seen.readings["imei"] == workspace.home.intents[tag].item.imei)
    return bool(seen.readings.get("interface") == _interface(workspace, tag))


def _find(workspace: Workspace, target: snmp.Target, table: ReadingTable) -> int | None:
    """Return the index of the row with the recorded IMEI, or else with the modem's interface name, or None.

    The columns are walked over SNMP.
    """
    tag = target.device
    for name, wanted in (("imei", workspace.home.intents[tag].item.imei), ("interface", _interface(workspace, tag))):
        for column in table.columns(name):
            for oid, raw in workspace.network.walk_snmp(replace(target, oids=()), column).values.items():
                if mib.text(raw) == wanted:
                    return int(oid.rpartition(".")[2])
    return None


def _all(table: ReadingTable, why: str) -> dict[str, str]:
    return dict.fromkeys(table.names(), why)


def _snapshot(workspace: Workspace, tag: str, answer: snmp.Answer, table: ReadingTable, row: int) -> Snapshot:
    if answer.because:
        return Snapshot(device=tag, at=workspace.now(), missing=_all(table, answer.because))
    readings, missing = table.read(answer.values, row)
    marker = str(readings.get("marker", ""))
    return Snapshot(device=tag, at=workspace.now(), readings=readings, missing=missing, marker=marker)
