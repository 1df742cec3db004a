"""The events of lending: one frozen class for each verb, as in `events.py`.

The subject is a kecamatan, or an item that moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from provision.core.model import Item
from provision.ledger.act import Flat, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A handover was drafted: all that its paper says, frozen."""

    VERB: ClassVar[str] = "handover.drafted"
    paper: Json

    def payload(self) -> dict[str, Any]:
        """Return the paper's content."""
        return dict(self.paper)

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds."""
        return cls(paper=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued(Flat):
    """The paper of a handover was made: the SHA-256 of its bytes, its file name, and what it was made with.

    `made_with` names the version of Typst and the SHA-256 of the template; release 0.1.0 did not keep it.
    """

    VERB: ClassVar[str] = "handover.issued"
    id: str
    document: str
    file: str
    made_with: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(Flat):
    """A handover was signed on day `effective`; `until` is the last day of use."""

    VERB: ClassVar[str] = "handover.signed"
    id: str
    effective: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided(Flat):
    """A handover was called off before it was signed."""

    VERB: ClassVar[str] = "handover.voided"
    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(Flat):
    """A kit came back: who took it, in which condition each item is, and what was undone on each PC."""

    VERB: ClassVar[str] = "handover.returned"
    id: str
    effective: str
    receiver: str
    conditions: Mapping[str, str]
    undone: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced(Flat):
    """Items of a kit took the place of others: each pair holds the old and the new item."""

    VERB: ClassVar[str] = "kit.replaced"
    id: str
    effective: str
    reason: str
    pairs: Sequence[Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived(Flat):
    """A person answers for one check until a day."""

    VERB: ClassVar[str] = "check.waived"
    check: str
    by: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained(Flat):
    """People were trained on topics, on a day."""

    VERB: ClassVar[str] = "training.given"
    people: Sequence[str]
    topics: Sequence[str]
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Flat):
    """An item is at a place, in the hands of a holder, from day `effective` on."""

    VERB: ClassVar[str] = "item.moved"
    effective: str
    place: str
    holder: str
    because: str
    loan: str
    condition: str
    kind: str
    serial: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where items go: the place and holder, from which day, because of what, by which loan."""

    place: str
    holder: str
    effective: str
    because: str
    loan: str = ""

    def of(self, item: Item | Json) -> Moved:
        """Return the event of one item's move; `item` is an item, or one as papers and events carry it."""
        own = {n: getattr(item, n) for n in NEEDED} if isinstance(item, Item) else {n: item[n] for n in NEEDED}
        return Moved(
            effective=self.effective,
            place=self.place,
            holder=self.holder,
            because=self.because,
            loan=self.loan,
            condition=own["condition"],
            kind=str(own["kind"]),
            serial=own["serial"],
            model=f"{own['brand']} {own['model']}",
        )


NEEDED = ("condition", "kind", "serial", "brand", "model")
