"""What is said of a device that gave no answer or no usable one, with the next step."""

from __future__ import annotations

import re

from provision.connectors.phase import Step
from provision.core.budget import TOO_MUCH
from provision.core.device import Device
from provision.core.errors import ProvisionError
from provision.core.model import Finding, Verdict
from provision.home.workspace import Workspace

LOOK_DEADLINE_S = 180.0
NONCE_BYTES = 8
BACKUP_PASSWORD_BYTES = 16  # of the one-time password of a backup that a device makes of itself
NEVER_SENT = (  # what ssh says where no command can have reached the device
    "ssh: connect to host",
    "Permission denied",
    "Host key verification failed",
    "HOST IDENTIFICATION HAS CHANGED",
    "banner exchange",
    "nothing was sent",
)


REFUSED = re.compile(r"Permission denied \([a-z,-]+\)")  # ssh's words; a command that may not do something says others


def unreachable(device: Device, step: Step | None) -> ProvisionError:
    """Return the error of a device that cannot be reached, from its last step (None: no answer in time).

    It is an IdentityError if the step names the host key, a DeviceError if it said more than its budget, else an
    UnreachableError, which says whether the login was refused.
    """
    from provision.core.errors import DeviceError, IdentityError, UnreachableError

    said = " ".join((step.because if step else "no answer in time").split())
    where = f"{device.tag} at {device.host} port {device.ssh_port}"
    if (
        "HOST IDENTIFICATION HAS CHANGED" in said
        or "Host key verification failed" in said
        or ("host key" in said.lower() and "no matching host key type" not in said)
    ):
        return IdentityError(
            "the host key is not the pinned one: refused",
            where=where,
            hint="another box, or one that was reset: look at it, then enrol it again",
        )
    short = re.split(r"(?:via|over) ssh: ", said)[-1]
    if TOO_MUCH in said:
        return DeviceError(TOO_MUCH, where=where, hint="another box, or a broken one: look at it")
    if REFUSED.search(said):
        return UnreachableError(
            f"the login was refused: {short[:160]}",
            where=where,
            hint=f"it does not know the office's key: was it reset? provision enrol {device.tag} --address A --new-key",
        )
    return UnreachableError(
        f"no answer: {short[:160]}", where=where, hint="is it on, is the link up? run the command again later"
    )


def last_line(output: str) -> str:
    """Return the last line of what a program printed, cut to 160 characters; an empty text if it printed nothing."""
    return output.splitlines()[-1][:160] if output else ""


def not_provisioned(workspace: Workspace, tag: str) -> Finding:
    """Return the one finding, UNKNOWN, of a device that was never provisioned.

    It says whether the device is enrolled, and which command comes next.
    """
    known = tag in workspace.known
    return Finding(
        check="it_is_provisioned",
        device=tag,
        verdict=Verdict.UNKNOWN,
        because="enrolled, never provisioned" if known else "not enrolled",
        remedy=f"provision apply {tag} --bench" if known else f"provision enrol {tag} --address A",
    )
