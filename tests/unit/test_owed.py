"""What is owed a look is never dropped without a word."""

from __future__ import annotations

from dataclasses import replace

from berau import MODEM, OTHER_MODEM, PC, Site

from provision.core.device import Intended
from provision.core.errors import ProvisionError
from provision.core.model import Watched
from provision.ledger.events import Revoked
from provision.ledger.lending_events import Move
from provision.operations.watch import watch


def watched(site: Site, *devices: Intended) -> dict[str, Watched]:
    """How each device stands; nothing where nothing is to be watched."""
    try:
        return {one.device: one for one in watch(site.workspace, devices, bench=True)}
    except ProvisionError as error:
        if "nothing to watch" not in str(error):
            raise
        return {}


def only(site: Site, tag: str, *devices: Intended) -> Watched:
    seen = watched(site, *devices)
    assert tag in seen, "it was left out"
    return seen[tag]


def lend(site: Site, tag: str, place: str = "segah", day: str = "2026-12-01") -> None:
    item = site.intent(tag).item if tag in site.workspace.home.intents else site.computer(tag).item
    move = Move(place=place, holder="Camat", effective=day, because="handed over", loan="64.03.04/1")
    site.record(tag, move.of(item))


def test_a_lent_modem_that_was_enrolled_again_is_unknown_with_the_next_step(site: Site) -> None:
    site.provisioned_modem()
    lend(site, MODEM)
    site.enrol(MODEM, new_key=True)
    one = only(site, MODEM, site.intent())
    assert (one.state, one.because) == (
        "unknown", f"lent to segah, but enrolled and not provisioned since: provision apply {MODEM}",
    )  # fmt: skip
    assert site.last(MODEM, "device.watched")["state"] == "unknown"


def test_one_that_was_provisioned_and_enrolled_again_is_owed_in_the_store_too(site: Site) -> None:
    site.provisioned_modem()
    site.enrol(MODEM, new_key=True)
    assert only(site, MODEM, site.intent()).state == "unknown"


def test_a_lent_device_that_nobody_enrolled_is_unknown(site: Site) -> None:
    lend(site, PC)
    one = only(site, PC, site.computer())
    assert (one.state, f"not enrolled: provision enrol {PC}" in one.because) == ("unknown", True)


def test_one_beside_others_is_told_in_the_order_that_was_asked(site: Site) -> None:
    site.provisioned_modem()
    lend(site, PC)
    seen = watched(site, site.computer(), site.intent())
    assert [(tag, one.state) for tag, one in seen.items()] == [(PC, "unknown"), (MODEM, "ok")]


def test_what_is_lent_and_named_by_no_kit_file_is_told_with_its_kecamatan(site: Site) -> None:
    """The kit file names the successor already; the modem at the site still answers, and nobody asks it."""
    lend(site, MODEM)
    home = site.workspace.home
    intents = {t: i for t, i in home.intents.items() if t != MODEM}
    successor = replace(site.intent(OTHER_MODEM), kit=site.intent(MODEM).kit)
    site.workspace.__dict__["home"] = replace(home, intents={**intents, OTHER_MODEM: successor})
    lend(site, PC)
    one = only(site, MODEM, successor, site.computer())
    assert (one.state, "no kit file names it: provision replace segah" in one.because) == ("unknown", True)
    assert MODEM not in watched(site, site.computer()), "a person asked for the PC alone"


def test_what_is_in_the_store_and_new_is_owed_nothing(site: Site) -> None:
    site.enrolled_modem()
    assert watched(site, site.intent(), site.computer()) == {}


def test_what_came_back_and_was_revoked_is_owed_nothing(site: Site) -> None:
    site.provisioned_modem()
    lend(site, MODEM)
    site.record(MODEM, Revoked(because="returned", host_key="", tunnel_key=""))
    lend(site, MODEM, "gudang", "2026-12-02")
    assert watched(site, site.intent()) == {}
