"""Each fault of the lab shows on the device, or is an error; the lab's own commands come before the machine's."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from labhome import Bench, until

from provision.core.errors import ProvisionError, UsageError
from provision.lab import bites, client, standins
from provision.lab.box import Box
from provision.lab.modem import Modem
from provision.lab.values import FAULTS

pytestmark = pytest.mark.lab
STATIC = Path(sys.prefix) / "static/bin/busybox"  # unpacked by `./run test`, never installed
needs_static = pytest.mark.skipif("CI" not in os.environ and not STATIC.exists(), reason="./run test fetches it")
ANSWERS = "it answers over SSH at "
MODEM = {  # fault: its value, what is told, what is told once it is mended
    "login": ("yes", "knows no user", ANSWERS),
    "door": ("drop", "new connections are silent at ", ANSWERS),
    "slow": ("0.2", "a banner takes at least 0.2 s", "it answers at once"),
    "serial": ("LIE123", "it says the serial number LIE123", r"it says the serial number (?!LIE)"),
    "snmp": ("yes", "nobody listens at udp ", "agent"),
    "full": ("yes", "no file can be written, and df says 0 kB are free", "a file can be written"),
    "cut": ("900", "the power goes at flash operation 900", "nothing is counted"),
    "link": ("0.1", "servers? answer nothing for 0.1 s", "the link is up"),
    "radio": ('{"rsrp": -120}', "its radio says rsrp -120$", r"its radio says .*rsrp -(?!120)"),
    "bytes": ("1,2", "it counted 1,2 bytes", ""),
    "power": ("0", "it was off, and started anew", ANSWERS),
    "reset": ("", "it is in factory state", ""),
}
MIKROTIK = MODEM | {
    "full": ("yes", "it says that 0 bytes are free", "it says that [1-9][0-9]+ bytes are free"),
    "link": ("0.1", "nothing of it listens, for 0.1 s", "the link is up"),
    "cut": ("900", "the power goes at flash operation 900", "nothing is counted"),
    "fail": ("900", "change 900 from now is refused", "no change is refused"),
    "lose": ("900", "the link is cut at change 900", "the link is not cut"),
    "mode": ("yes", "device-mode says scheduler false", "device-mode says scheduler true"),
    "noise": ("yes", "no commands: yes", "no commands: no"),
    "label": ("Lain-4711", "it is in factory state", "it is in factory state"),
    "firmware": ("7.23.8", "it is in factory state", ""),
}
PC = {
    "power": MODEM["power"],
    "login": MODEM["login"],
    "door": ("refuse", "new connections are refused at ", ANSWERS),
    "off": ("yes", "it is off, with no process left", ANSWERS),
    "serial": MODEM["serial"],
    "clock": ("86400", "its own commands say 86400", "its own commands say 1[0-9]{9}"),
    "disk": ("900", "its own commands say 921600", "its own commands say [0-9]+"),
    "app": ("5.1", "its own commands say 5.1", "its own commands say 6.2.11"),
    "sound": ("muted", "its own commands say muted", "its own commands say the usual"),
    "camera": ("black", "its own commands say black", "its own commands say the usual"),
    "webcam": ("gone", "none is plugged in", "f0a0:0920 at 1-2 is plugged in"),
    "microphone": ("moved", "at 2-11-3 is plugged in", "at 1-3 is plugged in"),
    "speaker": ("twice", ".* at 1-4, .* at 2-11-4 is plugged in", "at 1-4 is plugged in"),
    "report": ("", "its report is made", ""),
    "reset": ("", "it is in factory state", ""),
}
OTHERWISE, USUAL = "its PowerShell says something else", "its PowerShell says the usual"
WINDOWS = PC | {
    name: (value, OTHERWISE, USUAL)
    for name, value in {
        "clock": "86400", "disk": "900", "app": "5.1", "sound": "none", "camera": "phantom", "webcam": "gone",
        "microphone": "moved", "speaker": "twice", "consent": "user", "problem": "22", "noise": "yes",
    }.items()
}  # fmt: skip
DEVICES = {"BRU-MDM-08": MODEM, "BRU-MDM-10": MIKROTIK, "BRU-PC-06": PC, "BRU-PC-13": WINDOWS}


@pytest.mark.parametrize("tag", DEVICES, ids=["openwrt", "routeros", "linux", "windows"])
def test_each_fault_shows_on_the_device_and_is_gone_when_mended(bench: Bench, tag: str) -> None:
    lab, table = bench.home / "var/lab", DEVICES[tag]
    for fault, (value, bitten, mended) in table.items():
        assert re.search(bitten, client.break_(lab, tag, fault, value)["said"]), fault
        if mended:
            assert re.search(mended, client.break_(lab, tag, fault, "")["said"]), fault
    for fault in set(FAULTS) - set(table):
        some = next(v for v in ("yes", "1", "gone", "user", "1,2", "{}", "muted", "black", "") if FAULTS[fault].fits(v))
        with pytest.raises(ProvisionError, match="is no device that can have the fault"):
            client.break_(lab, tag, fault, some)


@pytest.mark.parametrize(
    ("fault", "value"),
    [
        ("power", "lots"), ("power", "-1"), ("power", "1e9"), ("power", "nan"), ("cut", "0.5"), ("cut", "three"),
        ("radio", "[1]"), ("radio", "{"), ("bytes", "12"), ("door", "shut"), ("full", "perhaps"), ("camera", "pink"),
        ("serial", "x\x1b[2J"), ("clock", "noon"), ("reset", "now"), ("app", "6" * 65), ("earthquake", "9"),
    ],
)  # fmt: skip
def test_a_value_that_a_fault_cannot_have_is_a_wrong_word(bench: Bench, fault: str, value: str) -> None:
    with pytest.raises(ProvisionError) as told:
        client.break_(bench.home / "var/lab", "BRU-MDM-08", fault, value)
    assert isinstance(told.value, UsageError)
    assert told.value.hint


def test_a_power_cut_of_ten_minutes_is_told_at_once_and_can_be_ended(bench: Bench) -> None:
    done = bench.run("lab", "break", "BRU-MDM-08", "power", "600")
    assert (done.code, "it comes back after 600 s" in done.err) == (0, True), done.err
    assert bench.status("BRU-MDM-08")["on"] is False
    bench.fault("BRU-MDM-08", "power", "0")
    until(lambda: bench.status("BRU-MDM-08")["on"], "it is on again")


# -- a shell that prefers its own commands ------------------------------------------------------------
@needs_static
def test_a_lab_whose_shell_prefers_its_own_commands_does_not_start(tmp_path: Path) -> None:
    """Debian's busybox-static: its `reboot` would be the machine's, and no cut and no full flash would bite."""
    home = tmp_path / "home"
    bench = Bench(home, None)  # type: ignore[arg-type]  # there is no lab to hold
    bench.run("init", str(home), "--lab", home=tmp_path)
    path = f"{STATIC.parent}:{os.environ['PATH']}"
    try:
        done = bench.run("lab", "up", env={"PATH": path})
    finally:
        bench.run("lab", "down")  # should it have started
    assert done.code == 1, done
    assert f"the shell {STATIC} sh runs its own df in the place of the lab's" in done.err
    assert "apt-get install busybox" in done.err


@needs_static
def test_a_fault_that_does_not_bite_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worker_id: str
) -> None:
    monkeypatch.setenv("PATH", f"{STATIC.parent}:{os.environ['PATH']}")
    number = 230 + (int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0)
    box = Box(
        tag="X", serial="S1", mac="02:00:00:00:00:01", imei="1", model="x", firmware="23.05.5",
        address=f"127.{number}.2.1", ssh_port=2222, snmp_port=1161,
    )  # fmt: skip

    async def scenario() -> None:
        standins.link(tmp_path / "run/bin")
        modem = Modem(box, tmp_path / "flash", tmp_path / "run/m")
        await modem.power_on()
        try:
            for fault, value, why in (("full", "yes", "df says"), ("cut", "3", "so that nothing is counted")):
                await modem.put(fault, value)
                with pytest.raises(bites.DidNotBiteError, match=why):
                    await bites.bit(modem, fault, value)
            (modem.root / "proc/device-tree/serial-number").unlink()
            with pytest.raises(bites.DidNotBiteError, match="it still says"):
                await bites.bit(modem, "serial", "LIE")
            with pytest.raises(bites.DidNotBiteError, match="stopped"):
                await bites.bit(modem, "link", "3")  # never put
        finally:
            await modem.power_off()

    asyncio.run(scenario())


def test_every_stand_in_is_probed_to_win(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    standins.prove(tmp_path / "proof", ["uci", "ubus", "mv"])
    assert {"df", "uci", "mv", *standins.ENDS} <= {path.name for path in (tmp_path / "proof").iterdir()}


def test_no_command_of_a_device_ends_a_machine(bench: Bench) -> None:
    given = {path.name for path in (client.run_directory(bench.home / "var/lab") / "bin").iterdir()}
    ends = {
        *standins.ENDS,
        "shutdown",
        "init",
        "telinit",
        "systemctl",
        "busctl",
        "mount",
        "umount",
        "chroot",
        "sudo",
        "su",
    }
    assert {"mv", "cat"} <= given
    assert given & ends == set()
