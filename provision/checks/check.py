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
    """What a check may look at: the snapshot of a device, and what is recorded and intended for it.

    `accepted_marker` is the digest of the accepted configuration (empty: none), `today` the day in Berau (ISO 8601).
    For a PC: `bound` are the peripherals bound on the bench, by kind; `asked_s` the controller's clock before and after
    the PC answered (seconds since 1970); `zone` its intended time zone; `apps` the settings paths of the packages it
    must have; `needed` the conference apps; `updates_days` the greatest age that its newest update may have; `live` the
    last `hearing` and `sight`. For a modem or radio: `shown_secret` is the day on which a person was shown a secret
    that was not replaced since (empty: none); `firmware` what the office's baseline says of it (good, bad or unknown)
    and why; `sim` the SIM card as the kit records it; `traffic` the bytes counted since the card was checked.
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
        """The last recorded hearing test or attestation of a PC, or None if there is none."""
        return self.live.get("hearing")

    @property
    def sight(self) -> Mapping[str, Any] | None:
        """The last recorded picture test or attestation of a PC, or None if there is none."""
        return self.live.get("sight")

    @property
    def quota_gb(self) -> float | None:
        """The quota of the SIM card in GB, or None if no card or no quota is recorded."""
        return self.sim.kuota_gb if self.sim else None


SILENT = "no answer"
UNTOLD = "it is not in the answer"
AGAIN = "provision verify"
Judgement = tuple[Verdict, str]
Judge = Callable[[Case], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its name, the function that judges a case, the readings it needs, and what to do unless it passes.

    A case that lacks one of the readings is unknown. `guards` is `identity` or `security` if nobody may waive the
    check. `about` names the field of the case without which the check is left out, `only` the family of device that it
    is for (empty: every one).
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
    """Return a decorator that makes a function a Check with its name; the arguments are the fields of Check."""

    def make(judge: Judge) -> Check:
        return Check(
            name=judge.__name__, judge=judge, needs=needs, remedy=remedy, guards=guards, about=about, only=only
        )

    return make
