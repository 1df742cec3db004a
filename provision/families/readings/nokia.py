"""Nokia 7705 SAR (enterprise 6527), from the MIB: 0 means not measured.

A SINR of -200 tenths, which comes with it, means the same.
"""

from __future__ import annotations

from provision.families.readings.mib import SYS_DESCR, Column, Mib, Rows, TextAt

MIB = Mib(
    vendor="Nokia",
    systems=("1.3.6.1.4.1.6527",),
    model=(TextAt(oid=SYS_DESCR, pattern=r"(7705 SAR(?:-\w+)?)"),),
    firmware=(TextAt(oid=SYS_DESCR, pattern=r"^TiMOS-\w-([\w.-]+)"),),
    rows=(
        Rows(
            entry="1.3.6.1.4.1.6527.3.1.2.109.3.1.1.1",
            columns=(
                Column(name="imei", oid="1"),
                Column(name="technology", oid="3", words={"0": "", "1": "LTE"}),
                Column(name="rssi_dbm", oid="8"),
                Column(name="rsrp_dbm", oid="9"),
                Column(name="rsrq_db", oid="11"),
                Column(name="sinr_db", oid="12", scale=0.1, absent=("-200",)),
            ),
        ),
    ),
)
