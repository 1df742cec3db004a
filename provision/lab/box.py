"""One modem on the bench, as its label describes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One modem on the bench: what its label says and where it comes up from the carton; `system` is what it runs."""

    tag: str
    serial: str
    mac: str
    imei: str
    model: str
    firmware: str
    address: str
    ssh_port: int
    snmp_port: int
    system: str = "openwrt"
    password: str = ""
