"""The shapes of the files in inventory/."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from provision.core import nip
from provision.core.foreign import visible, visible_lines
from provision.core.model import ItemKind
from provision.home.intent.alphabets import (
    AnyLogin,
    Code,
    Day,
    Drop,
    Host,
    Imei,
    KodeBarang,
    Login,
    Mac,
    NetworkCode,
    Nibar,
    Package,
    Phone,
    Port,
    PosixZone,
    SnmpUser,
    Tag,
    TunnelKey,
    Version,
    Versions,
    ZoneName,
)
from provision.home.intent.alphabets import Apn as ApnName

LONGEST = 1000  # characters of one text in a file of inventory/


class Shape(BaseModel):
    """A frozen mapping that refuses unknown keys; the base of every shape."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _printable(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a text that holds what steers a terminal or is not seen in it; a note may have several lines."""
        see = visible_lines if info.field_name == "site_note" else visible
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and (len(text) > LONGEST or see(text) != text):
                raise ValueError(f"must be one line of printable text, {LONGEST} characters at most")
        return value


class District(Shape):
    """One row of kecamatan.yml."""

    code: Code
    name: str
    seat: str
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    has_modem: bool
    link: Literal["fibre", "radio", "lte", "vsat", "leo"]
    power: Literal["grid", "genset", "solar"]


class Districts(Shape):
    """The contents of kecamatan.yml."""

    kecamatan: list[District]


class Zone(Shape):
    """A time zone: its name, and its POSIX form (signs reversed)."""

    name: ZoneName
    posix: PosixZone


class Hub(Shape):
    """The office's end of the tunnels."""

    host: Host
    port: Port = 51820
    public_key: TunnelKey
    network: IPv4Network


class ModemDefaults(Shape):
    """Defaults for every modem; in addresses `{nn}` stands for the last part of the kecamatan's code."""

    driver: str = "openwrt"
    device: str = ""
    lan: str
    address: str
    bench_address: str = ""
    bench_port: Port = 22
    ssh_port: Port = 22
    snmp_port: Port = 161
    snmp_user: SnmpUser = "pantau"
    window_s: Annotated[int, Field(ge=10, le=3600)] = 180


class ComputerDefaults(Shape):
    """Defaults for every PC; in `address`, `{nn}` stands for the last part of the kecamatan's code.

    `apps` are Debian packages that must be installed, `conference` names of apps.yml, `updates_days` the greatest age
    of the newest update in days, `drop` the URL to which PCs may put their reports (empty: none).
    """

    driver: str = "linux"
    username: Login = "root"
    address: str
    ssh_port: Port = 22
    apps: list[Package] = []
    conference: list[str] = []
    updates_days: Annotated[int, Field(ge=1, le=365)] = 45
    drop: Drop = ""


class ConferenceApp(Shape):
    """One app of apps.yml: its names on each kind of PC (globs), and the oldest version that will do."""

    title: str
    linux: Annotated[list[str], Field(min_length=1)]
    windows: Annotated[list[str], Field(min_length=1)]
    at_least: Version


class Party(Shape):
    """A person who signs papers: name, NIP, position and office."""

    name: str
    nip: Annotated[str, AfterValidator(nip.read)]
    position: str
    office: str


class Basis(Shape):
    """One legal basis of lending: its printed title, and the longest term in months."""

    title: str
    limit_months: Annotated[int, Field(ge=1, le=600)]


class Lending(Shape):
    """How the office lends: the papers' letterhead and place, the signer, basis and term, and the bases to choose from.

    A verification older than `proof_days` days is no proof for a handover.
    """

    letterhead: Annotated[list[str], Field(min_length=1, max_length=4)]
    place: str
    first_party: Party
    basis: str = "penggunaan_sementara"
    months: Annotated[int, Field(ge=1, le=600)] = 24
    proof_days: Annotated[int, Field(ge=1, le=90)] = 7
    bases: dict[str, Basis]


class Defaults(Shape):
    """The contents of defaults.yml: what holds for every site unless its kit file says otherwise."""

    contact: str
    timezone: Zone
    ntp: Annotated[list[Host], Field(min_length=1)]
    hub: Hub
    modem: ModemDefaults
    computer: ComputerDefaults
    lending: Lending
    ssh_keys: list[str] = []
    look_limit_days: Annotated[int, Field(ge=1, le=365)] = 7
    login_proof_days: Annotated[int, Field(ge=1, le=365)] = 30


class Apn(Shape):
    """One preset of apn.yml."""

    plmn: list[NetworkCode]
    apn: ApnName
    auth: Literal["none", "pap", "chap", "both"] = "none"
    username: str = ""
    password: str = ""


class BadFirmware(Shape):
    """Versions of one family (of the models that the glob `model` matches) with a known fault, and which fault.

    `write: false` means that nothing may be written to them, since they have no way back.
    """

    versions: Versions
    because: str
    model: str = "*"
    write: bool = True


class Firmware(Shape):
    """What firmware.yml says of one family."""

    good: list[Versions] = []
    bad: list[BadFirmware] = []


class SimCard(Shape):
    """The SIM card in one modem, as the operator's app or *888# says on the day `dicek_pada`.

    Data stops at the end of masa aktif; the number can be saved until the end of masa tenggang; the
    quota has an end of its own.
    """

    number: Phone
    masa_aktif_sampai: Annotated[Day, Field(min_length=1)]
    masa_tenggang_sampai: Day = ""
    kuota_gb: Annotated[float, Field(ge=0)] | None = None
    kuota_sampai: Day = ""
    dicek_pada: Annotated[Day, Field(min_length=1)]


class ModemIntent(Shape):
    """What a kit's file says of its modem; a value of None comes from the defaults."""

    apn: str = ""
    site_note: str = ""
    failover: bool = False
    driver: str | None = None
    device: str | None = None
    lan_interface: str = ""
    tunnel: Literal["wireguard", "none"] = "wireguard"
    sim: Literal["", "1", "2"] = ""
    sim_card: SimCard | None = None
    lan: IPv4Interface | None = None
    address: IPv4Address | None = None
    bench_address: IPv4Address | None = None
    ssh_port: Port | None = None
    snmp_port: Port | None = None
    window_s: Annotated[int, Field(ge=10, le=3600)] | None = None


class ComputerIntent(Shape):
    """What is different about one kit's PC; whatever is not given comes from the defaults."""

    driver: str | None = None
    username: AnyLogin | None = None
    address: IPv4Address | None = None
    ssh_port: Port | None = None


class KitItem(Shape):
    """One thing of a kit, as its label and the register say."""

    asset_tag: Tag
    kind: ItemKind
    brand: str
    model: str
    serial: str
    kode_barang: KodeBarang
    condition: Literal["baik", "rusak_ringan", "rusak_berat"]
    year: Annotated[int, Field(ge=2000, le=2100)]
    value_idr: Annotated[int, Field(ge=0)]
    nibar: Nibar = ""
    mac: Mac = ""
    imei: Imei = ""
    received: Day = ""


class KitFile(Shape):
    """The contents of kits/<kecamatan>.yml: its items, and what is special about its modem and PC."""

    kecamatan: str
    modem: ModemIntent | None = None
    computer: ComputerIntent = ComputerIntent()
    items: list[KitItem]
