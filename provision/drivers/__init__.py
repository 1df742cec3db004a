"""Modem families: one small file each, found by being there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache

from provision import found, versions
from provision.grammars import Grammar, Shape
from provision.usm import NET_SNMP, Usm


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """Where a box of the family comes up from the carton, and how it lets us in."""

    address: str
    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFile:
    """A file that the family needs on the device: where it comes from, and its octal mode.

    `source` is a file of the family's templates, or `fact:NAME` for a text of the intent.
    """

    source: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedCommit:
    """The family's words for a change with a way back, in NAPALM's verbs.

    Each is a line of the device's own shell; {run}, {marker}, {window_s} are filled in.
    `stage` and `files` take a document on standard input. A family of another dialect has its
    words in its guard's file.
    """

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
        """Give it as a document holds it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """All that the house must know of a family; see docs in README, "add a modem family".

    A change under `access` moves the door: the proof is a new login. One under `path` moves only
    the way to it: the proof is an exchange. Neither proves anything before the services have
    taken the configuration, which they have `settle_s` seconds after the commit. What is `hidden`
    the device never shows: it is proved by use. `note` is a setting
    that does nothing, for the drill. Old `doors` close only once the new way in is proved.
    `features` maps a feature to the first version that has it, `facts` are what the intent may leave out.
    Where a look over SNMP gives no digest of the configuration (`published`), it is read over SSH each time.
    `carrier` is `ssh`, or `snmp` for a family without a shell: its settings are `objects` (name -> OID and type), set
    in one PDU, on the bench only. `counts_64` is the first firmware whose byte counters have
    64 bits, where older ones wrap at 32. `lacks` names what such a box has not: imei, apn, failover.
    """

    name: str
    title: str
    netmiko: str = ""
    carrier: str = "ssh"
    role: str = "modems"
    lacks: tuple[str, ...] = ()
    objects: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    staging: Staging | None = None
    dialect: str = "shell"
    feed: str = ""
    sections: tuple[str, ...]
    grammar: Grammar
    shape: Shape
    owns: tuple[str, ...]
    volatile: tuple[str, ...]
    access: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    settle_s: float = 0.0
    files: Mapping[str, PlacedFile] = field(default_factory=dict)
    guard: str = ""
    note: str = ""
    identity: Mapping[str, str] = field(default_factory=dict)
    factory: Factory
    welcome: Welcome | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    readings: str
    published: bool = True
    counts_64: str = ""
    usm: Usm = NET_SNMP
    install: str = ""
    commit: ConfirmedCommit = field(default_factory=ConfirmedCommit)

    def has(self, firmware: str) -> dict[str, bool]:
        """Say which features a firmware has; one that names no version has none."""
        return {name: version(firmware) >= version(first) for name, first in self.features.items()}


number, version = versions.number, versions.version


@cache
def load(name: str) -> Driver:
    """Give the driver called `name`; raises UsageError where there is none."""
    return found.load(__name__, names(), name, Driver, "modem family")


@cache
def names() -> tuple[str, ...]:
    """Give the names of all families."""
    return found.names(__path__)
