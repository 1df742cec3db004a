"""Rules of the intent that the shape of one value cannot hold; each breach becomes a fault of its file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network, NetmaskValueError
from itertools import product
from typing import NamedTuple, TypeVar

from provision import families as _families
from provision.core.errors import UsageError
from provision.core.family import Family
from provision.core.model import ItemKind, slug
from provision.core.pc_family import PcFamily
from provision.home.intent.schema import Apn, ConferenceApp, Defaults, District, Districts, KitFile, Lending
from provision.home.intent.text import Text

KITS = 13
NETBIOS = 15  # characters of a computer name that Windows keeps whole
UNIQUE = ("serial", "mac", "imei", "asset_tag", "nibar")
WHOLE = (ItemKind.COMPUTER, ItemKind.SPEAKER, ItemKind.WEBCAM, ItemKind.MICROPHONE)


def districts(file: Text, written: Districts) -> None:
    """Record a fault unless there are 13 kecamatan, and one for each code or name that is repeated."""
    if len(written.kecamatan) != KITS:
        file.fault(
            (), f"{len(written.kecamatan)} kecamatan, Kabupaten Berau has {KITS}", "compare with the starter home"
        )
    for field in ("code", "name"):
        seen: set[str] = set()
        for at, one in enumerate(written.kecamatan):
            value = slug(getattr(one, field))
            if value in seen:
                file.fault(("kecamatan", at, field), f"{field} {getattr(one, field)} stands twice", "keep one")
            seen.add(value)


F = TypeVar("F", Family, PcFamily)


class Choices(NamedTuple):
    """What kits are checked against: the APN presets, and the default family of modems (None if it is unknown)."""

    presets: Mapping[str, Apn]
    usual: Family | None


def usual_modem(file: Text, defaults: Defaults) -> Family | None:
    """Return the default family of modems; if there is none of that name, record a fault and return None."""
    return _family(file, ("modem", "driver"), _families.box, defaults.modem.driver)


def usual_computer(file: Text, defaults: Defaults) -> PcFamily | None:
    """Return the default kind of PC; if there is none of that name, record a fault and return None."""
    return _family(file, ("computer", "driver"), _families.pc, defaults.computer.driver)


def _family(file: Text, spot: tuple[str | int, ...], find: Callable[[str], F], name: str) -> F | None:
    """Return the family called `name`; if there is none, record a fault at its line and return None."""
    try:
        return find(name)
    except UsageError as error:
        file.fault(spot, error.what, error.hint)
        return None


def kits(
    files: Mapping[str, Text],
    written: Mapping[str, KitFile],
    districts: Districts,
    choices: Choices,
) -> None:
    """Record a fault for each kit that is incomplete, repeated, of an unknown kecamatan, or wrong in its modem.

    A kit has a modem, with all that its family needs, exactly if its kecamatan gets one; no serial, MAC, IMEI, asset
    tag or NIBAR may stand twice. A kecamatan without a kit is a fault, too, if every kit file could be read.
    """
    by_slug = {slug(d.name): d for d in districts.kecamatan}
    owners: dict[str, str] = {}
    for name, kit in written.items():
        place = by_slug.get(slug(kit.kecamatan))
        if place is None:
            near = get_close_matches(slug(kit.kecamatan), by_slug, n=1)
            hint = f"did you mean {by_slug[near[0]].name}?" if near else "see inventory/kecamatan.yml"
            files[name].fault(("kecamatan",), f"no such kecamatan: {kit.kecamatan}", hint)
            continue
        if place.code in owners:
            files[name].fault(("kecamatan",), f"{place.name} has a kit already", f"see {owners[place.code]}")
        owners[place.code] = name
        _complete(files[name], kit, place)
        _modem(files[name], kit, place, choices)
    _unique(files, written)
    texts = [n for n in files if "/kits/" in n]
    for place in districts.kecamatan:
        if place.code not in owners and len(texts) == len(written):
            files["inventory/kecamatan.yml"].fault(
                ("kecamatan", districts.kecamatan.index(place)),
                f"{place.name} has no kit",
                f"write inventory/kits/{slug(place.name)}.yml",
            )


def _complete(file: Text, kit: KitFile, place: District) -> None:
    counts = Counter(item.kind for item in kit.items)
    for kind in WHOLE:
        if counts[kind] != 1:
            file.fault(("items",), f"{place.name}: {counts[kind]} x {kind}, a kit has one", f"list exactly one {kind}")


def _modem(file: Text, kit: KitFile, place: District, choices: Choices) -> None:
    presets, usual = choices
    modems = [at for at, item in enumerate(kit.items) if item.kind is ItemKind.MODEM]
    if not place.has_modem:
        _no_modem(file, kit, place, modems)
        return
    if len(modems) != 1:
        file.fault(
            ("items",), f"{place.name}: {len(modems)} x modem, this kecamatan gets one", "list exactly one modem"
        )
    if kit.modem is None:
        file.fault((), f"{place.name}: no modem section", "add modem: with its apn")
        return
    own = kit.modem.driver
    family = _family(file, ("modem", "driver"), _families.box, own) if own else usual
    lacks = family.door.lacks if family else ()
    if kit.modem.failover and family and "failover" in lacks:
        file.fault(("modem", "failover"), f"{family.name} has no failover here", "remove it; a Teltonika has it")
    _apn(file, kit.modem.apn, presets, needed="apn" not in lacks)
    for at, field in product(modems, ("mac", "imei")):
        if field not in lacks and not getattr(kit.items[at], field):
            file.fault(("items", at), f"{kit.items[at].asset_tag}: a modem needs its {field}", "read it from the label")


def _apn(file: Text, apn: str, presets: Mapping[str, Apn], *, needed: bool) -> None:
    if apn in presets or (not apn and not needed):
        return
    near = get_close_matches(apn, presets, n=1)
    hint = f"did you mean {near[0]}?" if near else "one of: " + ", ".join(sorted(presets))
    file.fault(("modem", "apn"), f"no such APN preset: {apn or '(none given)'}", hint)


def _no_modem(file: Text, kit: KitFile, place: District, modems: list[int]) -> None:
    for at in modems:
        file.fault(("items", at), f"{place.name} gets no modem", "only the eight remote kecamatan do")
    if kit.modem:
        file.fault(("modem",), f"{place.name} gets no modem", "remove the modem section")


def _unique(files: Mapping[str, Text], written: Mapping[str, KitFile]) -> None:
    for field in UNIQUE:
        seen: dict[str, str] = {}
        for name, kit in written.items():
            for at, item in enumerate(kit.items):
                value = str(getattr(item, field)).lower()
                if not value:
                    continue
                path = ("items", at, field)
                if value in seen:
                    files[name].fault(path, f"{field} {getattr(item, field)} stands twice", f"also at {seen[value]}")
                else:
                    seen[value] = files[name].at(path)


def _nets(
    files: Mapping[str, Text], written: Mapping[str, KitFile], districts: Districts, defaults: Defaults
) -> Iterator[tuple[str, KitFile, IPv4Interface, str]]:
    """Yield file name, kit, LAN and tunnel address of each kit with a modem section and a known kecamatan.

    If the defaults give no valid address, record a fault of defaults.yml and stop.
    """
    from provision.home.intent.addresses import lan_of, numbered

    codes = {slug(d.name): d.code for d in districts.kecamatan}
    for name, kit in written.items():
        code = codes.get(slug(kit.kecamatan))
        if kit.modem is None or code is None:
            continue
        try:
            lan = lan_of(kit.modem, defaults.modem, code)
            address = str(kit.modem.address or IPv4Address(numbered(defaults.modem.address, code)))
        except (AddressValueError, NetmaskValueError, ValueError) as error:
            files["inventory/defaults.yml"].fault(("modem",), str(error), "write addresses as 10.64.{nn}.1/24")
            return
        yield name, kit, lan, address


def addresses(
    files: Mapping[str, Text], written: Mapping[str, KitFile], districts: Districts, defaults: Defaults
) -> None:
    """Record a fault for each modem's LAN or tunnel address that conflicts with another kit or with the hub.

    A LAN may not overlap another one or the hub's network; a tunnel address must be in the hub's network, and only
    once.
    """
    hub = defaults.hub.network
    nets: dict[str, IPv4Network] = {"the hub's network": hub}
    seen: dict[str, str] = {}
    for name, _, lan, address in _nets(files, written, districts, defaults):
        file = files[name]
        for owner, net in nets.items():
            if lan.network.overlaps(net):
                file.fault(
                    ("modem", "lan"),
                    f"subnet {lan.network} overlaps {net} of {owner}",
                    "give this kit its own modem.lan",
                )
        nets[name] = lan.network
        if IPv4Address(address) not in hub:
            file.fault(
                ("modem", "address"), f"{address} is outside the hub's network {hub}", "choose an address inside it"
            )
        if address in seen:
            file.fault(("modem", "address"), f"address {address} stands twice", f"also in {seen[address]}")
        seen[address] = name


def computers(
    files: Mapping[str, Text], written: Mapping[str, KitFile], districts: Districts, defaults: Defaults
) -> None:
    """Record a fault for each PC of an unknown kind, with a repeated address, or with too long a name.

    The asset tag of a Windows PC may have 15 characters. If the defaults give no valid address, record a fault of
    defaults.yml and stop.
    """
    from provision.home.intent.addresses import numbered

    codes = {slug(d.name): d.code for d in districts.kecamatan}
    seen: dict[str, str] = {}
    for name, kit in written.items():
        if (code := codes.get(slug(kit.kecamatan))) is None:
            continue
        if kit.computer.driver:
            _family(files[name], ("computer", "driver"), _families.pc, kit.computer.driver)
        driver = kit.computer.driver or defaults.computer.driver
        for at, item in enumerate(kit.items):
            if item.kind is ItemKind.COMPUTER and driver == "windows" and len(item.asset_tag) > NETBIOS:
                files[name].fault(
                    ("items", at, "asset_tag"),
                    f"{item.asset_tag} is no name for a Windows PC: {NETBIOS} characters at most",
                    "give it a shorter tag",
                )
        try:
            address = str(kit.computer.address or IPv4Address(numbered(defaults.computer.address, code)))
        except AddressValueError as error:
            files["inventory/defaults.yml"].fault(("computer", "address"), str(error), "write it as 10.64.{nn}.10")
            return
        if address in seen:
            files[name].fault(("computer", "address"), f"address {address} stands twice", f"also in {seen[address]}")
        seen[address] = name


def apps(file: Text, defaults: Defaults, written: Mapping[str, ConferenceApp]) -> None:
    """Record a fault for each default conference app that apps.yml does not define."""
    for at, name in enumerate(defaults.computer.conference):
        if name not in written:
            hint = "one of: " + ", ".join(written) if written else "copy inventory/apps.yml from a new starter home"
            file.fault(("computer", "conference", at), f"no such conference app: {name}", hint)


def lending(file: Text, written: Lending) -> None:
    """Record a fault if the basis is not one of those listed, or if the term is longer than the basis allows."""
    basis = written.bases.get(written.basis)
    if basis is None:
        file.fault(("lending", "basis"), f"no such basis: {written.basis}", "one of: " + ", ".join(written.bases))
    elif written.months > basis.limit_months:
        file.fault(
            ("lending", "months"),
            f"{written.months} months, {written.basis} allows {basis.limit_months}",
            "shorten the term, or ask BPKAD or Bagian Hukum for the right basis",
        )
