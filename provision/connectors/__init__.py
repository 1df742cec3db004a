"""The ways to a device: Ansible reads and changes; OpenSSH, netmiko and SNMP read.

A radio is changed by SNMP, too: Ansible runs the setter for it on this computer.
"""
