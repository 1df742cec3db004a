"""What a family of device declares: its parts, and the protocols of its configuration language and its documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol

from provision.core import versions
from provision.core.model import Change, Plan, Settings, Snapshot
from provision.core.snmp_keys import NET_SNMP, Usm


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a family says of its configuration.

    `natural_keys` maps `package.type` to the options that name an unnamed section; an empty
    tuple means that there is one such section. `ordered` lists the `package.type` whose order
    has a meaning. `secret` are globs of paths that hold a secret. RouterOS needs more: the `menus` in
    the order in which they refer to each other, `defaults` (glob of paths -> the value that is as good as
    not said), `noise` (globs of `menu:attribute=value`) for entries that do not count, `always` (menu -> words
    behind every add), and `private_keys`: where this attribute is not said, the key itself is a secret.
    """

    natural_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ordered: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    menus: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    noise: tuple[str, ...] = ()
    always: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    private_keys: Mapping[str, str] = field(default_factory=dict)


class Grammar(Protocol):
    """What the core asks of a configuration language."""

    def parse(self, text: str, shape: Shape) -> tuple[Settings, Mapping[str, str]]:
        """Read `text` into settings and the locators of unnamed sections."""
        ...

    def quote(self, value: str) -> str:
        """Write any text as one value of the language."""
        ...

    def edits(self, changes: tuple[Change, ...], locators: Mapping[str, str], shape: Shape) -> str:
        """Write `changes` as the commands that make them."""
        ...


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
    dialect: Dialect
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
        return {name: versions.version(firmware) >= versions.version(first) for name, first in self.features.items()}


class Dialect(Protocol):
    """What the use cases ask of a dialect; `guard` is the text of the family's guard.

    `PUT` is the name of the file as which a change is put on the device, empty where it goes on standard input.
    """

    PUT: str

    def look(self, driver: Driver, *, guard: str, nonce: str, firmware: str) -> bytes:
        """Write the document of a look; it needs nothing of ours on the device."""
        ...

    def change(
        self, driver: Driver, plan: Plan, *, run: str, window_s: int, nonce: str, guard: str, firmware: str
    ) -> bytes:
        """Write the document of a change: the way back first, then the change, then the read-back."""
        ...

    def command(self, driver: Driver, *, guard: str, nonce: str, firmware: str) -> bytes:
        """Write the line that takes a change which was put on the device as the file `PUT`."""
        ...

    def finish(self, driver: Driver, *, run: str, marker: str, nonce: str, closing: str, guard: str) -> bytes:
        """Write the document that closes old doors (`closing`: edits), confirms and disarms."""
        ...

    def revert(self, driver: Driver, *, run: str, nonce: str, guard: str) -> bytes:
        """Write the document that asks for the old configuration now."""
        ...

    def reboot(self) -> bytes:
        """Write the document that restarts the device."""
        ...

    def read_look(self, driver: Driver, output: bytes, nonce: str, device: str, at: str) -> tuple[Snapshot, int]:
        """Read a look or a read-back: the snapshot, and the exit code of the change before it."""
        ...

    def read_end(self, output: bytes, nonce: str) -> tuple[bool, int, str]:
        """Read a short answer: whether it came to its end, the exit code, and a refusal's words."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What the house must know of a kind of PC.

    `feed` takes a program (gzip) on standard input; `as_root` goes before it where the account is not root.
    `collector` and `baseline` name files of templates/; the program is both, one behind the other, and between them
    `live`, where something is to be heard and seen (empty: this kind cannot, a technician attests it).
    `feed_archive` takes an archive (tar) with packages and the program, under the name `program`, instead (empty: apps are installed by hand).
    `language` is python (travels compressed) or powershell; `ansible_shell` is Ansible's word for the shell, where it is
    not a POSIX one; `zones` gives this kind's own names of time zones.
    `report` is laid down behind the collector and makes the daily report; `outbox` gets a word and a
    number on standard input and prints, each on a line, the files with higher numbers, then `end` and the word.
    """

    name: str
    title: str
    feed: str
    as_root: str
    collector: str
    live: str
    baseline: str
    program: str
    feed_archive: str
    language: str = "python"
    ansible_shell: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)
    report: str
    outbox: str
