"""Configuration languages: text <-> flat settings, and what a family says of its own configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provision.core.model import Change, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a family says of its configuration.

    `natural_keys` maps `package.type` to the options that name an unnamed section; an empty
    tuple means that there is one such section. `ordered` lists the `package.type` whose order
    has a meaning. `secret` are globs of paths that hold a secret. RouterOS needs more: the `menus` in
    the order in which they refer to each other, `defaults` (glob of paths -> the value that is as good as
    not said), `noise` (globs of `menu:attribute=value`) for entries that do not count, `always` (menu -> words
    behind every add), and `private_keys`: where this attribute is not said, the key itself is a secret.
    """

    natural_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ordered: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    menus: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    noise: tuple[str, ...] = ()
    always: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    private_keys: Mapping[str, str] = field(default_factory=dict)


class Grammar(Protocol):
    """What the core asks of a configuration language."""

    def parse(self, text: str, shape: Shape) -> tuple[Settings, Mapping[str, str]]:
        """Read `text` into settings and the locators of unnamed sections."""
        ...

    def quote(self, value: str) -> str:
        """Write any text as one value of the language."""
        ...

    def edits(self, changes: tuple[Change, ...], locators: Mapping[str, str], shape: Shape) -> str:
        """Write `changes` as the commands that make them."""
        ...
