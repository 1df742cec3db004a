"""The basic data types of the project: enums and frozen dataclasses, from the intent to the ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provision.core import foreign
from provision.core.secret import Secret

__all__ = ["Secret"]  # it stands in a file of its own, and is one of the nouns

SILENT = "no answer"
NOT_MOVED = "no setting moved"  # why a watched device is ok though its digest moved: the new digest was accepted

Value = str | Secret | tuple[str, ...]
Settings = Mapping[str, Value]


class ItemKind(StrEnum):
    """Kind of an item of a kit."""

    COMPUTER = "computer"
    SPEAKER = "speaker"
    WEBCAM = "webcam"
    MICROPHONE = "microphone"
    MODEM = "modem"


class Kind(StrEnum):
    """Kind of a managed device; each has its own folder in `provision/devices/`, which says how it is changed."""

    MODEM = "modem"
    RADIO = "radio"
    PC = "pc"

    @property
    def group(self) -> str:
        """The name of the kind's group (as `modems`) in Ansible's inventory, in the checks and in the ledger."""
        return {"modem": "modems", "radio": "radios", "pc": "computers"}[self.value]


class Stage(StrEnum):
    """How far a device has come.

    It is registered, enrolled (let in and its key pinned), or provisioned (it runs a configuration that was accepted).
    """

    REGISTERED = "registered"
    ENROLLED = "enrolled"
    PROVISIONED = "provisioned"


class Verdict(StrEnum):
    """Result of a check; `unknown` never counts as passed."""

    PASS = "pass"  # noqa: S105 (a verdict)
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Ending(StrEnum):
    """How an apply ended for one device."""

    UNCHANGED = "unchanged"
    APPLIED = "applied"
    REVERTED = "reverted"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    REFUSED = "refused"


class ApplyStep(StrEnum):
    """Step of an apply at which it ended for one device."""

    RECORD = "record"
    FIRMWARE = "firmware"
    LEASE = "lease"
    BEGIN = "begin"
    SETTLE = "settle"
    LOOK = "look"
    IDENTITY = "identity"
    PLAN = "plan"
    APPROVAL = "approval"
    CANARY = "canary"
    CONNECT = "connect"
    CHANGE = "change"
    FINISH = "finish"
    BASELINE = "baseline"
    READ_BACK = "read back"


def slug(name: str) -> str:
    """Return a name as a slug: its runs of ASCII letters and digits in lower case, joined by hyphens.

    It is the one spelling of a kecamatan's name in commands, files and groups.
    """
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kecamatan:
    """A district that borrows a kit; `code` is the Kemendagri code 64.03.nn."""

    code: str
    name: str
    seat: str
    lat: float
    lon: float
    has_modem: bool
    link: str
    power: str

    @property
    def slug(self) -> str:
        """The name in commands, files and groups."""
        return slug(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of the office's property.

    `value_idr` is in whole rupiah, `received` the day of delivery (ISO 8601); `nibar`, `mac`, `imei` and `received` are
    empty if unknown.
    """

    asset_tag: str
    kind: ItemKind
    brand: str
    model: str
    serial: str
    kode_barang: str
    condition: str
    year: int
    value_idr: int
    nibar: str = ""
    mac: str = ""
    imei: str = ""
    received: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """A kit: the items that are lent to one kecamatan."""

    kecamatan: Kecamatan
    items: tuple[Item, ...]

    @property
    def modem(self) -> Item | None:
        """The kit's modem, or None if it has none."""
        return self.item(ItemKind.MODEM)

    def item(self, kind: ItemKind) -> Item | None:
        """Return the kit's first item of `kind`, or None if it has none."""
        return next((i for i in self.items if i.kind is kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The settings that a device is to have, and by path the files that go with them.

    Among the settings, a file is represented by its digest, under `file:PATH`.
    """

    settings: Settings
    files: Mapping[str, DeviceFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFile:
    """A file outside the configuration: its text (perhaps secret) and octal mode."""

    text: str | Secret
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """State of a device at the time `at` (UTC, ISO 8601): its settings and readings.

    `marker` is the digest of its configuration. `locators` maps the key of a section or entry to the words by which the
    device finds it, if the key does not say so. `missing` maps each reading that could not be had to the reason.
    Whatever a device says of itself is harmless on a line of a terminal, in readings and reasons alike.
    """

    device: str
    at: str
    settings: Settings = field(default_factory=dict)
    locators: Mapping[str, str] = field(default_factory=dict)
    readings: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    marker: str = ""

    def __post_init__(self) -> None:
        """Escape what steers a terminal in the readings and in the reasons."""
        object.__setattr__(self, "readings", foreign.reading(self.readings))
        object.__setattr__(self, "missing", foreign.reading(self.missing))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that differs; None means absent on that side."""

    path: str
    running: Value | None
    intended: Value | None


class Standing(StrEnum):
    """How an owed device stands against what was accepted; what was not proved is UNKNOWN."""

    OK = "ok"
    DRIFT = "drift"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Result of comparing one owed device with what was accepted.

    `seen_at` is the last time it answered (UTC, ISO 8601); a change's `intended` is the accepted value.
    """

    device: str
    state: Standing
    seen_at: str
    because: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes to one device, planned from the running configuration whose digest is `marker`.

    `intended` are the settings that it is to run, with their secrets sealed; the candidate holds the secrets
    themselves.
    """

    device: str
    changes: tuple[Change, ...]
    candidate: Candidate
    intended: Settings
    locators: Mapping[str, str]
    marker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an apply ended for one device, at which step, and because of what."""

    device: str
    kecamatan: str
    ending: Ending
    step: ApplyStep
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Result of one check of one device; `evidence` are the readings that it judged, `remedy` is empty if it passed."""

    check: str
    device: str
    verdict: Verdict
    because: str
    remedy: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of the ledger; `at` is in UTC (ISO 8601).

    `subject` is what it is about: an asset tag, a kecamatan's slug, or a kind of device (family/model/firmware). `hash`
    is its SHA-256 in the chain of events (hex); it is empty in an event that was read back from the ledger.
    """

    number: int
    at: str
    actor: str
    verb: str
    subject: str
    payload: Mapping[str, Any]
    hash: str
