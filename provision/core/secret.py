"""A text that is hidden when it is printed."""

from __future__ import annotations


class Secret:
    """A text that is hidden when it is printed: its `str` and `repr` are `•••`; `reveal()` returns it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap `text`."""
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; it must not get into a log or an error message."""
        return self._text

    def __str__(self) -> str:
        """Return `•••`, whatever the text is."""
        return "•••"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        """Compare by text, with secrets only."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash the text."""
        return hash(("Secret", self._text))
