"""One look over SNMP: identity, radio and, where it is published, the digest of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from provision import families
from provision.connectors import snmp
from provision.core.model import Device, Snapshot
from provision.families import readings
from provision.families.readings import mib
from provision.families.readings.mib import Family
from provision.home.workspace import Office


def poll(office: Office, devices: list[Device], *, retries: int = 1) -> dict[str, Snapshot]:
    """Read identity, radio and (where it is published) the configuration's marker of each device in two exchanges.

    Always gives a snapshot per device; what could not be read is in `missing` with its reason. A row's index is a
    hint: an answer counts only where IMEI or interface name prove it, else the row is looked for and read again.
    """
    hints = office.place.hints()
    engines = _engines(devices, hints)
    asked = {d.tag: _asked(office, d, hints, engines[d.tag]) for d in devices if d.tag in engines}
    answers = snmp.read([target for target, _ in asked.values()], retries=retries)
    if moved := [d for d in devices if d.tag in asked and _another_engine(d, answers[d.tag])]:
        engines = _engines(moved, {})
        again = {d.tag: _asked(office, d, hints, engines[d.tag]) for d in moved if d.tag in engines}
        answers |= snmp.read([target for target, _ in again.values()], retries=retries)
        asked |= again
    found: dict[str, Snapshot] = {}
    for device in devices:
        tag = device.tag
        if tag not in asked:
            table = readings.load(families.load(device.driver).readings)
            found[tag] = _snapshot(office, tag, snmp.Answer(device=tag, because=snmp.SILENT), table, 0)
            continue
        target, table = asked[tag]
        hints |= {} if families.load(device.driver).usm.prefix else {f"{tag}.engine": target.engine_id.hex()}
        if isinstance(table, readings.Table) or answers[tag].because:
            found[tag] = _snapshot(office, tag, answers[tag], table, 0)
        else:
            found[tag] = _proven(office, target, answers[tag], table, hints)
    office.place.keep_hints(hints)
    return found


def _engines(devices: list[Device], hints: Mapping[str, str]) -> dict[str, bytes]:
    """Give the engine ID of each device: made from its tag, seen last, or learned now; one that is silent has none."""
    found = {d.tag: families.load(d.driver).usm.engine_id(d.tag) for d in devices}
    found |= {t: bytes.fromhex(hints.get(f"{t}.engine", "")) for t, engine in found.items() if not engine}
    unknown = {d.tag: (d.host, d.snmp_port) for d in devices if not found[d.tag]}
    found |= snmp.learn(unknown) if unknown else {}
    return {tag: engine for tag, engine in found.items() if engine}


def _another_engine(device: Device, answer: snmp.Answer) -> bool:
    return not families.load(device.driver).usm.prefix and "another engine ID" in answer.because


def _asked(
    office: Office, device: Device, hints: Mapping[str, str], engine: bytes
) -> tuple[snmp.Target, readings.Table | Family]:
    driver, tag = families.load(device.driver), device.tag
    table = readings.load(driver.readings)
    oids = table.oids if isinstance(table, readings.Table) else readings.ask(table, _row(hints, tag))
    user = str(office.home.intents[tag].facts["snmp_user"])
    target = snmp.target(device, user, office.vault.device(tag), driver.usm, engine)
    return replace(target, oids=oids), table


def _row(hints: Mapping[str, str], tag: str) -> int:
    kept = hints.get(f"{tag}.row", "1")
    return int(kept) if kept.isdigit() else 1


def _proven(
    office: Office, target: snmp.Target, answer: snmp.Answer, family: Family, hints: dict[str, str]
) -> Snapshot:
    """Read a row whose index is proven; where it is not, find the row and ask once more."""
    tag = target.device
    seen = _snapshot(office, tag, answer, family, _row(hints, tag))
    if _is_ours(office, tag, seen):
        return seen
    index = _find(office, target, family)
    if index is not None:
        hints[f"{tag}.row"] = str(index)
        again = snmp.read([replace(target, oids=readings.ask(family, index))])[tag]
        seen = _snapshot(office, tag, again, family, index)
        if _is_ours(office, tag, seen):
            return seen
    own = {n: v for n, v in seen.readings.items() if n in {"serial", "firmware", "model", "uptime_s"}}
    return replace(seen, readings=own, missing={**_all(family, "the modem's row was not found"), **seen.missing})


def _is_ours(office: Office, tag: str, seen: Snapshot) -> bool:
    intent = office.home.intents[tag]
    if "imei" in seen.readings:
        return bool(seen.readings["imei"] == intent.item.imei)
    device = intent.facts["modem_device"] or families.load(intent.driver).facts.get("modem_device")
    return bool(seen.readings.get("interface") == device)


def _find(office: Office, target: snmp.Target, family: Family) -> int | None:
    """Walk the column of interface names, or of IMEIs, for the row of our modem."""
    intent = office.home.intents[target.device]
    device = intent.facts["modem_device"] or families.load(intent.driver).facts.get("modem_device")
    rows = family.rows[0]
    for name, wanted in (("imei", intent.item.imei), ("interface", device)):
        for column in (c for c in rows.columns if c.name == name):
            for oid, raw in snmp.walk(replace(target, oids=()), mib.place(rows, column)).values.items():
                if mib.text(raw) == wanted:
                    return int(oid.rpartition(".")[2])
    return None


def _all(table: readings.Table | Family, why: str) -> dict[str, str]:
    names = table.read({})[1] if isinstance(table, readings.Table) else readings.names_of(table)
    return dict.fromkeys(names, why)


def _snapshot(office: Office, tag: str, answer: snmp.Answer, table: readings.Table | Family, index: int) -> Snapshot:
    if answer.because:
        return Snapshot(device=tag, at=office.now(), missing=_all(table, answer.because))
    if isinstance(table, readings.Table):
        said, missing = table.read(answer.values)
    else:
        said, missing = readings.said(table, answer.values, index)
    return Snapshot(device=tag, at=office.now(), readings=said, missing=missing, marker=str(said.get("marker", "")))
