"""A home with a radio in it: Maratua gets one in the place of its modem, beside the lab's devices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from labhome import Bench, Done
from radio import PASSPHRASE, READ_ONLY, SERIAL, Radio

TAG, SLUG = "BRU-MDM-11", "maratua"
NEW = {"serial": READ_ONLY[SERIAL][1], "mac": '"00:04:56:00:00:0c"', "brand": "Cambium", "model": "Force 300-25"}


@contextmanager
def at_maratua(bench: Bench) -> Iterator[Radio]:
    """The radio runs, and the kit says so; afterwards the kit is as it was."""
    kit, firmware = bench.home / f"inventory/kits/{SLUG}.yml", bench.home / "inventory/firmware.yml"
    kept = {path: path.read_text() for path in (kit, firmware)}
    text = kept[kit]
    item = text[text.index("asset_tag: " + TAG) :].split("\n  - ")[0]
    lines = [
        f"{name}: {new}" if (name := line.strip().partition(":")[0]) in NEW and (new := NEW[name]) else line.strip()
        for line in item.splitlines()
        if not line.strip().startswith("imei:")
    ]
    kit.write_text(text.replace(item, "\n    ".join(lines) + "\n").replace("modem:\n", "modem:\n  driver: epmp\n", 1))
    intent = bench.workspace.home.intents[TAG]
    folder = bench.home / "radio"
    one = Radio(folder, intent.bench_address.rpartition(".")[0] + ".211", intent.snmp_port)
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    one.start()
    try:
        yield one
    finally:
        one.stop()
        for path, body in kept.items():
            path.write_text(body)


def enrol(bench: Bench, radio: Radio, *words: str) -> Done:
    """Take the radio in."""
    file = str(bench.home / "radio/passphrase")
    return bench.run("enrol", TAG, "--address", f"{radio.address}:{radio.port}", "--password-file", file, *words)


def apply(bench: Bench) -> dict:
    """Apply what is intended, and return how it ended."""
    return dict(json.loads(bench.run("apply", TAG, "--bench", "--yes", "--json").out)["outcomes"][0])


def provisioned(bench: Bench, radio: Radio) -> None:
    """The radio runs what is intended; it is brought there where it does not."""
    if radio.process is None:
        radio.start()
    if TAG in bench.workspace.unfinished():
        bench.run("resume")
    state = radio.read()
    radio.write(state | {"faults": {}, "staged": {}, "mask": 1, "said": {}})
    if TAG not in bench.workspace.known or bench.workspace.known[TAG].device.family.name != "epmp":
        assert enrol(bench, radio, "--new-key").code == 0
    assert apply(bench)["outcome"] in {"applied", "unchanged"}
    radio.write(radio.read() | {"log": []})
