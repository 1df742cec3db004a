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
from provision.core.model import Candidate, Change, Ending, Event, Outcome, Secret, Settings
from provision.core.settings import FILE, diff
from provision.devices import box
from provision.devices.run import ApplyRequest, Callbacks, Override
from provision.home.workspace import Workspace
from provision.ledger.events import Accepted, Configured, RolledBack
from provision.operations import apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """The result of a rollback: its run, its outcome, the event it aimed at, and what the intent wants otherwise."""

    run: str
    outcome: Outcome
    to: int
    against_intent: tuple[Change, ...] = ()

    @property
    def went(self) -> bool:
        """Whether the device runs the earlier configuration."""
        return self.outcome.ending in {Ending.APPLIED, Ending.UNCHANGED}


def rollback(
    workspace: Workspace, intent: Intent, request: ApplyRequest, callbacks: Callbacks, to: int | None = None
) -> Rollback:
    """Bring one device back to the accepted configuration of event `to`, and return how it ended.

    Without `to` it is the newest one that differs from what is accepted now. Raises DeviceError if the device was never
    provisioned, no such configuration is there or a secret of it is not known any more, UsageError if event `to` is
    none that was accepted.
    """
    tag = intent.tag
    with workspace.hold([tag], workspace.new_run()) as held:
        known = workspace.known.get(held.only())
        if known is None or not known.accepted:
            hint = f"provision apply {tag} --bench"
            raise DeviceError("never provisioned: nothing to go back to", where=tag, hint=hint)
        holding = workspace, held, intent
        if stuck := apply.settle_held(holding, request, callbacks):
            return Rollback(run=stuck.run, outcome=stuck.outcomes[0], to=to or 0)
        known = workspace.known[tag]
        event, device = _chosen(_accepted(workspace, tag), known.snapshot.settings, tag, to)
        today = box.candidates_of(workspace, [intent])[tag]
        kept = Configured.read(event.payload).kept.settings
        candidate = Candidate(settings=_whole(kept, today, tag), files=today.files)
        own = known.device
        after = replace(device, tunnel_key=own.tunnel_key, model=own.model, firmware=own.firmware)
        overrides = {tag: Override(candidate=candidate, after=after, owns=("*",))}
        applied = apply.apply_held(holding, replace(request, overrides=overrides), callbacks)
        done = Rollback(run=applied.run, outcome=applied.outcomes[0], to=event.number)
        if done.went:  # before anything else that could fail: the device runs it
            held.record([(tag, RolledBack(run=applied.run, to=event.number))])
    running = workspace.known[tag].snapshot
    against = plan.make(intent.family, running, today, workspace.vault.seal_key())
    return replace(done, against_intent=against.changes)


def _accepted(workspace: Workspace, tag: str) -> list[tuple[Event, Device]]:
    """Return the event of each accepted configuration of a device, oldest first, with the device as it was then."""
    events = workspace.ledger.history(tag)
    return [
        (one, Accepted.read(following.payload).device.device(tag))
        for one, following in pairwise(events)
        if one.verb == Configured.VERB and following.verb == Accepted.VERB
    ]


def _chosen(kept: list[tuple[Event, Device]], running: Settings, tag: str, to: int | None) -> tuple[Event, Device]:
    if to is not None:
        found = [pair for pair in kept if pair[0].number == to]
        if not found:
            known = ", ".join(str(e.number) for e, _ in kept[-5:])
            raise UsageError(f"event {to} is no accepted configuration of {tag}", hint=f"the newest are: {known}")
        return found[0]
    now = _plain(running)
    earlier = [pair for pair in kept if diff(now, _plain(Configured.read(pair[0].payload).kept.settings), owns=("*",))]
    if not earlier:
        raise DeviceError("there is no earlier configuration that differs", where=tag, hint=f"provision history {tag}")
    return earlier[-1]


def _plain(settings: Settings) -> Settings:
    """Return the settings that are neither secrets nor files: those that a rollback can bring back."""
    return {p: v for p, v in settings.items() if not isinstance(v, Secret) and not p.startswith(FILE)}


def _whole(kept: Settings, today: Candidate, tag: str) -> Settings:
    """Return the kept settings with today's secrets in place of their digests, and today's files instead of theirs.

    Raises DeviceError if a kept secret is not among today's settings.
    """
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
