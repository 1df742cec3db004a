"""Tanda Terima: the receipt of a kit, from the draft alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from provision.core import nip
from provision.core.custody import Handover
from provision.core.times import WITA
from provision.lending.indonesian import opening_day, rupiah, short_day, spelled

TITLE = "Tanda Terima Peralatan Telekonferensi"
NAMES = {
    "computer": "Komputer", "speaker": "Pengeras suara", "webcam": "Kamera web", "microphone": "Mikrofon", "modem": "Modem LTE",
}  # fmt: skip
CONDITIONS = {"baik": "Baik", "rusak_ringan": "Rusak ringan", "rusak_berat": "Rusak berat"}
CHECKS = {
    "camera_is_present": "Kamera web terpasang", "microphone_is_present": "Mikrofon terpasang",
    "speaker_is_present": "Pengeras suara terpasang", "clock_is_right": "Jam dan zona waktu benar",
    "disk_has_room": "Ruang simpan cukup", "hostname_is_the_asset_tag": "Nama komputer sesuai kode aset",
    "conference_app_is_there": "Aplikasi rapat terpasang", "firmware_is_known": "Perangkat lunak modem dikenal",
    "office_can_log_in": "Dapat dikelola dari kantor",
    "it_is_registered": "Modem terdaftar pada operator", "signal_carries_a_call": "Sinyal cukup untuk rapat",
}  # fmt: skip
TERMS = (
    "PIHAK PERTAMA telah menyerahkan dan PIHAK KEDUA telah menerima barang sebagaimana tercantum dalam daftar.",
    "Jumlah, nomor seri, kelengkapan, dan fungsi barang telah diperiksa bersama.",
    "Sejak tanggal tanda terima ini, pengamanan dan perawatan barang berada pada PIHAK KEDUA.",
    "Kepemilikan barang tidak beralih; barang tetap tercatat sebagai barang milik daerah pada PIHAK PERTAMA.",
    "Barang dikembalikan apabila jangka waktu berakhir, tugas tidak lagi memerlukannya, atau diminta PIHAK PERTAMA.",
)
CLOSING = "Tanda terima ini dibuat dengan sebenarnya dalam 2 (dua) rangkap untuk dipergunakan sebagaimana mestinya."


def content(loan: Handover, head: str) -> dict[str, Any]:
    """Return the data that the template of the receipt prints, worded in Indonesian, from the draft alone.

    `head` is the hash of the draft's event; its first 16 digits are printed.
    """
    draft, items = loan.paper, loan.paper["items"]
    total = sum(int(i["value_idr"]) for i in items)
    return {
        "title": TITLE,
        "number": draft["number"],
        "letterhead": draft["letterhead"],
        "kecamatan": draft["kecamatan"],
        "opening": f"Pada hari ini {opening_day(draft['day'])}, bertempat di {draft['place']}, "
        "kami yang bertanda tangan di bawah ini:",
        "first": _party(draft["first"]),
        "second": _party(draft["to"]),
        "items": [_item(i) for i in items],
        "total": rupiah(total),
        "total_words": f"{spelled(total)} rupiah",
        "terms": list(TERMS),
        "closing": CLOSING,
        "basis": draft["basis_title"],
        "term": f"{draft['months']} ({spelled(draft['months'])}) bulan sejak tanggal ditandatangani",
        "proofs": [_proof(p) for p in draft["proofs"]],
        "waivers": [
            w | {"check": CHECKS.get(w["check"], w["check"]), "until": short_day(w["until"])} for w in draft["waivers"]
        ],
        "training": [
            {"date": short_day(t["day"]), "people": t["people"], "topics": t["topics"]} for t in draft["training"]
        ],
        "ledger": {"number": loan.drafted.number, "head": " ".join(head[n : n + 4] for n in range(0, 16, 4))},
        "place_date": f"{draft['place']}, ........................................",
    }


def _party(who: dict[str, Any]) -> dict[str, Any]:
    return {"name": who["name"], "nip": nip.spaced(who["nip"]), "position": who["position"], "office": who["office"]}


def _item(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "tag": item["asset_tag"],
        "name": NAMES[item["kind"]],
        "model": f"{item['brand']} {item['model']}",
        "serial": item["serial"],
        "code": item["kode_barang"].replace("perlu_konfirmasi", "perlu konfirmasi"),
        "year": str(item["year"]),
        "value": rupiah(int(item["value_idr"])),
        "condition": CONDITIONS[item["condition"]],
    }


def _proof(proof: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(proof["at"]).astimezone(WITA)
    result = f"{proof['passed']} dari {proof['checks']} pemeriksaan terpenuhi"
    if proof["waived"]:
        result += f"; {len(proof['waived'])} dikecualikan"
    if proof["warned"]:
        names = ", ".join(CHECKS.get(n, n.replace("_", " ")).lower() for n in sorted(proof["warned"]))
        result += f"; dengan catatan: {names}"
    return {
        "tag": proof["tag"],
        "name": NAMES[proof["kind"]],
        "result": result,
        "event": proof["event"],
        "at": f"{at:%d-%m-%Y %H.%M} WITA",
    }
