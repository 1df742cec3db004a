"""The commands on accepted configurations: watch, adopt, rollback."""

from typing import Annotated

import typer

from provision.cli.door import Bench, Json, Targets, Yes, callbacks, names, said_why, workspace


def watch(context: typer.Context, targets: Targets = None, as_json: Json = False, bench: Bench = False) -> None:
    """Look again for drift from what was accepted. Exit 0 as accepted, 3 drift, 1 could not look."""
    from provision.cli import console
    from provision.core import shapes
    from provision.core.model import Standing
    from provision.operations import watch as use_case

    here = workspace(context)
    found = use_case.watch(here, list(here.targets(targets or ["all"])), bench=bench)
    if as_json:
        console.print_json(shapes.watched(found))
    else:
        console.print_watched(found)
    states = {w.state for w in found}
    raise typer.Exit(3 if Standing.DRIFT in states else 0 if states == {Standing.OK} else 1)


def adopt(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="device tag or kecamatan", autocompletion=names)],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="why the change is right; recorded", callback=said_why)
    ],
    bench: Bench = False,
) -> None:
    """Accept what runs on a device now: a legitimate local change, on record."""
    from provision.cli import console
    from provision.operations import adopt as use_case

    here = workspace(context)
    intent = here.intent(device)
    tag = intent.item.asset_tag
    done = use_case.adopt(here, intent, reason, bench=bench)
    if not done.changes:
        console.say(f"{tag}: runs as accepted; there is nothing to adopt")
        return
    console.print_changes(f"{tag}: adopted {console.counted(len(done.changes), 'change')}", done.changes)
    if done.against_intent:
        console.say(
            f"next: the intent still wants {console.counted(len(done.against_intent), 'setting')} otherwise; "
            f"put it into inventory/, or the next apply undoes it (provision plan {tag} shows them)"
        )


def rollback(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="device tag or kecamatan", autocompletion=names)],
    to: Annotated[
        int | None, typer.Option("--to", metavar="EVENT", help="number of a kept configuration; see history")
    ] = None,
    yes: Yes = False,
    bench: Bench = False,
    as_json: Json = False,
) -> None:
    """Go back to an earlier accepted configuration, with a way back. Exit 0 if the device runs it, 1 if it does not."""
    from provision.cli import console
    from provision.devices.run import ApplyRequest
    from provision.home import publish
    from provision.operations import rollback as use_case

    here = workspace(context)
    intent = here.intent(device)
    done = use_case.rollback(here, intent, ApplyRequest(bench=bench), callbacks(yes), to)
    console.print_outcomes(done.run, [done.outcome], as_json=as_json)
    publish.write(here)
    if done.went and done.against_intent:
        console.say(
            f"went back to event {done.to}; the intent still wants "
            f"{console.counted(len(done.against_intent), 'setting')} otherwise: put it into inventory/, or the next "
            f"apply undoes this (provision plan {intent.item.asset_tag} shows them)"
        )
    raise typer.Exit(0 if done.went else 1)


COMMANDS = {c.__name__: c for c in (watch, adopt, rollback)}
