"""Whether all cases of a matrix are run (`./run soak matrix`), or one of each kind, as in the gate."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
SOAK = "PROVISION_SOAK_MATRIX" in os.environ


def cases(gate: Sequence[T], rest: Sequence[T]) -> list[T]:
    """Return the cases of the gate, and in the soak the rest."""
    return [*gate, *(rest if SOAK else ())]
