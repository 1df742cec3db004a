"""Cambium ePMP and Force radios.

They have no shell to write through, so settings are objects of the vendor's MIB, set over SNMPv3.

Names, types and values: CAMBIUM-PMP80211-MIB, release 4.7.1. The MIB's state bits and operators' scripts say that a
SET is only staged until save and then apply follow. Addresses, radio keys and the SNMPv3 user are left out: they
are set by hand, since a mistake in them would make the radio unreachable.
"""

from __future__ import annotations

from provision.core.family import Commit, Configuration, Door, Factory, Family, SnmpLook, Staging
from provision.core.grammar import Shape
from provision.core.model import Kind
from provision.core.snmp_keys import ONE_PASSPHRASE
from provision.families.languages import mib_objects, snmp_document
from provision.families.readings import epmp as readings
from provision.families.readings.look import MibLook

EPMP = "1.3.6.1.4.1.17713.21"

# fmt: off
FAMILY = Family(
    name="epmp", title="Cambium ePMP", kind=Kind.RADIO,
    door=Door(factory=Factory(address="192.168.0.1", username="", password=""), lacks=("imei", "apn", "failover")),
    configuration=Configuration(
        grammar=mib_objects, dialect=snmp_document, shape=Shape(), sections=("radio",),
        objects={
            "systemConfigDeviceName": (f"{EPMP}.3.6.1.2.0", "octets"), "snmpSystemName": (f"{EPMP}.3.5.3.0", "octets"),
            "snmpSystemDescription": (f"{EPMP}.3.5.4.0", "octets"), "snmpTrapEnable": (f"{EPMP}.3.5.5.0", "integer"),
            "snmpProtocolVersion": (f"{EPMP}.3.5.11.0", "integer"), "webService": (f"{EPMP}.3.7.1.0", "integer"),
            "cambiumTelnetServerEnable": (f"{EPMP}.3.17.1.0", "integer"),
            "cambiumDeviceAgentEnable": (f"{EPMP}.3.20.1.0", "integer"),
        },
    ),
    commit=Commit(
        staging=Staging(
            state=f"{EPMP}.4.6.0", unsaved=0x02, busy=0x24, restart=0x08,
            save=f"{EPMP}.4.3.0", apply=f"{EPMP}.4.4.0", discard=f"{EPMP}.4.5.0",
        ),
    ),
    snmp=SnmpLook(readings=MibLook(readings.MIB), published=False, usm=ONE_PASSPHRASE),
)
# fmt: on
