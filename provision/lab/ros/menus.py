"""Menus of an emulated RouterOS, with their attributes, defaults and the versions that have them.

`Menu(one=True)` holds one set of attributes; others hold entries. `builtin` entries cannot be added or removed, and
the export finds them by the attribute `by`. An attribute with the default `None` has no default and is exported
whenever it is set. Versions are from `since` up to, but without, `until`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# fmt: off
Attributes = dict[str, str | None]
NO: Attributes = {"disabled": "no", "comment": ""}
FOREVER = (99,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Definition of a menu; an entry equal to another one in all attributes of `unique` (if any) is refused."""

    attributes: Attributes
    one: bool = False
    unique: tuple[str, ...] = ("name",)
    builtin: tuple[dict[str, str], ...] = ()
    by: str = "name"
    secret: tuple[str, ...] = ()
    since: tuple[int, ...] = (6,)
    until: tuple[int, ...] = FOREVER
    exported: bool = True
    refers: dict[str, str] = field(default_factory=dict)  # attribute -> menu in which its value must be a name


SERVICES = {"telnet": "23", "ftp": "21", "www": "80", "ssh": "22", "www-ssl": "443", "api": "8728", "winbox": "8291", "api-ssl": "8729"}
RULE: Attributes = {**dict.fromkeys(("action", "chain", "protocol", "src-address", "dst-address", "dst-port", "src-port", "in-interface", "out-interface", "in-interface-list", "out-interface-list", "connection-state", "connection-nat-state", "ipsec-policy", "hw-offload", "to-addresses", "to-ports", "jump-target", "log")), **NO}
MENUS: dict[str, Menu] = {
    "/interface/bridge": Menu(attributes={"name": None, "admin-mac": None, "auto-mac": "yes", **NO}),
    "/interface/ethernet": Menu(attributes={"name": None, "default-name": None, "mac-address": None, **NO}, exported=False),
    "/interface/lte": Menu(attributes={"name": None, "default-name": None, "apn-profiles": "default", "band": "", "network-mode": "", **NO}, exported=False),
    "/interface/list": Menu(attributes={"name": None, **NO}),
    "/interface/lte/apn": Menu(
        attributes={"name": "default", "apn": "", "authentication": "none", "ip-type": "auto", "use-network-apn": "yes", "user": "", "password": "", **NO},
        builtin=({"default": "yes", "name": "default"},), by="default", secret=("password",)),
    "/interface/wireguard": Menu(attributes={"name": None, "listen-port": None, "mtu": "1420", "private-key": None, **NO}, secret=("private-key",), since=(7,)),
    "/ip/pool": Menu(attributes={"name": None, "ranges": None, "comment": ""}),
    "/ip/dhcp-server": Menu(attributes={"name": None, "interface": None, "address-pool": None, "lease-time": "30m", **NO}, unique=("name",), refers={"address-pool": "/ip/pool"}),
    "/interface/bridge/port": Menu(attributes={"bridge": None, "interface": None, **NO}, unique=("interface",)),
    "/interface/wireguard/peers": Menu(
        attributes={"interface": None, "public-key": None, "preshared-key": None, "endpoint-address": "", "endpoint-port": "0",
                    "allowed-address": None, "persistent-keepalive": "0s", **NO},
        unique=("public-key",), secret=("preshared-key",), since=(7,), refers={"interface": "/interface/wireguard"}),
    "/ip/neighbor/discovery-settings": Menu(attributes={"discover-interface-list": "static"}, one=True),
    "/interface/list/member": Menu(attributes={"list": None, "interface": None, **NO}, unique=("list", "interface"), refers={"list": "/interface/list"}),
    "/ip/address": Menu(attributes={"address": None, "interface": None, "network": None, **NO}, unique=("address",)),
    "/ip/cloud": Menu(attributes={"ddns-enabled": "no", "update-time": "yes"}, one=True),
    "/ip/dhcp-server/network": Menu(attributes={"address": None, "gateway": "", "dns-server": "", "comment": ""}, unique=("address",)),
    "/ip/dns": Menu(attributes={"allow-remote-requests": "no", "servers": ""}, one=True),
    "/ip/dns/static": Menu(attributes={"name": None, "address": None, "type": "A", **NO}, unique=()),
    "/ip/firewall/filter": Menu(attributes=RULE, unique=()),
    "/ip/firewall/mangle": Menu(attributes=RULE, unique=()),
    "/ip/firewall/nat": Menu(attributes=RULE, unique=()),
    "/ip/proxy": Menu(attributes={"enabled": "no"}, one=True),
    "/ip/route": Menu(attributes={"dst-address": None, "gateway": None, "distance": "1", **NO}, unique=()),
    "/ip/service": Menu(
        attributes={"name": None, "port": None, "address": "", "available-from": "", **NO},
        builtin=tuple({"name": n, "port": p} for n, p in SERVICES.items()), by=""),
    "/ip/socks": Menu(attributes={"enabled": "no"}, one=True),
    "/ip/ssh": Menu(attributes={"strong-crypto": "no", "always-allow-password-login": "no"}, one=True),
    "/ip/upnp": Menu(attributes={"enabled": "no"}, one=True),
    "/snmp": Menu(attributes={"enabled": "no", "contact": "", "location": "", "engine-id": "", "engine-id-suffix": "", "trap-version": "1"}, one=True),
    "/snmp/community": Menu(
        attributes={"name": None, "addresses": "::/0", "security": "none", "read-access": "yes", "write-access": "no",
                    "authentication-protocol": "MD5", "encryption-protocol": "DES", "authentication-password": "", "encryption-password": "", **NO},
        builtin=({"default": "yes", "name": "public"},), by="default", secret=("authentication-password", "encryption-password")),
    "/system/clock": Menu(attributes={"time-zone-autodetect": "yes", "time-zone-name": "manual"}, one=True),
    "/system/identity": Menu(attributes={"name": "MikroTik"}, one=True),
    "/system/note": Menu(attributes={"note": "", "show-at-login": "yes"}, one=True),
    "/system/ntp/client": Menu(attributes={"enabled": "no", "server-dns-names": "", "mode": "unicast"}, one=True),
    "/system/ntp/client/servers": Menu(attributes={"address": None, **NO}, unique=("address",), since=(7,)),
    "/system/scheduler": Menu(attributes={"name": None, "interval": "0s", "start-time": None, "on-event": "", "policy": None, **NO}),
    "/system/script": Menu(attributes={"name": None, "source": "", "policy": None, "owner": None, "dont-require-permissions": "no", "comment": ""}),
    "/tool/bandwidth-server": Menu(attributes={"enabled": "yes", "authenticate": "yes"}, one=True),
    "/tool/mac-server": Menu(attributes={"allowed-interface-list": "all"}, one=True),
    "/tool/mac-server/mac-winbox": Menu(attributes={"allowed-interface-list": "all"}, one=True),
    "/tool/mac-server/ping": Menu(attributes={"enabled": "yes"}, one=True),
    "/user": Menu(attributes={"name": None, "group": "full", "password": "", **NO}, builtin=({"name": "admin", "group": "full"},), exported=False),
    "/user/ssh-keys": Menu(attributes={"user": None, "key": None, "key-owner": ""}, unique=(), exported=False),
    "/file": Menu(attributes={"name": None, "size": None, "type": None}, exported=False),
}
SINCE: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {  # attributes of some versions only: [first, end)
    "/snmp:engine-id": ((6,), (7, 10)), "/snmp:engine-id-suffix": ((7, 10), FOREVER),
    "/ip/service:available-from": ((7, 24), FOREVER), "/ip/service:address": ((6,), (7, 24)),
    "/system/ntp/client:server-dns-names": ((6,), (7,)),
}
# fmt: on
