"""What a check is, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.core.device import App, Device, SimCard
from provision.core.model import Item, Snapshot, Verdict
from provision.core.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a check may look at: what the device said, and what the record says of it.

    For a PC, `bound` are the peripherals that were bound on the bench, `asked_s` the span of the controller's clock in
    which it answered, `needed` the conference apps, `updates_days` the oldest update that will do, `live` what was last
    heard and seen on it (`hearing`, `sight`). `shown_secret` is the day on which a person was shown a secret,
    `firmware` what the office's baseline says of the firmware (good, bad or unknown) and why. `sim` is the SIM card as
    the kit records it, `today` the day in Berau, `traffic` what was counted since the card was checked.
    """

    snapshot: Snapshot
    item: Item
    device: Device
    accepted_marker: str = ""
    bound: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked_s: tuple[float, float] = (0.0, 0.0)
    zone: str = ""
    apps: tuple[str, ...] = ()
    needed: tuple[App, ...] = ()
    updates_days: int = 45
    live: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shown_secret: str = ""
    firmware: tuple[str, str] = ("unknown", "no baseline of firmware")
    sim: SimCard | None = None
    today: str = ""
    traffic: Traffic | None = None

    @property
    def hearing(self) -> Mapping[str, Any] | None:
        """What was last heard, where anything was."""
        return self.live.get("hearing")

    @property
    def sight(self) -> Mapping[str, Any] | None:
        """What was last seen, where anything was."""
        return self.live.get("sight")

    @property
    def quota_gb(self) -> float | None:
        """The quota of the SIM card, where the kit records one."""
        return self.sim.kuota_gb if self.sim else None


SILENT = "no answer"
AGAIN = "provision verify"
Judgement = tuple[Verdict, str]
Judge = Callable[[Case], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its judge, the readings that it needs, what to do when it is not green.

    `guards` is `identity` or `security` where nobody may waive it. `about` names what of the case must be
    recorded at all: without it there is nothing to judge. `only` names the kind of device that it is for.
    """

    name: str
    judge: Judge
    needs: tuple[str, ...]
    remedy: str
    guards: str = ""
    about: str = ""
    only: str = ""


def check(
    *, needs: tuple[str, ...], remedy: str, guards: str = "", about: str = "", only: str = ""
) -> Callable[[Judge], Check]:
    """Make a function a check; without its `needs` it says unknown and why."""

    def make(judge: Judge) -> Check:
        return Check(
            name=judge.__name__, judge=judge, needs=needs, remedy=remedy, guards=guards, about=about, only=only
        )

    return make
