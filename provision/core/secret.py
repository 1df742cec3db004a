"""A text that never shows itself."""

from __future__ import annotations


class Secret:
    """A text that never shows itself: its `str` and `repr` are `•••`; `reveal()` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap `text`."""
        self._text = text

    def reveal(self) -> str:
        """Return the text; call it only where it goes into a run's private directory or a cipher."""
        return self._text

    def __str__(self) -> str:
        """Hide the text."""
        return "•••"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        """Compare by text, with secrets only."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash the text."""
        return hash(("Secret", self._text))
