"""What must be true of a modem."""

from __future__ import annotations

from datetime import date

from provision.checks.check import Case, Judgement, check
from provision.core import guard, identity, traffic
from provision.core.model import Verdict
from provision.core.times import day_of

RSRP_FLOOR_DBM = -108  # acceptance of domain page 5, own proposal: RSRP and SINR that carry a call
SINR_FLOOR_DB = 5
RSRP_WARN_DBM = -100  # Teltonika's border of fair to poor


@check(
    needs=("serial", "imei"), remedy="Find out which box this is: compare its label with the record.", guards="identity"
)
def it_is_the_recorded_modem(case: Case) -> Judgement:
    """Serial and IMEI are those of the record."""
    said, item = case.snapshot.readings, case.item
    wrong = [
        f"{name} is {said[name]}, recorded {wanted}"
        for name, wanted in (("serial", item.serial), ("imei", item.imei))
        if not identity.same(name, wanted, said[name])
    ]
    if wrong:
        return Verdict.FAIL, "; ".join(wrong)
    return Verdict.PASS, f"serial {item.serial}, IMEI {item.imei}"


@check(
    needs=("marker",), remedy="provision plan shows what moved; apply again, or adopt the change.", guards="security"
)
def configuration_is_the_accepted_one(case: Case) -> Judgement:
    """The digest that the device publishes must be that of the accepted configuration.

    Unknown if nothing was accepted yet.
    """
    if not case.accepted_marker:
        return Verdict.UNKNOWN, "nothing was accepted yet"
    if case.snapshot.readings["marker"] != case.accepted_marker:
        return Verdict.FAIL, "the configuration moved since it was accepted"
    return Verdict.PASS, f"digest {case.accepted_marker[:8]}"


@check(needs=("guard",), remedy="provision resume", guards="security")
def no_guard_is_left_behind(case: Case) -> Judgement:
    """No guard may be armed on the device: one left behind would silently revert the configuration weeks later.

    A run that was reverted is a warning, a state that is not understood is unknown.
    """
    state = guard.of(case.snapshot.readings)
    match state.word:
        case guard.ARMED:
            return Verdict.FAIL, f"run {state.run} is not confirmed"
        case guard.REVERTED:
            return Verdict.WARN, f"run {state.run} was reverted ({state.rest})"
        case guard.CONFIRMED | guard.NONE:
            return Verdict.PASS, "none armed"
    return Verdict.UNKNOWN, f"not understood: {case.snapshot.readings['guard']}"


@check(
    needs=("login",),
    remedy="Find out why it lets nobody in before anything is changed; after a reset, enrol it again on the bench.",
    guards="security",
)
def office_can_log_in(case: Case) -> Judgement:
    """A new login with the office's key, at the pinned host key, is let in: without one nothing can be repaired."""
    said = str(case.snapshot.readings["login"])
    return (Verdict.PASS, "a new login with the office's key") if said == "ok" else (Verdict.FAIL, said)


@check(needs=("serial",), remedy="provision secret rotate gives the device new ones.", guards="security")
def no_shown_secret_is_in_use(case: Case) -> Judgement:
    """A secret that a person was shown has been replaced since."""
    if case.shown_secret:
        return Verdict.FAIL, f"shown {case.shown_secret}, not rotated since"
    return Verdict.PASS, "none"


@check(needs=("firmware",), remedy="Update on the bench, never over the air; then list it in inventory/firmware.yml.")
def firmware_is_known(case: Case) -> Judgement:
    """The firmware should be one that the office's baseline lists as good; any other is a warning."""
    standing, because = case.firmware
    said = str(case.snapshot.readings["firmware"])
    return (Verdict.PASS, said) if standing == "good" else (Verdict.WARN, f"{said}: {because}")


@check(needs=("registration",), remedy="Check the SIM, its quota, and the APN preset with the operator.")
def it_is_registered(case: Case) -> Judgement:
    """The modem is registered with an operator."""
    state = case.snapshot.readings["registration"]
    operator = case.snapshot.readings.get("operator", "operator unknown")
    return (Verdict.PASS, str(operator)) if state == "registered" else (Verdict.FAIL, f"{state}, {operator}")


@check(needs=("rsrp_dbm", "sinr_db"), remedy="Raise or turn the antenna; compare operators on site.")
def signal_carries_a_call(case: Case) -> Judgement:
    """The radio must carry a video call, not merely register: RSRP of -108 dBm and SINR of 5 dB at least.

    RSRP below -100 dBm is a warning.
    """
    rsrp, sinr = case.snapshot.readings["rsrp_dbm"], case.snapshot.readings["sinr_db"]
    said = f"RSRP {rsrp:g} dBm, SINR {sinr:g} dB"
    if rsrp < RSRP_FLOOR_DBM or sinr < SINR_FLOOR_DB:
        return Verdict.FAIL, f"{said}; a call needs {RSRP_FLOOR_DBM} and {SINR_FLOOR_DB}"
    return (Verdict.WARN if rsrp < RSRP_WARN_DBM else Verdict.PASS), said


NOTICE_DAYS = (1, 7, 14)  # a top-up takes a trip to the post, a day's notice is for the phone


@check(needs=(), about="sim", remedy="Top up (Isi Ulang), then put the new dates and dicek_pada into the kit's file.")
def sim_card_stays_alive(case: Case) -> Judgement:
    """Neither masa aktif nor the quota of the SIM card may end within 14 days.

    An end within 14 days is a warning, one in the past fails; unknown if the card was checked on a day in the future.
    """
    assert case.sim, "a check about a card is asked only where there is one"
    today, card = date.fromisoformat(case.today), case.sim
    if date.fromisoformat(card.dicek_pada) > today:
        return Verdict.UNKNOWN, f"checked on {card.dicek_pada}, which is not yet: correct dicek_pada"
    ends = {"masa aktif": card.masa_aktif_sampai, "kuota": card.kuota_sampai}
    left = {name: (date.fromisoformat(day) - today).days for name, day in ends.items() if day}
    name = min(left, key=lambda n: left[n])
    said = f"{card.number}: {name} until {ends[name]}"
    if left[name] < 0:
        grace = card.masa_tenggang_sampai
        lost = f", the number is lost after {grace}" if grace and name == "masa aktif" else ""
        return Verdict.FAIL, f"{said}, it has ended{lost}"
    notice = next((days for days in NOTICE_DAYS if left[name] <= days), None)
    if notice is None:
        return Verdict.PASS, said
    return Verdict.WARN, f"{said}, {left[name]} days left (notice of {notice})"


COUNTED_DAYS = 2  # own choice: a sum that ended days ago is no proof of today


@check(
    needs=(),
    about="quota_gb",
    remedy="Top up (Isi Ulang), then put the new kuota_gb and dicek_pada into the kit's file.",
)
def quota_lasts(case: Case) -> Judgement:
    """The SIM card's quota must last for more than 14 days at the pace counted since the card was checked.

    Less is a warning, and a quota that is used up fails. Unknown if nothing was counted in the last 2 days; passes
    while less than a day, or no traffic, was counted.
    """
    assert case.sim, "a quota is that of a card"
    one, quota_gb = case.traffic, float(case.sim.kuota_gb or 0)
    if one is None:
        return (
            Verdict.UNKNOWN,
            f"{case.snapshot.missing.get('sent_bytes', 'nothing was counted yet')}: bytes used of {quota_gb:g} GB",
        )
    if (date.fromisoformat(case.today) - date.fromisoformat(day_of(one.at))).days > COUNTED_DAYS:
        return Verdict.UNKNOWN, f"last counted on {day_of(one.at)}: bytes used of {quota_gb:g} GB"
    used_gb = one.used / traffic.GB
    least = "at least " if one.gaps or day_of(one.since) > str(case.sim.dicek_pada) else ""
    said = f"{least}{used_gb:.2f} of {quota_gb:g} GB counted since {day_of(one.since)}"
    if used_gb >= quota_gb:
        return Verdict.FAIL, f"{said}: used up"
    left = traffic.days_left(one, quota_gb)
    notice = None if left is None else next((days for days in NOTICE_DAYS if left <= days), None)
    if notice is None:
        return Verdict.PASS, said
    return Verdict.WARN, f"{said}; at this pace {left:.0f} days are left (notice of {notice})"
