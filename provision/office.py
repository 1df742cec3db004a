"""One command's hold on the world: home, ledger, vault, clock, and what the ledger knows of devices."""

from __future__ import annotations

import getpass
import os
import platform
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.errors import UsageError
from provision.home import Place
from provision.model import Device, Event, Intent, Secret, Settings, Snapshot, Stage, slug
from provision.vault import NAME, Vault, password

if TYPE_CHECKING:
    from provision import intent
    from provision.ledger import Ledger

ENROLLED, ACCEPTED, BEGUN, ENDED = "device.enrolled", "device.accepted", "apply.begun", "apply.ended"
CONFIGURED = "configuration.kept"  # always in one transaction with enrolled or accepted
WATCHED, ADOPTED = "device.watched", "configuration.adopted"
REGISTERED, JUDGED, SELFTEST = "item.registered", "device.judged", "selftest.passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A device with the configuration that was last seen or accepted (secrets sealed)."""

    device: Device
    snapshot: Snapshot
    accepted: bool


class Office:
    """Made at the door; everything in it is opened at first use."""

    def __init__(self, root: Path) -> None:
        """Work in the home at `root`."""
        self.place = Place(root.resolve())

    def now(self) -> str:
        """Give the time, UTC, ISO 8601 to the second."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def clock_s(self) -> int:
        """Give the time in seconds, for leases."""
        return int(time.time())

    def new_run(self) -> str:
        """Name a run: by its time, and a few characters that no other run has."""
        return datetime.now(UTC).strftime("r%y%m%d-%H%M%S-") + secrets.token_hex(2)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, opened and up to date."""
        from provision.ledger import connect

        self.place.insist()
        actor = os.environ.get("PROVISION_ACTOR") or f"{getpass.getuser()}@{platform.node()}"
        return connect(self.place.database, self.place.var / "ledger.head", actor)

    def newest(self, verb: str) -> list[tuple[str, dict[str, Any]]]:
        """Give (subject, payload) of the newest event of each subject for one verb, as fast as may be."""
        from provision.ledger.glance import glance

        self.place.insist()
        kind, _, path = self.place.database.partition(":///")
        seen = glance(Path(path), verb) if kind == "sqlite" else None
        return self.ledger.payloads(verb) if seen is None else seen

    @cached_property
    def vault(self) -> Vault:
        """The vault, opened."""
        return Vault(self.place.inventory / NAME, password(self.place.root / "var" / "vault-password"))

    @cached_property
    def home(self) -> intent.Home:
        """All of the intent."""
        return self.place.intent()

    @cached_property
    def known(self) -> dict[str, Known]:
        """Every device that was enrolled, as the ledger knows it now."""
        kept = {e.subject: e for e in self.ledger.latest(CONFIGURED)}
        found = {e.subject: _known(e, kept[e.subject]) for e in self.ledger.latest(ENROLLED, ACCEPTED)}
        return dict(sorted(found.items()))

    def forget_known(self) -> None:
        """Read the devices again at the next use."""
        self.__dict__.pop("known", None)

    def intents(self, targets: list[str]) -> list[Intent]:
        """Resolve TARGETs (kecamatan in any spelling, device tag, `all`) to modem intents."""
        found: dict[str, Intent] = {}
        for target in targets:
            matching = [
                i for tag, i in self.home.intents.items()
                if target == "all" or target.upper() == tag or slug(target) == i.kit.kecamatan.slug
            ]  # fmt: skip
            if not matching:
                raise UsageError(f"no such target: {target}", hint=self._target_hint(target))
            found.update({i.item.asset_tag: i for i in matching})
        return list(found.values())

    def intent(self, target: str) -> Intent:
        """Resolve one TARGET to one modem's intent; raises UsageError where it names several."""
        found = self.intents([target])
        if len(found) != 1:
            raise UsageError(f"{target} names {len(found)} devices; this takes one", hint="a device tag or a kecamatan")
        return found[0]

    def _target_hint(self, target: str) -> str:
        from difflib import get_close_matches

        if (kit := self.home.kit(target)) is not None:
            return f"{kit.kecamatan.name} gets no modem"
        near = get_close_matches(slug(target), self.home.kits, n=1) or get_close_matches(
            target.upper(), self.home.intents, n=1
        )
        return f"did you mean {near[0]}?" if near else "a kecamatan, a device tag, or all"

    def way_back_shown(self, device: Device) -> bool:
        """Say whether a selftest passed on this family, model and firmware (law 4)."""
        return any(e.subject == kind_of(device) for e in self.ledger.latest(SELFTEST))

    def unfinished(self) -> dict[str, Event]:
        """Give the runs that began on a device and have no recorded end."""
        open_runs: dict[str, Event] = {}
        for event in self.ledger.latest(BEGUN, ENDED):
            if event.verb == BEGUN:
                open_runs[event.subject] = event
            else:
                open_runs.pop(event.subject, None)
        return open_runs


def _known(event: Event, configuration: Event) -> Known:
    kept = configuration.payload
    snapshot = Snapshot(
        device=event.subject, at=configuration.at, settings=unpack(kept["settings"]),
        locators=kept["locators"], marker=kept["marker"],
    )  # fmt: skip
    accepted = event.verb == ACCEPTED
    return Known(
        device=device_of(event.subject, event.payload, Stage.PROVISIONED if accepted else Stage.ENROLLED),
        snapshot=snapshot, accepted=accepted,
    )  # fmt: skip


def device_of(tag: str, body: Mapping[str, Any], stage: Stage) -> Device:
    """Give the device that a payload tells of."""
    fields = {k: body[k] for k in Device.__dataclass_fields__ if k in body}
    return Device(**fields | {"tag": tag, "stage": stage})


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
        "kecamatan": device.kecamatan, "driver": device.driver, "host": device.host,
        "bench_host": device.bench_host, "ssh_port": device.ssh_port, "snmp_port": device.snmp_port,
        "username": device.username, "model": device.model, "firmware": device.firmware, "link": device.link,
        "tunnel_key": device.tunnel_key,
    }  # fmt: skip


def configuration(snapshot: Snapshot) -> dict[str, Any]:
    """Give the payload by which the ledger remembers a configuration (sealed)."""
    return {"settings": pack(snapshot.settings), "locators": dict(snapshot.locators), "marker": snapshot.marker}


def kind_of(device: Device) -> str:
    """Give what a selftest is valid for: family, model and firmware."""
    return f"{device.driver}/{device.model}/{device.firmware}"
