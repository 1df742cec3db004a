"""The lab: emulated modems and PCs on loopback that keep state and carry out the commands that they get.

It knows no driver. The real dropbear, busybox and snmpd run if they are installed; `uci`, `ubus`, rpcd, RouterOS,
PowerShell and the commands of modems and PCs are emulated, `uci`, `ubus` and rpcd from facts read in their sources.
"""
