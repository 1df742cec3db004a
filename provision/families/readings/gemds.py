"""GE MDS Orbit (enterprise 4130): rows by ifIndex; the technology is a number, and a cell of all ones is no value.

An RSRP above the RSSI was seen.
"""

from __future__ import annotations

from provision.families.readings.mib import Column, Mib, Rows, TextAt

ORBIT = "1.3.6.1.4.1.4130.10"

MIB = Mib(
    vendor="GE MDS",
    systems=("1.3.6.1.4.1.4130",),
    model=(TextAt(oid=f"{ORBIT}.1.1.1.2.3.0"),),
    firmware=(TextAt(oid=f"{ORBIT}.1.1.1.2.7.1.2.*"),),
    serial=(TextAt(oid=f"{ORBIT}.1.1.1.2.2.0"),),
    rows=(
        Rows(
            entry=f"{ORBIT}.2.1.1.2.1.1",
            columns=(
                Column(name="imsi", oid="1"),
                Column(name="imei", oid="2"),
                Column(name="iccid", oid="3"),
                Column(name="technology", oid="11", words={"0": "", "14": "LTE"}),
                Column(name="rssi_dbm", oid="12"),
                Column(name="rsrp_dbm", oid="13"),
                Column(name="rsrq_db", oid="14"),
                Column(name="sinr_db", oid="15"),
                Column(name="cell_id", oid="20", absent=("4294967295",)),
            ),
        ),
    ),
)
