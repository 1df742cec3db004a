"""Versions as devices and packages write them."""

from __future__ import annotations

import re


def number(text: str) -> str:
    """Return the first version in a text: `7.20.6 (stable)` is 7.20.6; without one, the stripped text."""
    found = re.search(r"\d+(?:\.\d+)+\w*", text)
    return found.group() if found else text.strip()


def version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version: `7.20.6 (stable)` is (7, 20, 6); a text without one is ()."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()
