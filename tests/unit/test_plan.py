"""Render, plan and the documents: no secret shows, no value escapes, nothing half is read."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest

from provision import families
from provision.core import plan, render
from provision.core import settings as core_settings
from provision.core.device import Intent
from provision.core.errors import CutShortError, ProvisionError
from provision.core.family import DocumentRequest
from provision.core.model import Candidate, Change, Plan, Secret, Snapshot
from provision.families.languages import shell_document
from provision.home.place import Place
from provision.ledger.records import pack, unpack
from provision.local.share import templates

ROOT = Path(__file__).parents[2]
DRIVER = families.load("openwrt")
TEMPLATES = templates("openwrt")
SECRETS = {n: Secret(f"hidden-{n}") for n in ("wireguard_private", "wireguard_preshared", "snmp_auth", "snmp_priv")}
KEY = b"k" * 32


def rendered(intent: Intent, texts: Mapping[str, str] = TEMPLATES) -> Candidate:
    access = render.Access(
        authorized_keys="ssh-ed25519 AAAA office\n", password_hash=Secret("$6$hidden-hash\n"), secrets=SECRETS
    )
    return render.render(intent, access, texts, lambda: token_hex(12))


def candidate(note: str = "Kantor Camat", name: str = "BRU-MDM-01") -> Candidate:
    return rendered(replace(Place(ROOT).intent().intents[name], site_note=note, family=DRIVER))


def test_a_candidate_says_what_the_intent_says() -> None:
    settings = candidate().settings
    assert settings["system.@system.timezone"] == "WITA-8"
    assert settings["network.wwan.apn"] == "internet"
    assert settings["network.lan.ipaddr"] == "10.64.1.1"
    assert settings["firewall.zone_wan.input"] == "DROP"
    assert (
        settings["snmpd.engineid.engineid" if "snmpd.engineid" in settings else "snmpd.@engineid.engineid"]
        == "BRU-MDM-01"
    )
    assert settings["snmpd.office.auth_type"] == "SHA-256"
    assert settings["network.hub.persistent_keepalive"] == "25"
    assert settings["dropbear.@dropbear.PasswordAuth"] == "off"


def test_an_operator_with_a_login_gets_it() -> None:
    settings = candidate(name="BRU-MDM-10").settings
    assert settings["network.wwan.apn"] == "indosatgprs"
    assert settings["network.wwan.password"] == Secret("indosat")


@pytest.mark.parametrize(
    "note", ["it's", 'a "b"', "$(reboot)", "{{ 7*7 }} {% raw %} {# x #}", "two\nlines\n\toption x 'y'", "#;|&", "'\\''"]
)
def test_a_hostile_value_stays_one_value(note: str) -> None:
    wanted, plain = candidate(note).settings, candidate("plain").settings
    assert wanted["system.@system.notes"] == note
    assert {k: v for k, v in wanted.items() if k != "system.@system.notes"} == {
        k: v for k, v in plain.items() if k != "system.@system.notes"
    }


def test_a_secret_is_a_secret_and_shows_nowhere() -> None:
    made = candidate()
    assert made.settings["network.wg_hub.private_key"] == SECRETS["wireguard_private"]
    assert "hidden" not in repr(made)
    sealed = core_settings.seal(made.settings, KEY)
    assert "hidden" not in str(pack(sealed))
    assert unpack(pack(sealed)) == sealed
    with pytest.raises(ValueError, match="not sealed"):
        pack(made.settings)


def test_a_template_that_joins_a_secret_with_text_is_refused() -> None:
    bent = TEMPLATES | {"snmpd.j2": "package snmpd\nconfig t 'n'\n\toption o {{ secrets.snmp_auth }}x\n"}
    intent = Place(ROOT).intent().intents["BRU-MDM-01"]
    with pytest.raises(ProvisionError, match="joins a secret"):
        rendered(intent, bent)


def test_no_plan_is_made_from_no_evidence() -> None:
    empty = Snapshot(device="x", at="now")
    with pytest.raises(ProvisionError, match="no running configuration"):
        plan.make(DRIVER, empty, candidate(), KEY)
    some = Snapshot(device="x", at="now", settings={"a.b": "c"}, marker="m")
    with pytest.raises(ProvisionError, match="the intent is empty"):
        plan.make(DRIVER, some, Candidate(settings={}), KEY)


def test_the_same_configuration_is_no_plan_and_noise_is_none() -> None:
    made = candidate()
    running = Snapshot(
        device="x",
        at="now",
        marker="m",
        settings=core_settings.seal(made.settings, KEY) | {"network.globals.ula_prefix": "fd00::/48"},
    )
    assert plan.make(DRIVER, running, made, KEY).changes == ()


def looked(text: str, nonce: str = "n1") -> Snapshot:
    return shell_document.read_look(DRIVER, gzip.compress(text.encode()), nonce, "x", "now")[0]


LOOK = "#kit serial S1\n#kit guard none\n#kit marker abc\n#kit file etc/x 123\n#kit export\npackage system\nconfig system\n\toption hostname 'x'\n\n#kit end n1\n#kit code 0\n"


def test_a_whole_look_is_read() -> None:
    seen = looked(LOOK)
    assert seen.settings == {"system.@system": "system", "system.@system.hostname": "x", "file:/etc/x": "123"}
    assert (seen.marker, seen.readings["serial"]) == ("abc", "S1")


@pytest.mark.parametrize("cut", range(0, len(LOOK) - 25, 7))
def test_a_look_that_was_cut_short_anywhere_is_an_error(cut: int) -> None:
    with pytest.raises(CutShortError):
        looked(LOOK[:cut])


def test_a_compressed_look_that_was_cut_is_an_error() -> None:
    whole = gzip.compress(LOOK.encode())
    for cut in range(0, len(whole) - 12, 5):
        with pytest.raises(CutShortError):
            shell_document.read_look(DRIVER, whole[:cut], "n1", "x", "now")


def test_the_end_mark_of_another_run_is_no_end() -> None:
    with pytest.raises(CutShortError):
        looked(LOOK, nonce="n2")


def test_an_empty_configuration_is_an_error_never_a_pass() -> None:
    with pytest.raises(CutShortError, match="empty configuration"):
        looked("#kit marker abc\n#kit export\n\n#kit end n1\n")


@pytest.mark.parametrize(
    ("path", "proof"),
    [
        ("system.@system.notes", (False, 0.0)),
        ("network.wwan.apn", (False, DRIVER.commit.settle_s)),
        ("network.lan.ipaddr", (True, DRIVER.commit.settle_s)),
        ("firewall.@rule[Allow-SSH].dest_port", (True, DRIVER.commit.settle_s)),
        ("file:/etc/dropbear/authorized_keys", (True, DRIVER.commit.settle_s)),
    ],
)
def test_what_was_touched_says_what_proves_the_way_in(path: str, proof: tuple[bool, float]) -> None:
    change = Change(path=path, running="a", intended="b")
    made = Plan(device="x", changes=(change,), candidate=candidate(), intended={}, locators={}, marker="m")
    assert plan.proof(DRIVER, made) == proof


def test_a_document_that_is_cut_short_calls_nothing() -> None:
    made = candidate()
    running = Snapshot(device="x", at="now", marker="m", settings={"system.@system": "system"})
    document = shell_document.change(
        DRIVER, plan.make(DRIVER, running, made, KEY), DocumentRequest(nonce="n", run="r", window_s=60, guard="guard")
    )
    text = gzip.decompress(document).decode()
    assert text.startswith("change() {\n")
    assert text.rstrip().endswith("| gzip -c")
    assert (
        text.index("checkpoint ") < text.index("\narm r 60") < text.index("\nstage <<") < text.index("\ncommit r uci")
    )


def test_a_refusal_of_the_device_is_read_with_its_code() -> None:
    said = gzip.compress(b"#kit refused stale: it moved\n#kit code 22\n")
    assert shell_document.read_end(said, "n") == (False, 22, "stale: it moved")
