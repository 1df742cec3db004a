"""The events of the ledger: one frozen class for each verb, which makes its payload and reads it back.

Payloads are made only here and in `lending_events.py`. Old ledgers are read for ever: a key that an older release
left out has a default here, keys may be added, and none changes its meaning.
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
    """Event: an item of the list file `source` was registered; `kecamatan` is where it is to go, or empty."""

    VERB: ClassVar[str] = "item.registered"
    item: Item
    kecamatan: str
    source: str

    def payload(self) -> dict[str, Any]:
        """Return the item's fields (its kind as text), `kecamatan` and `source` as one flat dict."""
        own = {f.name: getattr(self.item, f.name) for f in fields(self.item)}
        return own | {"kind": str(self.item.kind), "kecamatan": self.kecamatan, "source": self.source}

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds; `kecamatan`, `source` and optional item fields may be missing."""
        own = {f.name: body[f.name] for f in fields(Item) if f.name in body}
        item = Item(**own | {"kind": ItemKind(body["kind"])})
        return cls(item=item, kecamatan=body.get("kecamatan", ""), source=body.get("source", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """Event: a device's host key was pinned; `installed` are packages that were put on a modem, None for a PC."""

    VERB: ClassVar[str] = "device.enrolled"
    device: DeviceRecord
    host_key: str
    fingerprint: str
    installed: tuple[str, ...] | None = None

    def payload(self) -> dict[str, Any]:
        """Return the device's record, `host_key` and `fingerprint` as one dict, with `installed` unless None."""
        own: dict[str, Any] = {"host_key": self.host_key, "fingerprint": self.fingerprint}
        return self.device.payload() | own | ({} if self.installed is None else {"installed": list(self.installed)})

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds; `host_key`, `fingerprint` and `installed` may be missing."""
        installed = tuple(body["installed"]) if "installed" in body else None
        device, key = DeviceRecord.read(body), str(body.get("host_key", ""))
        return cls(device=device, host_key=key, fingerprint=str(body.get("fingerprint", "")), installed=installed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Event: what runs on a device was accepted, as intended or adopted; `Configured` keeps it with this event."""

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
    """Event: a device's configuration was kept, with its secrets sealed."""

    VERB: ClassVar[str] = "configuration.kept"
    kept: Kept

    def payload(self) -> dict[str, Any]:
        """Return the configuration as JSON. Raises ValueError if a secret is not sealed."""
        return self.kept.payload()

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds."""
        return cls(kept=Kept.read(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Event: a change of a modem or radio began; `before` and `after` are the device's record around it.

    `settings` is what it is to run then (secrets sealed). `owns` are the path patterns under which a setting that is
    not intended is removed; None means those of its family. A `drill` changes one note only.
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
        """Return the event as JSON, a drill without `owns`. Raises ValueError if a secret is not sealed."""
        body: dict[str, Any] = {"run": self.run, "marker": self.marker, "bench": self.bench, "window_s": self.window_s}
        body |= {"before": self.before.payload(), "after": self.after.payload(), "settings": pack(self.settings)}
        if self.drill:
            return body | {"drill": True}
        return body | {"owns": None if self.owns is None else list(self.owns), "rotation": self.rotation}

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds; `owns`, `rotation` and `drill` may be missing."""
        own = {n: body[n] for n in ("run", "marker", "bench", "window_s", "rotation", "drill") if n in body}
        before, after = DeviceRecord.read(body["before"]), DeviceRecord.read(body["after"])
        owns = None if body.get("owns") is None else tuple(body["owns"])
        return cls(**own, before=before, after=after, settings=unpack(body["settings"]), owns=owns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Flat):
    """Event: a change of a modem or radio ended, with how (`ending`) and why (`because`)."""

    VERB: ClassVar[str] = "apply.ended"
    run: str
    ending: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PcBegun(Flat):
    """Event: a change of a PC began; `settings` are the paths that are set, or put back with `undo`."""

    VERB: ClassVar[str] = "endpoint.begun"
    run: str
    bench: bool = False
    settings: tuple[str, ...] | None = None
    undo: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PcEnded(Ended):
    """Event: a change of a PC ended, with how (`ending`) and why (`because`)."""

    VERB: ClassVar[str] = "endpoint.ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Flat):
    """Event: a PC was put back as it was before its baseline; `settings` are the paths that were undone."""

    VERB: ClassVar[str] = "endpoint.undone"
    run: str
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Flat):
    """Event: a watched device was found in `state` (ok, drift, unreachable or unknown), last heard at `seen_at`."""

    VERB: ClassVar[str] = "device.watched"
    state: str
    because: str
    seen_at: str
    changes: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Flat):
    """Event: local changes of a device were accepted; each change holds path, accepted and running value."""

    VERB: ClassVar[str] = "configuration.adopted"
    reason: str
    changes: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack(Flat):
    """Event: a device went back to the configuration of event number `to`."""

    VERB: ClassVar[str] = "configuration.rolled_back"
    run: str
    to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Flat):
    """Event: the sum of bytes that a modem counted; the fields are those of `Traffic` in `core/traffic.py`."""

    VERB: ClassVar[str] = "traffic.counted"
    of: str
    since: str
    at: str
    counters: tuple[int, int]
    used: int
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked(Flat):
    """Event: a device's keys were taken away; `host_key` is the pinned fingerprint, `tunnel_key` the public key."""

    VERB: ClassVar[str] = "device.revoked"
    because: str
    host_key: str
    tunnel_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound(Flat):
    """Event: the USB camera, microphone and speaker that were found were bound to a PC; `things` are by kind."""

    VERB: ClassVar[str] = "peripherals.bound"
    things: Mapping[str, Json]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Event: a PC's speaker and microphone were tried; `body` is measured, or attested (by, note, photo)."""

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
    """Event: a PC's camera was tried; `body` is what the PC measured, or what a person attests (by, note, photo)."""

    VERB: ClassVar[str] = "device.seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Flat):
    """Event: a PC's daily report was taken in; `counter` and `at` (UTC, ISO 8601) are the report's own."""

    VERB: ClassVar[str] = "device.reported"
    counter: int
    at: str
    findings: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Flat):
    """Event: a device was verified; `findings` are the results of its checks."""

    VERB: ClassVar[str] = "device.judged"
    findings: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTested(Flat):
    """Event: every drill passed on `device`, for its family, model and firmware; `run` is a modem's only."""

    VERB: ClassVar[str] = "selftest.passed"
    device: str
    drills: Json
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretShown(Flat):
    """Event: secrets of a device, listed in `names`, were shown to a person, for a reason."""

    VERB: ClassVar[str] = "secret.shown"
    names: Sequence[str]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated(Flat):
    """Event: every secret of a device was replaced, in the run `run`."""

    VERB: ClassVar[str] = "secret.rotated"
    run: str
