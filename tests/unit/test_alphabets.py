"""What a text of inventory/ may hold: all that is in use, and nothing that is of another kind."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from provision.home.intent import alphabets

KNOWN = Path(os.environ.get("PROVISION_SHARED") or Path(__file__).parents[3] / "shared") / "data/apn-indonesia.json"
IN_USE = {
    "Host": [
        "hub.berau.go.id", "103.10.20.30", "2001:db8::1", "::1", "kit_hub.local", "id.pool.ntp.org", "ntp", "a" * 63 + ".id",
    ],
    "Apn": ["internet", "m2minternet", "www.xlgprs.net", "AXIS", "corp-berau.gprs", "3gprs", ""],
    "NetworkCode": ["51010", "51001", "310410"],
    "ZoneName": ["Asia/Makassar", "Asia/Jayapura", "Etc/GMT-8", "UTC", "America/Argentina/Buenos_Aires"],
    "PosixZone": ["WITA-8", "<+08>-8", "CET-1CEST,M3.5.0,M10.5.0/3"],
    "Imei": ["", "490154203237518"],
    "Mac": ["", "94:83:c4:00:00:01", "94-83-C4-00-00-01"],
    "Tag": ["BRU-MDM-01", "ABC"],
    "Drop": ["", "https://lapor.berau.go.id/kit", "http://127.0.0.1:8080/kit"],
    "Day": ["", "2026-11-24"],
    "Versions": [">=7.23.8,<7.24", "==25.12.*"],
}  # fmt: skip
NOT_OF_IT = [
    "{{ 7*7 }}",
    "$(id)",
    "a b",
    "a;b",
    "x'y",
    'x"y',
    "a`b",
    "a\nb",
    "a\\b",
    "-oProxyCommand=id",
    "http://lapor.berau.go.id",
    "http://127.0.0.1.evil.id/",
    "http://127.0.0.1@evil.id/",
    "\u0661\u0662\u0663\u0664\u0665",
]


@pytest.mark.parametrize("name", IN_USE)
def test_what_is_in_use_is_taken(name: str) -> None:
    for text in IN_USE[name]:
        TypeAdapter(getattr(alphabets, name)).validate_python(text)


@pytest.mark.parametrize("name", IN_USE)
@pytest.mark.parametrize("text", NOT_OF_IT)
def test_a_text_of_another_alphabet_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(getattr(alphabets, name)).validate_python(text)


@pytest.mark.skipif(not KNOWN.exists(), reason="no list of access points: set PROVISION_SHARED")
def test_every_access_point_that_is_known_in_indonesia_is_taken() -> None:
    known = json.loads(KNOWN.read_text())
    names = {one["apn"] for source in ("mbpi", "lineage") for one in known[source]}
    assert len(names) > 20
    for name in names:
        TypeAdapter(alphabets.Apn).validate_python(name)


WRONG = {
    "Code": "64.03.14", "TunnelKey": "abc", "SnmpUser": "Pantau", "Login": "Petugas", "AnyLogin": "-x", "Package": "Zoom",
    "Version": "6.x", "Phone": "12345", "KodeBarang": "1.3", "Nibar": "12", "Imei": "1", "Mac": "1", "Tag": "x", "Day": "x",
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_in_words(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(getattr(alphabets, name)).validate_python(WRONG[name])
    (error,) = caught.value.errors()
    assert not set("^$[\\") & set(error["msg"]), "no regular expression"
    assert "must be" in error["msg"]
