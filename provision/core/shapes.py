"""The JSON that commands print and events keep of results; it grows by keys and listed values only.

docs/reference.md says what each key means. A change of a meaning is a row in the CHANGELOG.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provision.core.custody import Handover
from provision.core.model import Change, Event, Finding, Outcome, Plan, Watched


def text_of(value: object) -> str | None:
    """Return a value of a configuration as text for people and JSON; None, for an absent value, stays None.

    A tuple is joined by blanks, a Secret is shown as `•••`.
    """
    if value is None:
        return None
    return " ".join(value) if isinstance(value, tuple) else str(value)


def change_from_accepted(change: Change) -> dict[str, str | None]:
    """Return one difference from what was accepted: path, accepted and running value (None: absent)."""
    return {"path": change.path, "accepted": text_of(change.intended), "running": text_of(change.running)}


def finding_kept(finding: Finding) -> dict[str, Any]:
    """Return a finding as events keep it, with its evidence."""
    return {
        "check": finding.check,
        "device": finding.device,
        "verdict": str(finding.verdict),
        "because": finding.because,
        "remedy": finding.remedy,
        "evidence": dict(finding.evidence),
    }


def outcomes(run: str, ended: Iterable[Outcome]) -> dict[str, Any]:
    """Return how a run ended for each device: `apply --json`, `rollback --json`, `secret rotate --json`."""
    return {
        "run": run,
        "outcomes": [
            {
                "device": o.device,
                "kecamatan": o.kecamatan,
                "outcome": str(o.ending),
                "step": str(o.step),
                "because": o.because,
            }
            for o in ended
        ],
    }


def finding(judged: Finding) -> dict[str, str]:
    """Return one finding as `verify --json`, `fetch --json` and `ingest --json` print it."""
    return {
        "check": judged.check,
        "device": judged.device,
        "verdict": str(judged.verdict),
        "because": judged.because,
        "remedy": judged.remedy,
    }


def plans(made: Iterable[Plan]) -> dict[str, Any]:
    """Return what would change on each device: `plan --json`."""
    return {
        "plans": [
            {
                "device": p.device,
                "changes": [
                    {"path": c.path, "running": text_of(c.running), "intended": text_of(c.intended)} for c in p.changes
                ],
            }
            for p in made
        ]
    }


def watched(devices: Iterable[Watched]) -> dict[str, Any]:
    """Return how each device compares with what was accepted: `watch --json`."""
    return {
        "devices": [
            {
                "device": w.device,
                "state": w.state,
                "seen_at": w.seen_at,
                "because": w.because,
                "changes": [change_from_accepted(c) for c in w.changes],
            }
            for w in devices
        ]
    }


def history(events: Iterable[Event]) -> dict[str, Any]:
    """Return events as they were recorded, without their hashes: `history --json`."""
    return {
        "events": [
            {
                "number": e.number,
                "at": e.at,
                "actor": e.actor,
                "verb": e.verb,
                "subject": e.subject,
                "payload": e.payload,
            }
            for e in events
        ]
    }


def handover(loan: Handover) -> dict[str, Any]:
    """Return one loan: `handover --json`, `return --json`."""
    return {
        "handover": loan.id,
        "number": loan.paper["number"],
        "kecamatan": loan.kecamatan,
        "state": str(loan.state),
        "to": loan.paper["to"]["name"],
        "document": loan.document,
        "file": loan.file,
        "signed_at": loan.signed_at,
        "until": loan.until,
        "returned_at": loan.returned_at,
        "items": [i["asset_tag"] for i in loan.items],
    }
