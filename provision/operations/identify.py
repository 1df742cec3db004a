"""Find out what an unknown box is: by SNMP, by its SSH banner, and by at most two logins, too few for a lockout.

Nothing is written and nothing secret of ours is sent: only a community that everybody knows, the factory's login,
and the label's password if a person gives it.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision import families as _families
from provision.connectors import prompt, snmp_v2c
from provision.connectors.network import Network
from provision.core import host_keys, identity, versions
from provision.core.errors import DeviceError, UnreachableError, UsageError
from provision.core.model import Secret
from provision.devices.modem.enrol import read_box
from provision.families.readings import mib

COMMUNITY = "public"
LOGINS = 2  # RutOS blocks a sender after few wrong passwords; two are below every limit that was read
BANNERS = {"ROSSSH": ("routeros",), "dropbear": ("rutos", "openwrt")}
KEPT = 8
SERIAL = re.compile(r"[\w/.-]{4,40}")  # a shell that complains of a word that it does not know says more
SECRETIVE = ("imei", "imsi", "iccid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """What a box said of itself, and the ways that were tried; an empty text was not said.

    The family is empty if it is none that this program provisions. `enrolled` is the asset tag of a device of this home
    whose pinned host key it shows.
    """

    family: str
    vendor: str
    model: str
    firmware: str
    serial: str
    mac: str
    imei: str
    banner: str
    modems: tuple[mib.Modem, ...] = ()
    tried: tuple[str, ...] = field(default_factory=tuple)
    enrolled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxAddress:
    """The address of a box, with its SSH and SNMP ports."""

    host: str
    ssh_port: int
    snmp_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """What a person asks for: where the box is, who approves its host key, and the password of its label if any.

    `pinned` returns the asset tag for which a host key is pinned in this home, or an empty text.
    """

    where: BoxAddress
    approve: Callable[[str], bool]
    password: Secret | None = None
    pinned: Callable[[str], str] = lambda _: ""


def identify(network: Network, asked: Identify) -> Identification:
    """Return what a box is, from SNMP v2c, its SSH banner and a login at its prompt.

    Raises UsageError if there is no such host, UnreachableError if neither SSH nor SNMP answers.
    """
    where = asked.where
    _validate(where)
    tried: list[str] = []
    box, family = _by_snmp(network, where, tried)
    banner = mib.text(network.banner(where.host, where.ssh_port).split(b"\n")[0])
    said: dict[str, str] = {}
    enrolled = asked.pinned(network.host_key(where.host, where.ssh_port)) if banner else ""
    if banner:
        names = [family] if family else [n for sign, some in BANNERS.items() if sign in banner for n in some]
        family, said = _by_ssh(network, asked, names, tried) or (family, {})
    if not family and not banner and box is None:
        raise UnreachableError(
            "nothing answers, neither SSH nor SNMP",
            where=f"{where.host} ports {where.ssh_port} and {where.snmp_port}",
            hint="is it on, is the cable in its LAN port, is this computer in its subnet?",
        )
    modem = next((m for m in box.modems if "imei" in m.readings), None) if box else None
    firmware = versions.number(said.get("firmware", "")) if family == "routeros" else said.get("firmware", "")
    return Identification(
        family=family,
        banner=banner,
        tried=tuple(tried),
        enrolled=enrolled,
        modems=box.modems if box else (),
        vendor=box.vendor if box else TITLES.get(family, ""),
        model=(box.model if box else "") or said.get("model", ""),
        firmware=firmware or (box.firmware if box else ""),
        serial=identity.clean("serial", said.get("serial")) or (box.serial if box else ""),
        mac=identity.clean("mac", said.get("mac")),
        imei=identity.clean("imei", said.get("imei")) or str(modem.readings["imei"] if modem else ""),
    )


def _validate(where: BoxAddress) -> None:
    """Raise UsageError if the host has no IPv4 address."""
    try:
        socket.getaddrinfo(where.host, where.ssh_port, socket.AF_INET)
    except (OSError, UnicodeError):
        raise UsageError(f"no such host: {where.host}", hint="write its address, as 192.168.1.1") from None


TITLES = {"openwrt": "OpenWrt", "routeros": "MikroTik", "rutos": "Teltonika"}


def _by_snmp(network: Network, where: BoxAddress, tried: list[str]) -> tuple[mib.Box | None, str]:
    """Ask the agent with the one community that everybody knows; return what it says of the box, and the family's name.

    The box is None if no agent answers. The name is empty if no table recognises the answers (the model is then the
    system's description), or if the program has no such family.
    """
    agent = snmp_v2c.Agent(host=where.host, port=where.snmp_port, community=COMMUNITY)
    tried.append(f"SNMP v2c, community {COMMUNITY}")
    first = network.read_v2c(agent, (mib.SYS_DESCR, mib.SYS_OBJECT_ID))
    if first is None or not snmp_v2c.asked(first):
        return None, ""
    system = mib.text(first.get(mib.SYS_OBJECT_ID)).lstrip(".")
    likely = {name: f for name, f in _families.mibs().items() if any(mib.below(system, prefix) for prefix in f.systems)}
    values = first | (network.read_v2c(agent, tuple(dict.fromkeys(_scalars(likely)))) or {})
    name = _families.recognise(values)
    if not name:
        return mib.Box(vendor="", model=mib.text(first.get(mib.SYS_DESCR)), firmware="", serial="", modems=()), ""
    family = _families.mibs()[name]
    roots = tuple(mib.place(rows, c) for rows in family.rows if rows.scalar is None for c in rows.columns)
    named = tuple(rows.only.oid for rows in family.rows if rows.only)
    values |= network.walk_v2c(agent, (*roots, *named))
    return mib.read(family, values), name if name in _families.names() else ""


def _scalars(families: Mapping[str, mib.Mib]) -> list[str]:
    found: list[str] = []
    for family in families.values():
        sources = (*family.evidence, *family.model, *family.firmware, *family.serial)
        found += [said.oid for said in sources if not said.oid.endswith("*")] + list(family.lacks)
        found += [f"{mib.place(r, c)}.0" for r in family.rows if r.scalar is not None for c in r.columns]
    return found


def _by_ssh(network: Network, asked: Identify, names: list[str], tried: list[str]) -> tuple[str, dict[str, str]] | None:
    """Log in as the factory lets people in; return the family whose login worked, and what the box says of itself.

    At most LOGINS times. None if there is no login to try, the host key is not approved, or no login gave a serial
    number. What was tried is added to `tried`.
    """
    where = asked.where
    logins = [(name, secret) for name in names for secret in _secrets(name, asked.password)][:LOGINS]
    if not logins:
        return None
    key = network.host_key(where.host, where.ssh_port)
    if not asked.approve(host_keys.fingerprint(key)):
        return None
    for name, secret in logins:
        box = _families.box(name)
        user = box.door.factory.username
        tried.append(f"SSH, {user} {'with the label password' if secret.reveal() else 'without a password'} ({name})")
        login = prompt.Login(
            host=where.host, port=where.ssh_port, kind=box.door.netmiko, username=user, password=secret, host_key=key
        )
        try:
            said = read_box(network, login, box)
        except (UnreachableError, DeviceError) as error:
            tried[-1] += f": {error.what}"
            continue
        if SERIAL.fullmatch(identity.clean("serial", said.get("serial"))):
            return name, said
    return None


def _secrets(name: str, password: Secret | None) -> list[Secret]:
    """Return the passwords to try on a box of a family: the label's if a person gives it, else the factory's.

    Without the label's there is none to try on a RutOS box.
    """
    if password:
        return [password]
    return [] if name == "rutos" else [Secret(_families.box(name).door.factory.password)]


def masked(text: str) -> str:
    """Return the text with its first eight characters, and a bullet for each further one.

    The first eight digits of an IMEI, IMSI or ICCID name its maker.
    """
    return text[:KEPT] + "•" * max(len(text) - KEPT, 0)


def rows(known: Identification) -> list[tuple[str, str]]:
    """Return the lines (name, text) that a person is shown, in order; IMEI, IMSI and ICCID are masked.

    An empty text is shown as `not said`.
    """
    if known.enrolled and not known.serial:
        return [("device", f"{known.enrolled} of this home, by its host key; provision verify {known.enrolled}")]
    lines = [
        ("family", known.family or "none that this program can provision"),
        ("vendor", known.vendor),
        ("model", known.model),
        ("firmware", known.firmware),
        ("serial", known.serial),
        ("mac", known.mac),
        ("imei", masked(known.imei)),
        ("banner", known.banner),
    ]
    for modem in known.modems:
        said = {n: masked(str(v)) if n in SECRETIVE else v for n, v in modem.readings.items()}
        lines.append((f"modem {modem.index}", ", ".join(f"{n} {v}" for n, v in said.items()) or "says nothing"))
        lines += [("anomaly", anomaly) for anomaly in modem.anomalies]
    return [(name, value or "not said") for name, value in lines]


def shape(known: Identification) -> dict[str, Any]:
    """Return the identification in the documented JSON shape; IMEI, IMSI and ICCID are masked."""
    modems = [
        {
            "index": m.index,
            "readings": {n: masked(str(v)) if n in SECRETIVE else v for n, v in m.readings.items()},
            "missing": dict(m.missing),
            "anomalies": list(m.anomalies),
        }
        for m in known.modems
    ]
    own = {
        n: getattr(known, n) for n in ("family", "vendor", "model", "firmware", "serial", "mac", "banner", "enrolled")
    }
    return own | {"imei": masked(known.imei), "modems": modems, "tried": list(known.tried)}


def entry(known: Identification, year: int) -> str:
    """Return the lines of a kit's file (YAML) for this box, to be pasted and completed.

    `year` stands for the year of buying it until a person corrects it; the IMEI is not masked.
    """
    import yaml

    item: dict[str, Any] = {
        "asset_tag": "BRU-MDM-XX",
        "kind": "modem",
        "brand": known.vendor or "?",
        "model": known.model or "?",
        "serial": known.serial or "?",
        "kode_barang": "perlu_konfirmasi",
        "condition": "baik",
        "year": year,
        "value_idr": 0,
        "mac": known.mac,
        "imei": known.imei,
    }
    head = {"modem": {"driver": known.family, "apn": "telkomsel"}} if known.family else {}
    return yaml.safe_dump(head | {"items": [item]}, sort_keys=False, allow_unicode=True)
