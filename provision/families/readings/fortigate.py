"""FortiGate with LTE (enterprise 12356.101): column 9, the WCDMA RSSI, is not read; it may be filled as well.

The MIB states no unit for the SNR (column 14): tenths follow from its range and from recorded values.
"""

from __future__ import annotations

from provision.families.readings.mib import Column, Mib, Rows, TextAt

FORTIGATE = "1.3.6.1.4.1.12356.101"
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"

MIB = Mib(
    vendor="Fortinet",
    systems=("1.3.6.1.4.1.12356.101",),
    model=(TextAt(oid=f"{ENTITY}.13.1"),),
    firmware=(TextAt(oid=f"{FORTIGATE}.4.1.1.0", pattern=r"^v?([\d.]+)"),),
    serial=(TextAt(oid=f"{ENTITY}.11.1"),),
    rows=(
        Rows(
            entry=f"{FORTIGATE}.19.3.1",
            columns=(
                Column(name="rssi_dbm", oid="11"),
                Column(name="rsrq_db", oid="12"),
                Column(name="rsrp_dbm", oid="13"),
                Column(name="sinr_db", oid="14", scale=0.1),
            ),
        ),
    ),
)
