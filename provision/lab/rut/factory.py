"""The factory state of an emulated Teltonika RUT, after the vendor's published SDK."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provision.lab.box import Box

CONFIG = {
    "system": """
config system 'system'
	option hostname 'Teltonika-RUT950'
	option timezone 'UTC'
	option zoneName 'UTC'
	option device_code '{model}'
	option device_fw_version '{firmware}'

config timeserver 'ntp'
	option enabled '0'
	option enable_server '0'
""",
    "network": """
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	option ipaddr '127.0.0.1'
	option netmask '255.0.0.0'

config globals 'globals'
	option ula_prefix 'auto'

config device 'br_lan'
	option name 'br-lan'
	option type 'bridge'
	list ports 'eth0'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '{address}'
	option netmask '255.255.255.0'
	option _area_type 'lan'

config interface 'wan'
	option device 'eth1'
	option proto 'dhcp'
	option metric '1'
	option _area_type 'wan'

config interface 'mob1s1a1'
	option proto 'wwan'
	option modem '1-1'
	option sim '1'
	option pdptype 'ip'
	option method 'nat'
	option auth 'none'
	option auto_apn '1'
	option dhcpv6 '0'
	option metric '2'
	option _area_type 'wan'

config interface 'mob1s2a1'
	option proto 'wwan'
	option modem '1-1'
	option sim '2'
	option pdptype 'ip'
	option method 'nat'
	option auth 'none'
	option auto_apn '1'
	option dhcpv6 '0'
	option metric '3'
	option _area_type 'wan'
""",
    "firewall": """
config defaults '1'
	option syn_flood '1'
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'

config zone '3'
	option name 'wan'
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'
	option masq '1'
	option mtu_fix '1'
	list network 'wan'
	list network 'mob1s1a1'
	list network 'mob1s2a1'

config rule '14'
	option name 'Allow-Ping'
	option src 'wan'
	option proto 'icmp'
	option target 'ACCEPT'

config redirect '20'
	option name 'Enable_SSH_WAN'
	option src 'wan'
	option src_dport '22'
	option enabled '0'
""",
    "dhcp": """
config dhcp 'lan'
	option interface 'lan'
	option start '100'
	option limit '150'
	option leasetime '12h'
""",
    "dropbear": """
config dropbear
	option enable '1'
	option PasswordAuth 'on'
	option RootPasswordAuth 'on'
	option Port '{ssh_port}'
	option IdleTimeout '1800'
""",
    "snmpd": """
config agent 'general'
	option enabled '0'
	option proto 'UDP'
	option ipfamily 'ipv4'
	option port '{snmp_port}'
	option v1mode '1'
	option v2cmode '1'

config com2sec 'public'
	option secname 'ro'
	option ipaddr '0.0.0.0'
	option netmask '0'
	option community 'public'

config com2sec6 'private6'
	option secname 'rw'
	option source 'default'
	option community 'private'
""",
    "ntpclient": """
config ntpclient
	option enabled '1'
	option interval '86400'
	option zoneName 'UTC'

config ntpserver
	option hostname '0.openwrt.pool.ntp.org'
	option port '123'

config ntpdrift
	option freq '0'
""",
    "simcard": """
config sim
	option modem '1-1'
	option position '1'
	option primary '1'
	option volte 'auto'
	option iccid '8962100000000000001'

config sim
	option modem '1-1'
	option position '2'
	option primary '0'
	option volte 'auto'
""",
    "mwan3": """
config interface 'mob1s1a1'
	option enabled '0'
	option interval '3'
	option family 'ipv4'
""",
}
MNF_INFO = """#!/bin/sh
case $1 in
--sn | -s) cat "$IPKG_INSTROOT/lab/serial" ;;
--mac) cat "$IPKG_INSTROOT/lab/mac" ;;
--name) cat "$IPKG_INSTROOT/lab/name" ;;
*) echo "Invalid option" >&2; exit 1 ;;
esac
"""
GSMCTL = """#!/bin/sh
case $1 in
-i) tr -d '"' <"$IPKG_INSTROOT/lab/imei" ;;
-o) echo TELKOMSEL ;;
-t) echo LTE ;;
*) exit 1 ;;
esac
"""


WORDS = ("mnf_info", "gsmctl")


def furnish(box: Box, root: Path) -> dict[str, str]:
    """Write the files that only a RutOS has; return its commands (name -> script)."""
    (root / "etc/version").write_text(box.firmware + "\n")
    (root / "lab/mac").write_text(box.mac.replace(":", "").upper() + "\n")
    (root / "lab/name").write_text(box.model.split()[-1] + "002XXX\n")
    return {"mnf_info": MNF_INFO, "gsmctl": GSMCTL}
