"""What is this box? Asked of the lab's boxes, and of a real snmpd that says what a vendor's agent says."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from labhome import Bench, until

from provision.connectors import snmp_v2c
from provision.connectors.network import Network
from provision.operations import identify

pytestmark = pytest.mark.lab
RECORDINGS = Path(__file__).parents[1] / "recordings/snmp"
TYPES = {"2": "integer", "4": "octet_str", "66": "uinteger"}


def ask(bench: Bench, tag: str, *more: str) -> dict:
    intent = bench.workspace.home.intents[tag]
    done = bench.run(
        "identify",
        f"{intent.bench_address}:{intent.bench_port}",
        "--snmp-port",
        str(intent.snmp_port),
        "--yes",
        "--json",
        *more,
    )
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.mark.parametrize(
    ("tag", "family", "firmware"),
    [
        ("BRU-MDM-04", "openwrt", "25.12.5"),
        ("BRU-MDM-10", "routeros", "7.23.8"),
        ("BRU-MDM-07", "rutos", "RUT9_R_00.07.06.21"),
    ],
)
def test_a_box_from_the_carton_is_known(bench: Bench, tag: str, family: str, firmware: str) -> None:
    bench.fault(tag, "reset")
    label = bench.home / "var/lab/labels" / tag
    said = ask(bench, tag, *(["--password-file", str(label)] if label.exists() else []))
    item = bench.workspace.home.intents[tag].item
    assert (said["family"], said["firmware"], said["serial"], said["mac"]) == (family, firmware, item.serial, item.mac)
    assert said["imei"] == item.imei[:8] + "•" * 7
    assert len(said["tried"]) <= 1 + identify.LOGINS


def test_without_the_labels_password_a_rutos_is_not_tried_at_all(bench: Bench) -> None:
    bench.fault("BRU-MDM-07", "reset")
    said = ask(bench, "BRU-MDM-07")
    assert said["family"] == ""
    assert not [line for line in said["tried"] if "label" in line]


def test_a_wrong_password_is_tried_twice_at_most(bench: Bench, tmp_path: Path) -> None:
    bench.fault("BRU-MDM-07", "reset")
    wrong = tmp_path / "label"
    wrong.write_text("not-the-one\n")
    said = ask(bench, "BRU-MDM-07", "--password-file", str(wrong))
    assert said["family"] == ""
    assert len([line for line in said["tried"] if line.startswith("SSH")]) == identify.LOGINS


def test_the_entry_can_be_pasted(bench: Bench) -> None:
    bench.fault("BRU-MDM-10", "reset")
    intent = bench.workspace.home.intents["BRU-MDM-10"]
    done = bench.ok("identify", f"{intent.bench_address}:{intent.bench_port}", "--snmp-port", "1", "--yes")
    kit = yaml.safe_load(done.out)
    assert kit["modem"]["driver"] == "routeros"
    assert kit["items"][0]["imei"] == intent.item.imei, "the kit needs all of it"
    assert intent.item.imei not in done.err


def test_nothing_there_is_said_in_words(bench: Bench) -> None:
    done = bench.run("identify", "127.5.5.5:9", "--snmp-port", "9")
    assert done.code == 1
    assert "nothing answers, neither SSH nor SNMP" in done.err


@pytest.fixture
def agent(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """A real snmpd that says what a recording says, to the community `public`."""
    if not shutil.which("snmpd"):
        pytest.skip("snmpd is not installed")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = [f"agentAddress udp:127.0.0.1:{port}", "rocommunity public 127.0.0.1"]
    for line in (RECORDINGS / f"{request.param}.snmprec").read_text().splitlines():
        oid, kind, value = line.split("|", 2)
        if oid == "1.3.6.1.2.1.1.1.0":
            lines.append(f"sysDescr {value}")
        elif oid == "1.3.6.1.2.1.1.2.0":
            lines.append(f"sysObjectID .{value}")
        elif kind in TYPES and value:
            lines.append(f"override .{oid} {TYPES[kind]} {json.dumps(value) if kind == '4' else value}")
    conf = tmp_path / "snmpd.conf"
    conf.write_text("\n".join(lines) + "\n")
    environment = os.environ | {"MIBS": "", "MIBDIRS": "/nonexistent", "SNMP_PERSISTENT_DIR": str(tmp_path / "p")}
    argv = ["snmpd", "-Lf", str(tmp_path / "log"), "-f", "-r", "-C", "-c", str(conf)]
    with subprocess.Popen(argv, env=environment) as process:
        there = snmp_v2c.Agent(host="127.0.0.1", port=port, community="public", timeout_s=0.5)
        until(lambda: snmp_v2c.get(there, ("1.3.6.1.2.1.1.1.0",)) is not None, "snmpd answers")
        yield port
        process.terminate()


@pytest.mark.parametrize("agent", ["routeros-chateau"], indirect=True)
def test_a_vendors_agent_is_read_by_its_table(agent: int) -> None:
    where = identify.BoxAddress(host="127.0.0.1", ssh_port=9, snmp_port=agent)
    known = identify.identify(Network(), identify.Identify(where=where, approve=lambda _: True))
    assert (known.family, known.vendor, known.model, known.firmware) == (
        "routeros",
        "MikroTik",
        "D53G-5HacD2HnD",
        "7.20.6",
    )
    (modem,) = known.modems
    assert (modem.index, modem.readings["rsrp_dbm"], modem.readings["technology"]) == (9, -98, "5G-NSA")


@pytest.mark.parametrize("agent", ["peplink"], indirect=True)
def test_a_family_that_is_only_read_says_so(agent: int) -> None:
    where = identify.BoxAddress(host="127.0.0.1", ssh_port=9, snmp_port=agent)
    known = identify.identify(Network(), identify.Identify(where=where, approve=lambda _: True))
    assert (known.family, known.vendor, known.serial) == ("", "Peplink", "2830-AAAA-0001")
    assert [m.readings.get("rsrp_dbm") for m in known.modems] == [-101, None]
    assert "none that this program can provision" in dict(identify.rows(known))["family"]


@pytest.mark.parametrize("address", ["300.1.1.1", "no such host", "127.0.0.1:ssh", ":22"])
def test_what_is_no_address_is_refused_at_once(bench: Bench, address: str) -> None:
    done = bench.run("identify", address)
    assert done.code == 2
    assert "next:" in done.err
    assert "Traceback" not in done.err


def test_a_fault_that_a_device_does_not_have_is_refused(bench: Bench) -> None:
    done = bench.run("lab", "break", "BRU-MDM-04", "noise", "1")
    assert done.code == 1
    assert "BRU-MDM-04 is no device that can have the fault noise" in done.err


def test_a_device_of_this_home_is_told_by_its_host_key(bench: Bench) -> None:
    tag = "BRU-MDM-04"
    bench.provisioned(tag)
    intent = bench.workspace.home.intents[tag]
    where = f"{bench.workspace.known[tag].device.bench_host}:{intent.ssh_port}"
    done = bench.run("identify", where, "--yes")
    assert done.code == 0, done.err
    assert f"{tag} of this home, by its host key; provision verify {tag}" in done.err
    assert ("none that this program can provision" in done.err, "asset_tag" in done.out) == (False, False)
    assert json.loads(bench.ok("identify", where, "--yes", "--json").out)["enrolled"] == tag
