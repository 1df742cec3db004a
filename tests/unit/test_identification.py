"""What is this box? Answered by recorded SNMP walks and by what a factory shell prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from snmprec import walk

from provision import families
from provision.connectors.network import Network
from provision.connectors.prompt import Login
from provision.connectors.snmp_v2c import Agent
from provision.core.errors import DeviceError, UnreachableError, UsageError
from provision.core.model import Secret
from provision.operations import identify as operation
from provision.operations.identify import BoxAddress, Identification, Identify

RECORDINGS = Path(__file__).parents[1] / "recordings/snmp"
WHERE = BoxAddress(host="127.0.0.1", ssh_port=22, snmp_port=161)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"
OPENWRT = {"serial": "HX10001\0\n", "mac": "C0-18-50-00-00-01", "imei": "358000-00-000001-1", "firmware": "25.12.5"}


class Box(Network):
    """A box that says what was recorded of one; without a recording its SNMP agent is silent."""

    def __init__(self, recording: str = "", banner: bytes = b"", shell: dict[str, Any] | None = None) -> None:
        self.values = walk(RECORDINGS / f"{recording}.snmprec") if recording else {}
        self.said, self.shell = banner, shell
        self.logins: list[Login] = []

    def read_v2c(self, agent: Agent, oids: tuple[str, ...]) -> dict[str, Any] | None:
        assert agent.community == "public"
        return {oid: self.values.get(oid) for oid in oids} if self.values else None

    def walk_v2c(self, agent: Agent, roots: tuple[str, ...]) -> dict[str, Any]:
        return {oid: v for oid, v in self.values.items() if any(oid.startswith(f"{root}.") for root in roots)}

    def banner(self, host: str, port: int) -> bytes:
        return self.said

    def host_key(self, host: str, port: int) -> str:
        return KEY

    def prompt(self, login: Login, commands: Any) -> dict[str, str]:
        if not self.logins or self.logins[-1] is not login:
            self.logins.append(login)
        if isinstance(self.shell, dict):
            return {name: self.shell.get(name, "") for name in commands}
        raise UnreachableError("the login was refused: root without a password", where=login.host)


def identified(box: Box, password: str = "", *, approves: bool = True) -> Identification:
    secret = Secret(password) if password else None
    return operation.identify(box, Identify(where=WHERE, approve=lambda _: approves, password=secret))


def test_a_vendors_agent_alone_names_vendor_model_and_radio() -> None:
    known = identified(Box("routeros-chateau"))
    assert (known.family, known.vendor, known.model, known.firmware) == (
        "routeros", "MikroTik", "D53G-5HacD2HnD", "7.20.6",
    )  # fmt: skip
    (modem,) = known.modems
    assert (modem.readings["rsrp_dbm"], known.banner) == (-98, "")
    assert known.tried == ("SNMP v2c, community public",)


def test_a_family_that_is_only_read_is_named_by_its_vendor() -> None:
    known = identified(Box("peplink"))
    assert (known.family, known.vendor, known.serial) == ("", "Peplink", "2830-AAAA-0001")
    assert dict(operation.rows(known))["family"] == "none that this program can provision"


def test_an_agent_that_no_table_knows_gives_its_own_description() -> None:
    box = Box("peplink")
    box.values = {"1.3.6.1.2.1.1.1.0": b"Some Router 3000", "1.3.6.1.2.1.1.2.0": b"1.3.6.1.4.1.99999.1"}
    known = identified(box)
    assert (known.family, known.vendor, known.model) == ("", "", "Some Router 3000")


def test_a_factory_shell_says_serial_mac_and_imei_however_it_writes_them() -> None:
    known = identified(Box(banner=b"SSH-2.0-dropbear_2024\r\n", shell=OPENWRT))
    assert (known.family, known.vendor, known.serial, known.mac, known.imei) == (
        "openwrt", "OpenWrt", "HX10001", "c0:18:50:00:00:01", "358000000000011",
    )  # fmt: skip
    assert known.tried[-1] == "SSH, root without a password (openwrt)"


def test_routeros_writes_its_version_with_words_around_it() -> None:
    box = Box(banner=b"SSH-2.0-ROSSSH\r\n", shell={"serial": "HD408", "firmware": "7.20.6 (stable)"})
    known = identified(box)
    assert (known.family, known.firmware, known.serial) == ("routeros", "7.20.6", "HD408")


def test_a_family_that_snmp_named_is_asked_over_ssh_in_its_own_words_only() -> None:
    box = Box("routeros-chateau", banner=b"SSH-2.0-dropbear\r\n", shell={"serial": "HD408", "firmware": "7.20.6"})
    known = identified(box)
    assert (known.family, known.serial) == ("routeros", "HD408")
    assert {login.kind for login in box.logins} == {families.box("routeros").door.netmiko}


def test_the_labels_password_is_tried_where_a_person_gives_it_and_never_more_than_two_logins() -> None:
    box = Box(banner=b"SSH-2.0-dropbear\r\n")
    known = identified(box, "of the label")
    assert (known.family, len(box.logins)) == ("", operation.LOGINS)
    assert {login.password.reveal() for login in box.logins} == {"of the label"}
    assert "of the label" not in repr(known)
    assert "with the label password (rutos)" in known.tried[-2]


def test_without_the_label_rutos_is_not_tried_since_it_locks_out() -> None:
    box = Box(banner=b"SSH-2.0-dropbear\r\n")
    identified(box)
    assert [login.kind for login in box.logins] == [families.box("openwrt").door.netmiko]


def test_a_shell_that_complains_says_no_serial() -> None:
    box = Box(banner=b"SSH-2.0-dropbear\r\n", shell={"serial": "sh: mnf_info: not found"})
    assert (identified(box).family, len(box.logins) > 0) == ("", True)


def test_a_host_key_that_is_not_approved_ends_it_before_any_login() -> None:
    box = Box(banner=b"SSH-2.0-dropbear\r\n", shell=OPENWRT)
    known = identified(box, approves=False)
    assert (known.family, box.logins, known.banner) == ("", [], "SSH-2.0-dropbear")


def test_a_banner_of_another_server_is_not_logged_in_to() -> None:
    box = Box(banner=b"SSH-2.0-OpenSSH_9.2\r\n", shell=OPENWRT)
    assert (identified(box).family, box.logins) == ("", [])


def test_a_device_error_at_one_login_goes_on_with_the_next() -> None:
    class Bent(Box):
        def prompt(self, login: Login, commands: Any) -> dict[str, str]:
            raise DeviceError("the host key is not the pinned one")

    assert identified(Bent(banner=b"SSH-2.0-dropbear\r\n")).family == ""


def test_where_nothing_answers_it_says_what_to_look_at() -> None:
    with pytest.raises(UnreachableError, match="neither SSH nor SNMP") as caught:
        identified(Box())
    assert "is the cable in its LAN port" in caught.value.hint


def test_what_is_no_host_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no such host"):
        where = BoxAddress(host="not..a..host", ssh_port=22, snmp_port=161)
        operation.identify(Box(), Identify(where=where, approve=lambda _: True))


def test_identities_of_the_module_are_masked_wherever_they_come_out() -> None:
    known = identified(Box("icr-two-modems", banner=b"SSH-2.0-dropbear\r\n", shell=OPENWRT))
    shown = repr(operation.rows(known)) + repr(operation.shape(known))
    assert known.imei == "358000000000011"
    assert known.imei not in shown
    assert operation.masked(known.imei) == "35800000•••••••"
    for modem in known.modems:
        assert not [v for n, v in modem.readings.items() if n in operation.SECRETIVE and str(v) in shown]


def test_the_entry_for_the_kit_is_yaml_that_names_what_was_found() -> None:
    known = identified(Box(banner=b"SSH-2.0-dropbear\r\n", shell=OPENWRT))
    entry = yaml.safe_load(operation.entry(known, 2026))
    assert entry["modem"]["driver"] == "openwrt"
    (item,) = entry["items"]
    assert (item["serial"], item["mac"], item["imei"], item["year"]) == (
        "HX10001", "c0:18:50:00:00:01", "358000000000011", 2026,
    )  # fmt: skip
    nothing = yaml.safe_load(operation.entry(identified(Box(banner=b"SSH-2.0-x\r\n")), 2026))
    assert ("modem" in nothing, nothing["items"][0]["brand"]) == (False, "?")
