"""What every class of event can do, and the payload of those whose fields are JSON already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol, Self

from provision.core.errors import LedgerError

Json = Mapping[str, Any]


class Act(Protocol):
    """What every class here can do."""

    VERB: ClassVar[str]

    def payload(self) -> dict[str, Any]:
        """Return what the ledger keeps, as JSON."""
        ...


Line = tuple[str, Act]  # the subject (an asset tag, a kecamatan, a kind of device), and what happened to it


class Flat:
    """Payload both ways for an event whose fields are JSON already; a field that is None is left out."""

    __slots__ = ()

    def payload(self) -> dict[str, Any]:
        """Return the fields by name; a tuple becomes a list."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return {n: list(v) if isinstance(v, tuple) else v for n, v in own.items() if v is not None}

    @classmethod
    def read(cls, body: Json) -> Self:
        """Return the event that a payload holds; lists become tuples, and unknown names are left out."""
        names = [f.name for f in fields(cls) if f.name in body]  # type: ignore[arg-type]
        own = {n: tuple(v) if isinstance(v := body[n], list) else v for n in names}
        try:
            return cls(**own)
        except TypeError as error:
            what = str(error).partition("missing ")[2] or str(error)
            raise LedgerError(f"an event is not whole: it lacks {what}", hint="provision ledger verify") from None


def gist(body: Json) -> str:
    """Return the part of a payload that a line of the history shows: how it ended, why, or what it is about."""
    return str(next((body[k] for k in ("ending", "because", "reason", "id", "day") if body.get(k)), ""))
