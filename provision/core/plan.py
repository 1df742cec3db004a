"""Make the plan from a snapshot to a candidate, and say what proves that it worked."""

from __future__ import annotations

from provision.core.errors import ProvisionError
from provision.core.family import Family
from provision.core.model import Candidate, Plan, Snapshot
from provision.core.settings import diff, matches, seal


def make(
    family: Family, snapshot: Snapshot, candidate: Candidate, key: bytes, owns: tuple[str, ...] | None = None
) -> Plan:
    """Return the plan that turns what runs into the candidate; secrets are compared by their digests under `key`.

    `owns` are globs of settings that are removed unless they are intended; if None, those of the family. Raises
    ProvisionError if the snapshot has no settings or no marker, if the candidate has no settings, or if an object to be
    set over SNMP is not on the device, since it could not be put back.
    """
    if not snapshot.settings or not snapshot.marker:
        raise ProvisionError("no running configuration to plan from", where=snapshot.device)
    if not candidate.settings:
        raise ProvisionError("the intent is empty", where=snapshot.device)
    sealed = seal(candidate.settings, key)
    changes = diff(
        snapshot.settings,
        sealed,
        owns=family.configuration.owns if owns is None else owns,
        volatile=family.configuration.volatile,
    )
    if family.configuration.objects and (lacking := [c.path for c in changes if not isinstance(c.running, str)]):
        raise ProvisionError(
            f"{', '.join(lacking)} is not on this device: it could not be put back",
            where=snapshot.device,
            hint="its firmware is older than the family's table: update it on the bench",
        )
    return Plan(
        device=snapshot.device,
        changes=changes,
        candidate=candidate,
        intended=sealed,
        locators=snapshot.locators,
        marker=snapshot.marker,
    )


def proof(family: Family, plan: Plan) -> tuple[bool, float]:
    """Return whether a new login has to prove the way in, and how many seconds after the commit the proof is due.

    A login is needed if a change is under the family's `access` and not under its `path`; the wait is 0 if no change is
    under either.
    """
    path = family.configuration.path
    touched = [c.path for c in plan.changes if matches(c.path, (*family.configuration.access, *path))]
    door = [p for p in touched if not matches(p, path)]
    return bool(door), family.commit.settle_s if touched else 0.0
