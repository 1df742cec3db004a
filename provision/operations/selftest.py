"""Drill one device: what only a real one can show, on record."""

from __future__ import annotations

from collections.abc import Callable

from provision.core.device import Intended
from provision.devices import kinds
from provision.devices.run import Drill
from provision.home.workspace import Workspace


def selftest(
    workspace: Workspace, intended: Intended, *, bench: bool, on_drill: Callable[[Drill], None] = lambda _: None
) -> list[Drill]:
    """Run every drill of the device's kind and return the drills; if all passed, that is recorded.

    `on_drill` is called with each. Raises UsageError if the device cannot be drilled, and for a modem DeviceError if a
    drill does not pass.
    """
    return kinds.of(intended.kind).selftest(workspace, intended, bench=bench, on_drill=on_drill)
