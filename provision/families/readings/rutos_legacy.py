"""Teltonika RutOS before 7 (RUT9XX_R_00.06, RUT2XX_R_00.01): scalars; the same OIDs mean other things in 7.x."""

from __future__ import annotations

from provision.families.readings.mib import Column, Mib, Rows, TextAt
from provision.families.readings.rutos import MODEL, REGISTERED, TELTONIKA

MIB = Mib(
    vendor="Teltonika",
    systems=("1.3.6.1.4.1.48690", "1.3.6.1.4.1.8072.3.2.10"),
    evidence=(TextAt(oid=f"{TELTONIKA}.2.14.0"),),
    model=(
        TextAt(oid=f"{TELTONIKA}.1.8.0", pattern=MODEL),
        TextAt(oid=f"{TELTONIKA}.1.7.0", pattern=MODEL),
    ),
    firmware=(TextAt(oid=f"{TELTONIKA}.2.14.0"),),
    serial=(TextAt(oid=f"{TELTONIKA}.1.5.0"),),
    rows=(
        Rows(
            entry=f"{TELTONIKA}.2",
            scalar=0,
            columns=(
                Column(name="sim", oid="1"),
                Column(name="registration", oid="3", words=REGISTERED),
                Column(name="rssi_dbm", oid="4"),
                Column(name="operator", oid="5"),
                Column(name="technology", oid="8"),
                Column(name="temperature_c", oid="9", scale=0.1),
                Column(name="cell_id", oid="21"),
                Column(name="sinr_db", oid="22"),
                Column(name="rsrp_dbm", oid="23"),
                Column(name="rsrq_db", oid="24"),
            ),
        ),
    ),
)
