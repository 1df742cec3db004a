"""Which kecamatan an event is about: its code, whatever the kecamatan is called.

Events of lending have the code (64.03.nn) as subject. Up to release 0.1.0 they had the slug of the name, which changes
with the name: the code then stands in the number of the loan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provision.core.custody import STORE
from provision.core.model import Kecamatan, Kit, slug
from provision.ledger.known import Latest
from provision.ledger.lending_events import Drafted, Moved


def code_of(loan: str) -> str:
    """Return the code of the kecamatan in the number of a loan, as 64.03.02 of 64.03.02/1; empty without a number."""
    return loan.partition("/")[0]


def slugs(latest: Latest, kecamatan: Kecamatan) -> tuple[str, ...]:
    """Return the slugs by which records name a kecamatan: that of its name now, and those of its last drafts of a loan.

    A slug under which another kecamatan once drafted a loan is none of its own. A name that it had before its first
    draft is not known.
    """
    drafts = [(e.subject, Drafted.read(e.payload).paper) for e in latest(Drafted.VERB)]
    codes = {subject: code_of(paper["id"]) for subject, paper in drafts if subject != code_of(paper["id"])}
    names = [slug(str(p["kecamatan"])) for _, p in drafts if code_of(p["id"]) == kecamatan.code and "kecamatan" in p]
    before = [*(s for s, code in codes.items() if code == kecamatan.code), *names]
    now = [kecamatan.slug] if codes.get(kecamatan.slug, kecamatan.code) == kecamatan.code else []
    return tuple(dict.fromkeys((*now, *before)))


def subjects(latest: Latest, kecamatan: Kecamatan) -> tuple[str, ...]:
    """Return the subjects of a kecamatan's events: its code, and the slugs of older releases."""
    return (kecamatan.code, *slugs(latest, kecamatan))


def names_of(kits: Iterable[Kit]) -> dict[str, str]:
    """Return the slug of each kecamatan's name today, by its code."""
    return {kit.kecamatan.code: kit.kecamatan.slug for kit in kits}


def place_of(move: Moved, names: Mapping[str, str]) -> str:
    """Return where a move brought an item, by the name of today; `names` are the slugs of kecamatan by code."""
    return names.get(code_of(move.loan), move.place) if move.loan and move.place != STORE else move.place
