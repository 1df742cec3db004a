"""Greenpacket (enterprise 38595): scalars, two receive branches; the stronger RSRP counts (3GPP's rule for diversity).

1.13 and 1.14 reboot and reset the device: they are never asked.
"""

from __future__ import annotations

from provision.families.readings.mib import Column, Mib, Rows, TextAt, columns

GREENPACKET = "1.3.6.1.4.1.38595.10"

MIB = Mib(
    vendor="Greenpacket",
    systems=("1.3.6.1.4.1.38595",),
    model=(TextAt(oid=f"{GREENPACKET}.1.3.0"),),
    firmware=(TextAt(oid=f"{GREENPACKET}.1.7.0"),),
    serial=(TextAt(oid=f"{GREENPACKET}.1.5.0"),),
    rows=(
        Rows(
            entry=f"{GREENPACKET}.3",
            scalar=0,
            columns=(
                *columns(f"{GREENPACKET}.1", imei=10, imsi=11),
                Column(name="operator", oid="5"),
                Column(name="rsrp_dbm", oid="11"),
                Column(name="rsrp_dbm", oid="12"),
                Column(name="rsrq_db", oid="13"),
                Column(name="rssi_dbm", oid="14"),
                Column(name="sinr_db", oid="15"),
                Column(name="cell_id", oid="21"),
            ),
        ),
    ),
)
