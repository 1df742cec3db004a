"""Radios: a change is one SNMP SET with the old values kept at the office."""
