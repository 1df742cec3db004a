"""FortiExtender (enterprise 12356.121): all values are text.

Not read: column 23, a strength figure that is not in dBm, and columns 13 and 18 to 21, which are PIN codes.
"""

from __future__ import annotations

from provision.families.readings.mib import Mib, Rows, TextAt, columns

EXTENDER = "1.3.6.1.4.1.12356.121.21"
MODEM = f"{EXTENDER}.3.1.1"

MIB = Mib(
    vendor="Fortinet",
    systems=("1.3.6.1.4.1.12356.121",),
    model=(TextAt(oid=f"{EXTENDER}.1.1.3.0"),),
    firmware=(TextAt(oid=f"{EXTENDER}.1.1.1.0", pattern=r"-v([\d.]+)"),),
    serial=(TextAt(oid=f"{EXTENDER}.1.1.5.0"),),
    rows=(
        Rows(
            entry=MODEM,
            columns=columns(
                imei=9, operator=14, technology=16, rssi_dbm=22, cell_id=25, sinr_db=28, rsrp_dbm=29, rsrq_db=30,
                temperature_c=37,
            ),
        ),
    ),
)  # fmt: skip
