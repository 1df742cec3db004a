"""The nouns of the house: frozen values that travel from intent to ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provision.core.secret import Secret

__all__ = ["Secret"]  # it stands in a file of its own, and is one of the nouns

OK, DRIFT, UNREACHABLE, UNKNOWN = "ok", "drift", "unreachable", "unknown"  # how a watched device stands
SILENT = "no answer"

Value = str | Secret | tuple[str, ...]
Settings = Mapping[str, Value]


class ItemKind(StrEnum):
    """What a kit is made of."""

    COMPUTER = "computer"
    SPEAKER = "speaker"
    WEBCAM = "webcam"
    MICROPHONE = "microphone"
    MODEM = "modem"


class Kind(StrEnum):
    """How a change is carried to a device: each kind is a folder of `provision/devices/`."""

    MODEM = "modem"
    RADIO = "radio"
    PC = "pc"

    @property
    def group(self) -> str:
        """The name of the kind's group in Ansible's inventory and of its checks, as the ledger keeps it."""
        return {"modem": "modems", "radio": "radios", "pc": "computers"}[self.value]


class Stage(StrEnum):
    """How far a device has come."""

    REGISTERED = "registered"
    ENROLLED = "enrolled"
    PROVISIONED = "provisioned"


class Verdict(StrEnum):
    """What a check says; `unknown` is never green."""

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
    """At which step an apply ended for one device."""

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
    """Return the one spelling of a kecamatan's name: lower case, words joined by hyphens."""
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
    """One thing of the office's property; `value_idr` in whole rupiah, `received` a day (ISO 8601) or unknown."""

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
    """One kecamatan and its items: the thing lent."""

    kecamatan: Kecamatan
    items: tuple[Item, ...]

    @property
    def modem(self) -> Item | None:
        """The kit's modem, where it has one."""
        return self.item(ItemKind.MODEM)

    def item(self, kind: ItemKind) -> Item | None:
        """Return the kit's item of one kind."""
        return next((i for i in self.items if i.kind is kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The intended settings and the device files that they stand for, by path."""

    settings: Settings
    files: Mapping[str, DeviceFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFile:
    """A file outside the configuration: its text (perhaps secret) and octal mode."""

    text: str | Secret
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a device said: running settings, readings, marker, and `at` (UTC, ISO 8601).

    `locators` maps a section's key to the family's own name for it where the two differ.
    `missing` maps a reading that could not be had to the reason.
    """

    device: str
    at: str
    settings: Settings = field(default_factory=dict)
    locators: Mapping[str, str] = field(default_factory=dict)
    readings: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    marker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that differs; None means absent on that side."""

    path: str
    running: Value | None
    intended: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One device against what was accepted: ok, drift, unreachable or unknown.

    `seen_at` is the last time it answered (UTC, ISO 8601); a change's `intended` is the accepted value.
    """

    device: str
    state: str
    seen_at: str
    because: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would change on one device, made from the running configuration named by `marker`.

    `intended` is what it is to run then, with its secrets sealed; the candidate holds the secrets themselves.
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
    """What one check says of one device, with the numbers that it judged."""

    check: str
    device: str
    verdict: Verdict
    because: str
    remedy: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the ledger."""

    number: int
    at: str
    actor: str
    verb: str
    subject: str
    payload: Mapping[str, Any]
    hash: str
