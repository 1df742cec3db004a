"""The real Ansible: what it says when it cannot begin, and that no text of a device's is a template to it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from provision.connectors.phase import Phase
from provision.core.errors import ProvisionError
from provision.core.foreign import Foreign, literal
from provision.home import ansible_inventory
from provision.ledger.records import DeviceRecord
from provision.local import children

RECORD = DeviceRecord(
    kecamatan="kelay", driver="openwrt", host="10.0.0.1", bench_host="h", ssh_port=22, snmp_port=161, username="root",
    model=Foreign("m"), firmware=Foreign("1"),
)  # fmt: skip
SHOWN = ("kecamatan", "kit_driver", "kit_firmware", "kit_link", "kit_model", "tunnel_key")


def test_what_ansible_itself_says_is_shown(tmp_path: Path) -> None:
    own = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    phase = Phase(tmp_path / "place", "no-such-play.yml", own, "PROVISION_RUN=none")
    with pytest.raises(ProvisionError, match=r"Ansible ended with 1: .*no-such-play\.yml could not be found"):
        phase.follow({"x": {"ansible_connection": "local"}}, lambda _: None, deadline_s=60)


def test_an_ansible_that_is_not_there_is_told(tmp_path: Path) -> None:
    phase = Phase(tmp_path / "place", "gather.yml", {"PATH": "/nonexistent"}, "PROVISION_RUN=none")
    with pytest.raises(ProvisionError, match="it could not be started"):
        phase.follow({"x": {"ansible_connection": "local"}}, lambda _: None, deadline_s=60)


def test_a_password_with_braces_is_the_password(tmp_path: Path) -> None:
    """What a run hands to Ansible through its pipe is literal, too."""
    text = "{{ 7 * 7 }}{% raw %}"
    own = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml"}
    phase = Phase(tmp_path / "place", "gather.yml", own, "PROVISION_RUN=none")
    document, output = tmp_path / "in", tmp_path / "out"
    document.write_text("printf %s x")
    host = {
        "ansible_connection": "local", "ansible_password": literal(text), "feed_command": literal(f"printf %s '{text}'"),
        "look_document": str(document), "look_output": str(output), "ansible_python_interpreter": sys.executable,
    }  # fmt: skip
    steps = []
    phase.follow({"x": host}, steps.append, deadline_s=60)
    assert output.exists(), steps
    assert text in output.read_text()


@pytest.mark.parametrize("form", ["script", "file"])
def test_no_text_of_a_record_runs_on_the_controller(tmp_path: Path, form: str) -> None:
    """Ansible takes the values of an inventory for templates, unless they are marked as literal."""
    trap = tmp_path / "ran"
    text = f"{{{{ lookup('pipe', 'touch {trap}; echo OptiPlex') }}}}"
    own = {
        f.name: Foreign(text) if f.type == "Foreign" else text
        for f in fields(DeviceRecord)
        if f.type in {"str", "Foreign"} and f.name not in {"host", "username", "role"}
    }
    built = ansible_inventory.build([("BRU-MDM-01", replace(RECORD, **own))], str(tmp_path))
    path = tmp_path / ("inventory.sh" if form == "script" else "devices.yml")
    if form == "script":
        (tmp_path / "inventory.json").write_text(ansible_inventory.to_json(built))
        path.write_text(f"#!/bin/sh\ncat '{tmp_path}/inventory.json'\n")
        path.chmod(0o755)
    else:
        path.write_text(ansible_inventory.to_yaml(built))
    asked = f"msg={{{{ [{', '.join(SHOWN)}, ansible_host, ansible_user, asset_tag] | to_json }}}}"
    words = [Path(sys.executable).parent / "ansible", "all", "-i", path, "-c", "local", "-m", "debug", "-a", asked]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False,
        cwd=tmp_path, env=children.environment({"ANSIBLE_HOME": str(tmp_path), "ANSIBLE_NOCOLOR": "1"}),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(json.loads(done.stdout.partition("=> ")[2])["msg"])
    assert not trap.exists(), "the text of a device was executed"
    assert seen == [*[text] * len(SHOWN), "10.0.0.1", "root", "BRU-MDM-01"]
