"""Teldat (enterprise 2007): several logical rows repeat one module; an idle row has an RSSI of -113 dBm and zeros.

The cell is the one of the registration (column 5); column 25, which looks like the physical cell, is not read.
"""

from __future__ import annotations

from provision.families.readings.mib import SYS_DESCR, Column, Mib, Rows, TextAt

MIB = Mib(
    vendor="Teldat",
    systems=("1.3.6.1.4.1.2007",),
    model=(TextAt(oid=SYS_DESCR, pattern=r"Router model (\S+)"),),
    serial=(TextAt(oid=SYS_DESCR, pattern=r"S/N: (\S+)"),),
    rows=(
        Rows(
            entry="1.3.6.1.4.1.2007.4.1.2.2.2.18.3.2.1",
            floor_dbm=-113,
            columns=(
                Column(name="cell_id", oid="5"),
                Column(name="rssi_dbm", oid="10"),
                Column(name="temperature_c", oid="11", absent=("0",)),
                Column(name="rsrp_dbm", oid="22"),
                Column(name="rsrq_db", oid="23"),
                Column(name="sinr_db", oid="24"),
            ),
        ),
    ),
)
