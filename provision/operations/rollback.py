"""Go back to an earlier accepted configuration, as a confirmed commit like any other.

The ledger keeps settings with their secrets sealed, so a secret and a file come from the vault and the
templates of today: an old password is not what anybody wants back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from provision.core import plan
from provision.core.device import Device, Intent
from provision.core.errors import DeviceError, UsageError
from provision.core.model import Candidate, Change, Ending, Event, Outcome, Secret, Settings, Stage
from provision.core.settings import FILE, diff
from provision.devices.run import Run, Wanted
from provision.home.workspace import Workspace
from provision.ledger.events import ACCEPTED, CONFIGURED, ROLLED_BACK, device_of, unpack
from provision.operations import apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """How it ended, to which event, and what the intent still wants otherwise."""

    outcome: Outcome
    to: int
    against_intent: tuple[Change, ...]


def rollback(workspace: Workspace, intent: Intent, run: Run, to: int | None = None) -> Rollback:
    """Bring one device back to the configuration of event `to`, or to the newest one that differs.

    Raises DeviceError where there is none, UsageError where `to` is no configuration that was accepted.
    """
    tag = intent.item.asset_tag
    known = workspace.known.get(tag)
    if known is None or not known.accepted:
        raise DeviceError("never provisioned: nothing to go back to", where=tag, hint=f"provision apply {tag} --bench")
    kept = _accepted(workspace, tag)
    event, device = _chosen(kept, known.snapshot.settings, tag, to)
    today = apply.candidates_of(workspace, [intent])[tag]
    candidate = Candidate(settings=_whole(unpack(event.payload["settings"]), today, tag), files=today.files)
    after = replace(
        device, tunnel_key=known.device.tunnel_key, model=known.device.model, firmware=known.device.firmware
    )
    run.wanted = {tag: Wanted(candidate=candidate, after=after, owns=("*",))}
    (outcome,) = apply.apply(workspace, [intent], run)
    if outcome.ending in {Ending.APPLIED, Ending.UNCHANGED} and outcome.step != "ask":
        workspace.ledger.append(ROLLED_BACK, tag, {"run": run.name, "to": event.number}, at=workspace.now())

    running = workspace.known[tag].snapshot
    wanted = plan.make(intent.family, running, today, workspace.vault.seal_key())
    return Rollback(outcome=outcome, to=event.number, against_intent=wanted.changes)


def _accepted(workspace: Workspace, tag: str) -> list[tuple[Event, Device]]:
    """Give every accepted configuration of a device, oldest first, with the device as it was then."""
    events = workspace.ledger.history(tag)
    return [
        (one, device_of(tag, following.payload, Stage.PROVISIONED))
        for one, following in pairwise(events)
        if one.verb == CONFIGURED and following.verb == ACCEPTED
    ]


def _chosen(kept: list[tuple[Event, Device]], running: Settings, tag: str, to: int | None) -> tuple[Event, Device]:
    if to is not None:
        found = [pair for pair in kept if pair[0].number == to]
        if not found:
            known = ", ".join(str(e.number) for e, _ in kept[-5:])
            raise UsageError(f"event {to} is no accepted configuration of {tag}", hint=f"the newest are: {known}")
        return found[0]
    now = _plain(running)
    earlier = [pair for pair in kept if diff(now, _plain(unpack(pair[0].payload["settings"])), owns=("*",))]
    if not earlier:
        raise DeviceError("there is no earlier configuration that differs", where=tag, hint=f"provision history {tag}")
    return earlier[-1]


def _plain(settings: Settings) -> Settings:
    """Give what a rollback can bring back: neither secrets nor files."""
    return {p: v for p, v in settings.items() if not isinstance(v, Secret) and not p.startswith(FILE)}


def _whole(kept: Settings, today: Candidate, tag: str) -> Settings:
    """Put today's secrets and files where the kept settings have only digests."""
    whole = {}
    for path, value in kept.items():
        if path.startswith(FILE) or isinstance(value, Secret):
            if path in today.settings:
                whole[path] = today.settings[path]
            elif not path.startswith(FILE):
                raise DeviceError(
                    f"the secret of {path} is not known any more",
                    where=tag,
                    hint="choose a later configuration: --to EVENT",
                )
        else:
            whole[path] = value
    return whole | {p: v for p, v in today.settings.items() if p.startswith(FILE)}
