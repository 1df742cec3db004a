"""What makes a lab OpenWrt a RutOS: its factory configuration, its words, its agent's configuration and MIB."""
