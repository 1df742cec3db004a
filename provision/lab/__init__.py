"""The lab: emulated modems on loopback that keep state and obey what they are told.

It knows no driver. What can be real is real (dropbear, busybox, snmpd); only `uci`, `ubus`,
rpcd and the modem's own words are emulated, from facts read in their sources.
"""
