"""Every fault of the intent at once, each with file:line and a hint."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.core.errors import Fault, IntentError
from provision.home import intent
from provision.home.place import Place

ROOT = Path(__file__).parents[2]
KELAY, TALISAYAN, SEGAH = (f"inventory/kits/{n}.yml" for n in ("kelay", "talisayan", "segah"))
DEFAULTS = "inventory/defaults.yml"


@pytest.fixture
def texts() -> dict[str, str]:
    return Place(ROOT).texts()


def faults(texts: dict[str, str]) -> list[Fault]:
    with pytest.raises(IntentError) as caught:
        intent.read(texts)
    return caught.value.faults


def the(texts: dict[str, str], words: str) -> Fault:
    found = [f for f in faults(texts) if words in f.what]
    assert found, [f.what for f in faults(texts)]
    return found[0]


def line_of(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def swap(texts: dict[str, str], name: str, old: str, new: str) -> None:
    assert old in texts[name]
    texts[name] = texts[name].replace(old, new, 1)


def test_the_starter_home_is_right(texts: dict[str, str]) -> None:
    home = intent.read(texts)
    assert len(home.kits) == 13
    assert {k.kecamatan.code for k in home.kits.values()} == {f"64.03.{n:02}" for n in range(1, 14)}
    assert {k.kecamatan.name for k in home.kits.values() if k.modem} == {
        "Kelay", "Segah", "Pulau Derawan", "Maratua", "Tabalar", "Biatan", "Batu Putih", "Biduk-Biduk",
    }  # fmt: skip
    assert all(len(k.items) == (5 if k.modem else 4) for k in home.kits.values())


def test_an_unknown_key_is_named_at_its_line(texts: dict[str, str]) -> None:
    swap(texts, KELAY, "  apn:", "  band: 3\n  apn:")
    fault = the(texts, "modem.band: unknown key")
    assert fault.where == f"{KELAY}:{line_of(texts[KELAY], 'band:')}"
    assert fault.hint


@pytest.mark.parametrize("field", ["serial", "asset_tag", "mac", "imei"])
def test_a_value_that_stands_twice_names_both_places(texts: dict[str, str], field: str) -> None:
    def last(name: str) -> str:
        return [line for line in texts[name].splitlines() if f" {field}:" in line][-1].split(f"{field}: ")[1]

    swap(texts, SEGAH, last(SEGAH), last(KELAY))
    fault = the(texts, f"{field} ")
    assert "stands twice" in fault.what
    assert fault.where.startswith(SEGAH)
    assert KELAY in fault.hint


def test_a_modem_where_none_belongs(texts: dict[str, str]) -> None:
    texts[TALISAYAN] = texts[TALISAYAN].replace("items:", "modem:\n  apn: xl\nitems:")
    assert the(texts, "Talisayan gets no modem").where.startswith(TALISAYAN)


def test_no_modem_where_one_belongs(texts: dict[str, str]) -> None:
    texts[KELAY] = texts[KELAY].partition("  - asset_tag: BRU-MDM")[0]
    assert the(texts, "Kelay: 0 x modem").where.startswith(KELAY)


def test_a_bad_apn_preset_offers_the_nearest(texts: dict[str, str]) -> None:
    swap(texts, KELAY, "apn: telkomsel", "apn: telkomsell")
    fault = the(texts, "no such APN preset: telkomsell")
    assert fault.where == f"{KELAY}:{line_of(texts[KELAY], 'telkomsell')}"
    assert fault.hint == "did you mean telkomsel?"


@pytest.mark.parametrize("name", ["windows", "openwrtt"])
def test_a_driver_that_is_no_family_of_modems_names_its_line_and_hides_no_other_fault(
    texts: dict[str, str], name: str
) -> None:
    swap(texts, KELAY, "  apn: telkomsel", f"  driver: {name}\n  apn: telkomsell")
    fault = the(texts, f"no such modem family: {name}")
    assert fault.where == f"{KELAY}:{line_of(texts[KELAY], 'driver: ' + name)}"
    assert fault.hint == "one of: epmp, openwrt, routeros, rutos"
    assert the(texts, "no such APN preset: telkomsell")


def test_a_driver_that_is_no_kind_of_pc_names_its_line(texts: dict[str, str]) -> None:
    texts[KELAY] = texts[KELAY].replace("items:", "computer:\n  driver: openwrt\nitems:", 1)
    fault = the(texts, "no such kind of PC: openwrt")
    assert fault.where == f"{KELAY}:{line_of(texts[KELAY], 'driver: openwrt')}"
    assert fault.hint == "one of: linux, windows"


@pytest.mark.parametrize(("section", "what"), [("modem", "modem family"), ("computer", "kind of PC")])
def test_a_usual_driver_that_is_not_there_is_a_fault_of_the_defaults(
    texts: dict[str, str], section: str, what: str
) -> None:
    lines = texts[DEFAULTS].splitlines()
    at = lines.index(f"{section}:")
    own = [line for line in lines[at + 1 :] if not line.startswith("  driver:")]
    texts[DEFAULTS] = "\n".join([*lines[: at + 1], "  driver: tidak-ada", *own]) + "\n"
    fault = the(texts, f"no such {what}: tidak-ada")
    assert fault.where == f"{DEFAULTS}:{line_of(texts[DEFAULTS], 'tidak-ada')}"


def test_overlapping_subnets_and_equal_addresses(texts: dict[str, str]) -> None:
    swap(texts, KELAY, "  apn:", "  lan: 10.64.4.129/25\n  address: 10.9.0.4\n  apn:")
    assert "overlaps" in the(texts, "subnet 10.64.4.0/24 overlaps").what
    assert "stands twice" in the(texts, "address 10.9.0.4").what


def test_an_address_outside_the_hubs_network(texts: dict[str, str]) -> None:
    swap(texts, KELAY, "  apn:", "  address: 10.10.0.4\n  apn:")
    assert the(texts, "10.10.0.4 is outside").where == f"{KELAY}:{line_of(texts[KELAY], 'address: 10.10')}"


def test_an_unknown_key_hides_no_other_fault_of_its_file(texts: dict[str, str]) -> None:
    swap(texts, KELAY, "  apn: telkomsel", "  apn: telkomsell\n  band: 3")
    found = {f.what for f in faults(texts)}
    assert found == {"modem.band: unknown key", "no such APN preset: telkomsell"}


def test_malformed_yaml_names_the_line_and_the_other_faults_too(texts: dict[str, str]) -> None:
    swap(texts, KELAY, "kecamatan: Kelay", "kecamatan: [Kelay")
    swap(texts, SEGAH, "year: 2026", "year: soon")
    found = faults(texts)
    assert any(f.where.startswith(KELAY) and "not YAML" in f.what for f in found)
    assert any(f.where.startswith(SEGAH) and "year" in f.what for f in found)


def test_a_scalar_is_the_text_that_was_typed(texts: dict[str, str]) -> None:
    serial = line_of(texts[KELAY], "serial:")
    lines = texts[KELAY].splitlines()
    lines[serial - 1] = lines[serial - 1].partition("serial:")[0] + "serial: 00123"
    texts[KELAY] = "\n".join(lines)
    home = intent.read(texts)
    assert "00123" in {i.serial for i in home.kits["kelay"].items}


@pytest.mark.parametrize(
    ("old", "new", "what", "line"),
    [
        ("  apn:", "  driver: openwrt\n  driver: openwrt\n  apn:", "duplicate key driver", "  driver: openwrt\n  apn"),
        ("  apn:", "  ? [a]\n  : b\n  apn:", "a key that is no text", "? [a]"),
        ("items:\n", "items: &all\n  - *all\n", "an alias that contains itself", "items:"),
    ],
)
def test_what_yaml_allows_and_nobody_means_is_a_fault(
    texts: dict[str, str], old: str, new: str, what: str, line: str
) -> None:
    swap(texts, KELAY, old, new)
    where = texts[KELAY][: texts[KELAY].index(line)].count("\n") + 1
    assert the(texts, what).where in {f"{KELAY}:{where}", f"{KELAY}:{where + 1}"}


@pytest.mark.parametrize("name", ["biduk-biduk", "BIDUK BIDUK", "Biduk-biduk"])
def test_a_spelling_variant_is_resolved_not_refused(texts: dict[str, str], name: str) -> None:
    swap(texts, "inventory/kits/biduk-biduk.yml", "kecamatan: Biduk-Biduk", f"kecamatan: {name}")
    assert "biduk-biduk" in intent.read(texts).kits


def test_an_unknown_kecamatan_offers_the_nearest(texts: dict[str, str]) -> None:
    swap(texts, KELAY, "kecamatan: Kelay", "kecamatan: Kelei")
    assert the(texts, "no such kecamatan: Kelei").hint == "did you mean Kelay?"


def test_a_missing_kit_and_a_missing_file(texts: dict[str, str]) -> None:
    del texts[TALISAYAN]
    assert the(texts, "Talisayan has no kit")
    del texts[DEFAULTS]
    assert the(texts, "missing").hint.startswith("provision init")


def test_an_imei_with_a_wrong_check_digit(texts: dict[str, str]) -> None:
    line = next(x for x in texts[KELAY].splitlines() if "imei" in x)
    digit = str((int(line[-2]) + 1) % 10)
    swap(texts, KELAY, line, line[:-2] + digit + '"')
    assert "check digit" in the(texts, "imei").what


def test_a_template_value_with_a_newline_is_refused_where_it_would_inject(texts: dict[str, str]) -> None:
    swap(texts, DEFAULTS, "contact: Diskominfo Berau", 'contact: "x\\nrwcommunity public"')
    assert the(texts, "contact: must be one line")


def test_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/defaults.yml").write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(IntentError) as caught:
        Place(tmp_path).texts()
    assert caught.value.faults[0].where == "inventory/defaults.yml:2"


def test_the_districts_are_those_of_the_data(root: Path) -> None:
    """Compared with the source in place, where it lies beside the project."""
    import csv

    source = Path(os.environ.get("PROVISION_SHARED", root.parent / "shared")) / "data/kecamatan.csv"
    if not source.exists():
        pytest.skip("the source data is not beside this checkout")
    home = Place(root).intent()
    for row in csv.DictReader(source.read_text().splitlines()):
        place = home.kit(row["name"]).kecamatan
        assert (place.code, place.seat, place.lat, place.lon) == (
            row["code"],
            row["seat"],
            float(row["lat"]),
            float(row["lon"]),
        )
        assert place.has_modem is (row["has_modem"] == "true")


CARD = '  sim_card: {number: "081234567890", masa_aktif_sampai: 2027-01-31, dicek_pada: 2026-11-20}\n'


def test_a_sim_card_is_recorded_or_faulty(texts: dict[str, str]) -> None:
    swap(texts, KELAY, "  apn:", f"{CARD}  apn:")
    card = intent.read(texts).intents["BRU-MDM-01"].sim_card
    assert card
    assert (card.number, card.masa_aktif_sampai) == ("081234567890", "2027-01-31")
    for old, new, what in (
        ("081234567890", "telkomsel", "number"), ("2027-01-31", "31-01-2027", "must be a day"), ("2026-11-20", '""', "dicek_pada"),
    ):  # fmt: skip
        bent = dict(texts)
        swap(bent, KELAY, old, new)
        assert the(bent, what).where.startswith(KELAY)


def test_a_faulty_baseline_of_firmware_is_named(texts: dict[str, str]) -> None:
    swap(texts, "inventory/firmware.yml", '"==25.12.5"', '"25.12 or so"')
    assert the(texts, "range of versions").where.startswith("inventory/firmware.yml:")
    del texts["inventory/firmware.yml"]
    assert the(texts, "missing").where == "inventory/firmware.yml"


def test_a_file_of_100_mb_is_a_fault_and_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "inventory/kits").mkdir(parents=True)
    with (tmp_path / "inventory/defaults.yml").open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(IntentError, match="100 MB are no file of the intent"):
        Place(tmp_path).texts()
