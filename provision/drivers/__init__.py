"""Modem families: one small file each, found by being there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from provision import found
from provision.grammars import Grammar, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """Where a box of the family comes up from the carton, and how it lets us in."""

    address: str
    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFile:
    """A file that the family needs on the device: where it comes from, and its octal mode.

    `source` is a file of the family's templates, or `fact:NAME` for a text of the intent.
    """

    source: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedCommit:
    """The family's words for a change with a way back, in NAPALM's verbs.

    Each is a line of the device's own shell; {run}, {marker}, {window_s} are filled in.
    `stage` and `files` take a document on standard input.
    """

    prepare: str
    checkpoint: str
    arm: str
    stage: str
    put: str
    login: str
    commit: str
    read_back: str
    confirm: str
    revert: str
    refusals: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """All that the house must know of a family; see docs in README, "add a modem family".

    A change under `access` moves the door: the proof is a new login. One under `path` moves only
    the way to it: the proof is an exchange. Neither proves anything before the services have
    taken the configuration, which they have `settle_s` seconds after the commit.
    """

    name: str
    title: str
    netmiko: str
    feed: str
    sections: tuple[str, ...]
    grammar: Grammar
    shape: Shape
    owns: tuple[str, ...]
    volatile: tuple[str, ...]
    access: tuple[str, ...]
    path: tuple[str, ...]
    settle_s: float
    files: Mapping[str, PlacedFile]
    guard: str
    factory: Factory
    readings: str
    install: str
    commit: ConfirmedCommit


@cache
def load(name: str) -> Driver:
    """Give the driver called `name`; raises UsageError where there is none."""
    return found.load(__name__, names(), name, Driver, "modem family")


@cache
def names() -> tuple[str, ...]:
    """Give the names of all families."""
    return found.names(__path__)
