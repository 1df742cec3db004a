"""MikroTik RouterOS (MIKROTIK-MIB, enterprise 14988): one row per LTE interface, by ifIndex.

RouterOS 6.45 shows RSRP, RSRQ and SINR only: no column is required.
"""

from __future__ import annotations

from provision.families.readings.mib import SYS_DESCR, Column, Mib, Rows, TextAt

MIKROTIK = "1.3.6.1.4.1.14988.1.1"
LTE = f"{MIKROTIK}.16.1.1"
TECHNOLOGIES = {  # column 6; 7 is E-UTRAN, and column 14 has it in words where it is there
    "0": "GSM", "1": "GSM", "2": "UTRAN", "3": "EGPRS", "4": "HSDPA", "5": "HSUPA", "6": "HSPA", "7": "LTE",
    "11": "5G-SA", "13": "5G-NSA",
}  # fmt: skip

MIB = Mib(
    vendor="MikroTik",
    systems=("1.3.6.1.4.1.14988.1",),
    model=(TextAt(oid=SYS_DESCR, pattern=r"^RouterOS (.+)$"),),
    firmware=(TextAt(oid=f"{MIKROTIK}.4.4.0"),),
    serial=(TextAt(oid=f"{MIKROTIK}.7.3.0"),),
    rows=(
        Rows(
            entry=LTE,
            columns=(
                Column(name="rssi_dbm", oid="2"),
                Column(name="rsrq_db", oid="3"),
                Column(name="rsrp_dbm", oid="4"),
                Column(name="cell_id", oid="5"),
                Column(name="technology", oid="14", words={"Evolved 3G (LTE)": "LTE"}),
                Column(name="technology", oid="6", words=TECHNOLOGIES),
                Column(name="sinr_db", oid="7"),
                Column(name="imei", oid="11"),
                Column(name="imsi", oid="12"),
                Column(name="iccid", oid="13"),
                Column(name="interface", oid=f"{MIKROTIK}.14.1.1.2"),
                Column(name="received_bytes", oid="1.3.6.1.2.1.31.1.1.1.6"),
                Column(name="sent_bytes", oid="1.3.6.1.2.1.31.1.1.1.10"),
            ),
        ),
    ),
)
