"""What is intended of a kit's modem, radio or PC, and a managed device as the ledger knows it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from provision.core.family import Family
from provision.core.foreign import Foreign
from provision.core.link import BENCH
from provision.core.model import Item, Kind, Kit, Settings, Stage
from provision.core.pc_family import PcFamily


@dataclass(frozen=True, slots=True, kw_only=True)
class Lan:
    """A modem's own subnet at its site, in the spellings that families need; guests get `first` to `last`."""

    address: str
    netmask: str
    network: str
    prefix: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A time zone: its name, and its POSIX form (signs reversed)."""

    name: str
    posix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The office's end of the tunnels: where it listens, its public key, and the network of the tunnels."""

    host: str
    port: int
    public_key: str
    network: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Apn:
    """Access to a mobile operator's network: the APN, and the login if there is one.

    `plmn` are the operator's network codes, `auth` is none, pap, chap or both.
    """

    apn: str
    plmn: tuple[str, ...] = ()
    username: str = ""
    password: str = ""
    auth: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimCard:
    """The SIM card in a modem as somebody read it on the day `dicek_pada`; days are ISO 8601, empty if unknown.

    Data stops after `masa_aktif_sampai`, the number can be saved until `masa_tenggang_sampai`, the quota ends on
    `kuota_sampai`; `kuota_gb` is in decimal gigabytes, None if unknown.
    """

    number: str
    masa_aktif_sampai: str
    dicek_pada: str
    masa_tenggang_sampai: str = ""
    kuota_gb: float | None = None
    kuota_sampai: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A kit's modem or radio and what must be true of it."""

    kit: Kit
    item: Item
    family: Family
    address: str
    bench_address: str
    bench_port: int
    ssh_port: int
    snmp_port: int
    snmp_user: str
    window_s: int
    lan: Lan
    hub: Hub
    timezone: Zone
    apn: Apn
    contact: str = ""
    site_note: str = ""
    ntp: tuple[str, ...] = ()
    ssh_keys: tuple[str, ...] = ()
    lan_interface: str = ""
    modem_device: str = ""
    tunnel: str = "wireguard"
    failover: bool = False
    sim: str = ""
    sim_card: SimCard | None = None

    @property
    def tag(self) -> str:
        """The asset tag."""
        return self.item.asset_tag

    @property
    def kind(self) -> Kind:
        """The kind of device."""
        return self.family.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A conference app on one kind of PC: its title, the names under which it shows, the oldest version that will do.

    The names are globs; one that matches is enough.
    """

    title: str
    packages: tuple[str, ...]
    at_least: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Computer:
    """A kit's PC and what must be true of it: `settings` is the baseline, without the office's key.

    `needed` are the conference apps, `updates_days` is the greatest age in days that the newest update may have, `drop`
    the address (HTTP PUT) to which the PC sends its daily report, or empty.
    """

    kit: Kit
    item: Item
    family: PcFamily
    address: str
    ssh_port: int
    username: str
    settings: Settings
    needed: tuple[App, ...] = ()
    updates_days: int = 45
    drop: str = ""

    @property
    def tag(self) -> str:
        """The asset tag."""
        return self.item.asset_tag

    @property
    def kind(self) -> Kind:
        """The kind of device."""
        return self.family.kind


NOTHING = Foreign()
Intended = Intent | Computer


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A managed device as the ledger knows it, with its family resolved: addresses, stage, model and firmware.

    `host` is the address at its site (in the tunnel), `bench_host` the one at the end of a bench cable, `tunnel_key`
    its public key in the tunnel, which the hub needs; `rsa`: the device is too old for SSH keys other than RSA.
    """

    tag: str
    kecamatan: str
    family: Family | PcFamily
    host: str
    bench_host: str
    ssh_port: int
    snmp_port: int
    stage: Stage
    username: str = "root"
    model: Foreign = NOTHING
    firmware: Foreign = NOTHING
    link: str = ""
    tunnel_key: str = ""
    rsa: bool = False

    @property
    def kind(self) -> Kind:
        """The kind of device."""
        return self.family.kind

    @property
    def box(self) -> Family:
        """The family of a modem or radio; AssertionError if the device is a PC."""
        assert isinstance(self.family, Family), f"{self.tag} is a PC"
        return self.family

    @property
    def pc(self) -> PcFamily:
        """The family of a PC; AssertionError if the device is a modem or radio."""
        assert isinstance(self.family, PcFamily), f"{self.tag} is no PC"
        return self.family

    def at(self, *, bench: bool) -> Device:
        """Return the device with its bench address as `host`, and a cable as its link, if `bench`; else unchanged."""
        return replace(self, host=self.bench_host, link=BENCH) if bench else self

    def takes_place_of(self, kind: Kind) -> bool:
        """Return whether this device and one of `kind` fill the same place in a kit: both are PCs, or neither is.

        A radio and a modem fill the same place, since both are the way out.
        """
        return (self.kind is Kind.PC) == (kind is Kind.PC)
