"""The factory state of an emulated MikroTik: the default configuration of an LTE router with a bridge."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from provision.lab.box import Box
from provision.lab.ros.config import Config

CONNECTED = "established,related,untracked"
FILTER: tuple[dict[str, str], ...] = (  # MikroTik's default firewall
    {"action": "accept", "chain": "input", "comment": f"defconf: accept {CONNECTED}", "connection-state": CONNECTED},
    {"action": "drop", "chain": "input", "comment": "defconf: drop invalid", "connection-state": "invalid"},
    {"action": "accept", "chain": "input", "comment": "defconf: accept ICMP", "protocol": "icmp"},
    {"action": "drop", "chain": "input", "comment": "defconf: drop all not coming from LAN", "in-interface-list": "!LAN"},
    {"action": "accept", "chain": "forward", "comment": "defconf: accept established,related, untracked", "connection-state": CONNECTED},
    {"action": "drop", "chain": "forward", "comment": "defconf: drop invalid", "connection-state": "invalid"},
    {"action": "drop", "chain": "forward", "comment": "defconf: drop all from WAN not DSTNATed",
     "connection-nat-state": "!dstnat", "connection-state": "new", "in-interface-list": "WAN"},
)  # fmt: skip
SIGNAL: dict[str, Any] = {
    "status": "connected", "registration-status": "registered", "current-operator": "TELKOMSEL",
    "rssi": -67, "rsrp": -95, "rsrq": -10, "sinr": 12,
}  # fmt: skip
DHCP = {6: "dhcp", 7: "default-dhcp"}


def make(box: Box, root: Path) -> Config:
    """Delete all below `root`, create the factory state of a box there and return its configuration."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "files/flash").mkdir(parents=True)
    config = Config(root / "config.json", box.firmware)
    network = box.address.rpartition(".")[0]
    pool = DHCP[config.version[0]]
    for menu, values in (
        ("/interface/ethernet", {"name": "ether1", "default-name": "ether1", "mac-address": box.mac.upper()}),
        ("/interface/lte", {"name": "lte1", "default-name": "lte1"}),
        ("/interface/bridge", {"name": "bridge", "comment": "defconf"}),
        ("/interface/bridge/port", {"bridge": "bridge", "interface": "ether1", "comment": "defconf"}),
        ("/interface/list", {"name": "WAN", "comment": "defconf"}),
        ("/interface/list", {"name": "LAN", "comment": "defconf"}),
        ("/interface/list/member", {"list": "LAN", "interface": "bridge", "comment": "defconf"}),
        ("/interface/list/member", {"list": "WAN", "interface": "lte1", "comment": "defconf"}),
        ("/ip/pool", {"name": pool, "ranges": f"{network}.10-{network}.254"}),
        ("/ip/dhcp-server", {"name": "defconf", "interface": "bridge", "address-pool": pool, "disabled": "no"}),
        ("/ip/dhcp-server/network", {"address": f"{network}.0/24", "gateway": box.address, "comment": "defconf"}),
        (
            "/ip/address",
            {"address": f"{box.address}/24", "interface": "bridge", "network": f"{network}.0", "comment": "defconf"},
        ),
        ("/ip/dns/static", {"name": "router.lan", "address": box.address, "comment": "defconf"}),
        *(("/ip/firewall/filter", rule) for rule in FILTER),
        (
            "/ip/firewall/nat",
            {"action": "masquerade", "chain": "srcnat", "comment": "defconf: masquerade", "out-interface-list": "WAN"},
        ),
    ):
        config.add(menu, values)
    config.change("/ip/dns", None, {"allow-remote-requests": "yes"})
    config.change("/ip/neighbor/discovery-settings", None, {"discover-interface-list": "LAN"})
    config.change("/tool/mac-server", None, {"allowed-interface-list": "LAN"})
    config.change("/tool/mac-server/mac-winbox", None, {"allowed-interface-list": "LAN"})
    config.change("/system/clock", None, {"time-zone-name": "Europe/Riga"})
    if box.ssh_port != 22:  # a lab without the right to port 22
        service = config.one("/ip/service", "name", "ssh")
        assert service
        config.change("/ip/service", [service[".id"]], {"port": str(box.ssh_port)})
    admin = config.one("/user", "name", "admin")
    assert admin
    config.change("/user", [admin[".id"]], {"password": box.password})
    return config
