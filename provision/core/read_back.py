"""What a device was read to run: sealed, with what it hides, and judged against what it is to run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from provision.core.family import Family
from provision.core.model import Change, Settings, Snapshot, Value
from provision.core.settings import diff, marker, matches, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What a device runs after a change.

    `closing` are the old doors that are still open, `snapshot` is the device once they are closed, and `wrong` is what
    then still differs from what it is to run.
    """

    snapshot: Snapshot
    closing: tuple[Change, ...]
    wrong: tuple[Change, ...]


def judge(family: Family, whole: Snapshot, intended: Settings, owns: tuple[str, ...] | None = None) -> ReadBack:
    """Compare what a device runs after a change (sealed) with what it is to run (sealed).

    `owns` says where a setting that is not intended has to be gone; without it, where the family owns.
    """
    configuration = family.configuration
    doors = closing(family, whole, intended)
    seen = whole
    if doors:
        seen = without(whole, doors)
        seen = replace(seen, marker=marker(visible(family, seen.settings)))
    owns = configuration.owns if owns is None else owns
    wrong = diff(seen.settings, intended, owns=owns, volatile=configuration.volatile)
    return ReadBack(snapshot=seen, closing=doors, wrong=wrong)


def sealed(family: Family, seen: Snapshot, key: bytes, kept: Settings) -> Snapshot:
    """Return a snapshot with its secrets sealed by `key`, a marker, and what the device hides as it is `kept`."""
    settings = seal(seen.settings, key)
    return carry(family, replace(seen, settings=settings, marker=seen.marker or marker(settings)), kept)


def carry(family: Family, seen: Snapshot, kept: Settings) -> Snapshot:
    """Return the snapshot with what the device hides as it was last accepted or sent: that is proved by use.

    `kept` are sealed settings. A hidden setting of an entry that is gone is gone, too.
    """
    if not family.configuration.hidden:
        return seen
    hidden: dict[str, Value] = {
        path: value
        for path, value in kept.items()
        if matches(path, family.configuration.hidden)
        and path not in seen.settings
        and _has_place(path, kept, seen.settings)
    }
    return replace(seen, settings={**seen.settings, **hidden})


def _has_place(path: str, kept: Settings, seen: Settings) -> bool:
    entry = path.rpartition(":")[0]
    return entry not in kept or entry in seen


def visible(family: Family, settings: Settings) -> dict[str, Value]:
    """Return the settings that the device shows."""
    return {path: value for path, value in settings.items() if not matches(path, family.configuration.hidden)}


def closing(family: Family, seen: Snapshot, intended: Settings) -> tuple[Change, ...]:
    """Return the old doors that are still open: they close once the new way in is proved."""
    return tuple(
        Change(path=path, running=value, intended=None)
        for path, value in seen.settings.items()
        if path not in intended and matches(path, family.configuration.doors)
    )


def without(seen: Snapshot, closed: tuple[Change, ...]) -> Snapshot:
    """Return the snapshot as it is once those doors are closed."""
    gone = {c.path for c in closed}
    return replace(seen, settings={p: v for p, v in seen.settings.items() if p not in gone})
