"""Advantech ICR, formerly Conel (enterprise 30140): scalars; those of a second modem are numbered 100 higher."""

from __future__ import annotations

from provision.families.readings.mib import Column, Mib, Rows, TextAt, columns

CONEL = "1.3.6.1.4.1.30140"
IDENTITY = columns(f"{CONEL}.6", imei=4, iccid=7, imsi=8)


def _modem(first: int, index: int, own: tuple[Column, ...]) -> Rows:
    radio = {"technology": 1, "cell_id": 3, "rssi_dbm": 30, "rsrp_dbm": 32, "rsrq_db": 33, "sinr_db": 41}
    places = {name: first + at for name, at in radio.items()}
    return Rows(entry=f"{CONEL}.4", scalar=index, columns=(*columns("", **places), *own))


MIB = Mib(
    vendor="Advantech",
    systems=("1.3.6.1.4.1.30140",),
    model=(TextAt(oid=f"{CONEL}.6.1.0"),),
    firmware=(TextAt(oid=f"{CONEL}.6.2.0", pattern=r"^(\S+)"),),
    serial=(TextAt(oid=f"{CONEL}.6.3.0"),),
    rows=(_modem(0, 0, IDENTITY), _modem(100, 1, ())),
)
