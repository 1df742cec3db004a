"""How long an answer may take, by the class of the link to a device.

A login takes about eight round trips. A geostationary satellite has 0.6 s each, and a weak LTE link seconds, with a
tenth of the packets lost; on a bench cable a box that has just come up is the slow part. A link that is not named gets
the longest times: a deadline that is too short tells a slow site as a silent one.
"""

from __future__ import annotations

from dataclasses import dataclass

BENCH = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds that a step may take: `connect_s` until a connection is open, `snmp_s` until a datagram is answered."""

    connect_s: int
    snmp_s: float


_CABLE = Deadlines(connect_s=20, snmp_s=2.0)
_SLOWEST = Deadlines(connect_s=45, snmp_s=5.0)
_BY_LINK = {
    BENCH: _CABLE,
    "fibre": _CABLE,
    "radio": _CABLE,
    "leo": _CABLE,
    "lte": Deadlines(connect_s=30, snmp_s=4.0),
    "vsat": _SLOWEST,
}


def deadlines(link: str) -> Deadlines:
    """Return the deadlines for a class of link, as kecamatan.yml names it, or BENCH; another one has the longest."""
    return _BY_LINK.get(link, _SLOWEST)
