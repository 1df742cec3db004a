"""How much is measured: all of it, or just so much as shows that a figure can still be measured (`--small`)."""

from __future__ import annotations

import os

SMALL = bool(os.environ.get("PROVISION_BENCH_SMALL"))


def of(full: int, small: int) -> int:
    """Return `small` in a `--small` run, else `full`."""
    return small if SMALL else full
