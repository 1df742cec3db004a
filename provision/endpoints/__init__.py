"""Kinds of conference PC: one small file each, found by being there, as the modem families are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from provision import found


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What the house must know of a kind of PC.

    `feed` takes a program (gzip) on standard input; `as_root` goes before it where the account is not root.
    `collector` and `baseline` name files of templates/; the program is both, one behind the other.
    `feed_archive` takes an archive (tar) with packages and the program, under the name `program`, instead.
    """

    name: str
    title: str
    feed: str
    as_root: str
    collector: str
    baseline: str
    program: str
    feed_archive: str


@cache
def load(name: str) -> Endpoint:
    """Give the endpoint called `name`; raises UsageError where there is none."""
    return found.load(__name__, names(), name, Endpoint, "kind of PC")


@cache
def names() -> tuple[str, ...]:
    """Give the names of all kinds."""
    return found.names(__path__)
