"""Read all of the intent; nothing is used unless everything is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from provision import families
from provision.core import device
from provision.core.device import App, Computer, Hub, Intent, Lan, SimCard, Zone
from provision.core.errors import Fault, IntentError
from provision.core.firmware import BAD, GOOD, Baseline, Rule
from provision.core.model import Item, ItemKind, Kecamatan, Kit, slug
from provision.home.intent import rules
from provision.home.intent.addresses import lan_of, numbered
from provision.home.intent.schema import (
    Apn,
    ConferenceApp,
    Defaults,
    Districts,
    Firmware,
    KitFile,
    Lending,
    ModemIntent,
)
from provision.home.intent.text import Text

NO_APN = Apn(plmn=[], apn="")
S = TypeVar("S", bound=BaseModel)
HINTS = {
    "extra_forbidden": "remove it, or correct its spelling",
    "missing": "add it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """All of the intent: 13 kits by slug, intents of modems and of PCs by asset tag, lending terms, firmware rules.

    How old a proof may be: `look_limit_days` what is plugged into a PC, `login_proof_days` a login to a modem.
    """

    kits: Mapping[str, Kit]
    intents: Mapping[str, Intent]
    computers: Mapping[str, Computer]
    lending: Lending
    firmware: Baseline
    look_limit_days: int
    login_proof_days: int

    def kit(self, name: str) -> Kit | None:
        """Return the kit of the kecamatan `name`, which may be in any spelling, or None if there is none."""
        return self.kits.get(slug(name))


def read(texts: Mapping[str, str]) -> Home:
    """Return the intent that the files of inventory/ (name -> text) hold.

    Raises IntentError with every fault that was found in any of them, sorted by file and line.
    """
    files = {name: Text(name, text) for name, text in texts.items()}
    districts = _load(files, "inventory/kecamatan.yml", Districts)
    defaults = _load(files, "inventory/defaults.yml", Defaults)
    presets = _presets(files)
    firmware = _firmware(files)
    apps = _apps(files)
    kits = {n: k for n, f in files.items() if "/kits/" in n and (k := _shape(f, KitFile))}
    if districts and defaults:
        rules.districts(files["inventory/kecamatan.yml"], districts)
        usual = rules.usual_modem(files["inventory/defaults.yml"], defaults)
        rules.usual_computer(files["inventory/defaults.yml"], defaults)
        rules.kits(files, kits, districts, rules.Choices(presets, usual))
        rules.addresses(files, kits, districts, defaults)
        rules.computers(files, kits, districts, defaults)
        rules.apps(files["inventory/defaults.yml"], defaults, apps)
        rules.lending(files["inventory/defaults.yml"], defaults.lending)
    faults = [fault for file in files.values() for fault in file.faults]
    if faults or not districts or not defaults:
        raise IntentError(sorted(set(faults), key=_place) or [Fault(where="inventory", what="no intent")])
    return _build(kits, (districts, defaults), presets, firmware, apps)


def _place(fault: Fault) -> tuple[str, int]:
    name, _, line = fault.where.rpartition(":")
    return (name, int(line)) if line.isdigit() else (fault.where, 0)


def _load(files: dict[str, Text], name: str, shape: type[S]) -> S | None:
    if name not in files:
        files[name] = Text(name, "")
        files[name].faults.append(Fault(where=name, what="missing", hint="provision init DIR makes a starter home"))
        return None
    return _shape(files[name], shape)


def _shape(file: Text, shape: type[S]) -> S | None:
    """Return the validated contents of a file; record each error as a fault at its line.

    None if the file has faults before, or errors other than unknown keys. Unknown keys are left out of what is
    returned.
    """
    if file.faults:
        return None
    try:
        return shape.model_validate(file.values)
    except ValidationError as error:
        unknown = [one["loc"] for one in error.errors() if one["type"] == "extra_forbidden"]
        for one in error.errors():
            spot = ".".join(str(s) for s in one["loc"]) or "the file"
            what = one["msg"].removeprefix("Value error, ")
            if one["type"] == "extra_forbidden":
                what = "unknown key"
            file.fault(one["loc"], f"{spot}: {what}", HINTS.get(one["type"], "see the comments in the starter files"))
        if len(unknown) < error.error_count():
            return None
        return shape.model_validate(_without(file.values, set(unknown)))  # so that its other faults show too


def _without(value: Any, spots: set[tuple[str | int, ...]], at: tuple[str | int, ...] = ()) -> Any:
    """Return a copy of nested mappings and lists without the keys of mappings whose paths are in `spots`.

    `at` is the path of `value` itself.
    """
    if isinstance(value, dict):
        return {k: _without(v, spots, (*at, k)) for k, v in value.items() if (*at, k) not in spots}
    if isinstance(value, list):
        return [_without(v, spots, (*at, n)) for n, v in enumerate(value)]
    return value


def _presets(files: dict[str, Text]) -> dict[str, Apn]:
    file = files.get("inventory/apn.yml")
    if file is None or not isinstance(file.values, dict):
        _load(files, "inventory/apn.yml", Apn)
        return {}
    found = {}
    for name, value in file.values.items():
        try:
            found[str(name)] = Apn.model_validate(value)
        except ValidationError as error:
            for one in error.errors():
                file.fault((name, *one["loc"]), f"{name}: {one['msg']}", "see the other presets")
    return found


def _firmware(files: dict[str, Text]) -> Baseline:
    """Return the rules of firmware.yml by family, those for bad versions before those for good ones.

    Each error becomes a fault, and its family is left out; a file that is missing or no mapping is a fault, and gives
    none.
    """
    file = files.get("inventory/firmware.yml")
    if file is None or not isinstance(file.values, dict):
        _load(files, "inventory/firmware.yml", Firmware)
        return {}
    found: dict[str, tuple[Rule, ...]] = {}
    for name, value in file.values.items():
        try:
            one = Firmware.model_validate(value)
        except ValidationError as error:
            for fault in error.errors():
                what = fault["msg"].removeprefix("Value error, ")
                file.fault((name, *fault["loc"]), f"{name}: {what}", "see the starter's inventory/firmware.yml")
            continue
        good = [Rule(versions=v, standing=GOOD) for v in one.good]
        bad = [
            Rule(versions=b.versions, standing=BAD, because=b.because, model=b.model, write=b.write) for b in one.bad
        ]
        found[str(name)] = (*bad, *good)
    return found


def _apps(files: dict[str, Text]) -> dict[str, ConferenceApp]:
    """Return the conference apps of apps.yml by name; each error becomes a fault, and its app is left out.

    A file that is missing or no mapping gives none, without a fault: homes of an older program do not have it.
    """
    file = files.get("inventory/apps.yml")
    found = {}
    for name, value in file.values.items() if file is not None and isinstance(file.values, dict) else ():
        try:
            found[str(name)] = ConferenceApp.model_validate(value)
        except ValidationError as error:
            for fault in error.errors():
                assert file is not None
                file.fault((name, *fault["loc"]), f"{name}: {fault['msg']}", "see the starter's inventory/apps.yml")
    return found


def _build(
    kits: Mapping[str, KitFile],
    common: tuple[Districts, Defaults],
    presets: Mapping[str, Apn],
    firmware: Baseline,
    apps: Mapping[str, ConferenceApp],
) -> Home:
    districts, defaults = common
    places = {slug(d.name): Kecamatan(**d.model_dump()) for d in districts.kecamatan}
    found: dict[str, Kit] = {}
    intents: dict[str, Intent] = {}
    computers: dict[str, Computer] = {}
    for file in kits.values():
        place = places[slug(file.kecamatan)]
        kit = Kit(kecamatan=place, items=tuple(Item(**i.model_dump()) for i in file.items))
        found[place.slug] = kit
        if file.modem and kit.modem:
            apn = presets.get(file.modem.apn, NO_APN)
            intents[kit.modem.asset_tag] = _intent(kit, kit.modem, file.modem, defaults, apn)
        if (pc := kit.item(ItemKind.COMPUTER)) is not None:
            computers[pc.asset_tag] = _computer(kit, pc, file, defaults, apps)
    order = sorted(found, key=lambda name: found[name].kecamatan.code)
    return Home(
        kits={name: found[name] for name in order},
        intents=dict(sorted(intents.items())),
        computers=dict(sorted(computers.items())),
        lending=defaults.lending,
        firmware=firmware,
        look_limit_days=defaults.look_limit_days,
        login_proof_days=defaults.login_proof_days,
    )


def _computer(
    kit: Kit, item: Item, file: KitFile, defaults: Defaults, conference: Mapping[str, ConferenceApp]
) -> Computer:
    own, base = file.computer, defaults.computer
    family = families.pc(own.driver or base.driver)
    apps = {f"app.{name}": "installed" for name in base.apps} if family.feed_archive else {}
    return Computer(
        kit=kit,
        item=item,
        family=family,
        updates_days=base.updates_days,
        drop=base.drop,
        needed=tuple(
            App(title=one.title, packages=tuple(getattr(one, family.name)), at_least=one.at_least)
            for one in (conference[name] for name in base.conference)
        ),
        username=own.username or base.username,
        address=str(own.address or numbered(base.address, kit.kecamatan.code)),
        ssh_port=own.ssh_port or base.ssh_port,
        settings={
            "system.hostname": item.asset_tag,
            "system.timezone": family.zones.get(defaults.timezone.name, defaults.timezone.name),
            "time.ntp": tuple(defaults.ntp),
            **apps,
        },
    )


def _lan(lan: IPv4Interface) -> Lan:
    """Return the LAN in all the spellings that families need, with the first and last address for its guests.

    Guests get 100 addresses from the hundredth on, or the upper half of a subnet that is smaller than a /24.
    """
    first = min(100, lan.network.num_addresses // 2)
    last = min(first + 99, lan.network.num_addresses - 2)
    return Lan(
        address=str(lan.ip),
        netmask=str(lan.netmask),
        network=str(lan.network),
        prefix=str(lan.network.prefixlen),
        first=str(lan.network[first]),
        last=str(lan.network[last]),
    )


def _intent(kit: Kit, item: Item, modem: ModemIntent, defaults: Defaults, apn: Apn) -> Intent:
    base, code = defaults.modem, kit.kecamatan.code
    hub = defaults.hub.model_dump(mode="json") | {"prefix": str(defaults.hub.network.prefixlen)}
    return Intent(
        kit=kit,
        item=item,
        family=families.box(modem.driver or base.driver),
        address=str(modem.address or numbered(base.address, code)),
        bench_address=str(modem.bench_address or numbered(base.bench_address, code)),
        bench_port=base.bench_port,
        ssh_port=modem.ssh_port or base.ssh_port,
        snmp_port=modem.snmp_port or base.snmp_port,
        snmp_user=base.snmp_user,
        window_s=modem.window_s or base.window_s,
        lan=_lan(lan_of(modem, base, code)),
        hub=Hub(**hub),
        timezone=Zone(**defaults.timezone.model_dump()),
        apn=device.Apn(**apn.model_dump() | {"plmn": tuple(apn.plmn)}),
        contact=defaults.contact,
        site_note=modem.site_note,
        ntp=tuple(defaults.ntp),
        ssh_keys=tuple(defaults.ssh_keys),
        lan_interface=modem.lan_interface,
        modem_device=modem.device or base.device,
        tunnel=modem.tunnel,
        failover=modem.failover,
        sim=modem.sim,
        sim_card=SimCard(**modem.sim_card.model_dump()) if modem.sim_card else None,
    )
