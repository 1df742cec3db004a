"""Teltonika RutOS 7.x (enterprise 48690): a table of modems from 1; the types differ by firmware.

Serial, name and code are below 1, modems below 2.2. The device name belongs to the owner: the model is taken from
it only if there is no product code (as on an RUTC) and the name begins like one.
"""

from __future__ import annotations

from provision.families.readings.mib import Column, Mib, Rows, TextAt

TELTONIKA = "1.3.6.1.4.1.48690"
MODEL = r"^(RUT[XMC]\d{2}|(?:RUT|TRB|OTD|TCR|DAP)\d{3}|RUT\w{3})"
REGISTERED = {
    "registered (home)": "registered", "Registered, home": "registered",
    "registered (roaming)": "roaming", "Registered, roaming": "roaming", "Roaming": "roaming",
}  # fmt: skip

MIB = Mib(
    vendor="Teltonika",
    systems=("1.3.6.1.4.1.48690", "1.3.6.1.4.1.8072.3.2.10"),
    evidence=(TextAt(oid=f"{TELTONIKA}.1.3.0"), TextAt(oid=f"{TELTONIKA}.1.6.0"), TextAt(oid=f"{TELTONIKA}.1.2.0")),
    lacks=(f"{TELTONIKA}.2.14.0",),
    model=(
        TextAt(oid=f"{TELTONIKA}.1.3.0", pattern=MODEL),
        TextAt(oid=f"{TELTONIKA}.1.2.0", pattern=MODEL),
    ),
    firmware=(TextAt(oid=f"{TELTONIKA}.1.6.0"),),
    serial=(TextAt(oid=f"{TELTONIKA}.1.1.0"),),
    rows=(
        Rows(
            entry=f"{TELTONIKA}.2.2.1",
            columns=(
                Column(name="imei", oid="3"),
                Column(name="imsi", oid="8"),
                Column(name="sim", oid="9"),
                Column(name="registration", oid="11", words=REGISTERED),
                Column(name="rssi_dbm", oid="12"),
                Column(name="operator", oid="13"),
                Column(name="technology", oid="16"),
                Column(name="temperature_c", oid="17", scale=0.1),
                Column(name="cell_id", oid="18"),
                Column(name="sinr_db", oid="19"),
                Column(name="rsrp_dbm", oid="20"),
                Column(name="rsrq_db", oid="21"),
                Column(name="sent_bytes", oid="22"),
                Column(name="received_bytes", oid="23"),
                Column(name="iccid", oid="27"),
            ),
        ),
    ),
)
