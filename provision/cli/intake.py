"""From an empty directory to enrolled boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provision.cli.door import Json, approve, office


def add(app: typer.Typer) -> None:
    """Put these commands on the front door."""
    for command in (init, check, register, enrol):
        app.command()(command)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="a directory that is empty or not there yet")],
    lab_home: Annotated[bool, typer.Option("--lab", help="on loopback addresses, for the lab")] = False,
) -> None:
    """Make a starter home: 13 kecamatan, their kits, defaults, APN presets."""
    from provision import console, starter

    made = starter.make(directory, lab=lab_home)
    console.say(
        f"made {made}: edit inventory/defaults.yml and inventory/kits/, then run: provision --home {made} check"
    )


def check() -> None:
    """Read all of the intent; report every fault at once with file:line. Exit 2 on faults."""
    from provision import console

    found = office().home
    items = sum(len(k.items) for k in found.kits.values())
    console.say(f"the intent is right: {len(found.kits)} kits, {items} items, {len(found.intents)} modems")


def register(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="the delivery list: CSV or XLSX")], as_json: Json = False
) -> None:
    """Take a delivery list into the ledger; any faulty row refuses the whole list."""
    from provision import console
    from provision import register as use_case

    result = use_case.register(office(), file)
    if as_json:
        console.print_json(result)
        return
    console.say(f"{result['read']} items read: {result['registered']} registered, {result['known']} known already")
    if result["spare"]:
        console.say("in no kit (spare): " + ", ".join(result["spare"]))
    if result["missing"]:
        console.say("in a kit, not delivered yet: " + ", ".join(result["missing"]))


def enrol(
    tag: Annotated[str, typer.Argument(metavar="TAG", help="asset tag on the label of the box")],
    address: Annotated[
        str, typer.Option("--address", metavar="A", help="where the box is now: address or address:port")
    ] = "",
    packages: Annotated[
        Path | None, typer.Option("--packages", metavar="DIR", help="folder with packages for the device")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="take the host key as shown")] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="replace the pinned host key after a factory reset")
    ] = False,
) -> None:
    """Take one box in factory state: pin its host key, compare it with the record."""
    from provision import console
    from provision import enrol as use_case

    here = office()
    intent = here.intent(tag)
    result = use_case.enrol(
        here, intent, address, approve=lambda shown: approve(f"host key {shown}; pin it?", yes),
        packages=packages, new_key=new_key,
    )  # fmt: skip
    installed = f"; installed {', '.join(result.installed)}" if result.installed else ""
    console.say(
        f"{intent.item.asset_tag} enrolled: {result.device.model}, {result.device.firmware}, host key {result.fingerprint}{installed}"
    )
    console.say(
        f"next on the bench: {result.next_tag}"
        if result.next_tag
        else "all modems are enrolled; next: provision apply all --bench"
    )
