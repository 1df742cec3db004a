"""Exceptions of the project; a ProvisionError says what failed, where, and the next step, and has an exit code."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from provision.core.foreign import visible, visible_lines


class ProvisionError(Exception):
    """Base class of the project's errors: something could not be done; exit code 1."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        """Keep `what` failed, `where` (file:line, device, address) and the next step (`hint`), all made visible."""
        super().__init__(visible_lines(what))
        self.what = visible_lines(what)
        self.where = visible(where)
        self.hint = visible_lines(hint)

    def __str__(self) -> str:
        """Return `where: what`, or only `what` if no place is given; the console prints the hint."""
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(ProvisionError):
    """A command or its arguments are wrong or do not apply here; exit code 2."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault in a file that a person wrote: the place (file, or file:line), what is wrong, and what to do."""

    where: str
    what: str
    hint: str = ""


class IntentError(ProvisionError):
    """The intent or a delivery list is wrong or cannot be read; `faults` holds every fault; exit code 2."""

    exit_code = 2

    def __init__(self, faults: list[Fault]) -> None:
        """Keep all `faults` (at least one), in file order; the message is the first one and the number of others."""
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(first.what + more, where=first.where, hint=first.hint)
        self.faults = faults


class DeviceError(ProvisionError):
    """A device did not do or answer what it had to, or is not in the state that a command needs."""


class UnreachableError(DeviceError):
    """No answer from the device: its state is unknown, not bad."""


class IdentityError(DeviceError):
    """The device is not the one that the record names: wrong host key, SNMP engine, serial, MAC or IMEI."""


class VaultError(ProvisionError):
    """The vault cannot be opened or written, or its password is missing or wrong."""


class LedgerError(ProvisionError):
    """The ledger cannot be read, written or trusted."""


class ChangedError(LedgerError):
    """The ledger has a newer event than the one that a decision was based on: somebody else was faster."""


class LeaseError(ProvisionError):
    """Another living run holds the device."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM; no handler of Exception catches it, and everything that runs is ended on the way out."""


class CutShortError(ProvisionError):
    """What was read is not whole: cut off before its end, empty, or of another run; never taken for an empty answer."""


NEXT = {
    errno.ENOSPC: "free some space on this disk, then run the command again",
    errno.EDQUOT: "free some space on this disk, then run the command again",
    errno.EACCES: "it belongs to another user: see ls -l, or run the command as its owner",
    errno.EPERM: "it belongs to another user: see ls -l, or run the command as its owner",
    errno.EISDIR: "a directory stands where a file belongs: look at it, move it away, then run the command again",
    errno.ENOTDIR: "a file stands where a directory belongs: look at it, move it away, then run the command again",
    errno.ENOENT: "bring it back, from a backup if it is gone: provision restore",
    errno.EROFS: "this disk can only be read: is it mounted right?",
}


def of_machine(error: OSError, left: str = "") -> ProvisionError:
    """Return what this computer refused as an error for people; `left` says what is left of a command that it ended."""
    what = error.strerror or str(error) or type(error).__name__
    hint = NEXT.get(error.errno or 0, "docs/what-do-i-do-when.md; then run the command again")
    return ProvisionError(
        f"this computer refused it: {what}", where=str(error.filename or ""), hint=f"{hint}\n{left}" if left else hint
    )
