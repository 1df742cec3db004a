"""Frozen parts that declare a family of modems or radios; protocols of its dialect and its reading table.

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
    """Factory state of a new box: the address at which it is reached, and its username and password."""

    address: str
    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFile:
    """A file that the family needs on the device: where its text comes from, and its octal mode.

    `source` is a file of the family's templates, or `access:NAME` for the field NAME of `render.Access`.
    """

    source: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """How a new box takes the office's public key: on the standard input of the command `line`, or from a file.

    `put` is the name of the file as which the key is put on the box before `line` runs; empty for standard input.
    """

    put: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A value of the intent that needs a feature of the firmware.

    If the intent's `fact` is `value` and the firmware lacks `feature`, the intent is refused with `text` and `hint`.
    """

    fact: str
    value: str
    feature: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """OIDs of a device that stages what is SET over SNMP: its `state`, and the actions that end the staging.

    The state is a bit mask: `unsaved` means that changes wait, `busy` that services restart, `restart` that the whole
    device has to restart. An action (`save`, `apply`, `discard`) is done by setting it to 1.
    """

    state: str
    unsaved: int
    busy: int
    restart: int
    save: str
    apply: str
    discard: str

    def words(self) -> dict[str, str | int]:
        """Return the fields as a dict, for a document."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a box is entered: in its factory state, and by which programs afterwards.

    `feed` is the command that takes a document on standard input, empty if the box has none. `netmiko` is that
    library's device type, for logging in at a prompt; `welcome` says how the office's key is put on a new box, None if
    that needs no step of its own; `identity` maps serial, mac, imei, model and firmware to the command that prints it;
    `install` installs the packages of the current directory; `lacks` names what such a box does not have: imei, apn,
    failover.
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
    """How a family's configuration is written and read, and what its settings mean to a change.

    Settings are named by globs. Those under `owns` are removed if they are not intended; those under `volatile` are
    never compared. A change under `access` moves the way in: the proof is a new login. One under `path` moves only the
    way to the device, even if it is also under `access`: the proof is an exchange. The device never shows what is
    `hidden`: it is proved by use. Old `doors` (ways in) are closed only once the new way in is proved. `files` maps a
    path to a file on the device. `note` is a setting that does nothing, for the drill. `objects` maps a setting to its
    OID and type, for a device without a shell. `defaults` are values that the intent may leave out, `features` maps a
    feature to the first version that has it, `needs` are values of the intent that need one.
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
    """How a change takes effect and is taken back, in NAPALM's verbs.

    Each verb is a command of the device's own shell, whose places ({run}, {marker}, {window_s} and others) are filled
    in; `stage`, `put` and `login` read a text from standard input. `guard` is the template file of the guard; a family
    of another dialect has its commands there. The services have taken a configuration `settle_s` seconds after the
    commit. `staging` is how a device takes what is SET over SNMP, `refusals` maps an exit code to its meaning.
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
        """Return the OIDs to read in one poll of a device whose modem is at index `row` of its table."""
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
    """How a family is read over SNMP: its reading table and security.

    `published` says whether a look gives the digest of the configuration; if not, the configuration itself is read each
    time. `counts_64` is the first firmware whose byte counters have 64 bits, older ones wrap at 32; empty: all have 64.
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
    """Parameters of one document for a device.

    `nonce` marks the end of the answer, `run` names the run, `guard` is the text of the family's guard, `firmware` the
    device's version, `window_s` the seconds until the guard acts. `backup_password` protects a backup that the device
    makes of itself; `marker` is the digest of what was read back, and `closing` the edits that close old doors: both
    are for the end of a change.
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
    """Protocol of a dialect: it writes the documents for a device and reads the answers.

    A document that was cut short does nothing. `PUT` is the name of the file as which a change is put on the device;
    empty if it goes to standard input.
    """

    PUT: str

    def look(self, family: Family, request: DocumentRequest, /) -> bytes:
        """Return the document of a look; it needs nothing of ours on the device."""
        ...

    def change(self, family: Family, plan: Plan, request: DocumentRequest, /) -> bytes:
        """Return the document of a change: it prepares the way back first, then makes the changes of `plan`.

        The read-back follows, at its end or in the line of `command`.
        """
        ...

    def command(self, family: Family, request: DocumentRequest, /) -> bytes:
        """Return the line that runs the change in the file `PUT`; empty if a change goes to standard input."""
        ...

    def finish(self, family: Family, request: DocumentRequest, /) -> bytes:
        """Return the document that closes old doors, confirms and disarms."""
        ...

    def revert(self, family: Family, request: DocumentRequest, /) -> bytes:
        """Return the document that has the old configuration put back now."""
        ...

    def reboot(self) -> bytes:
        """Return the document that restarts the device; raises ProvisionError if the dialect has none."""
        ...

    def read_look(self, family: Family, output: bytes, nonce: str, device: str, at: str, /) -> tuple[Snapshot, int]:
        """Return the snapshot in the output of a look or a read-back, and the exit code of the change before it.

        Raises CutShortError if the output is not whole.
        """
        ...

    def read_end(self, output: bytes, nonce: str) -> tuple[bool, int, str]:
        """Return from a short answer whether it is whole, the exit code, and the words of a refusal (or empty)."""
        ...
