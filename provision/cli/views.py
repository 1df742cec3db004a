"""The commands inventory, history, backup, restore and demo."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from provision.cli.door import Json, Yes, approve, workspace
from provision.core.errors import ProvisionError, UsageError


def inventory(
    context: typer.Context,
    as_list: Annotated[bool, typer.Option("--list", help="the whole inventory, as Ansible asks for it")] = False,
    host: Annotated[str, typer.Option("--host", metavar="H", help="one host's variables")] = "",
    write: Annotated[bool, typer.Option("--write", help="write inventory/devices.yml")] = False,
) -> None:
    """Print Ansible's inventory of provisioned devices, or write it to inventory/devices.yml."""
    gc.disable()  # a hundred thousand small values and no cycle among them: a quarter of the time
    from provision.cli import console
    from provision.home import publish

    if (as_list, bool(host), write).count(True) != 1:
        raise typer.BadParameter("choose one of --list, --host H, --write")
    if write:
        console.say(f"wrote {publish.write(workspace(context))}")
        return
    console.print_text(publish.show(workspace(context), host))


def history(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(metavar="TARGET", help="an asset tag or a kecamatan")],
    as_json: Json = False,
) -> None:
    """Every event of one item, or of a kecamatan and all its items, oldest first."""
    from provision.cli import console
    from provision.core import shapes
    from provision.core.times import in_berau
    from provision.ledger import places
    from provision.ledger.act import gist

    here = workspace(context)
    events = here.ledger.history(subject.upper(), subject)
    kits = here.home.kits.values()
    kit = here.home.kit(subject) or next((k for k in kits if k.kecamatan.code == subject), None)
    if kit:
        events = here.ledger.history(*places.subjects(here.latest, kit.kecamatan), *(i.asset_tag for i in kit.items))
    if not events:
        raise ProvisionError(f"no event of {subject}", hint="provision register FILE; is the tag right?")
    if as_json:
        console.print_json(shapes.history(events))
        return
    console.table(
        ("number", "at", "actor", "item", "verb", "what"),
        (
            (
                str(e.number),
                in_berau(e.at),
                e.actor,
                e.subject,
                e.verb,
                gist(e.payload),
            )
            for e in events
        ),
    )


def backup(
    context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="as berau.tar.gz")]
) -> None:
    """Write ledger, intent, vault, keys and papers to one file from which a new machine goes on."""
    from provision.cli import console
    from provision.home import backup as use_case

    done = use_case.backup(workspace(context), file)
    console.say(
        f"wrote {done.path}: {done.events} events, head {done.head[:16]}, {console.counted(done.files, 'file')}"
    )
    for name, what in use_case.CONTENTS.items():
        console.say(f"  {name:<14} {what}")
    console.say(f"  not in it:     {use_case.LEFT_OUT}")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="what backup wrote")],
    unauthenticated: Annotated[
        bool, typer.Option("--unauthenticated", help="take one that is not signed, as of 0.1.0; on record")
    ] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="why it is taken all the same")] = "",
    yes: Yes = False,
) -> None:
    """Bring a home (a new one, or one whose ledger is older) to the state of a backup."""
    from provision.cli import console
    from provision.home import publish
    from provision.home import restore as use_case

    if unauthenticated is not bool(reason.strip()):
        raise UsageError("--unauthenticated and --reason TEXT go together", hint="say why this backup is the right one")
    here = workspace(context)
    here.place.require_plain_path()
    asked = use_case.Asked(approve=lambda question: approve(question, yes), reason=reason.strip())
    done = use_case.restore(here, file, asked)
    publish.write(here)
    console.say(f"restored {here.place.root}: {done.events} events, head {done.head[:16]}")
    if done.aside:
        console.say(f"  what stood here before and differs is in {done.aside}")
    if done.left:
        console.say(f"  left out, since it does not belong into a home: {', '.join(done.left)}")
    console.say("  next:  provision ledger verify; provision watch")


def demo(keep: Annotated[bool, typer.Option("--keep", help="leave the lab running")] = False) -> None:
    """Run the whole job, from the carton to the handover, on emulated kits, in demo/ of the current directory."""
    from provision.cli import demo as use_case

    raise typer.Exit(use_case.run(keep=keep))


COMMANDS = {c.__name__: c for c in (inventory, history, backup, restore, demo)}
