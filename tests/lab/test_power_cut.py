"""A power cut at any moment ends in the old or the new configuration, whole.

The cut comes at the N-th flash operation, for every N until an apply gets through: nothing is
left to luck. The same for the boot that brings the old configuration back.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest

from provision import families
from provision.core import plan, render, settings
from provision.core.device import Intent
from provision.core.errors import CutShortError
from provision.core.family import DocumentRequest
from provision.core.model import Candidate, Secret, Snapshot
from provision.families.languages import shell_document
from provision.home.place import Place
from provision.lab import faults, standins
from provision.lab.box import Box
from provision.lab.factory import script
from provision.lab.modem import Modem
from provision.local.share import templates

pytestmark = pytest.mark.lab
KEY = b"k" * 32
DRIVER = families.load("openwrt")
TEMPLATES = templates("openwrt")
WATCHED = (
    "etc/config",
    "etc/dropbear/authorized_keys",
    "etc/shadow",
    "etc/crontabs",
    "usr/libexec/kit/status",
    "usr/libexec/kit/sample",
)


def candidate(intent: Intent, generation: str) -> Candidate:
    secrets = {
        n: Secret(f"{n}-{generation}") for n in ("wireguard_private", "wireguard_preshared", "snmp_auth", "snmp_priv")
    }
    access = render.Access(
        authorized_keys=f"ssh-ed25519 AAAA {generation}\n",
        password_hash=Secret(f"$6$salt${generation}\n"),
        secrets=secrets,
    )
    own = replace(intent, family=DRIVER, site_note=f"generation {generation}")
    return render.render(own, access, TEMPLATES, lambda: token_hex(12))


def flash(modem: Modem) -> dict[str, bytes]:
    """Everything that a run may change, by path."""
    found = {}
    for name in WATCHED:
        path = modem.root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and not file.name.startswith("."):
                found[str(file.relative_to(modem.root))] = file.read_bytes()
    return found


async def feed(modem: Modem, document: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        str(modem.shell), env={"SSH_ORIGINAL_COMMAND": DRIVER.door.feed, "PATH": "/usr/bin:/bin"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    out, _ = await process.communicate(document)
    return out


async def look(modem: Modem) -> Snapshot:
    output = await feed(
        modem, shell_document.look(DRIVER, DocumentRequest(nonce="nonce", guard=TEMPLATES["files/guard.sh"]))
    )
    seen, _ = shell_document.read_look(DRIVER, output, "nonce", modem.box.tag, "now")
    return replace(seen, settings=settings.seal(seen.settings, KEY))


async def apply(modem: Modem, wanted: Candidate, before: Snapshot) -> bool:
    """Change and finish as the controller does; False where the device went away in between."""
    made = plan.make(DRIVER, before, wanted, KEY)
    document = shell_document.change(
        DRIVER, made, DocumentRequest(nonce="nonce", run="run", window_s=600, guard=TEMPLATES["files/guard.sh"])
    )
    try:
        seen, code = shell_document.read_look(DRIVER, await feed(modem, document), "nonce", modem.box.tag, "now")
    except CutShortError:
        return False
    if code:
        return False
    finish = shell_document.finish(DRIVER, DocumentRequest(nonce="nonce", run="run", marker=seen.marker))
    ended, code, _ = shell_document.read_end(await feed(modem, finish), "nonce")
    return ended and code == 0


async def when(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


async def settled(modem: Modem, *, was_cut: bool) -> None:
    """Wait until a cut that came has been followed by a whole boot."""
    if was_cut:
        await when(lambda: getattr(modem, "_cycle", None) is not None)
        await modem._cycle
        modem._cycle = None


async def prepared(tmp_path: Path, worker_id: str) -> tuple[Modem, Candidate, dict[str, bytes], dict[str, bytes], Path]:
    """A box that runs generation A, the flash of A and of B, and a copy of A to begin from."""
    number = 200 + (int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0)
    intent = Place(Path(__file__).parents[2]).intent().intents["BRU-MDM-01"]
    intent = replace(intent, lan=replace(intent.lan, address=f"127.{number}.1.1", netmask="255.255.255.0"))
    item = intent.item
    box = Box(
        tag=item.asset_tag, serial=item.serial, mac=item.mac, imei=item.imei, model="x", firmware="23.05.5",
        address=f"127.{number}.2.1", ssh_port=2222, snmp_port=1161,
    )  # fmt: skip
    run = tmp_path / "run" / "m"
    standins.link(tmp_path / "run" / "bin")
    modem = Modem(box, tmp_path / "flash", run)
    for word in ("wg", "snmpd"):
        script(modem.root / "usr/sbin" / word, "#!/bin/sh\n")
    await modem.power_on()
    assert await apply(modem, candidate(intent, "A"), await look(modem))
    old = flash(modem)
    copy = tmp_path / "copy"
    await modem.power_off()
    shutil.copytree(modem.root, copy, symlinks=True)
    await modem.power_on()
    wanted = candidate(intent, "B")
    assert await apply(modem, wanted, await look(modem))
    new = flash(modem)
    assert old != new
    await modem.power_off()
    return modem, wanted, old, new, copy


async def begin(modem: Modem, copy: Path) -> None:
    shutil.rmtree(modem.root)
    shutil.copytree(copy, modem.root, symlinks=True)
    await modem.power_on()


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())


def test_a_cut_at_every_step_of_an_apply_leaves_the_old_or_the_new_whole(tmp_path: Path, worker_id: str) -> None:
    async def scenario() -> None:
        modem, wanted, old, new, copy = await prepared(tmp_path, worker_id)
        await begin(modem, copy)
        before = await look(modem)
        await modem.power_off()
        ends: list[str] = []
        for at in range(1, 200):
            await begin(modem, copy)
            await faults.put(modem, "cut", str(at))
            through = await apply(modem, wanted, before)
            was_cut = (modem.run / "went").exists()
            await settled(modem, was_cut=was_cut)
            assert was_cut or through, "neither a cut nor an end"
            state = flash(modem)
            assert state in (old, new), f"half a configuration after a cut at step {at}"
            assert not (modem.root / "etc/kit/armed").exists(), f"a guard is left behind after a cut at step {at}"
            if through:
                assert state == new
            ends.append("new" if state == new else "old")
            shutil.rmtree(modem.run / "cut", ignore_errors=True)
            await modem.power_off()
            if not was_cut:
                break
        assert len(ends) > 15
        assert ends[0] == "old"
        assert ends[-1] == "new"
        assert ends == sorted(ends, reverse=True), "once the new configuration is confirmed it stays"

    run(scenario)


async def changed(modem: Modem, wanted: Candidate, copy: Path) -> None:
    """Bring a change to the modem: its guard is armed, and nothing is confirmed yet."""
    await begin(modem, copy)
    made = plan.make(DRIVER, await look(modem), wanted, KEY)
    document = shell_document.change(
        DRIVER, made, DocumentRequest(nonce="n", run="run", window_s=600, guard=TEMPLATES["files/guard.sh"])
    )
    await feed(modem, document)


def test_a_cut_at_every_step_of_the_boot_that_reverts_still_ends_in_the_old(tmp_path: Path, worker_id: str) -> None:
    async def scenario() -> None:
        modem, wanted, old, _, copy = await prepared(tmp_path, worker_id)
        await changed(modem, wanted, copy)
        assert (modem.root / "etc/kit/armed").exists()
        await modem.power_off()
        armed = tmp_path / "armed"
        shutil.copytree(modem.root, armed, symlinks=True)
        for at in range(1, 100):
            shutil.rmtree(modem.root)
            shutil.copytree(armed, modem.root, symlinks=True)
            await faults.put(modem, "cut", str(at))
            booting = asyncio.create_task(modem.power_on())
            await when(lambda: booting.done() or (modem.run / "went").exists())  # noqa: B023
            was_cut = (modem.run / "went").exists()
            if was_cut:
                await modem.power_off()
                await booting
                await modem.power_off()
                await modem.power_on()
            shutil.rmtree(modem.run / "cut", ignore_errors=True)
            assert flash(modem) == old, f"not the old configuration after a second cut at step {at}"
            assert not (modem.root / "etc/kit/armed").exists()
            await modem.power_off()
            if not was_cut:
                break
        assert at > 5

    run(scenario)


def test_a_cut_between_the_proof_and_the_disarming_leaves_no_false_proof(tmp_path: Path, worker_id: str) -> None:
    """The boot puts the old configuration back; should its own word not fit on the flash, that of before is not true."""

    async def scenario() -> None:
        modem, wanted, old, _, copy = await prepared(tmp_path, worker_id)
        await changed(modem, wanted, copy)
        kit = modem.root / "etc/kit"
        await modem.power_off()
        (kit / "confirmed").write_text("run 0123456789abcdef\n")  # what `finish` put there last
        (kit / "reverted.new").mkdir()  # nothing can be written there
        await modem.power_on()
        assert flash(modem) == old
        assert not (kit / "armed").exists()
        assert not (kit / "confirmed").exists()
        seen = await look(modem)
        assert seen.readings["guard"] == "none", "without a word of its own it is unknown, and never confirmed"
        await modem.power_off()

    run(scenario)
