"""The factory state of a lab modem: the configuration that OpenWrt or RutOS ships, and the box's own data."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from provision.lab.box import Box
from provision.lab.rut import factory as rut

CONFIG = {
    "system": """
config system
	option hostname 'OpenWrt'
	option timezone 'GMT0'
	option zonename 'UTC'
	option ttylogin '0'
	option log_size '128'
	option urandom_seed '0'
	option compat_version '1.0'

config timeserver 'ntp'
	option enabled '1'
	option enable_server '0'
	list server '0.openwrt.pool.ntp.org'
	list server '1.openwrt.pool.ntp.org'
""",
    "network": """
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	option ipaddr '127.0.0.1'
	option netmask '255.0.0.0'

config globals 'globals'
	option ula_prefix 'auto'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'lan1'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '{address}'
	option netmask '255.255.255.0'
	option ip6assign '60'

config interface 'wan'
	option device 'wan'
	option proto 'dhcp'
""",
    "dhcp": """
config dnsmasq
	option domainneeded	1
	option localise_queries	1
	option local	'/lan/'
	option domain	'lan'
	option authoritative	1
	option leasefile	'/tmp/dhcp.leases'

config dhcp lan
	option interface	lan
	option start 	100
	option limit	150
	option leasetime	12h
	option dhcpv4 'server'

config dhcp wan
	option interface	wan
	option ignore	1
""",
    "firewall": """
config defaults
	option syn_flood	1
	option input		REJECT
	option output		ACCEPT
	option forward		REJECT

config zone
	option name		lan
	list   network		'lan'
	option input		ACCEPT
	option output		ACCEPT
	option forward		ACCEPT

config zone
	option name		wan
	list   network		'wan'
	list   network		'wan6'
	option input		REJECT
	option output		ACCEPT
	option forward		DROP
	option masq		1
	option mtu_fix		1

config forwarding
	option src		lan
	option dest		wan

config rule
	option name		Allow-DHCP-Renew
	option src		wan
	option proto		udp
	option dest_port	68
	option target		ACCEPT
	option family		ipv4

config rule
	option name		Allow-Ping
	option src		wan
	option proto		icmp
	option icmp_type	echo-request
	option family		ipv4
	option target		ACCEPT

config rule
	option name		Allow-IPSec-ESP
	option src		wan
	option dest		lan
	option proto		esp
	option target		ACCEPT
""",
    "dropbear": """
config dropbear main
	option enable '1'
	option PasswordAuth '1'
	option RootPasswordAuth '1'
	option Port         '{ssh_port}'
""",
    "snmpd": """
config agent
	option agentaddress UDP:{snmp_port}

config agentx
	option agentxsocket /var/run/agentx.sock

config com2sec public
	option secname ro
	option source default
	option community public

config com2sec private
	option secname rw
	option source localhost
	option community private

config group public_v2c
	option group public
	option version v2c
	option secname ro

config view all
	option viewname all
	option type included
	option oid .1

config access public_access
	option group public
	option context none
	option version any
	option level noauth
	option prefix exact
	option read all
	option write none
	option notify none

config system
	option sysLocation	'office'
	option sysContact	'bofh@example.com'
	option sysName		'HeartOfGold'

config engineid
	option engineidtype '3'
	option engineidnic 'eth0'

config snmpd general
	option enabled '1'
""",
}

RELEASE = """DISTRIB_ID='OpenWrt'
DISTRIB_RELEASE='{firmware}'
DISTRIB_TARGET='ath79/generic'
"""
CRON = '#!/bin/sh\nexec ubus -S call service event \'{"type":"lab.cron"}\'\n'
REBOOT = '#!/bin/sh\nexec ubus -S call service event \'{"type":"lab.reboot"}\'\n'
UQMI = """#!/bin/sh
for word; do case $word in
--get-signal-info) cat "$IPKG_INSTROOT/lab/signal" ;;
--get-serving-system) cat "$IPKG_INSTROOT/lab/serving" ;;
--get-imei) cat "$IPKG_INSTROOT/lab/imei" ;;
esac; done
"""
OPKG = """#!/bin/sh
case $0:$1 in *apk:add) [ "$2" = --allow-untrusted ] || exit 1; shift 2 ;; *opkg:install) shift ;; *) exit 1 ;; esac
for file; do
	name=${file##*/}; name=${name%%_*}; name=${name%%-[0-9]*}
	[ -s "$file" ] || { echo "Cannot find package $name." >&2; exit 255; }
	case $name in wireguard-tools) word=wg ;; *) word=$name ;; esac
	printf '#!/bin/sh\\nexit 0\\n' >"$IPKG_INSTROOT/usr/sbin/$word"
	chmod 755 "$IPKG_INSTROOT/usr/sbin/$word"
	echo "Installing $name"
done
"""
WORDS = ("uci", "ubus", "uqmi", "reboot", "opkg", "apk", "wg", "snmpd", "df", *rut.WORDS)  # in usr/sbin of a modem
SIGNAL = {"type": "lte", "rssi": -65, "rsrq": -9, "rsrp": -94, "snr": 13.4}
SERVING = {
    "registration": "registered", "plmn_mcc": 510, "plmn_mnc": 10,
    "plmn_description": "TELKOMSEL", "roaming": False,
}  # fmt: skip


def make(box: Box, root: Path) -> None:
    """Delete all below `root` and create the factory state of an OpenWrt or RutOS box there."""
    shutil.rmtree(root, ignore_errors=True)
    for directory in (
        "etc/config",
        "etc/dropbear",
        "etc/crontabs",
        "etc/init.d",
        "etc/rc.d",
        "usr/sbin",
        "root",
        "tmp/sysinfo",
        "proc/device-tree",
        "sys/class/net/eth0",
        "sys/class/net/wwan0/statistics",
        "lab",
        "var/run",
    ):
        (root / directory).mkdir(parents=True)
    for name, text in (rut.CONFIG if box.system == "rutos" else CONFIG).items():
        body = text
        for field, value in asdict(box).items():
            body = body.replace("{" + field + "}", str(value))
        (root / "etc/config" / name).write_text(body)
    (root / "etc/shadow").write_text(f"root:{crypt_hash(box.password)}:0:0:99999:7:::\ndaemon:*:0:0:99999:7:::\n")
    (root / "etc/shadow").chmod(0o600)
    (root / "etc/dropbear").chmod(0o700)
    (root / "root").chmod(0o700)
    (root / "root/.ssh").symlink_to("../etc/dropbear")
    (root / "etc/openwrt_release").write_text(RELEASE.format(firmware=box.firmware))
    (root / "tmp/sysinfo/model").write_text(box.model + "\n")
    (root / "sys/class/net/eth0/address").write_text(box.mac.lower() + "\n")
    tell(root, box.serial, box.imei)
    count(root)
    script(root / "etc/init.d/cron", CRON)
    script(root / "usr/sbin/reboot", REBOOT)
    for word, text in (rut.furnish(box, root) if box.system == "rutos" else {"uqmi": UQMI}).items():
        script(root / "usr/sbin" / word, text)
    has_apk = box.system == "openwrt" and tuple(map(int, box.firmware.split(".")[:2])) >= (25, 12)
    script(root / "usr/sbin" / ("apk" if has_apk else "opkg"), OPKG)
    above = Path(__file__).parents[2]
    for word in ("uci", "ubus"):
        script(
            root / "usr/sbin" / word,
            f"#!{os.path.realpath(sys.executable)} -SE\nimport sys\nsys.path.insert(0, {str(above)!r})\n"
            f"from provision.lab import {word}\nsys.exit({word}.main(sys.argv[1:]))\n",
        )


def crypt_hash(password: str) -> str:
    """Return the SHA-512 crypt hash of a password, or an empty string if the password is empty."""
    if not password:
        return ""
    from passlib.hash import sha512_crypt

    return str(sha512_crypt.using(rounds=1000).hash(password))


def tell(root: Path, serial: str, imei: str) -> None:
    """Write the serial number and the IMEI that the box reports, and the usual signal and serving network."""
    (root / "proc/device-tree/serial-number").write_text(serial + "\0")
    (root / "lab/serial").write_text(serial + "\n")
    (root / "lab/imei").write_text(json.dumps(imei) + "\n")
    (root / "lab/signal").write_text(json.dumps(SIGNAL, indent="\t") + "\n")
    (root / "lab/serving").write_text(json.dumps(SERVING, indent="\t") + "\n")


def count(root: Path, sent: str = "0", received: str = "0") -> None:
    """Write the numbers of bytes sent and received by the modem's interface (wwan0) to its counters."""
    for name, value in (("tx", sent), ("rx", received)):
        (root / f"sys/class/net/wwan0/statistics/{name}_bytes").write_text(f"{int(value)}\n")


def script(path: Path, text: str) -> None:
    """Write an executable file."""
    path.write_text(text)
    path.chmod(0o755)
