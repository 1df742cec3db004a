"""The verbs of the ledger and their payloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provision import families
from provision.core.device import Device
from provision.core.model import Secret, Settings, Snapshot, Stage

ENROLLED, ACCEPTED, BEGUN, ENDED = "device.enrolled", "device.accepted", "apply.begun", "apply.ended"
CONFIGURED = "configuration.kept"  # always in one transaction with enrolled or accepted
WATCHED, ADOPTED, TRAFFIC = "device.watched", "configuration.adopted", "traffic.counted"
REVOKED, BOUND = "device.revoked", "peripherals.bound"
HEARD, SEEN, REPORTED = "device.heard", "device.seen", "device.reported"
PC_BEGUN, PC_ENDED, UNDONE = "endpoint.begun", "endpoint.ended", "endpoint.undone"
SHOWN, ROTATED, ROLLED_BACK = "secret.shown", "secret.rotated", "configuration.rolled_back"
REGISTERED, JUDGED, SELFTEST = "item.registered", "device.judged", "selftest.passed"


def device_of(tag: str, body: Mapping[str, Any], stage: Stage) -> Device:
    """Give the device that a payload tells of."""
    fields = {k: body[k] for k in Device.__dataclass_fields__ if k in body}
    return Device(**fields | {"tag": tag, "stage": stage, "family": families.load(body["driver"])})


def pack(settings: Settings) -> dict[str, Any]:
    """Give sealed settings as JSON keeps them; raises where a secret is not sealed."""
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
    """Give settings back from JSON."""
    return {
        path: Secret(value["sealed"]) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value
        for path, value in packed.items()
    }


def record(device: Device) -> dict[str, Any]:
    """Give the payload by which the ledger remembers a device."""
    return {
        "kecamatan": device.kecamatan, "driver": device.family.name, "host": device.host,
        "bench_host": device.bench_host, "ssh_port": device.ssh_port, "snmp_port": device.snmp_port,
        "username": device.username, "model": device.model, "firmware": device.firmware, "link": device.link,
        "tunnel_key": device.tunnel_key, "role": device.kind.group, "rsa": device.rsa,
    }  # fmt: skip


def configuration(snapshot: Snapshot) -> dict[str, Any]:
    """Give the payload by which the ledger remembers a configuration (sealed)."""
    return {"settings": pack(snapshot.settings), "locators": dict(snapshot.locators), "marker": snapshot.marker}


def kind_of(device: Device) -> str:
    """Give what a selftest is valid for: family, model and firmware."""
    return f"{device.family.name}/{device.model}/{device.firmware}"
