# OpenWrt: what a run may change, and what the box says of itself.
PACKAGES='system network firewall dhcp dropbear snmpd'
KEPT='etc/dropbear/authorized_keys etc/shadow etc/crontabs/root usr/libexec/kit/status usr/libexec/kit/sample'
NEEDS='ubus:rpcd uqmi:uqmi wg:wireguard-tools snmpd:snmpd'
serial() { line_of "$R/proc/device-tree/serial-number"; clean "$line"; }
mac() { line_of "$R/sys/class/net/eth0/address"; printf '%s' "$line"; }
release_name() {
	while IFS== read -r key value; do
		case $key in DISTRIB_RELEASE) value=${value#[\"\']}; clean "${value%[\"\']}" ;; esac
	done <"$R/etc/openwrt_release"
} 2>/dev/null
model() { line_of "$R/tmp/sysinfo/model"; clean "$line"; }
imei() { said=$(uqmi -s -d /dev/cdc-wdm0 --get-imei 2>/dev/null); said=${said#\"}; clean "${said%\"}"; }
