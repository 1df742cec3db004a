"""The protocol of event classes, and a base for events whose fields are JSON values already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol, Self

from provision.core.errors import LedgerError
from provision.core.model import Verdict

Json = Mapping[str, Any]


class Act(Protocol):
    """The protocol of an event class: the verb that it is recorded under, and its payload."""

    VERB: ClassVar[str]

    def payload(self) -> dict[str, Any]:
        """Return the event's payload as a dict of JSON values, as the ledger keeps it."""
        ...


Line = tuple[str, Act]  # the subject (an asset tag, a kecamatan, a kind of device), and what happened to it


class Flat:
    """A base for event dataclasses whose fields are JSON values: the payload is the fields by name.

    A tuple is kept as a list, and a field that is None is left out.
    """

    __slots__ = ()

    def payload(self) -> dict[str, Any]:
        """Return the fields by name; a tuple becomes a list, and a field that is None is left out."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return {n: list(v) if isinstance(v, tuple) else v for n, v in own.items() if v is not None}

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds: lists become tuples, and keys that are no field are ignored.

        Raises LedgerError if a field that has no default is missing.
        """
        names = [f.name for f in fields(cls) if f.name in body]  # type: ignore[arg-type]
        own = {n: tuple(v) if isinstance(v := body[n], list) else v for n in names}
        try:
            return cls(**own)
        except TypeError as error:
            what = str(error).partition("missing ")[2] or str(error)
            raise LedgerError(f"an event is not whole: it lacks {what}", hint="provision ledger verify") from None


def gist(body: Json) -> str:
    """Return the text that a line of the history shows of a payload, or an empty text.

    It is the first value that is there and not empty, of the keys ending, because, reason, id and day; of findings it
    is how many there are of each verdict.
    """
    if findings := body.get("findings"):
        counts = Counter(str(one.get("verdict", "")) for one in findings)
        return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    return str(next((body[k] for k in ("ending", "because", "reason", "id", "day") if body.get(k)), ""))
