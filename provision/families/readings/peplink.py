"""Peplink and Pepwave (enterprises 23695 and 27662), from the MIB: a radio value of -9999 means no value.

The cell, which is -1 if there is none, is not read.
"""

from __future__ import annotations

from provision.families.readings.mib import Column, Mib, Rows, TextAt

PEPLINK = "1.3.6.1.4.1.23695.200.1"
NONE = ("-9999",)

MIB = Mib(
    vendor="Peplink",
    systems=("1.3.6.1.4.1.23695", "1.3.6.1.4.1.27662"),
    model=(TextAt(oid=f"{PEPLINK}.1.1.1.1.0"),),
    serial=(TextAt(oid=f"{PEPLINK}.1.1.1.2.0"),),
    firmware=(TextAt(oid=f"{PEPLINK}.1.1.1.3.0", pattern=r"^(\S+)"),),
    rows=(
        Rows(
            entry=f"{PEPLINK}.12.1.1.1",
            columns=(
                Column(name="rssi_dbm", oid="3", absent=NONE),
                Column(name="sinr_db", oid="5", absent=NONE),
                Column(name="sinr_db", oid="4", absent=NONE),
                Column(name="rsrp_dbm", oid="7", absent=NONE),
                Column(name="rsrq_db", oid="8", absent=NONE),
                Column(name="technology", oid="9"),
            ),
        ),
    ),
)
