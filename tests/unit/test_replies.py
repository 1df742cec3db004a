"""What is said of a device that did not answer: a refusal is a refusal, silence is silence."""

from __future__ import annotations

import pytest
from berau import MODEM, Site

from provision.connectors.phase import FAILED, UNREACHABLE, Step
from provision.core.budget import TOO_MUCH
from provision.core.errors import DeviceError, IdentityError
from provision.devices.replies import unreachable


@pytest.mark.parametrize(
    ("because", "what"),
    [
        ("Failed to connect to the host via ssh: root@10.0.0.1: Permission denied (publickey,password).", "the login was refused"),
        ("Failed to connect to the host via ssh: ssh: connect to host 10.0.0.1 port 22: Connection timed out", "no answer: "),
        ("Failed to create temporary directory. mkdir: /root/.ansible: Permission denied", "no answer: "),
        ("Failed to connect to the host via ssh: Unable to negotiate: no matching host key type found.", "no answer: "),
    ],
)  # fmt: skip
def test_only_sshs_own_refusal_is_a_refusal(site: Site, because: str, what: str) -> None:
    site.enrolled_modem()
    error = unreachable(site.known[MODEM].device, Step(device=MODEM, task="Look", state=UNREACHABLE, because=because))
    assert error.what.startswith(what)
    assert not isinstance(error, IdentityError)
    assert ("--new-key" in error.hint) is (what == "the login was refused")


def test_another_host_key_is_another_device(site: Site) -> None:
    site.enrolled_modem()
    step = Step(device=MODEM, task="Look", state=UNREACHABLE, because="Host key verification failed.")
    assert isinstance(unreachable(site.known[MODEM].device, step), IdentityError)


@pytest.mark.parametrize("state", [FAILED, UNREACHABLE])
def test_a_device_that_said_too_much_did_answer(site: Site, state: str) -> None:
    site.enrolled_modem()
    error = unreachable(
        site.known[MODEM].device, Step(device=MODEM, task="Look", state=state, because=f"x: {TOO_MUCH}")
    )
    assert (type(error), error.what) == (DeviceError, TOO_MUCH)
