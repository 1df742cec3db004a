"""OpenWrt with rpcd, dropbear, net-snmp and uqmi (21.02 and later)."""

from __future__ import annotations

from provision.core.family import Commit, Configuration, Door, Factory, Family, PlacedFile, SnmpLook
from provision.core.grammar import Shape
from provision.families.languages import shell_document, uci
from provision.families.readings import openwrt as readings

GUARD = '. "${IPKG_INSTROOT-}/usr/libexec/kit/guard"'  # its functions, in the document's own shell

# fmt: off
FAMILY = Family(
    name="openwrt", title="OpenWrt",
    door=Door(
        factory=Factory(address="192.168.1.1", username="root", password=""),
        netmiko="linux", feed="gzip -dc | sh -s", lacks=("failover",),
        install="if command -v apk >/dev/null; then apk add --allow-untrusted ./*; else opkg install ./*; fi",  # 25.12 has apk
        identity={
            "serial": 'cat "${IPKG_INSTROOT-}/proc/device-tree/serial-number"; echo',
            "mac": 'cat "${IPKG_INSTROOT-}/sys/class/net/eth0/address"',
            "model": 'cat "${IPKG_INSTROOT-}/tmp/sysinfo/model"',
            "firmware": '. "${IPKG_INSTROOT-}/etc/openwrt_release"; echo "$DISTRIB_RELEASE"',
            "imei": "uqmi -s -d /dev/cdc-wdm0 --get-imei",
        },
    ),
    configuration=Configuration(
        grammar=uci, dialect=shell_document,
        sections=("system", "network", "firewall", "dhcp", "dropbear", "snmpd"),
        shape=Shape(
            natural_keys={
                "system.system": (), "dropbear.dropbear": (), "firewall.defaults": (), "firewall.zone": ("name",),
                "firewall.rule": ("name",), "firewall.forwarding": ("src", "dest"), "network.device": ("name",),
                "snmpd.agent": (), "snmpd.agentx": (), "snmpd.system": (), "snmpd.engineid": (),
            },
            ordered=("firewall.rule",),
            secret=(
                "network.*.private_key", "network.*.preshared_key", "network.*.password", "network.*.pincode",
                "snmpd.*.auth_pass", "snmpd.*.privacy_pass",
            ),
        ),
        owns=(
            "firewall.*", "snmpd.*", "system.ntp.server", "network.wwan.*", "network.wg_hub.*", "network.hub.*",
            "network.wan", "network.wan.*", "network.wan6", "network.wan6.*",
            "dropbear.@dropbear.Interface", "dropbear.@dropbear.DirectInterface", "file:*",
        ),
        volatile=("network.globals.ula_prefix", "ucitrack.*"),
        access=("network.*", "dropbear.*", "firewall.*", "snmpd.*", "file:/etc/dropbear/*", "file:/etc/shadow"),
        path=("network.wwan", "network.wwan.*", "network.wan", "network.wan.*", "network.wan6", "network.wan6.*"),
        files={
            "/etc/dropbear/authorized_keys": PlacedFile(source="access:authorized_keys", mode="600"),
            "/etc/shadow": PlacedFile(source="access:password_hash", mode="600"),
            "/etc/crontabs/root": PlacedFile(source="cron", mode="600"),
            "/usr/libexec/kit/status": PlacedFile(source="status.sh", mode="755"),
            "/usr/libexec/kit/sample": PlacedFile(source="sample.sh", mode="755"),
            "/usr/libexec/kit/guard": PlacedFile(source="guard.sh", mode="755"),
        },
        note="system.@system.description", defaults={"modem_device": "/dev/cdc-wdm0", "cellular": "wwan"},
    ),
    commit=Commit(
        guard="guard.sh",
        settle_s=3.0,  # procd waits 1 s after the last config.change; then netifd takes its links down
        prepare='mkdir -p "${IPKG_INSTROOT-}/etc/kit/next"',
        checkpoint=f"{GUARD} && checkpoint {{marker}}",
        arm="arm {run} {window_s}", stage="stage", put="put {mode} {path}", login="root_hash",
        commit="commit {run} {staged}", read_back="look",
        confirm=f"{GUARD} && finish {{run}} {{marker}}",
        revert=f"{GUARD} && undo {{run}}",
        refusals={
            21: "another run's guard is armed on the device",
            22: "the plan is stale: the device moved since it was made",
            23: "the device's flash is full", 24: "the way back could not be put on the device's flash",
            25: "uci refused the configuration", 26: "rpcd refused", 27: "another run has ended this one",
            31: "the guard of this run is not armed (it reverted, or was never armed)",
            32: "the configuration moved after it was read back", 33: "the confirmation could not be kept on flash",
        },
    ),
    snmp=SnmpLook(readings=readings.TABLE),
)
# fmt: on
