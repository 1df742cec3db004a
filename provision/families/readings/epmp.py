"""Cambium ePMP (enterprise 17713.21): scalars of a subscriber module; an access point has its links in a table.

The manufacturer's serial may be empty (then the ESN, made from a MAC address, stands for it). The model is a number.
An access point, or a module without a link, gives 0, "Not Associated" or nothing.
"""

from __future__ import annotations

from provision.families.readings.mib import Column, Mib, Rows, TextAt

EPMP = "1.3.6.1.4.1.17713.21"
MODELS = {
    "0": "ePMP 1000", "1": "ePMP 1000", "2": "ePMP 1000 integrated", "6": "Force 200", "8": "Force 200", "9": "Force 200",
    "10": "ePMP 2000", "11": "Force 180", "12": "Force 180", "13": "Force 190", "14": "Force 190", "22": "Force 130",
    "35": "Force 300-25", "36": "Force 300-25", "37": "ePMP 3000", "38": "Force 300-16", "39": "Force 300-16",
    "40": "ePMP 3000", "43": "ePMP 3000L", "44": "ePMP 3000L", "47": "Force 300-13", "48": "Force 300-13",
    "49": "Force 300-19", "50": "Force 300-19", "55": "Force 300-25v2", "58": "Force 300-25L", "60": "Force 300-25L",
}  # fmt: skip
STATES = {"1": "scanning", "2": "connecting", "3": "connected"}

MIB = Mib(
    vendor="Cambium",
    systems=(EPMP,),
    evidence=(TextAt(oid=f"{EPMP}.1.1.1.0"),),
    model=(TextAt(oid=f"{EPMP}.1.1.2.0", words=MODELS),),
    firmware=(TextAt(oid=f"{EPMP}.1.1.1.0"),),
    serial=(TextAt(oid=f"{EPMP}.1.1.31.0"), TextAt(oid=f"{EPMP}.1.1.30.0")),
    rows=(
        Rows(
            entry=f"{EPMP}.1",
            scalar=1,
            columns=(
                Column(name="mac", oid="1.15"),
                Column(name="link", oid="2.16", words=STATES),
                Column(name="access_point", oid="2.8", absent=("Scanning", "Not Associated")),
                Column(name="rssi_dbm", oid="2.3"),
                Column(name="snr_db", oid="2.18"),
            ),
        ),
    ),
)
