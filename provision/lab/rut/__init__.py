"""What makes a lab OpenWrt a RutOS: factory configuration, vendor commands, and the SNMP agent with its MIB."""
