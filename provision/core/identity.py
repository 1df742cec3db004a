"""Compare what a device says of itself with its record."""

from __future__ import annotations

FILLERS = frozenset(  # what factories write where a serial should be (domain page on conference, section 4)
    ("", "0", "none", "default string", "system serial number", "to be filled by o.e.m.", "not specified")
)
