"""Teltonika RutOS 7: OpenWrt's UCI and commit, with its own SIM slots, mobile interfaces, time and SNMP settings.

What differs from OpenWrt was read in the vendor's published SDK. The engine ID of its SNMP agent cannot be
configured there, so it is learned, and answers count only if keys made for that ID authenticate them.
"""

from __future__ import annotations

from provision.core.family import Configuration, Door, Factory, Family, PlacedFile, SnmpLook, Welcome
from provision.core.grammar import Shape
from provision.core.snmp_keys import LEARNED
from provision.families import openwrt
from provision.families.languages import shell_document, uci
from provision.families.readings import rutos as readings
from provision.families.readings.look import MibLook

# fmt: off
FAMILY = Family(
    name="rutos", title="RutOS",
    door=Door(
        factory=Factory(address="192.168.1.1", username="root", password=""),
        netmiko="linux", feed=openwrt.FAMILY.door.feed, install="opkg install ./*",
        welcome=Welcome(put="", line='umask 077; cat >>"${IPKG_INSTROOT-}/etc/dropbear/authorized_keys"'),
        identity={
            "serial": "mnf_info --sn | tail -n 1", "mac": "mnf_info --mac", "imei": "gsmctl -i | tail -n 1",
            "model": "mnf_info --name | cut -c1-6", "firmware": 'cat "${IPKG_INSTROOT-}/etc/version"',
        },
    ),
    configuration=Configuration(
        grammar=uci, dialect=shell_document,
        sections=("system", "network", "firewall", "dhcp", "dropbear", "snmpd", "ntpclient", "simcard", "mwan3"),
        shape=Shape(
            natural_keys={
                "dropbear.dropbear": (), "firewall.defaults": (), "firewall.zone": ("name",),
                "firewall.rule": ("name",), "firewall.forwarding": ("src", "dest"), "firewall.redirect": ("name",),
                "network.device": ("name",), "ntpclient.ntpclient": (),
                "ntpclient.ntpserver": ("hostname",), "ntpclient.ntpdrift": (), "simcard.sim": ("position",),
            },
            ordered=("firewall.rule",),
            secret=(
                "network.*.private_key", "network.*.preshared_key", "network.*.password", "simcard.*.pincode",
                "snmpd.*.authpass", "snmpd.*.privpass", "snmpd.*.community",
            ),
        ),
        owns=(
            "firewall.*", "snmpd.*", "ntpclient.@ntpserver*", "ntpclient.kit_*", "network.wg_hub.*", "network.hub.*", "mwan3.kit_*",
            "file:*",
            "dropbear.@dropbear.Interface",
        ),
        volatile=(
            "network.globals.ula_prefix", "ucitrack.*", "simcard.*.iccid", "ntpclient.@ntpdrift*",
            "system.system.device_fw_version",
        ),
        access=("network.*", "dropbear.*", "firewall.*", "snmpd.*", "file:/etc/dropbear/*", "file:/etc/shadow"),
        path=("network.mob*", "simcard.*", "mwan3.*"),
        files={
            "/etc/dropbear/authorized_keys": PlacedFile(source="access:authorized_keys", mode="600"),
            "/etc/shadow": PlacedFile(source="access:password_hash", mode="600"),
            "/etc/crontabs/root": PlacedFile(source="cron", mode="600"),
            "/usr/libexec/kit/guard": PlacedFile(source="guard.sh", mode="755"),
        },
        note="system.system.description", defaults={"modem_device": "", "cellular": "mob1s{sim}a1", "sim": "1"},
    ),
    commit=openwrt.FAMILY.commit,
    snmp=SnmpLook(readings=MibLook(readings.MIB), published=False, counts_64="0.7.10", usm=LEARNED),
)
# fmt: on
