"""Kinds of conference PC: one small file each, found by being there, as the modem families are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from provision import found


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What the house must know of a kind of PC.

    `feed` takes a program (gzip) on standard input; `as_root` goes before it where the account is not root.
    `collector` and `baseline` name files of templates/; the program is both, one behind the other, and between them
    `live`, where something is to be heard and seen (empty: this kind cannot, a technician attests it).
    `feed_archive` takes an archive (tar) with packages and the program, under the name `program`, instead (empty: apps are installed by hand).
    `language` is python (travels compressed) or powershell; `ansible_shell` is Ansible's word for the shell, where it is
    not a POSIX one; `zones` gives this kind's own names of time zones.
    `report` is laid down behind the collector and makes the daily report; `outbox` gets a word and a
    number on standard input and prints, each on a line, the files with higher numbers, then `end` and the word.
    """

    name: str
    title: str
    feed: str
    as_root: str
    collector: str
    live: str
    baseline: str
    program: str
    feed_archive: str
    language: str = "python"
    ansible_shell: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)
    report: str
    outbox: str


@cache
def load(name: str) -> Endpoint:
    """Give the endpoint called `name`; raises UsageError where there is none."""
    return found.load(__name__, names(), name, Endpoint, "kind of PC")


@cache
def names() -> tuple[str, ...]:
    """Give the names of all kinds."""
    return found.names(__path__)
