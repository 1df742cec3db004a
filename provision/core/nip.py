"""NIP, the number of an Indonesian civil servant: 18 digits that tell of birth, appointment and sex.

birth yyyymmdd, appointment yyyymm, sex 1 or 2, serial of 3 digits; printed `yyyymmdd yyyymm s nnn`
(domain page on custody, section 4). Numbers of contract staff may hold an odd month of appointment:
that is no fault here.
"""

from __future__ import annotations

import re
from datetime import date

AGE_MIN, AGE_MAX = 15, 70  # no office appoints outside these


def read(text: str) -> str:
    """Return the 18 digits of a NIP, without blanks and dots.

    Raises ValueError, which says what is wrong, if it has not 18 digits, or an impossible day of birth, year of
    appointment or sex.
    """
    digits = re.sub(r"[\s.]", "", text)
    if not re.fullmatch(r"\d{18}", digits):
        raise ValueError("a NIP has 18 digits: yyyymmdd yyyymm s nnn")
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise ValueError(f"no such day of birth in this NIP: {digits[:8]}") from None
    appointed = int(digits[8:12])
    if not AGE_MIN <= appointed - born.year <= AGE_MAX:
        raise ValueError(f"born {born.year} and appointed {appointed}: that cannot be")
    if digits[14] not in "12":
        raise ValueError(f"the 15th digit of a NIP is 1 or 2, not {digits[14]}")
    return digits


def spaced(digits: str) -> str:
    """Return the 18 digits of a NIP as papers print them: `yyyymmdd yyyymm s nnn`."""
    return f"{digits[:8]} {digits[8:14]} {digits[14]} {digits[15:]}"
