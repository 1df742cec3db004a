# RutOS 7: what a run may change, and what the box says of itself. mnf_info and gsmctl are Teltonika's words;
# never ask mnf_info for --wps or --simpin.
PACKAGES='system network firewall dhcp dropbear snmpd ntpclient simcard mwan3'
KEPT='etc/dropbear/authorized_keys etc/shadow etc/crontabs/root'
NEEDS='ubus:rpcd gsmctl:gsmctl wg:wireguard-tools snmpd:snmpd'
last_of() { # PATTERN: the last line of standard input that is nothing else
	found=
	while read -r line; do case $line in $1) ;; *) found=$line ;; esac; done
	clean "$found"
}
serial() { mnf_info --sn 2>/dev/null | last_of '*[!0-9A-Za-z]*'; }
mac() {
	line=$(mnf_info --mac 2>/dev/null | tr -d ':\n' | tr 'A-F' 'a-f')
	rest=$line; line=
	while [ ${#rest} -ge 2 ]; do tail=${rest#??}; line="$line:${rest%"$tail"}"; rest=$tail; done
	printf '%s' "${line#:}"
}
release_name() { line_of "$R/etc/version"; clean "$line"; }
model() { line=$(mnf_info --name 2>/dev/null); clean "$line" | cut -c1-6; }
imei() { gsmctl -i 2>/dev/null | last_of '*[!0-9]*'; }
