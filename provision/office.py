"""One command's hold on the world: home, ledger, vault, clock, and what the ledger knows of devices."""

from __future__ import annotations

import getpass
import os
import platform
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.errors import UsageError
from provision.home import Place
from provision.model import Computer, Device, Event, Intent, Kit, Secret, Settings, Snapshot, Stage, slug
from provision.vault import NAME, Vault, password

if TYPE_CHECKING:
    from provision import intent
    from provision.ledger import Ledger

WITA = timezone(timedelta(hours=8))
ENROLLED, ACCEPTED, BEGUN, ENDED = "device.enrolled", "device.accepted", "apply.begun", "apply.ended"
CONFIGURED = "configuration.kept"  # always in one transaction with enrolled or accepted
WATCHED, ADOPTED, TRAFFIC = "device.watched", "configuration.adopted", "traffic.counted"
REVOKED, BOUND = "device.revoked", "peripherals.bound"
HEARD, SEEN, REPORTED = "device.heard", "device.seen", "device.reported"
PC_BEGUN, PC_ENDED, UNDONE = "endpoint.begun", "endpoint.ended", "endpoint.undone"
SHOWN, ROTATED, ROLLED_BACK = "secret.shown", "secret.rotated", "configuration.rolled_back"
REGISTERED, JUDGED, SELFTEST = "item.registered", "device.judged", "selftest.passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A device with the configuration that was last seen or accepted (secrets sealed)."""

    device: Device
    snapshot: Snapshot
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a command is about."""

    modems: list[Intent]
    computers: list[Computer]

    def names(self) -> dict[str, str]:
        """Give the name of each device's kecamatan, by asset tag."""
        modems = {i.item.asset_tag: i.kit.kecamatan.name for i in self.modems}
        return modems | {c.item.asset_tag: c.kit.kecamatan.name for c in self.computers}

    def only(self, tags: set[str]) -> Targets:
        """Keep those of `tags`."""
        return Targets(
            modems=[i for i in self.modems if i.item.asset_tag in tags],
            computers=[c for c in self.computers if c.item.asset_tag in tags],
        )


def _named(name: str, tag: str, kit: Kit) -> bool:
    return name == "all" or name.upper() == tag or slug(name) == kit.kecamatan.slug


class Office:
    """Made at the door; everything in it is opened at first use."""

    def __init__(self, root: Path) -> None:
        """Work in the home at `root`."""
        self.place = Place(root.resolve())

    def now(self) -> str:
        """Give the time, UTC, ISO 8601 to the second."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def today(self) -> str:
        """Give the day in Berau (WITA), ISO 8601."""
        return datetime.now(WITA).date().isoformat()

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

    def newest(self, *verbs: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Give (subject, verb, payload) of the newest event of each subject among `verbs`, as fast as may be."""
        from provision.ledger.glance import glance

        self.place.insist()
        kind, _, path = self.place.database.partition(":///")
        seen = glance(Path(path), *verbs) if kind == "sqlite" else None
        return self.ledger.payloads(*verbs) if seen is None else seen

    def latest(self, *verbs: str) -> list[Event]:
        """Give the newest event of each subject for each of `verbs`, oldest first, as fast as may be."""
        from provision.ledger.glance import latest

        self.place.insist()
        kind, _, path = self.place.database.partition(":///")
        seen = latest(Path(path), *verbs) if kind == "sqlite" and "ledger" not in self.__dict__ else None
        return self.ledger.latest(*verbs) if seen is None else seen

    def held(self, effective: str, recorded: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Give each item's last move in effect on a day and recorded by a time, as fast as may be."""
        from provision.ledger.glance import held

        self.place.insist()
        kind, _, path = self.place.database.partition(":///")
        seen = held(Path(path), effective, recorded) if kind == "sqlite" else None
        return self.ledger.held(effective, recorded) if seen is None else seen

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
        """Every device that was enrolled and not revoked since, as the ledger knows it now."""
        kept = {e.subject: e for e in self.latest(CONFIGURED)}
        last = {e.subject: e for e in self.latest(ENROLLED, ACCEPTED, REVOKED)}
        return {t: _known(e, kept[t]) for t, e in sorted(last.items()) if e.verb != REVOKED}

    def forget_known(self) -> None:
        """Read the devices again at the next use."""
        self.__dict__.pop("known", None)

    def targets(self, names: list[str]) -> Targets:
        """Resolve TARGETs (kecamatan in any spelling, device tag, `all`) to modems and PCs."""
        modems: dict[str, Intent] = {}
        computers: dict[str, Computer] = {}
        for name in names:
            some = {t: i for t, i in self.home.intents.items() if _named(name, t, i.kit)}
            more = {t: c for t, c in self.home.computers.items() if _named(name, t, c.kit)}
            if not some and not more:
                raise UsageError(f"no such target: {name}", hint=self._target_hint(name))
            modems |= some
            computers |= more
        return Targets(modems=list(modems.values()), computers=list(computers.values()))

    def intents(self, targets: list[str]) -> list[Intent]:
        """Resolve TARGETs to the modems among them."""
        return self.targets(targets).modems

    def intent(self, target: str) -> Intent:
        """Resolve one TARGET to one modem's intent; raises UsageError where it names none or several."""
        found = self.targets([target])
        if not found.modems:
            raise UsageError(f"{target} names no modem", hint="this is for modems; see provision inventory --list")
        if len(found.modems) != 1:
            raise UsageError(
                f"{target} names {len(found.modems)} devices; this takes one", hint="a device tag or a kecamatan"
            )
        return found.modems[0]

    def device(self, target: str) -> Intent | Computer:
        """Resolve one TARGET to one modem or PC."""
        found = self.targets([target])
        both: list[Intent | Computer] = [*found.modems, *found.computers]
        if len(both) != 1:
            tags = ", ".join(b.item.asset_tag for b in both[:3])
            raise UsageError(f"{target} names {len(both)} devices; this takes one", hint=f"a device tag, as {tags}")
        return both[0]

    def _target_hint(self, target: str) -> str:
        from difflib import get_close_matches

        tags = [*self.home.intents, *self.home.computers]
        near = get_close_matches(slug(target), self.home.kits, n=1) or get_close_matches(target.upper(), tags, n=1)
        return f"did you mean {near[0]}?" if near else "a kecamatan, a device tag, or all"

    def way_back_shown(self, device: Device) -> bool:
        """Say whether a selftest passed on this family, model and firmware (law 4)."""
        return any(e.subject == kind_of(device) for e in self.latest(SELFTEST))

    def serving(self, one: Intent | Computer) -> str:
        """Give the tag of another provisioned device in the place of `one`, or nothing."""
        roles = {"modems", "radios"} if isinstance(one, Intent) else {"computers"}
        return next(
            (
                tag for tag, known in self.known.items()
                if known.accepted and tag != one.item.asset_tag and known.device.role in roles
                and known.device.kecamatan == one.kit.kecamatan.slug
            ), "",
        )  # fmt: skip

    def shown_secret(self, tag: str) -> str:
        """Give the day on which a secret of a device was shown to a person and not replaced since, or nothing."""
        last = [e for e in self.latest(SHOWN, ROTATED) if e.subject == tag]
        return last[-1].at[:10] if last and last[-1].verb == SHOWN else ""

    def unfinished(self) -> dict[str, Event]:
        """Give the runs that began on a device and have no recorded end."""
        open_runs: dict[str, Event] = {}
        for event in self.latest(BEGUN, ENDED):
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
        "tunnel_key": device.tunnel_key, "role": device.role, "rsa": device.rsa,
    }  # fmt: skip


def configuration(snapshot: Snapshot) -> dict[str, Any]:
    """Give the payload by which the ledger remembers a configuration (sealed)."""
    return {"settings": pack(snapshot.settings), "locators": dict(snapshot.locators), "marker": snapshot.marker}


def kind_of(device: Device) -> str:
    """Give what a selftest is valid for: family, model and firmware."""
    return f"{device.driver}/{device.model}/{device.firmware}"
