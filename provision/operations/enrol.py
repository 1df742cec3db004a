"""A box at the end of a bench cable -> a known, pinned device, whatever kind it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provision.core.device import Intended
from provision.core.errors import UsageError
from provision.core.model import Secret
from provision.devices import journal, kinds
from provision.devices.door import EnrolRequest, address_of
from provision.devices.journal import Enrolment
from provision.devices.run import OnStep, run_on
from provision.home.workspace import Workspace
from provision.ledger.events import Registered


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol:
    """What a person asks for.

    An address (`A` or `A:PORT`, empty: the usual one), and what helps the box to be let in.
    """

    approve: Callable[[str], bool]
    address: str = ""
    packages: Path | None = None
    new_key: bool = False
    password: Secret | None = None
    on_step: OnStep = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What an enrol did, and what the bench takes next (empty where all of the kind are in)."""

    enrolment: Enrolment
    next_tag: str


def enrol(workspace: Workspace, intended: Intended, asked: Enrol) -> Enrolled:
    """Compare one device with its record, pin it, and record what it is and runs.

    Raises UsageError where it is not registered, and what the kind's enrol raises.
    """
    tag, kind = intended.tag, kinds.of(intended.kind)
    if tag not in {e.subject for e in workspace.ledger.latest(Registered.VERB)}:
        raise UsageError(f"{tag} is not registered", hint="provision register FILE takes the delivery list first")
    host, port = kind.usual_address(workspace, intended)
    request = EnrolRequest(
        where=address_of(asked.address or host, port),
        approve=asked.approve,
        packages=asked.packages,
        new_key=asked.new_key,
        password=asked.password,
        on_step=asked.on_step,
    )
    with run_on(workspace, tag, settled=False) as writer:
        enrolment = kind.enrol(workspace, writer, intended, request)
        journal.enrolled(workspace, enrolment)
    return Enrolled(enrolment=enrolment, next_tag=kind.next_on_bench(workspace))
