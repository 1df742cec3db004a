"""MikroTik RouterOS 6.49 and 7 with an LTE interface. What differs by version stands in `features`."""

from __future__ import annotations

from provision.core.family import Commit, Configuration, Door, Factory, Family, Need, SnmpLook, Welcome
from provision.core.grammar import Shape
from provision.core.snmp_keys import ROUTEROS
from provision.families.languages import routeros_document, routeros_export
from provision.families.readings import routeros as readings
from provision.families.readings.look import MibLook

# fmt: off
MENUS = (  # in the order in which they refer to each other
    "/system/identity", "/system/note", "/system/clock", "/system/ntp/client", "/system/ntp/client/servers",
    "/interface/list", "/interface/list/member", "/interface/lte/apn", "/interface/wireguard", "/interface/wireguard/peers",
    "/ip/pool", "/ip/dhcp-server", "/ip/dhcp-server/network", "/ip/address", "/ip/dns", "/ip/firewall/filter",
    "/ip/firewall/nat", "/ip/firewall/mangle", "/routing/rule", "/ip/ssh", "/ip/service", "/ip/neighbor/discovery-settings",
    "/tool/bandwidth-server", "/tool/mac-server", "/tool/mac-server/mac-winbox", "/tool/mac-server/ping", "/ip/cloud",
    "/ip/proxy", "/ip/socks", "/ip/upnp", "/snmp", "/snmp/community", "/user",
)
DEFAULTS = {  # what an export leaves out (RouterOS exports what differs from these)
    "*:disabled": "no", "/system/note::note": "", "/system/clock::time-zone-autodetect": "yes",
    "/system/ntp/client::enabled": "no", "/interface/lte/apn:*:authentication": "none", "/interface/lte/apn:*:ip-type": "auto",
    "/interface/lte/apn:*:use-network-apn": "yes", "/ip/dns::allow-remote-requests": "no", "/ip/ssh::strong-crypto": "no",
    "/ip/service:ssh:port": "22", "/ip/service:ssh:address": "", "/ip/service:ssh:available-from": "",
    "/ip/neighbor/discovery-settings::discover-interface-list": "static", "/tool/bandwidth-server::enabled": "yes",
    "/tool/mac-server/ping::enabled": "yes", "/tool/mac-server*::allowed-interface-list": "all",
    "/ip/cloud::ddns-enabled": "no", "/ip/cloud::update-time": "yes", "/ip/proxy::enabled": "no", "/ip/socks::enabled": "no",
    "/ip/upnp::enabled": "no", "/snmp::enabled": "no", "/snmp/community:*:read-access": "yes",
    "/snmp/community:*:security": "none", "/snmp/community:*:authentication-protocol": "MD5",
    "/snmp/community:*:encryption-protocol": "DES",
}
RULES = ("/ip/firewall/filter", "/ip/firewall/nat", "/ip/firewall/mangle", "/routing/rule")

FAMILY = Family(
    name="routeros", title="RouterOS",
    door=Door(
        factory=Factory(address="192.168.88.1", username="admin", password=""), netmiko="mikrotik_routeros", lacks=("failover",),
        welcome=Welcome(put="kit-office.pub", line="/user ssh-keys import public-key-file=kit-office.pub user={username}"),
        identity={
            "firmware": ":put [/system resource get version]", "serial": ":put [/system routerboard get serial-number]",
            "mac": ":put [/interface ethernet get [find default-name=ether1] mac-address]",
            "model": ":put [/system routerboard get model]",
            "imei": ':put ([/interface lte {monitor} [find] once as-value]->"imei")',
        },
    ),
    configuration=Configuration(
        grammar=routeros_export, dialect=routeros_document,
        sections=("system", "lte", "tunnel", "lan", "firewall", "services", "snmp"),
        shape=Shape(
            natural_keys=dict.fromkeys(RULES, ("comment",)) | {
                "/ip/address": ("interface", "address"), "/ip/dhcp-server": ("interface",), "/ip/route": ("dst-address",),
                "/ip/dhcp-server/network": ("address",), "/interface/list/member": ("list", "interface"),
                "/interface/bridge/port": ("interface",), "/interface/wireguard/peers": ("interface", "comment"),
                "/system/ntp/client/servers": ("address",),
            },
            menus=MENUS, defaults=DEFAULTS, ordered=RULES,
            secret=("*password*", "*secret*", "*:*-key", "*passphrase*", "*:pin", "/system/script:*:source", "*:on-event"),
            noise=("/system/scheduler:name=kit-undo*", "/system/script:name=kit-mark"),
            always={"/ip/dhcp-server": ("disabled=no",)},  # v6 adds it switched off
            private_keys={"/snmp/community": "security"},  # a v1/v2c community's name is its password
        ),
        owns=("/ip/firewall/*", "/routing/rule:*", "/snmp*", "/interface/wireguard*", "/interface/list*", "/ip/address:*",
              "/ip/pool:*", "/ip/dhcp-server*", "/ip/service:*", "/system/ntp/client*", "/ip/dns/static:*"),
        volatile=("/interface/list*:comment", "/ip/address:*:comment", "/ip/dhcp-server*:comment", "/ip/address:*:network",
                  "/system/note::show-at-login"),
        access=("/ip/address:*", "/ip/firewall/*", "/ip/service:*", "/ip/ssh:*", "/interface/list*", "/user*", "/interface/wireguard*",
                "/ip/route:*", "/routing/*", "/snmp*"), path=("/interface/lte/apn:*",), doors=("/ip/address:*",), note="/system/note::note",
        hidden=("/user:*", "/snmp/community:*-password", "/interface/wireguard:*:private-key",
                "/interface/wireguard/peers:*:preshared-key", "/interface/lte/apn:*:password"),
        defaults={"modem_device": "lte1", "lan_interface": "bridge", "username": "admin"},
        features={"monitor": "7.0", "hides": "7.0", "wireguard": "7.0", "ntp_servers": "7.0", "engine_id_suffix": "7.10",
                  "ed25519": "7.12", "device_mode": "7.17", "available_from": "7.24"},
        needs=(Need(fact="tunnel", value="wireguard", feature="wireguard", text="has no WireGuard: it came with RouterOS 7",
            hint="upgrade it on the bench to 7.12 or later, or set modem.tunnel: none for a box that stays at the office"),),
    ),
    commit=Commit(guard="guard.rsc", settle_s=5.0),  # a rule added again is in force up to a second later (others measured)
    snmp=SnmpLook(readings=MibLook(readings.MIB), published=False, usm=ROUTEROS),
)
# fmt: on
