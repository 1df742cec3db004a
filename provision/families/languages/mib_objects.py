"""Objects of a MIB as text: one line `name = "value"` each, which is TOML, so the standard library reads it.

TOML refuses a name that stands twice; a value is always a text, whatever its type on the wire.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping

from provision.core.errors import ProvisionError
from provision.core.grammar import Shape
from provision.core.model import Change, Settings


def parse(text: str, shape: Shape) -> tuple[Settings, Mapping[str, str]]:
    """Return the settings in a TOML list of objects (name to text), and an empty mapping of locators.

    Raises ProvisionError if the text is not valid TOML or a value is not a string.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProvisionError(f"not a list of objects: {error}", hint='one line each: name = "value"') from None
    if odd := [name for name, value in found.items() if not isinstance(value, str)]:
        raise ProvisionError(f"no text: {', '.join(odd)}", hint="every value stands in quotes")
    return dict(found), {}


def quote(value: str) -> str:
    """Return any text as one quoted TOML string: JSON's escapes, and DEL escaped as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def edits(changes: tuple[Change, ...], locators: Mapping[str, str], shape: Shape) -> str:
    """Return one line `name = "value"` for each change.

    Raises ProvisionError if an intended value is not a plain string: an object of a MIB cannot be removed or hold a
    secret.
    """
    lines = []
    for change in changes:
        if not isinstance(change.intended, str):
            raise ProvisionError(f"{change.path} can only get another text, neither go nor hold a secret")
        lines.append(f"{change.path} = {quote(change.intended)}\n")
    return "".join(lines)
