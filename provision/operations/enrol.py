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
    """The request for an enrol: the address (`A` or `A:PORT`, empty: the usual one), and how the box is let in.

    `approve` is shown the fingerprint of the host key; `packages` is a folder for what the box lacks, `password` the
    one on the label or of its SNMPv3 user. `new_key` replaces the pinned key after a factory reset.
    """

    approve: Callable[[str], bool]
    address: str = ""
    packages: Path | None = None
    new_key: bool = False
    password: Secret | None = None
    on_step: OnStep = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """The enrolment of one device, and the tag that the bench takes next (empty if all of the kind are enrolled)."""

    enrolment: Enrolment
    next_tag: str


def enrol(workspace: Workspace, intended: Intended, asked: Enrol) -> Enrolled:
    """Compare one device with its record, pin it, and record what it is and runs; return that and the next tag.

    Raises UsageError if it is not registered or the address cannot be read, LeaseError if another run holds it, and
    what the kind's enrol raises.
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
    with run_on(workspace, tag, settled=False) as (held, writer):
        enrolment = kind.enrol(workspace, writer, intended, request)
        journal.enrolled(held, enrolment)
    return Enrolled(enrolment=enrolment, next_tag=kind.next_on_bench(workspace))
