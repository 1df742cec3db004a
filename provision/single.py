"""One device, one run at a time: its lease, no open run before it, and a hold on Ansible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from provision.connectors.ansible import Writer
from provision.errors import DeviceError, LeaseError
from provision.ledger.lease import hold
from provision.office import Office


@contextmanager
def single(office: Office, tag: str) -> Iterator[Writer]:
    """Hold one device for a new run (`writer.run`); raises where another run has it or never ended."""
    run = office.new_run()
    with hold(office.ledger, [tag], run, now=office.clock_s()) as held:
        if held:
            raise LeaseError(f"held by {held[tag]}", where=tag, hint="wait for it, or provision resume")
        if tag in office.unfinished():
            raise DeviceError("an earlier run is not finished", where=tag, hint="provision resume")
        with Writer(run, office.place.ssh_key, office.place.host_keys) as writer:
            yield writer
