"""The failures: each says what, where and the next step, and knows its exit code."""

from __future__ import annotations

from dataclasses import dataclass


class ProvisionError(Exception):
    """Something that could not be done; exit code 1."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        """Say `what` failed, `where` (file:line, device, address) and the next step (`hint`)."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Return what and where on one line; the console prints the hint."""
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(ProvisionError):
    """The words of the command make no sense here; exit code 2."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One wrong place in a file that a person wrote."""

    where: str
    what: str
    hint: str = ""


class IntentError(ProvisionError):
    """The intent is wrong; it carries every fault at once; exit code 2."""

    exit_code = 2

    def __init__(self, faults: list[Fault]) -> None:
        """Take all `faults` found, in file order."""
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(first.what + more, where=first.where, hint=first.hint)
        self.faults = faults


class DeviceError(ProvisionError):
    """A device did not do, or did not say, what it had to."""


class UnreachableError(DeviceError):
    """No answer from the device: its state is unknown, not bad."""


class IdentityError(DeviceError):
    """The device is not the one that the record names: wrong host key, serial, MAC or IMEI."""


class VaultError(ProvisionError):
    """The secrets cannot be opened or kept."""


class LedgerError(ProvisionError):
    """The ledger cannot be read, written or trusted."""


class ChangedError(LedgerError):
    """Somebody else was faster: what was decided on is no longer the newest."""


class LeaseError(ProvisionError):
    """Another living run holds the device."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM: everything that runs is ended, nothing catches it on the way."""


class CutShortError(ProvisionError):
    """A text ended before its end marker: a short read is an error, never an empty answer."""
