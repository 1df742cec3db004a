"""RouterOS: exports read, scripts obeyed by the lab's own RouterOS (which shares no parser), nothing half, no secret kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest

from provision import families
from provision.core import plan, read_back, render
from provision.core import settings as core_settings
from provision.core.errors import CutShortError, ProvisionError
from provision.core.family import DocumentRequest
from provision.core.model import Candidate, Change, Secret, Snapshot
from provision.core.settings import diff
from provision.families.languages import routeros_document, routeros_export
from provision.home import ansible_inventory
from provision.home.place import Place
from provision.lab.box import Box
from provision.lab.ros import factory
from provision.lab.ros.config import Config, RosError
from provision.lab.ros.run import Runner
from provision.ledger.records import DeviceRecord
from provision.local.share import templates

ROOT = Path(__file__).parents[2]
DRIVER = families.load("routeros")
NAMES = ("wireguard_private", "wireguard_preshared", "snmp_auth", "snmp_priv", "admin_password")
SECRETS = {n: Secret(f"kata-{n}") for n in NAMES}
KEY = b"k" * 32
BOX = Box(
    tag="BRU-MDM-01", serial="HEX1", mac="48:A9:8A:00:00:01", imei="863981898372112", model="D53G", firmware="7.23.8",
    address="192.168.88.1", ssh_port=22, snmp_port=161, system="routeros",
)  # fmt: skip
V6 = {"firmware": "6.49.23", "facts": {"tunnel": "none"}}


def candidate(firmware: str = "7.23.8", **fields: object) -> Candidate:
    intent = replace(Place(ROOT).intent().intents["BRU-MDM-01"], family=DRIVER, **fields)  # type: ignore[arg-type]
    access = render.Access(authorized_keys="k", password_hash=Secret("h"), secrets=SECRETS)
    return render.render(intent, access, templates("routeros"), lambda: token_hex(12), firmware)


def read(text: str) -> Snapshot:
    settings, locators = routeros_export.parse(text, DRIVER.configuration.shape)
    return Snapshot(device="x", at="now", settings=settings, locators=locators, marker="m")


def obey(config: Config, text: str) -> str:
    def stranger(command: str, _: object) -> None:
        raise RosError(f"bad command name {command}")

    said: list[str] = []
    Runner(config, stranger, said.append).run(text)
    return "".join(said)


@pytest.fixture(params=["7.23.8", "6.49.23"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    return factory.make(replace(BOX, firmware=request.param), tmp_path / "root")


def firmware_of(config: Config) -> str:
    return ".".join(map(str, config.version))


def wanted_of(config: Config) -> Candidate:
    firmware = firmware_of(config)
    return candidate(firmware, **({"tunnel": "none"} if firmware.startswith("6") else {}))


def test_the_edits_end_in_the_candidate_on_the_labs_own_routeros(box: Config) -> None:
    before = read(box.export([]))
    wanted = wanted_of(box)
    changes = diff(
        before.settings, wanted.settings, owns=DRIVER.configuration.owns, volatile=DRIVER.configuration.volatile
    )
    obey(box, routeros_export.edits(changes, before.locators, DRIVER.configuration.shape))
    after = read(box.export([], secrets=True)).settings
    left = diff(after, wanted.settings, owns=DRIVER.configuration.owns, volatile=DRIVER.configuration.volatile)
    assert [c.path for c in left if not c.path.startswith("/user:")] == []
    assert box.one("/user", "name", "admin")["password"] == "kata-admin_password"
    hidden = read(box.export([])).settings
    assert (
        diff(
            hidden,
            read_back.visible(DRIVER, wanted.settings),
            owns=DRIVER.configuration.owns,
            volatile=DRIVER.configuration.volatile,
        )
        == ()
    )


def test_what_is_there_already_changes_nothing(box: Config) -> None:
    wanted = wanted_of(box)
    for _ in range(2):
        before = read(box.export([], secrets=True))
        changes = diff(
            before.settings, wanted.settings, owns=DRIVER.configuration.owns, volatile=DRIVER.configuration.volatile
        )
        changes = tuple(c for c in changes if not c.path.startswith("/user:"))
        obey(box, routeros_export.edits(changes, before.locators, DRIVER.configuration.shape))
    assert changes == ()


def test_the_order_of_rules_counts_and_is_put_right(box: Config) -> None:
    wanted = wanted_of(box)
    menu = "/ip/firewall/filter"
    before = read(box.export([]))
    obey(box, routeros_export.edits(
        diff(before.settings, wanted.settings, owns=DRIVER.configuration.owns, volatile=DRIVER.configuration.volatile), before.locators, DRIVER.configuration.shape
    ))  # fmt: skip
    right = [e["comment"] for e in box.entries(menu)]
    box.state["menus"][menu].reverse()
    moved = read(box.export([], secrets=True))
    changes = diff(
        moved.settings, wanted.settings, owns=DRIVER.configuration.owns, volatile=DRIVER.configuration.volatile
    )
    assert [c.path for c in changes if not c.path.startswith("/user:")] == [f"{menu}:%order"]
    changes = tuple(c for c in changes if c.path == f"{menu}:%order")
    obey(box, routeros_export.edits(changes, moved.locators, DRIVER.configuration.shape))
    assert [e["comment"] for e in box.entries(menu)] == right


@pytest.mark.parametrize(
    "note", ['a "b"', "$(x) $y", "a\\b", "Kantor, é — ?", "x; /system reboot", "two\nlines", "[find]", "{x}", "=", ""]
)
def test_a_hostile_value_stays_one_value(note: str, tmp_path: Path) -> None:
    box = factory.make(BOX, tmp_path / "root")
    wanted = candidate(site_note=note)
    assert wanted.settings.get("/system/note::note", "") == note
    before = read(box.export([]))
    changes = diff(
        before.settings, wanted.settings, owns=DRIVER.configuration.owns, volatile=DRIVER.configuration.volatile
    )
    obey(box, routeros_export.edits(changes, before.locators, DRIVER.configuration.shape))
    assert box.single("/system/note")["note"] == note
    assert read(box.export([])).settings.get("/system/note::note", "") == note


def test_an_export_that_is_cut_short_is_an_error(tmp_path: Path) -> None:
    text = factory.make(BOX, tmp_path / "root").export([])
    for cut in range(0, len(text.rstrip()) - 1, 13):
        piece = text[:cut]
        if piece.endswith("\n") or not piece.strip():
            continue
        try:
            seen = routeros_export.parse(piece, DRIVER.configuration.shape)[0]
        except ProvisionError:
            continue
        assert len(seen) <= len(routeros_export.parse(text, DRIVER.configuration.shape)[0])
    whole = f"#kit serial S\r\n#kit export\r\n{text}\r\n#kit end n1\r\n".encode()
    assert DRIVER.configuration.dialect.read_look(DRIVER, whole, "n1", "x", "now")[0].readings["serial"] == "S"
    for cut in range(0, len(whole) - 4, 97):
        with pytest.raises((CutShortError, ProvisionError)):
            DRIVER.configuration.dialect.read_look(DRIVER, whole[:cut], "n1", "x", "now")


def test_a_menu_that_the_device_left_out_is_an_error() -> None:
    with pytest.raises(CutShortError, match="left a part"):
        read('/ip dns set servers=1.1.1.1\n#error exporting "/interface/lte" (timeout)\n')


def test_noise_is_no_setting() -> None:
    plain = read("/ip dns set servers=1.1.1.1\n/system identity set name=x\n").settings
    noisy = read(
        "# 2026-11-24 10:00:00 by RouterOS 7.20.6\r\n\x1b[1m/ip dns set servers=1.1.1.1\x1b[0m\r\n# lte1 not ready\r\n"
        "17:20:06 echo: system,error,critical login failure for user root from 10.0.0.5 via ssh\r\n"
        "[admin@x] > /export\r\n[admin@x] <SAFE> > \r\n/system identity\r\nset name=x\r\n"
    ).settings
    assert noisy == plain


def test_a_line_that_is_no_noise_and_no_command_is_an_error() -> None:
    for text in ("garbage here\n", "/ip dns\nwhat is this\n", '/ip dns set "servers"=1\n', "/ip dns set serv|ers=1\n"):
        with pytest.raises(ProvisionError, match="not understood"):
            read(text)


def test_booleans_and_defaults_are_equal_however_they_are_said() -> None:
    assert read("/interface lte apn set [ find default=yes ] use-network-apn=false\n").settings == {
        "/interface/lte/apn:default=yes:use-network-apn": "no"
    }
    assert (
        read("/ip firewall nat add chain=srcnat comment=a disabled=no\n").settings
        == read("/ip firewall nat add comment=a chain=srcnat\n").settings
    )


def test_a_wrapped_line_is_one_even_inside_quotes() -> None:
    assert read('/system note set note="a b\\\r\n    c d\\\r\n    \\_e"\n').settings == {
        "/system/note::note": "a bc d e"
    }


def test_secrets_in_clear_are_secrets() -> None:
    text = (ROOT / "tests/recordings/routeros-6/running.txt").read_text()
    seen = read(text)
    kept = json.dumps({k: str(v) for k, v in core_settings.seal(seen.settings, KEY).items()}) + json.dumps(
        dict(seen.locators)
    )
    assert "kata-sandi" not in kept
    assert any(isinstance(v, Secret) for k, v in seen.settings.items() if k.endswith(":source"))


def test_without_wireguard_the_tunnel_is_refused_with_what_to_do() -> None:
    with pytest.raises(ProvisionError, match="has no WireGuard") as caught:
        candidate("6.49.23")
    assert "7.12" in caught.value.hint
    assert not any("wireguard" in p for p in candidate("6.49.23", tunnel="none").settings)


def test_versions_are_data() -> None:
    old, new = candidate("6.49.23", tunnel="none").settings, candidate("7.23.8").settings
    assert old["/snmp::engine-id"] == new["/snmp::engine-id-suffix"] == "BRU-MDM-01"
    assert "/system/ntp/client::server-dns-names" in old
    assert "/system/ntp/client/servers:address=0.id.pool.ntp.org" in new
    assert candidate("7.24.5").settings["/ip/service:ssh:available-from"] == new["/ip/service:ssh:address"]


def test_a_stranger_in_a_script_is_refused_by_the_emulator(tmp_path: Path) -> None:
    box = factory.make(BOX, tmp_path / "root")
    for text, why in (
        ("/ip adress add address=1.2.3.4/24", "bad command name"),
        ("/ip address add adress=1.2.3.4/24", "unknown parameter"),
        ("/ip pool add name=default-dhcp ranges=1.1.1.1", "already have"),
        ("/ip address set [find address=9.9.9.9/24] interface=x; /ip pool remove nope", "no such item"),
        ('/system note set note="open', "closing quote"),
    ):
        with pytest.raises(RosError, match=why):
            obey(box, text)


def test_hidden_settings_are_carried_while_their_place_is_there() -> None:
    kept = {
        "/snmp/community:name=u": "+", "/snmp/community:name=u:authentication-password": Secret("sealed:1"),
        "/interface/wireguard:name=wg-hub": "+", "/interface/wireguard:name=wg-hub:private-key": Secret("sealed:2"),
        "/user:name=admin:password": Secret("sealed:3"),
    }  # fmt: skip
    seen = Snapshot(device="x", at="now", settings={"/snmp/community:name=u": "+"})
    carried = read_back.carry(DRIVER, seen, kept).settings
    assert set(carried) == {
        "/snmp/community:name=u", "/snmp/community:name=u:authentication-password", "/user:name=admin:password",
    }  # fmt: skip


def test_old_doors_close_in_the_finish_and_not_before() -> None:
    before = read("/ip address add address=192.168.88.1/24 interface=bridge\n")
    intended = {"/ip/address:interface=bridge,address=10.0.0.1/24": "+"}
    closing = read_back.closing(DRIVER, before, intended)
    assert {c.path for c in closing} == {
        p for p in before.settings if p.startswith("/ip/address:interface=bridge,address=192")
    }
    text = routeros_export.edits(closing, before.locators, DRIVER.configuration.shape)
    assert text == '/ip address remove [find interface="bridge" address="192.168.88.1/24"]\n'
    made = plan.make(DRIVER, before, Candidate(settings=intended), KEY)
    guard = templates("routeros")["files/guard.rsc"]
    script = routeros_document.change(
        DRIVER, made, DocumentRequest(nonce="n", run="r1", window_s=60, guard=guard, firmware="7.20")
    ).decode()
    assert "192.168.88.1" not in script
    finish = routeros_document.finish(DRIVER, DocumentRequest(nonce="n", run="r1", closing=text, guard=guard)).decode()
    assert text.strip() in finish, "as it is: a quote is no entity of HTML"


def test_a_removed_value_goes_back_to_its_default() -> None:
    change = Change(path="/ip/service:ssh:port", running="2222", intended=None)
    assert routeros_export.edits((change,), {}, DRIVER.configuration.shape) == '/ip service set ssh port="22"\n'


def test_what_the_export_holds_is_no_word_of_the_guard() -> None:
    lying = '/system note set note="x"\r\n/ip pool add comment="#kit armed r9" name=a ranges=1.1.1.1\r\n'
    whole = f"#kit serial S\r\n#kit mark r1\r\n#kit export\r\n{lying}\r\n#kit end n1\r\n".encode()
    seen, _ = DRIVER.configuration.dialect.read_look(DRIVER, whole, "n1", "x", "now")
    assert (seen.readings["guard"], seen.readings["mark"]) == ("none", "r1")


@pytest.mark.parametrize(
    ("mark", "left", "guard"),
    [
        ("confirmed r1", ["kit-undo-r1.backup"], "confirmed r1"),
        ("r1", ["kit-undo-r1.backup"], "none"),
        ("confirmed r0", ["kit-undo-r1.backup"], "reverted r1 asked"),
        ("confirmed r0", ["kit-undo-r1.backup", "flash/kit-undo-r1-timer.txt"], "reverted r1 timer"),
        ("confirmed r1", [], "confirmed r1"),
        ("r1", [], "none"),
        ("", ["flash/kit-undo-r1-boot.txt"], "reverted r1 boot"),
    ],
)
def test_a_run_whose_mark_is_there_was_not_reverted_though_its_backup_is_left(
    mark: str, left: list[str], guard: str
) -> None:
    """The power may go between the disarming and the removal of the backup."""
    said = "".join(f"#kit left {name}\r\n" for name in left) + (f"#kit mark {mark}\r\n" if mark else "")
    whole = f"#kit serial S\r\n{said}#kit export\r\n/system note set note=x\r\n\r\n#kit end n1\r\n".encode()
    seen, _ = DRIVER.configuration.dialect.read_look(DRIVER, whole, "n1", "x", "now")
    assert seen.readings["guard"] == guard


@pytest.mark.parametrize("said", ["abc", "-1", "", "9999999", "\u0663"])
def test_an_exit_code_that_is_no_number_is_no_success(said: str) -> None:
    for name in ("openwrt", "routeros"):
        speaks = families.load(name).configuration.dialect
        ended, code, _ = speaks.read_end(f"#kit code {said}\n#kit end n1\n".encode(), "n1")
        assert (ended, code) == (True, 1)


def test_old_firmware_has_its_own_key_in_ansibles_inventory() -> None:
    body = {"host": "10.9.0.1", "ssh_port": 22, "username": "admin", "kecamatan": "kelay", "driver": "routeros",
            "firmware": "6.49.23", "model": "LHG", "snmp_port": 161, "bench_host": "192.168.88.1"}  # fmt: skip
    hosts = ansible_inventory.build(
        [("A-1", DeviceRecord.read(body)), ("A-2", DeviceRecord.read(body | {"rsa": True}))], "var"
    )["_meta"]["hostvars"]
    assert "ansible_ssh_private_key_file" not in hosts["a-1"]
    assert hosts["a-2"]["ansible_ssh_private_key_file"] == "var/ssh/id_ed25519-rsa"
    assert "+ssh-rsa" in hosts["a-2"]["ansible_ssh_extra_args"]
