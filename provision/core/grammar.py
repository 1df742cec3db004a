"""Protocol of a configuration language (text to flat settings and back), and what it must know of a family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provision.core.model import Change, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a grammar must know of one family's configuration.

    `natural_keys` maps `package.type` to the options that name an unnamed section; an empty tuple means that there is
    one such section. `ordered` lists the `package.type` whose order has a meaning. `secret` are globs of paths that
    hold a secret. In RouterOS a menu stands for `package.type`, and more is needed: the `menus` in the order in which
    they refer to each other, `defaults` (glob of paths -> the value that an export leaves out), `noise` (globs of
    `menu:attribute=value`) for entries that are ignored, `always` (menu -> words at the end of every add), and
    `private_keys` (menu -> attribute): in an entry without this attribute, the natural key itself is a secret.
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
        """Return the settings in `text`, and the locators by which the device finds unnamed sections or entries.

        Raises ProvisionError if the text is not understood or not whole.
        """
        ...

    def quote(self, value: str) -> str:
        """Return any text, quoted as one value of the language."""
        ...

    def edits(self, changes: tuple[Change, ...], locators: Mapping[str, str], shape: Shape) -> str:
        """Return `changes` as text in the language: the commands that make them."""
        ...
