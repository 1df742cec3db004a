"""What a command loads: each import costs every call of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_looking_loads_neither_ansible_nor_netmiko_nor_sqlalchemy() -> None:
    """The kinds of device are imported, too: a watch asks each of them."""
    words = (
        "import provision.operations.watch, provision.home.vault, provision.connectors.snmp, sys\n"
        "from provision.core.model import Kind\n"
        "from provision.devices import kinds\n"
        "print([kinds.of(kind) for kind in Kind] and ' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    loaded = set(done.stdout.split())
    assert "provision.devices.modem.kind" in loaded
    assert not {"ansible", "ansible_runner", "netmiko", "paramiko", "sqlalchemy"} & loaded
    changing = {f"provision.devices.{n}" for n in ("modem.apply", "modem.enrol", "modem.selftest", "pc.apply", "run")}
    assert not changing & loaded, "a look pays for no change: each costs every watch a hundredth of a second"


def test_a_glance_loads_no_sqlalchemy() -> None:
    words = "import provision.home.publish, provision.ledger.glance, sys; print(*sys.modules)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, cwd=root)
    assert "sqlalchemy" not in done.stdout.split()
