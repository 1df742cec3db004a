"""Numbers, amounts and days as formal Indonesian papers write them.

Written here since num2words says `satu juta satu ribu` where formal usage is `satu juta seribu`, and needs a
package that comes without a wheel.
"""

from __future__ import annotations

from datetime import date

ONES = ["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"]
SCALES = ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (1000, "ribu"), (100, "ratus"), (10, "puluh"))
DAYS = ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"]
MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]
SE_BELOW = 10_000  # seribu, seratus, sepuluh; but satu juta


def spelled(number: int) -> str:
    """Return a whole number from 0 to 999 billion billion in Indonesian words, in lower case."""
    if number < len(ONES):
        return ONES[number]
    if number < 20:
        return f"{ONES[number - 10]} belas"
    size, name = next(pair for pair in SCALES if number >= pair[0])
    count, rest = divmod(number, size)
    head = f"se{name}" if count == 1 and size < SE_BELOW else f"{spelled(count)} {name}"
    return f"{head} {spelled(rest)}" if rest else head


def titled(number: int) -> str:
    """Return a whole number in Indonesian words, each with a capital letter."""
    return spelled(number).title()


def opening_day(iso: str) -> str:
    """Return a day in Indonesian words, as in the first line of an official document.

    As `Rabu tanggal Dua bulan Desember tahun Dua Ribu Dua Puluh (02-12-2020)`.
    """
    day = date.fromisoformat(iso)
    return (
        f"{DAYS[day.weekday()]} tanggal {titled(day.day)} bulan {MONTHS[day.month - 1]} "
        f"tahun {titled(day.year)} ({day:%d-%m-%Y})"
    )


def short_day(iso: str) -> str:
    """Return a day (ISO 8601) with the year last, as `24-11-2026`."""
    return f"{date.fromisoformat(iso):%d-%m-%Y}"


def rupiah(value: int) -> str:
    """Return a whole amount with dots between the thousands, as `1.234.567`."""
    return f"{value:,}".replace(",", ".")
