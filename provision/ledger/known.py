"""What the ledger knows of a device now."""

from __future__ import annotations

from dataclasses import dataclass

from provision.core.device import Device
from provision.core.model import Event, Snapshot, Stage
from provision.ledger.events import ACCEPTED, device_of, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A device with the configuration that was last seen or accepted (secrets sealed)."""

    device: Device
    snapshot: Snapshot
    accepted: bool


def _known(event: Event, configuration: Event) -> Known:
    kept = configuration.payload
    snapshot = Snapshot(
        device=event.subject, at=configuration.at, settings=unpack(kept["settings"]),
        locators=kept["locators"], marker=kept["marker"],
    )  # fmt: skip
    accepted = event.verb == ACCEPTED
    return Known(
        device=device_of(event.subject, event.payload, Stage.PROVISIONED if accepted else Stage.ENROLLED),
        snapshot=snapshot, accepted=accepted,
    )  # fmt: skip
