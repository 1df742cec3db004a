"""Text that somebody else wrote (a device, a list, a kit's file, a report), made harmless for where it comes out.

One function for each kind of place: a terminal, a line of its own, Ansible. What a place takes is what its function
returns: the terminal's tables and messages call it themselves, and what goes to Ansible is refused if it is a template
that is neither literal nor our own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NewType, NoReturn

Visible = NewType("Visible", str)  # safe in a terminal, on one line
Literal = dict[str, str]  # safe in an Ansible inventory


class Foreign:
    """A text that a device said of itself: it comes out by `visible` or `literal` only, and never by accident.

    `str`, f-strings and `+` raise TypeError. `raw` is for what compares, parses or records it.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: str = "") -> None:
        """Wrap a text as it came."""
        self.raw = raw

    @property
    def visible(self) -> Visible:
        """The text as it may be shown in a terminal, on one line."""
        return visible(self.raw)

    @property
    def literal(self) -> str | Literal:
        """The text as a value of an inventory that is no template of Ansible's."""
        return literal(self.raw)

    def __bool__(self) -> bool:
        """Return whether there is any text."""
        return bool(self.raw)

    def __eq__(self, other: object) -> bool:
        """Compare with other texts of devices only, as they came."""
        return isinstance(other, Foreign) and other.raw == self.raw

    def __hash__(self) -> int:
        """Hash the text as it came."""
        return hash(("Foreign", self.raw))

    def __repr__(self) -> str:
        """Return the visible text, for a debugger."""
        return f"Foreign({self.visible!r})"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("a text of a device comes out by .visible or .literal")

    __str__ = __format__ = __add__ = __radd__ = __mod__ = _refuse


class OurTemplate(str):
    """A value of an inventory that Ansible is to take for a template: one of our own."""

    __slots__ = ()


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


def without_templates(value: Any) -> Any:
    """Return an inventory as it is, once no text in it is a template: only a literal one and our own may be.

    Raises ValueError for any other: somebody has forgotten to make it literal.
    """
    match value:
        case Mapping():
            if set(value) != {UNSAFE}:
                for one in (*value, *value.values()):
                    without_templates(one)
        case list() | tuple():
            for one in value:
                without_templates(one)
        case str() if not isinstance(value, OurTemplate) and any(mark in value for mark in ("{{", "{%", "{#")):
            raise ValueError(f"a template that is neither literal nor ours: {visible(value)[:80]}")
    return value


def in_yaml(value: Any, indent: int | None = None) -> str:
    """Return an inventory as text for Ansible's YAML plugin: JSON, in which a literal text has the tag `!unsafe`.

    Raises ValueError for a template that is neither literal nor our own.
    """
    without_templates(value)
    return _TAGGED.sub(r"!unsafe \1", json.dumps(value, indent=indent, sort_keys=indent is not None))


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))
