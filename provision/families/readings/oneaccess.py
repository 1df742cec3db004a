"""OneAccess OneOS (enterprise 13191): rows are numbered from 0; a PLMN is not read as the operator's name."""

from __future__ import annotations

from provision.families.readings.mib import SYS_DESCR, Column, Mib, Rows, TextAt

ENTITY = "1.3.6.1.2.1.47.1.1.1.1"

MIB = Mib(
    vendor="OneAccess",
    systems=("1.3.6.1.4.1.13191",),
    model=(TextAt(oid=f"{ENTITY}.13.1"),),
    firmware=(TextAt(oid=SYS_DESCR, pattern=r"-(\d[^-\s]*)$"),),
    serial=(TextAt(oid=f"{ENTITY}.11.1"),),
    rows=(
        Rows(
            entry="1.3.6.1.4.1.13191.10.3.9.2.1",
            columns=(
                Column(name="imei", oid="14"),
                Column(name="operator", oid="40"),
                Column(name="rssi_dbm", oid="41"),
                Column(name="rsrq_db", oid="43"),
                Column(name="rsrp_dbm", oid="44"),
                Column(name="sinr_db", oid="45"),
                Column(name="technology", oid="46", words={"4G": "LTE", "3G": "UMTS", "2G": "GSM"}),
                Column(name="cell_id", oid="71"),
            ),
        ),
    ),
)
