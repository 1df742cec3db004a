"""The events of the ledger: one frozen class for each verb, with its payload both ways.

No payload is built or read elsewhere. A class reads what every release wrote: a key that an older release left out has
a default here. Keys may be added; none changes its meaning, since old ledgers are read for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from provision.core.model import Item, ItemKind, Settings
from provision.ledger.act import Flat, Json
from provision.ledger.records import DeviceRecord, Kept, pack, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """An item was taken from a delivery list into the register."""

    VERB: ClassVar[str] = "item.registered"
    item: Item
    kecamatan: str
    source: str

    def payload(self) -> dict[str, Any]:
        """Return the item's fields, beside where it is to go and the list's file name."""
        own = {f.name: getattr(self.item, f.name) for f in fields(self.item)}
        return own | {"kind": str(self.item.kind), "kecamatan": self.kecamatan, "source": self.source}

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds."""
        own = {f.name: body[f.name] for f in fields(Item) if f.name in body}
        item = Item(**own | {"kind": ItemKind(body["kind"])})
        return cls(item=item, kecamatan=body.get("kecamatan", ""), source=body.get("source", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A device was compared with its record and pinned; `installed` are packages, of a modem only."""

    VERB: ClassVar[str] = "device.enrolled"
    device: DeviceRecord
    host_key: str
    fingerprint: str
    installed: tuple[str, ...] | None = None

    def payload(self) -> dict[str, Any]:
        """Return the device's record, beside its key."""
        own: dict[str, Any] = {"host_key": self.host_key, "fingerprint": self.fingerprint}
        return self.device.payload() | own | ({} if self.installed is None else {"installed": list(self.installed)})

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds."""
        installed = tuple(body["installed"]) if "installed" in body else None
        device, key = DeviceRecord.read(body), str(body.get("host_key", ""))
        return cls(device=device, host_key=key, fingerprint=str(body.get("fingerprint", "")), installed=installed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A device runs what was intended, or what was adopted; its configuration stands in the same transaction."""

    VERB: ClassVar[str] = "device.accepted"
    device: DeviceRecord

    def payload(self) -> dict[str, Any]:
        """Return the device's record."""
        return self.device.payload()

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds."""
        return cls(device=DeviceRecord.read(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A configuration was kept (secrets sealed)."""

    VERB: ClassVar[str] = "configuration.kept"
    kept: Kept

    def payload(self) -> dict[str, Any]:
        """Return the configuration."""
        return self.kept.payload()

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds."""
        return cls(kept=Kept.read(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A change of a modem or radio began: how the device is reached before and after, and the settings that are sent.

    `owns` says where a setting that is not intended goes, None: where the family owns. A `drill` changes one note only.
    """

    VERB: ClassVar[str] = "apply.begun"
    run: str
    marker: str
    bench: bool
    window_s: int
    before: DeviceRecord
    after: DeviceRecord
    settings: Settings
    owns: tuple[str, ...] | None = None
    rotation: bool = False
    drill: bool = False

    def payload(self) -> dict[str, Any]:
        """Return the event as the ledger keeps it; for a drill without `owns` and `rotation`."""
        body: dict[str, Any] = {"run": self.run, "marker": self.marker, "bench": self.bench, "window_s": self.window_s}
        body |= {"before": self.before.payload(), "after": self.after.payload(), "settings": pack(self.settings)}
        if self.drill:
            return body | {"drill": True}
        return body | {"owns": None if self.owns is None else list(self.owns), "rotation": self.rotation}

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds."""
        own = {n: body[n] for n in ("run", "marker", "bench", "window_s", "rotation", "drill") if n in body}
        before, after = DeviceRecord.read(body["before"]), DeviceRecord.read(body["after"])
        owns = None if body.get("owns") is None else tuple(body["owns"])
        return cls(**own, before=before, after=after, settings=unpack(body["settings"]), owns=owns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Flat):
    """A change of a modem or radio has its end."""

    VERB: ClassVar[str] = "apply.ended"
    run: str
    ending: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PcBegun(Flat):
    """A change of a PC began: the paths that are set, or `undo`: all is given back."""

    VERB: ClassVar[str] = "endpoint.begun"
    run: str
    bench: bool = False
    settings: tuple[str, ...] | None = None
    undo: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PcEnded(Ended):
    """A change of a PC has its end."""

    VERB: ClassVar[str] = "endpoint.ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Flat):
    """A PC was given back as it was before its baseline."""

    VERB: ClassVar[str] = "endpoint.undone"
    run: str
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Flat):
    """A device was compared with what was accepted; each change holds path, accepted and running value."""

    VERB: ClassVar[str] = "device.watched"
    state: str
    because: str
    seen_at: str
    changes: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Flat):
    """A local change was accepted, for a reason."""

    VERB: ClassVar[str] = "configuration.adopted"
    reason: str
    changes: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack(Flat):
    """A device went back to the configuration of event `to`."""

    VERB: ClassVar[str] = "configuration.rolled_back"
    run: str
    to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Flat):
    """Bytes that a modem counted; see `core/traffic.py`."""

    VERB: ClassVar[str] = "traffic.counted"
    of: str
    since: str
    at: str
    counters: tuple[int, int]
    used: int
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked(Flat):
    """A device no longer serves: its keys were taken away."""

    VERB: ClassVar[str] = "device.revoked"
    because: str
    host_key: str
    tunnel_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound(Flat):
    """The camera, microphone and speaker of a kit were bound to its PC, by kind."""

    VERB: ClassVar[str] = "peripherals.bound"
    things: Mapping[str, Json]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A PC was heard: what it measured, or what a person attests (by, note)."""

    VERB: ClassVar[str] = "device.heard"
    body: Json

    def payload(self) -> dict[str, Any]:
        """Return what was measured or attested."""
        return dict(self.body)

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds."""
        return cls(body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Heard):
    """A PC's camera gave a picture: what it measured, or what a person attests (by, note, photo)."""

    VERB: ClassVar[str] = "device.seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Flat):
    """A PC's own daily report was taken in, with what it says."""

    VERB: ClassVar[str] = "device.reported"
    counter: int
    at: str
    findings: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Flat):
    """A device was judged by all its checks."""

    VERB: ClassVar[str] = "device.judged"
    findings: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTested(Flat):
    """Every drill passed on one kind of device (family, model, firmware); `run` is that of a modem."""

    VERB: ClassVar[str] = "selftest.passed"
    device: str
    drills: Json
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretShown(Flat):
    """Secrets of a device were shown to a person, for a reason."""

    VERB: ClassVar[str] = "secret.shown"
    names: Sequence[str]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated(Flat):
    """Every secret of a device was replaced."""

    VERB: ClassVar[str] = "secret.rotated"
    run: str
