"""Complete what was read from a device (seal secrets, add what it hides) and compare it with what is intended."""

from __future__ import annotations

from dataclasses import dataclass, replace

from provision.core.family import Family
from provision.core.model import Change, Settings, Snapshot, Value
from provision.core.settings import diff, marker, matches, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """Judgement of what a device runs after a change.

    `closing` are the changes that remove old doors (ways in) which are still open, `snapshot` is the device without
    those doors, and `wrong` are the changes by which it would then still differ from what is intended.
    """

    snapshot: Snapshot
    closing: tuple[Change, ...]
    wrong: tuple[Change, ...]


def judge(family: Family, whole: Snapshot, intended: Settings, owns: tuple[str, ...] | None = None) -> ReadBack:
    """Return the comparison of what a device runs after a change with what is intended, both with sealed secrets.

    Old doors that are still open are no difference: they are returned as `closing`. `owns` are globs of settings that
    must be gone unless they are intended; if None, those of the family.
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
    """Return the snapshot with secrets sealed by `key`, with a marker, and with the settings that the device hides.

    The marker is computed if the device gave none; hidden settings are taken from `kept`, as in `carry`.
    """
    settings = seal(seen.settings, key)
    return carry(family, replace(seen, settings=settings, marker=seen.marker or marker(settings)), kept)


def carry(family: Family, seen: Snapshot, kept: Settings) -> Snapshot:
    """Return the snapshot, completed by the settings that the device never shows, as they are in `kept` (sealed).

    `kept` is what was last accepted or sent: a hidden setting is proved by use, not by reading. Such a setting is left
    out if its entry is in `kept` but not in the snapshot.
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
    """Return the changes that remove the old doors (ways in) which are still there and not intended.

    They are made only once the new way in is proved.
    """
    return tuple(
        Change(path=path, running=value, intended=None)
        for path, value in seen.settings.items()
        if path not in intended and matches(path, family.configuration.doors)
    )


def without(seen: Snapshot, closed: tuple[Change, ...]) -> Snapshot:
    """Return the snapshot without the settings that the changes `closed` name."""
    gone = {c.path for c in closed}
    return replace(seen, settings={p: v for p, v in seen.settings.items() if p not in gone})
