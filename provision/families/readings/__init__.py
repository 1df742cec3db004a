"""Reading tables: what to ask over SNMP, and how a device's answer becomes readings with one name each.

One file per MIB. Names carry their unit: rsrp_dbm, rsrq_db, sinr_db, rssi_dbm, temperature_c, uptime_s, sampled_ago_s.
"""
