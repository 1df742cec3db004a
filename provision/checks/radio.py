"""What must be true of a radio that carries a link (it has no SIM card and registers nowhere)."""

from __future__ import annotations

from provision.checks.check import Case, Judgement, check
from provision.checks.modem import (
    configuration_is_the_accepted_one,
    firmware_is_known,
    no_guard_is_left_behind,
    no_shown_secret_is_in_use,
)
from provision.core.model import Verdict

__all__ = [
    "configuration_is_the_accepted_one", "firmware_is_known", "it_is_the_recorded_radio", "link_carries_a_call",
    "no_guard_is_left_behind", "no_shown_secret_is_in_use", "radio_is_linked",
]  # fmt: skip

SNR_FLOOR_DB, SNR_WARN_DB = 10, 20  # own choice: below 10 dB the lowest rates only, from 20 dB 16-QAM and more


@check(
    needs=("serial", "mac"), remedy="Find out which box this is: compare its label with the record.", guards="identity"
)
def it_is_the_recorded_radio(case: Case) -> Judgement:
    """Serial and MAC must be those of the record; upper and lower case are the same."""
    said, item = case.snapshot.readings, case.item
    pairs = (("serial", item.serial), ("mac", item.mac))
    wrong = [f"{n} is {said[n]}, recorded {w}" for n, w in pairs if str(said[n]).lower() != w.lower()]
    return (Verdict.FAIL, "; ".join(wrong)) if wrong else (Verdict.PASS, f"serial {item.serial}, MAC {item.mac}")


@check(needs=("link",), remedy="Is the other end on? Turn the dish towards it; look at the frequency of both ends.")
def radio_is_linked(case: Case) -> Judgement:
    """The radio is connected to its other end."""
    state = str(case.snapshot.readings["link"])
    other = str(case.snapshot.readings.get("access_point", "its other end"))
    return (Verdict.PASS, other) if state == "connected" else (Verdict.FAIL, state)


@check(needs=("rssi_dbm", "snr_db"), remedy="Turn the dish by hand's breadths and look again; is a tree in the way?")
def link_carries_a_call(case: Case) -> Judgement:
    """The link must carry a video call: an SNR of at least 10 dB; less than 20 dB is a warning."""
    rssi, snr = case.snapshot.readings["rssi_dbm"], case.snapshot.readings["snr_db"]
    said = f"RSSI {rssi:g} dBm, SNR {snr:g} dB"
    if snr < SNR_FLOOR_DB:
        return Verdict.FAIL, f"{said}; a call needs {SNR_FLOOR_DB}"
    return (Verdict.WARN if snr < SNR_WARN_DB else Verdict.PASS), said
