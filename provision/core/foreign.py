"""Text that somebody else wrote (a device, a list, a kit's file, a report), made harmless for where it comes out.

One function for each kind of place: a terminal, a line of its own, Ansible. What a place takes is what its function
returns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NewType

Visible = NewType("Visible", str)  # safe in a terminal, on one line
Literal = dict[str, str]  # safe in an Ansible inventory

# C0 and C1 controls with DEL, marks of direction (UAX 9), what has no width, separators of lines, tags, surrogates
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
LONGEST = 4096  # characters of one reading
UNSAFE = "__ansible_unsafe"  # by this key Ansible knows a text that it must not take for a template
_TAGGED = re.compile(r'\{\s*"' + UNSAFE + r'":\s*("(?:[^"\\]|\\.)*")\s*\}')


def visible(text: str) -> Visible:
    r"""Return `text` with each character that steers a terminal, or is not seen in it, as an escape like `\x1b`."""
    if text.isascii() and text.isprintable():
        return Visible(text)
    return Visible(_HIDDEN.sub(lambda found: _escape(found.group()), text))


def visible_lines(text: str) -> str:
    """Return `text` as `visible` does, with its line breaks."""
    return "\n".join(visible(line) for line in text.split("\n"))


def in_json(text: str) -> str:
    r"""Return a JSON text with what `visible` escapes as JSON's own escapes: the same value, harmless in a terminal."""
    if text.isascii() and "\x7f" not in text:  # json.dumps has escaped the other controls
        return text
    return "\n".join(_HIDDEN.sub(_json_escape, line) for line in text.split("\n"))


def reading(value: Any) -> Any:
    """Return what a device said of itself, as JSON has it, with every text and key as `visible` and not too long."""
    match value:
        case str():
            return visible(value)[:LONGEST]
        case Mapping():
            return {visible(str(name)): reading(one) for name, one in value.items()}
        case list() | tuple():
            return type(value)(reading(one) for one in value)
        case _:
            return value


def literal(text: str) -> str | Literal:
    """Return `text` as a value of an inventory in JSON that Ansible does not take for a template.

    Every template begins with a brace; a text without one stays as it is.
    """
    return {UNSAFE: text} if "{" in text else text


def in_yaml(value: Any, indent: int | None = None) -> str:
    """Return an inventory as text for Ansible's YAML plugin: JSON, in which a literal text has the tag `!unsafe`."""
    return _TAGGED.sub(r"!unsafe \1", json.dumps(value, indent=indent, sort_keys=indent is not None))


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))
