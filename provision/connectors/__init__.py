"""The ways to a device: Ansible writes; netmiko and SNMP read."""
