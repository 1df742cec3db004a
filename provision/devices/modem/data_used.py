"""Keep the sum of bytes of each SIM card in the ledger, from the looks that are made anyway."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from provision.core import identity, traffic, versions
from provision.core.errors import ChangedError
from provision.core.model import Snapshot
from provision.core.traffic import Traffic
from provision.home.workspace import Workspace
from provision.ledger.events import Counted

EVERY = timedelta(hours=1)  # a look in between adds nothing that the next one does not


def keep(workspace: Workspace, looks: Mapping[str, Snapshot]) -> dict[str, Traffic]:
    """Add each look to the sum of bytes of the modem's SIM card; return the sums by asset tag, and record those due.

    A look without counters leaves the card's last sum as it is. A modem has no sum if it has no recorded card, if its
    look does not show the recorded serial, or if there are neither counters nor a last sum. A sum is due when its card
    is new, when a gap was added, and an hour after it was last recorded.
    """
    newest = {e.subject: e for e in workspace.latest(Counted.VERB)}
    last = {tag: traffic_of(Counted.read(e.payload)) for tag, e in newest.items()}
    sums: dict[str, Traffic] = {}
    for tag, look in looks.items():
        intent = workspace.home.intents[tag]
        sim = intent.sim_card
        if not sim or identity.another(intent.item, look.readings):
            continue
        if tag in last and look.at < last[tag].at:  # another command has looked and counted since
            sums[tag] = last[tag]
            continue
        of, seen = traffic.card(sim), traffic.counters(look.readings)
        if seen is not None:
            sums[tag] = traffic.advance(last.get(tag), seen, look.at, of, narrow=_narrow(workspace, tag))
        elif (old := last.get(tag)) is not None and old.of == of:
            sums[tag] = old
    for tag, one in sums.items():
        if _due(last.get(tag), one):
            before = {(tag, Counted.VERB): newest[tag].number if tag in newest else 0}
            with contextlib.suppress(ChangedError):  # another look has counted meanwhile; the next one goes on from it
                workspace.observe([(tag, counted_of(one))], seen=before)
    return sums


def traffic_of(counted: Counted) -> Traffic:
    """Return the sum that an event keeps."""
    sent, received = counted.counters
    counters = int(sent), int(received)
    return Traffic(
        of=counted.of, since=counted.since, at=counted.at, counters=counters, used=counted.used, gaps=counted.gaps
    )


def counted_of(total: Traffic) -> Counted:
    """Return the event that keeps a sum."""
    return Counted(
        of=total.of, since=total.since, at=total.at, counters=total.counters, used=total.used, gaps=total.gaps
    )


def _narrow(workspace: Workspace, tag: str) -> bool:
    """Say whether a modem counts in 32 bits: its firmware is older than the first one that counts in 64.

    False if the family names no such firmware.
    """
    device = workspace.known[tag].device
    wide = device.box.snmp.counts_64
    return bool(wide) and versions.version(device.firmware.raw) < versions.version(wide)


def _due(last: Traffic | None, total: Traffic) -> bool:
    if last is None or last.of != total.of or total.gaps > last.gaps:
        return True
    return datetime.fromisoformat(total.at) - datetime.fromisoformat(last.at) >= EVERY
