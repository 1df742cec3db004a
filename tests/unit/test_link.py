"""How long an answer may take depends on the link: a deadline that is too short tells a slow site as a silent one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from berau import MODEM, Site

from provision.connectors import openssh, snmp
from provision.connectors.ansible import Writer
from provision.core.link import BENCH, deadlines
from provision.home.intent import schema

LINKS = get_args(schema.District.model_fields["link"].annotation)


def test_every_link_that_a_kecamatan_may_have_is_in_the_table() -> None:
    assert len(LINKS) == 5
    longest = deadlines("no such link")
    assert {link for link in (*LINKS, BENCH) if deadlines(link) == longest} == {"vsat"}


@pytest.mark.parametrize(("link", "connect_s", "snmp_s"), [("vsat", 45, 5.0), ("lte", 30, 4.0), ("fibre", 20, 2.0)])
def test_a_login_and_a_look_wait_as_long_as_the_link_needs(
    site: Site, tmp_path: Path, link: str, connect_s: int, snmp_s: float
) -> None:
    site.provisioned_modem()
    device = replace(site.known[MODEM].device, link=link)
    assert f"ConnectTimeout={connect_s}" in openssh.options(tmp_path, device)
    assert Writer("r", tmp_path / "key", tmp_path).host(device)["ansible_ssh_timeout"] == connect_s
    secrets = site.workspace.vault.device(MODEM)
    assert snmp.target(device, "pantau", secrets, device.box.snmp.usm).timeout_s == snmp_s
    bench = device.at(bench=True)
    assert f"ConnectTimeout={deadlines(BENCH).connect_s}" in openssh.options(tmp_path, bench), "a cable is a cable"


def test_a_device_whose_link_is_not_recorded_gets_the_longest_times(site: Site, tmp_path: Path) -> None:
    site.provisioned_modem()
    device = replace(site.known[MODEM].device, link="")
    assert f"ConnectTimeout={deadlines('vsat').connect_s}" in openssh.options(tmp_path, device)
