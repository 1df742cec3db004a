"""The events of lending: one frozen class for each verb, as in `events.py`.

The subject of an event is a kecamatan's code, or the asset tag of an item that moves. Up to release 0.1.0 it was the
kecamatan's slug; see `places`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from provision.core.model import Item
from provision.ledger.act import Flat, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """Event: a handover was drafted; `paper` is all that its paper says, fixed from then on."""

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
    """Event: the paper of a handover was made, with the SHA-256 of its bytes (`document`) and its file name.

    `made_with` names the version of Typst and the SHA-256 of the template; None from release 0.1.0, which did not keep
    it.
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
    """Event: a handover was called off before it was signed, for a reason."""

    VERB: ClassVar[str] = "handover.voided"
    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(Flat):
    """Event: a kit came back on day `effective`, and `receiver` took it.

    By asset tag, `conditions` is the condition of each item, and `undone` what was undone on each PC, or why it was
    not.
    """

    VERB: ClassVar[str] = "handover.returned"
    id: str
    effective: str
    receiver: str
    conditions: Mapping[str, str]
    undone: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced(Flat):
    """Event: items of a kit were replaced on day `effective`, for a reason.

    Each of `pairs` holds the `old` and the `new` item; `id` is the loan, empty if nothing was lent yet.
    """

    VERB: ClassVar[str] = "kit.replaced"
    id: str
    effective: str
    reason: str
    pairs: Sequence[Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived(Flat):
    """Event: a named person answers for one check of a kecamatan's kit until day `until`, for a reason."""

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
    """Event: an item is at a place, in the hands of a holder, from day `effective` on.

    `loan` is the id of the loan by which it moved, or empty; the rest describes the item.
    """

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
    """A move that items have in common: place, holder, first day, cause, and loan id (empty without a loan)."""

    place: str
    holder: str
    effective: str
    because: str
    loan: str = ""

    def of(self, item: Item | Json) -> Moved:
        """Return the event by which one item moves; `item` is an Item, or its fields as papers and events keep them."""
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
