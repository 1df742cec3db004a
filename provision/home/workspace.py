"""One command's hold on the world: home, ledger, vault, clock, and what the ledger knows of devices."""

from __future__ import annotations

import getpass
import os
import platform
import secrets
import time
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.core.device import Computer, Device, Intent
from provision.core.errors import UsageError
from provision.core.model import Event, slug
from provision.home.place import Place
from provision.home.targets import Targets, _named
from provision.home.vault import NAME, Vault, password
from provision.ledger.events import (
    ACCEPTED,
    BEGUN,
    CONFIGURED,
    ENDED,
    ENROLLED,
    REVOKED,
    ROTATED,
    SELFTEST,
    SHOWN,
    kind_of,
)
from provision.ledger.known import Known, _known

if TYPE_CHECKING:
    from provision.home import intent
    from provision.ledger import Ledger

WITA = timezone(timedelta(hours=8))


class Workspace:
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
                if known.accepted and tag != one.item.asset_tag and known.device.kind.group in roles
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
