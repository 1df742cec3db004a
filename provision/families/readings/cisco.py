"""Cisco IOS and IOS XE: CISCO-WAN-3G-MIB (661) and CISCO-WAN-CELL-EXT-MIB (817), by entPhysicalIndex.

Only rows whose entity is named `Modem ... on CellularX` are modems. RSRQ, SNR and SINR are tenths;
SINR is often missing, then SNR stands for it. The cell is not the 28-bit LTE identity.
"""

from __future__ import annotations

from provision.families.readings.mib import SYS_DESCR, Column, Mib, Rows, TextAt

RADIO, WAN = "1.3.6.1.4.1.9.9.817.1.1.1.1.1", "1.3.6.1.4.1.9.9.661.1"
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
TECHNOLOGIES = {
    "3": "GPRS", "4": "EDGE", "5": "UMTS", "6": "HSDPA", "7": "HSUPA", "8": "HSPA", "9": "HSPA+", "10": "LTE",
}  # fmt: skip

MIB = Mib(
    vendor="Cisco",
    systems=("1.3.6.1.4.1.9.1",),
    model=(TextAt(oid=f"{ENTITY}.13.1"),),
    firmware=(TextAt(oid=SYS_DESCR, pattern=r"Version ([^\s,]+)"),),
    serial=(TextAt(oid=f"{ENTITY}.11.1"),),
    rows=(
        Rows(
            entry=RADIO,
            only=TextAt(oid=f"{ENTITY}.7", pattern=r"^Modem .*on Cellular"),
            columns=(
                Column(name="rsrp_dbm", oid="1"),
                Column(name="rsrq_db", oid="2", scale=0.1),
                Column(name="sinr_db", oid="4", scale=0.1),
                Column(name="sinr_db", oid="3", scale=0.1),
                Column(name="rssi_dbm", oid=f"{WAN}.3.4.1.1.1"),
                Column(name="imsi", oid=f"{WAN}.3.1.1.1"),
                Column(name="imei", oid=f"{WAN}.3.1.1.2"),
                Column(name="iccid", oid=f"{WAN}.3.1.1.3"),
                Column(name="technology", oid=f"{WAN}.3.2.1.5", words=TECHNOLOGIES),
                Column(name="cell_id", oid=f"{WAN}.3.2.1.13"),
                Column(name="temperature_c", oid=f"{WAN}.1.1.12"),
                Column(name="interface", oid=f"{ENTITY}.7"),
            ),
        ),
    ),
)
