"""A device that only SNMP can set: what is read and set, by a run that still has its way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provision.connectors import snmp
from provision.connectors.old_values import OldValues
from provision.connectors.snmpv3.values import element

ENDED = 27  # as other families' guards say it
SET_SERIAL = "1.3.6.1.6.3.1.1.6.1.0"  # snmpSetSerialNo, a TestAndIncr: SNMPv2-MIB, RFC 3418
SERIALS = 2**31  # after the last one it begins at 0 again
AGENT_SAYS = "the agent says "  # an authenticated refusal, see snmpv3/values.py
Values = dict[str, Any]


class RefusedError(Exception):
    """A document that is refused, with the code that the guards of other families use for the same reason.

    A change that is refused is not in force: nothing was sent, or the old values were put back.
    """

    def __init__(self, code: int, because: str) -> None:
        """Take the guards' code, and words for people."""
        super().__init__(because)
        self.code = code


class SilentError(Exception):
    """No usable answer from the device, or old values that could not be put back."""


class EndedError(RefusedError):
    """Another run has ended this one, or another program has set the device meanwhile: nothing more is set."""

    def __init__(self, run: str) -> None:
        """Name the run that was ended."""
        super().__init__(ENDED, f"another run has ended {run}, or somebody else has set the device meanwhile")


@dataclass(slots=True)
class Box:
    """A device that is set over SNMPv3: its agent, the file of its old values, and seconds to wait for an answer.

    `run` is the run that sets it. `serial` is the agent's set-serial number, if it has one: each SET carries it, and
    the agent refuses one with the number of before, so that a program that was stopped sets nothing after another one.
    """

    target: snmp.Target
    way: OldValues
    timeout_s: float = 2.0  # the bench is a cable
    run: str = ""
    serial: int | None = None

    def number(self) -> None:
        """Have every SET from now on carry the agent's set-serial number, if it has one."""
        number = self.get([SET_SERIAL])[SET_SERIAL]
        self.serial = number if isinstance(number, int) else None

    def get(self, oids: list[str]) -> Values:
        """Return the values of `oids`, read in one PDU, by OID and as `plain` gives them.

        Raises SilentError if the agent gives no values.
        """
        answer = snmp.read([self.target], tuple(oids), timeout_s=self.timeout_s, retries=1)[self.target.device]
        if answer.because:
            raise SilentError(answer.because)
        return {oid: plain(value) for oid, value in answer.values.items()}

    def set(self, objects: Mapping[str, tuple[str, str]]) -> str:
        """Set objects (OID -> type and text) in one PDU; return the agent's refusal, or an empty text.

        It is asked first whether the run still has its way back. Raises EndedError if it has not, or the set-serial
        number has moved; SilentError for any other answer or none, ValueError if a text is no value of its type.
        """
        if self.run and self.way.armed() != self.run:
            raise EndedError(self.run)
        wanted = {oid: element(kind, value) for oid, (kind, value) in objects.items()}
        if self.serial is None:
            return self._sent(wanted, 1)
        because = self._sent(wanted | {SET_SERIAL: element("integer", str(self.serial))}, 0)
        if f"at {SET_SERIAL}" in because:
            if "inconsistentValue" in because:
                raise EndedError(self.run)
            self.serial = None  # this user may not write it
            return self.set(objects)
        if not because:
            self.serial = (self.serial + 1) % SERIALS
        return because

    def _sent(self, wanted: Mapping[str, Any], retries: int) -> str:
        """Send one SET; one with a set-serial number is never sent twice: the agent would refuse its own copy."""
        timeout_s = self.timeout_s * (1 if retries else 2)
        because = snmp.write(self.target, wanted, timeout_s=timeout_s, retries=retries).because
        if because and not because.startswith(AGENT_SAYS):
            raise SilentError(because)
        return because


def plain(value: Any) -> int | str | None:
    """Return a raw value as JSON can hold it: an integer or None as it is, anything else as text."""
    if value is None or isinstance(value, int):
        return value
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
