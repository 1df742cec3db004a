"""How events keep a device and a configuration: as JSON, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from provision import families
from provision.core.device import Device
from provision.core.foreign import Foreign
from provision.core.model import Secret, Settings, Snapshot, Stage

SAID = ("model", "firmware")  # what a device said of itself


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """A device as an event keeps it, without its tag and stage.

    `driver` is the name of its family, `role` its group in Ansible's inventory; the other fields are those of `Device`.
    """

    kecamatan: str
    driver: str
    host: str
    bench_host: str
    ssh_port: int
    snmp_port: int
    username: str
    model: Foreign
    firmware: Foreign
    link: str = ""
    tunnel_key: str = ""
    role: str = "modems"
    rsa: bool = False

    @classmethod
    def of(cls, device: Device) -> Self:
        """Return the record of a device."""
        own = {f.name: getattr(device, f.name) for f in fields(cls) if f.name not in {"driver", "role"}}
        return cls(**own, driver=device.family.name, role=device.kind.group)

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Return the record that a payload holds; keys that are no field are ignored.

        Releases before 0.1.0 left some keys out; these get their defaults.
        """
        own = {f.name: body[f.name] for f in fields(cls) if f.name in body}
        return cls(**own | {name: Foreign(own[name]) for name in SAID if name in own})

    def payload(self) -> dict[str, Any]:
        """Return the record as JSON."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return own | {name: own[name].raw for name in SAID}

    def device(self, tag: str, stage: Stage = Stage.PROVISIONED) -> Device:
        """Return the device `tag` at `stage` that the record describes, with its family resolved.

        Raises UsageError if there is no family of that name.
        """
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"driver", "role"}}
        return Device(**own, tag=tag, stage=stage, family=families.load(self.driver))


def pack(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON values by path: a sealed secret as {"sealed": text}, a tuple as a list.

    Raises ValueError if a secret is not sealed.
    """
    packed: dict[str, Any] = {}
    for path, value in settings.items():
        if isinstance(value, Secret):
            text = value.reveal()
            if not text.startswith("sealed:"):
                raise ValueError(f"{path}: not sealed")
            packed[path] = {"sealed": text}
        else:
            packed[path] = list(value) if isinstance(value, tuple) else value
    return packed


def unpack(packed: Mapping[str, Any]) -> Settings:
    """Return the settings that `pack` turned into JSON, with secrets still sealed and lists as tuples again."""
    return {
        path: Secret(value["sealed"]) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value
        for path, value in packed.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A configuration as an event keeps it: settings with sealed secrets, locators of sections, marker."""

    settings: Settings
    locators: Mapping[str, str]
    marker: str

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Return the settings, locators and marker of a snapshot, as an event keeps them."""
        return cls(settings=snapshot.settings, locators=snapshot.locators, marker=snapshot.marker)

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Return the configuration that a payload holds."""
        return cls(settings=unpack(body["settings"]), locators=body["locators"], marker=body["marker"])

    def payload(self) -> dict[str, Any]:
        """Return the configuration as JSON. Raises ValueError if a secret is not sealed."""
        return {"settings": pack(self.settings), "locators": dict(self.locators), "marker": self.marker}

    def snapshot(self, tag: str, at: str) -> Snapshot:
        """Return the configuration as the snapshot of device `tag` at a time (UTC, ISO 8601)."""
        return Snapshot(device=tag, at=at, settings=self.settings, locators=self.locators, marker=self.marker)
