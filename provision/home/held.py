"""The devices that one run holds: the only writer of their state in the ledger, and of their secrets in the vault.

Whoever holds a device has read what is known of it after the lease was taken, and each record is conditional on that:
if somebody else recorded something of the device's state meanwhile (the lease was lost), nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from provision.core.errors import LeaseError
from provision.core.model import Event, Secret
from provision.ledger import events, run_events
from provision.ledger.act import Act, Line

if TYPE_CHECKING:
    from provision.home.vault import Vault
    from provision.ledger import Ledger
    from provision.ledger.lease import Lease

Seen = Mapping[tuple[str, str], int]  # the number of the newest event by (subject, verb), 0 for none

STATE: tuple[type[Act], ...] = (  # what is known of a device; only whoever holds it records these
    events.Enrolled, events.Accepted, events.Configured, events.Revoked, events.Begun, events.Ended, events.PcBegun,
    events.PcEnded, run_events.Assumed, events.Undone, events.Adopted, events.RolledBack, events.Rotated, events.Bound,
)  # fmt: skip
OBSERVED: tuple[type[Act], ...] = (  # what was seen of a device, which changes nothing on it
    events.Watched, events.Judged, events.Heard, events.Seen, events.Reported, events.Counted, events.SecretShown,
    events.SelfTested,
)  # fmt: skip
VERBS = tuple(act.VERB for act in STATE)


class Opened(Protocol):
    """What a hold needs of a workspace."""

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        ...

    @property
    def vault(self) -> Vault:
        """The vault."""
        ...

    def now(self) -> str:
        """Return the time in UTC, ISO 8601 to the second."""
        ...

    def forget_known(self) -> None:
        """Forget what the ledger knew of the devices."""
        ...


class Held:
    """Devices whose leases a run has; made by `Workspace.hold`, and good for nothing once its block has ended.

    `refused` says by device who holds those that the run did not get.
    """

    def __init__(self, opened: Opened, lease: Lease, devices: Sequence[str], refused: Mapping[str, str]) -> None:
        """Hold `devices`, whose leases were just taken, and remember the newest event of each."""
        self.run = lease.run
        self._lease = lease
        self.devices = frozenset(devices)
        self.refused = dict(refused)
        self._opened = opened
        self._seen = dict.fromkeys(((d, verb) for d in devices for verb in VERBS), 0)
        self._seen |= opened.ledger.newest_of(devices, VERBS)

    def only(self) -> str:
        """Return the one device that was asked for. Raises LeaseError if another run holds it."""
        for tag, holder in self.refused.items():
            raise LeaseError(f"held by {holder}", where=tag, hint="wait for it, or provision resume")
        (tag,) = self.devices
        return tag

    def end(self) -> None:
        """Let go of all devices: whatever is written after the lease was given back raises LeaseError."""
        self.devices = frozenset()

    # -- ledger -----------------------------------------------------------------------------------
    def record(self, lines: Sequence[Line], *, beside: Sequence[Line] = (), expect: Seen | None = None) -> list[Event]:
        """Record events of held devices in one transaction, after those of `beside`, which are of no device's state.

        `expect` are further conditions, as `Ledger.extend` takes them. Raises LeaseError for a device that is not held,
        ChangedError if somebody else recorded something of a device's state since it was held; then nothing is written.
        """
        subjects = {subject for subject, _ in lines}
        self._require(subjects)
        if wrong := [type(act).__name__ for _, act in beside if isinstance(act, STATE)]:
            raise TypeError(f"of a device's state, and not held: {', '.join(wrong)}")
        seen = {key: number for key, number in self._seen.items() if key[0] in subjects}
        recorded = self._opened.ledger.record(
            [*beside, *lines],
            at=self._opened.now(),
            expect={**seen, **(expect or {})},
            first=partial(self._lease.renew, devices=subjects),
        )
        self._seen |= {(e.subject, e.verb): e.number for e in recorded if (e.subject, e.verb) in self._seen}
        self._opened.forget_known()
        return recorded

    def require_still(self, tags: Collection[str]) -> None:
        """Raise LeaseError unless the run still holds these devices: asked again before anything is sent to them.

        A run that gave no sign of life for too long (its computer slept, its process was stopped) holds them no more.
        """
        self._require(set(tags))
        self._lease.require(tags)

    # -- vault ------------------------------------------------------------------------------------
    def pending(self, tag: str) -> Mapping[str, Secret]:
        """Return the secrets that are to replace the device's own; see `Vault.pending`."""
        self.require_still({tag})
        return self._opened.vault.pending(tag)

    def promote(self, tag: str, *, spare: bool = False) -> None:
        """Replace the device's own secrets by the pending ones, if there are any; with `spare` both are kept."""
        self.require_still({tag})
        self._opened.vault.promote(tag, spare=spare)

    def discard(self, tag: str, *, spare: bool = False) -> None:
        """Remove the device's pending secrets, if there are any; with `spare` they are kept beside its own."""
        self.require_still({tag})
        self._opened.vault.discard(tag, spare=spare)

    def forget_spare(self, tag: str) -> None:
        """Remove the device's spare secrets, if there are any: it is proved which ones it runs."""
        self.require_still({tag})
        self._opened.vault.forget_spare(tag)

    def keep(self, tag: str, own: Mapping[str, Secret]) -> None:
        """Write secrets that a person has set on the device; see `Vault.keep`."""
        self.require_still({tag})
        self._opened.vault.keep(tag, own)

    def new_report_key(self, tag: str) -> None:
        """Make the key anew with which a PC signs its reports: what was signed before is of another life."""
        self.require_still({tag})
        self._opened.vault.report_key(tag, anew=True)

    def drop(self, tags: Sequence[str]) -> None:
        """Remove all secrets of devices that were revoked."""
        self.require_still(tags)
        self._opened.vault.drop(list(tags))

    def _require(self, tags: set[str]) -> None:
        if foreign := sorted(tags - self.devices):
            raise LeaseError(
                f"run {self.run} does not hold it: nothing was written",
                where=", ".join(foreign),
                hint="provision resume",
            )


def require_observations(lines: Sequence[Line]) -> None:
    """Raise TypeError unless every event of `lines` is one that was only observed (`OBSERVED`)."""
    if wrong := [type(act).__name__ for _, act in lines if not isinstance(act, OBSERVED)]:
        raise TypeError(f"changes what is known of a device, and has to be recorded by whoever holds it: {wrong}")
