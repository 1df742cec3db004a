"""A handover as a paper: Typst with the fonts that travel in its package, the same bytes each time.

What is printed comes from the draft in the ledger alone, and its footer names the draft's event and
hash: a chain that its owner rewrites no longer holds what the other party has signed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from provision.core import nip
from provision.core.custody import Handover
from provision.core.errors import ProvisionError
from provision.home.workspace import Workspace
from provision.lending.indonesian import opening_day, rupiah, short_day, spelled
from provision.lending.loans import File
from provision.local.clock import WITA
from provision.local.files import write_whole
from provision.local.share import share

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper on the disk, the SHA-256 of its bytes, and what it was made with."""

    path: Path
    digest: str
    made_with: Mapping[str, str]


# What release 0.1.0 made papers with, which kept no note of it: its events are read for ever.
RELEASE_0_1_0 = {
    "typst": "0.15.2",
    "template": "4e2991d062c41c7d21ab108211e7e7189b190c1501f7efca90b04d47262d05bd",
}
NAMES_OF_PARTS = {"typst": "Typst (it brings the fonts)", "template": "the template"}


def made_with_now() -> dict[str, str]:
    """Return what a paper is made with here: the version of Typst, whose package brings the fonts, and the template."""
    from importlib.metadata import version

    return {"typst": version("typst"), "template": sha256(_template().read_bytes()).hexdigest()}


def moved_since(loan: Handover) -> list[str]:
    """Return what is another thing now than when the paper of a loan was made, in words."""
    then, now = loan.made_with or RELEASE_0_1_0, made_with_now()
    return [NAMES_OF_PARTS[name] for name in now if now[name] != then.get(name)]


def _template() -> Path:
    return share("templates") / "documents" / "tanda-terima.typ"


def make(workspace: Workspace, file: File, loan: Handover) -> Paper:
    """Make the paper of one handover below var/papers; its name holds its digest."""
    import typst

    text = json.dumps(content(loan, workspace.ledger.hash_of(loan.drafted.number)), ensure_ascii=False)
    template = _template()
    try:
        body = typst.compile(
            template,
            format="pdf",
            sys_inputs={"data": text},
            ignore_system_fonts=True,
            font_paths=[],
            timestamp=datetime.fromisoformat(loan.drafted.at),
        )
    except typst.TypstError as error:
        raise ProvisionError(f"the paper could not be made: {error}", where=str(template), hint="report this") from None
    assert isinstance(body, bytes)
    digest = sha256(body).hexdigest()
    folder = workspace.place.var / "papers"
    path = folder / f"tanda-terima-{file.slug}-{loan.id.rpartition('/')[2]}-{digest[:12]}.pdf"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, body)
    except OSError as error:
        raise ProvisionError(
            f"the paper cannot be kept: {error.strerror}", where=str(path), hint="free space, or check permissions"
        ) from None
    return Paper(path=path, digest=digest, made_with=made_with_now())


def content(loan: Handover, head: str) -> dict[str, Any]:
    """Give what the template prints, from the draft alone; `head` is the hash of its event."""
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
    return {"name": who["name"], "nip": nip.shown(who["nip"]), "position": who["position"], "office": who["office"]}


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
