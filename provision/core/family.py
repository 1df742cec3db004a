"""What a family of device declares, in a few frozen parts, and the protocols of its languages and reading table.

A family of modems or radios is a `Family`; a kind of PC is a `PcFamily`. Each stands in a file of its own in
`provision/families/`, and is data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from provision.core import versions
from provision.core.grammar import Grammar, Shape
from provision.core.model import Kind, Plan, Snapshot
from provision.core.snmp_keys import NET_SNMP, Usm


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """Where a box of the family comes up from the carton, and how it lets us in."""

    address: str
    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFile:
    """A file that the family needs on the device: where it comes from, and its octal mode.

    `source` is a file of the family's templates, or `access:NAME` for what lets the office in.
    """

    source: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """How a box from the carton takes the office's public key: as the file `put`, or on standard input; then `line`."""

    put: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What the intent may ask for only where the firmware has a feature: refused in words, with the way out."""

    fact: str
    value: str
    feature: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """How a device that stages what is SET takes it: OIDs of its state (a mask) and of the actions (1 does it).

    `unsaved`: changes wait, `busy`: services restart, `restart`: the whole device has to.
    """

    state: str
    unsaved: int
    busy: int
    restart: int
    save: str
    apply: str
    discard: str

    def words(self) -> dict[str, str | int]:
        """Return it as a document holds it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a box is entered: from the carton, and by which programs afterwards.

    `feed` is the command that takes a document on standard input; `netmiko` names the device type of that library for
    a prompt; `identity` maps serial, mac, imei, model and firmware to the line that prints it; `install` installs the
    packages of the current directory; `lacks` names what such a box does not have: imei, apn, failover.
    """

    factory: Factory
    netmiko: str = ""
    feed: str = ""
    welcome: Welcome | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    install: str = ""
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The configuration of a family: its languages, its sections, and what each setting means to a change.

    Settings under `owns` are removed where they are not intended; those under `volatile` never count. A change under
    `access` moves the door: the proof is a new login. One under `path` moves only the way to it: the proof is an
    exchange. What is `hidden` the device never shows: it is proved by use. Old `doors` close only once the new way in
    is proved. `note` is a setting that does nothing, for the drill. `objects` maps a setting to its OID and type, for a
    device without a shell. `defaults` are values that the intent may leave out, `features` maps a feature to the first
    version that has it.
    """

    grammar: Grammar
    dialect: Dialect
    shape: Shape
    sections: tuple[str, ...]
    owns: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    files: Mapping[str, PlacedFile] = field(default_factory=dict)
    objects: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    note: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """How a change takes effect with a way back, in NAPALM's verbs.

    Each verb is a line of the device's own shell; {run}, {marker}, {window_s} are filled in. `stage` and `put` take a
    document on standard input. A family of another dialect has its words in the file of its `guard`. The services have
    taken a configuration `settle_s` seconds after the commit. `staging` is how a device takes what is SET over SNMP.
    """

    guard: str = ""
    settle_s: float = 0.0
    staging: Staging | None = None
    prepare: str = ""
    checkpoint: str = ""
    arm: str = ""
    stage: str = ""
    put: str = ""
    login: str = ""
    commit: str = ""
    read_back: str = ""
    confirm: str = ""
    revert: str = ""
    refusals: Mapping[int, str] = field(default_factory=dict)


class ReadingTable(Protocol):
    """What is asked in one look over SNMP, and how the answer becomes readings."""

    @property
    def is_indexed(self) -> bool:
        """Whether the modem is a row of a table, whose index is a hint that has to be proved."""
        ...

    def oids(self, row: int) -> tuple[str, ...]:
        """Return the OIDs of one look, with the modem's row at index `row`."""
        ...

    def read(self, values: Mapping[str, Any], row: int) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the readings in `values` (by OID), and the reason for each that is missing."""
        ...

    def names(self) -> tuple[str, ...]:
        """Return the name of every reading that a look may have."""
        ...

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the OIDs of the columns called `name`, by which the modem's row is found."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpLook:
    """How a look over SNMP is made: its table and security.

    Where it gives no digest of the configuration (`published`), that is read over SSH each time. `counts_64` is the
    first firmware whose byte counters have 64 bits, where older ones wrap at 32; empty: all of them have.
    """

    readings: ReadingTable
    published: bool = True
    counts_64: str = ""
    usm: Usm = NET_SNMP


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of modems or radios; ARCHITECTURE.md says how to add one."""

    name: str
    title: str
    kind: Kind = Kind.MODEM
    door: Door
    configuration: Configuration
    commit: Commit = field(default_factory=Commit)
    snmp: SnmpLook

    def has(self, firmware: str) -> dict[str, bool]:
        """Return for each feature whether `firmware` has it; a text that names no version has none."""
        version = versions.version(firmware)
        return {name: version >= versions.version(first) for name, first in self.configuration.features.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """What a document for a device is written for.

    `nonce` ends the answer, `run` names the run, `guard` is the text of the family's guard, `window_s` the seconds
    until the guard acts. `backup_password` protects a backup that the device makes of itself; `marker` is the digest of
    what was read back, and `closing` the edits that close old doors: both are for the end of a change.
    """

    nonce: str
    run: str = ""
    guard: str = ""
    firmware: str = ""
    window_s: int = 0
    backup_password: str = ""
    marker: str = ""
    closing: str = ""


class Dialect(Protocol):
    """How documents are written in one language, and its answers read; a document is whole or does nothing.

    `PUT` is the name of the file as which a change is put on the device, empty where it goes on standard input.
    """

    PUT: str

    def look(self, family: Family, request: DocumentRequest, /) -> bytes:
        """Return the document of a look; it needs nothing of ours on the device."""
        ...

    def change(self, family: Family, plan: Plan, request: DocumentRequest, /) -> bytes:
        """Return the document of a change: the way back first, then the change, then the read-back."""
        ...

    def command(self, family: Family, request: DocumentRequest, /) -> bytes:
        """Return the line that takes a change which was put on the device as the file `PUT`."""
        ...

    def finish(self, family: Family, request: DocumentRequest, /) -> bytes:
        """Return the document that closes old doors, confirms and disarms."""
        ...

    def revert(self, family: Family, request: DocumentRequest, /) -> bytes:
        """Return the document that asks for the old configuration now."""
        ...

    def reboot(self) -> bytes:
        """Return the document that restarts the device."""
        ...

    def read_look(self, family: Family, output: bytes, nonce: str, device: str, at: str, /) -> tuple[Snapshot, int]:
        """Read a look or a read-back: the snapshot, and the exit code of the change before it."""
        ...

    def read_end(self, output: bytes, nonce: str) -> tuple[bool, int, str]:
        """Read a short answer: whether it came to its end, the exit code, and a refusal's words."""
        ...
