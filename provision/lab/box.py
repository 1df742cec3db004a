"""The data of one emulated modem."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Data of one emulated modem: label, firmware, factory address and ports; `system` is its operating system."""

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
