"""Documents for a device without a shell: JSON that the setter, a program at the office, carries out over SNMPv3.

A change lists the old and the new value of each object, which are set in one PDU; an answer holds raw values by
OID.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provision.core.errors import CutShortError, DeviceError, ProvisionError
from provision.core.family import DocumentRequest, Family
from provision.core.model import Plan, Snapshot, Value

__all__ = ["PUT", "change", "command", "finish", "look", "read_end", "read_look", "reboot", "revert"]

PUT = ""


def _document(family: Family, verb: str, request: DocumentRequest, **more: Any) -> bytes:
    oids = [oid for oid, _ in family.configuration.objects.values()] + list(family.snmp.readings.oids(0))
    staging = family.commit.staging.words() if family.commit.staging else None
    body = {"verb": verb, "nonce": request.nonce, "oids": list(dict.fromkeys(oids)), "staging": staging, **more}
    return json.dumps(body).encode()


def look(family: Family, request: DocumentRequest, /) -> bytes:
    """Return the document of a look: one GET of all the family's objects and of all readings; with a run it ends it."""
    return _document(family, "look", request, run=request.run)


def change(family: Family, plan: Plan, request: DocumentRequest, /) -> bytes:
    """Return the document of a change: each object's name, OID, type, new value, and the old one it is planned from.

    Every value has to be a plain string: no secret is set and nothing is removed by SNMP, and the plan refuses what
    could not be put back.
    """
    objects = []
    for one in plan.changes:
        oid, kind = family.configuration.objects[one.path]
        assert isinstance(one.intended, str), "a secret, or nothing, is never set by SNMP"
        assert isinstance(one.running, str), "the plan refuses what could not be put back"
        objects.append({"name": one.path, "oid": oid, "type": kind, "new": one.intended, "old": one.running})
    return _document(family, "change", request, run=request.run, set=objects)


def command(_family: Family, _request: DocumentRequest, /) -> bytes:
    """Return an empty byte string: a change goes on standard input, so no command takes it."""
    return b""


def finish(family: Family, request: DocumentRequest, /) -> bytes:
    """Return the document that reads once more and, if every new value is still there, forgets the old ones."""
    return _document(family, "finish", request, run=request.run)


def revert(family: Family, request: DocumentRequest, /) -> bytes:
    """Return the document that puts the old values back."""
    return _document(family, "revert", request, run=request.run)


def reboot() -> bytes:
    """Raise ProvisionError always: this family has no way back of its own that a drill with a restart could prove."""
    raise ProvisionError("this family has no way back of its own", hint="it is changed on the bench only")


def read_look(family: Family, output: bytes, nonce: str, device: str, at: str) -> tuple[Snapshot, int]:
    """Return the snapshot of a look or a read-back, and the exit code.

    Raises CutShortError if the answer is not whole or not of this `nonce`, DeviceError if it has no values (it was
    refused) or none of the family's objects.
    """
    said = _parsed(output, nonce)
    if said is None:
        raise CutShortError("the setter's answer was cut short", where=device)
    values, code = said.get("values"), int(said["code"])
    if not values:
        raise DeviceError(str(said["refused"]) or "the device showed nothing", where=device)
    settings: dict[str, Value] = {
        name: str(values[oid]) for name, (oid, _) in family.configuration.objects.items() if values.get(oid) is not None
    }
    if not settings:
        raise DeviceError("the device has none of the family's objects", where=device)
    found, missing = family.snmp.readings.read(values, 0)
    return Snapshot(
        device=device, at=at, settings=settings, readings=found | {"guard": said["guard"]}, missing=missing
    ), code


def read_end(output: bytes, nonce: str) -> tuple[bool, int, str]:
    """Return whether a short answer is whole and of this `nonce`, its exit code, and its refusal or an empty string.

    The code is 1 if the answer is not whole.
    """
    said = _parsed(output, nonce)
    return (said is not None, int(said["code"]), str(said["refused"])) if said else (False, 1, "")


def _parsed(output: bytes, nonce: str) -> Mapping[str, Any] | None:
    try:
        said = json.loads(output)
        if said["end"] == nonce and isinstance(said["code"], int) and isinstance(said["refused"], str):
            return dict(said)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return None
