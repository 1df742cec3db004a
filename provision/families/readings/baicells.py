"""Baicells CPE (enterprise 53058), from the MIB: values are text; 65535 and `-` mean no value.

A serial or firmware that begins with `ack` is no value either.
"""

from __future__ import annotations

from provision.families.readings.mib import SYS_DESCR, Column, Mib, Rows, TextAt

BAICELLS = "1.3.6.1.4.1.53058.2"
NONE = ("65535", "-")
TEXT = r"^(?!ack)(.+)$"

MIB = Mib(
    vendor="Baicells",
    systems=("1.3.6.1.4.1.8072.3.2.10", "1.3.6.1.4.1.53058"),
    evidence=(TextAt(oid=SYS_DESCR, pattern=r"(BaiCPE)"),),
    model=(TextAt(oid=SYS_DESCR, pattern=r"(BaiCPE\S*)"),),
    serial=(TextAt(oid=f"{BAICELLS}.1.6.0", pattern=TEXT),),
    firmware=(TextAt(oid=f"{BAICELLS}.1.8.0", pattern=TEXT),),
    rows=(
        Rows(
            entry=f"{BAICELLS}.2",
            scalar=0,
            columns=(
                Column(name="rsrp_dbm", oid="7", absent=NONE),
                Column(name="rsrp_dbm", oid="8", absent=NONE),
                Column(name="rsrq_db", oid="9", absent=NONE),
                Column(name="sinr_db", oid="10", absent=NONE),
                Column(name="cell_id", oid="16", absent=NONE),
            ),
        ),
    ),
)
