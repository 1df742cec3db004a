"""Events of the ledger by which a person ends a run: what no device proves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from provision.ledger.act import Flat


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed(Flat):
    """Event: a person said how a run ended of whose end there is no proof: `ending` (applied or reverted), and why."""

    VERB: ClassVar[str] = "run.assumed"
    run: str
    ending: str
    reason: str
