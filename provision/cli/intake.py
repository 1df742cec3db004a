"""The commands from an empty directory to enrolled devices: init, check, register, enrol, bind, identify."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provision.cli.door import Bench, Json, Packages, approve, names, said_why, secret_of, workspace
from provision.core.foreign import visible_lines

Password = Annotated[
    Path | None,
    typer.Option(
        "--password-file", metavar="FILE", exists=True, dir_okay=False, help="the password on the box's label"
    ),
]

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="a directory that is empty or not there yet")],
    lab_home: Annotated[bool, typer.Option("--lab", help="on loopback addresses, for the lab")] = False,
) -> None:
    """Make a starter home: 13 kecamatan, their kits, defaults, APN presets."""
    from provision.cli import console
    from provision.home import starter

    made = starter.make(directory, lab=lab_home)
    console.say(
        f"made {made}: edit inventory/defaults.yml and inventory/kits/, then run: provision --home {made} check"
    )


def check(context: typer.Context) -> None:
    """Read all of the intent; report every fault at once with file:line. Exit 2 on faults."""
    from provision.cli import console

    found = workspace(context).home
    items = sum(len(k.items) for k in found.kits.values())
    console.say(
        f"the intent is right: {len(found.kits)} kits, {items} items, "
        f"{len(found.intents)} modems, {len(found.computers)} PCs"
    )


def register(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="the delivery list: CSV or XLSX")],
    as_json: Json = False,
) -> None:
    """Take a delivery list into the ledger; any faulty row refuses the whole list."""
    from dataclasses import asdict

    from provision.cli import console
    from provision.operations import register as use_case

    result = use_case.register(workspace(context), file)
    if as_json:
        console.print_json(asdict(result))
        return
    console.say(f"{result.read} items read: {result.registered} registered, {result.known} known already")
    if result.spare:
        console.say("in no kit (spare): " + ", ".join(result.spare))
    if result.missing:
        console.say("in a kit, not delivered yet: " + ", ".join(result.missing))


def enrol(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(metavar="TAG", help="asset tag on the label of the box", autocompletion=names)],
    address: Annotated[
        str, typer.Option("--address", metavar="A", help="where the box is now: address or address:port")
    ] = "",
    packages: Packages = None,
    yes: Annotated[bool, typer.Option("--yes", help="take the host key as shown")] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="replace the pinned host key after a factory reset")
    ] = False,
    password_file: Password = None,
) -> None:
    """Take one box in: pin its host key, compare it with the record; bind what is plugged into a PC."""
    from provision.cli import console
    from provision.operations.enrol import Enrol
    from provision.operations.enrol import enrol as use_case

    here = workspace(context)
    intended = here.device(tag)
    asked = Enrol(
        address=address,
        approve=lambda shown: approve(f"host key {shown}; pin it?", yes),
        packages=packages,
        new_key=new_key,
        password=secret_of(password_file) if password_file else None,
    )
    done = use_case(here, intended, asked)
    one = done.enrolment
    installed = f"; installed {', '.join(one.installed)}" if one.installed else ""
    bound = f"; bound {_things(one.bound.things)}" if one.bound else ""
    said = f"{one.device.model.visible}, {one.device.firmware.visible}, host key {one.fingerprint}"
    console.say(f"{intended.tag} enrolled: {said}{installed}{bound}")
    if one.unbound:
        console.say(f"not bound: {'; '.join(one.unbound)}")
        bind_it = f"provision bind {intended.tag} --bench --reason TEXT"
        console.say(f"  next:  plug in the kit's own three, then: {bind_it}")
    all_in = f"all {'PCs' if intended.kind == 'pc' else 'modems'} are enrolled; next: provision apply all --bench"
    console.say(f"next on the bench: {done.next_tag}" if done.next_tag else all_in)


def _things(bound: "Mapping[str, Mapping[str, Any]]") -> str:
    return ", ".join(f"{kind} {one['name']} at {one['port']}" for kind, one in bound.items()) or "nothing"


def bind(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="a PC's tag", autocompletion=names)],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="why another thing is right; recorded", callback=said_why)
    ],
    bench: Bench = False,
) -> None:
    """Bind anew the camera, microphone and speaker that are plugged into a PC, on record."""
    from provision.cli import console
    from provision.core.device import Computer
    from provision.core.errors import UsageError
    from provision.devices.pc import enrol as use_case

    here = workspace(context)
    computer = here.device(device)
    if not isinstance(computer, Computer):
        raise UsageError(f"{device} is no PC", hint="only a PC has things plugged in")
    bound = use_case.bind(here, computer, reason, bench=bench)
    console.say(f"{computer.item.asset_tag}: bound {_things(bound)}")


def identify(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="where the box is now: address or address:port of SSH")
    ],
    snmp_port: Annotated[
        int, typer.Option("--snmp-port", metavar="PORT", min=1, max=65535, help="where its SNMP agent is")
    ] = 161,
    password_file: Password = None,
    yes: Annotated[bool, typer.Option("--yes", help="log in to the host key as shown")] = False,
    as_json: Json = False,
) -> None:
    """Print what a box is: family, model, firmware, serial, IMEI, and the kit entry to paste. Nothing is written."""
    from provision.cli import console
    from provision.connectors.network import Network
    from provision.devices.door import address_of
    from provision.home.keys import pinned_for
    from provision.home.place import Place
    from provision.operations import identify as use_case

    host, port = address_of(address, 22)
    asked = use_case.Identify(
        where=use_case.BoxAddress(host=host, ssh_port=port, snmp_port=snmp_port),
        approve=lambda shown: approve(f"host key {shown}; log in?", yes),
        password=secret_of(password_file) if password_file else None,
        pinned=partial(pinned_for, Place(Path(context.obj)).host_keys),
    )
    known = use_case.identify(Network(), asked)
    if as_json:
        console.print_json(use_case.shape(known))
        return
    for name, value in [*use_case.rows(known), *(("tried", line) for line in known.tried)]:
        console.say(f"{name:<10} {value}")
    if known.enrolled and not known.serial:
        return
    console.say("\nfor the kit's file (the asset tag, kode barang, year and value are yours to fill in):\n")
    from provision.local.clock import Clock

    typer.echo(visible_lines(use_case.entry(known, int(Clock().today()[:4]))), nl=False)


COMMANDS = {c.__name__: c for c in (init, check, register, enrol, bind, identify)}
