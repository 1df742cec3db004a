"""The commands that change and check devices: plan, apply, verify, resume, selftest."""

from typing import Annotated

import typer

from provision.cli.door import Bench, Json, Packages, Targets, Yes, callbacks, names, workspace


def plan(context: typer.Context, targets: Targets = None, as_json: Json = False, bench: Bench = False) -> None:
    """Show what would change, per device. Exit 0 if nothing differs, 3 if something does, 1 if a device failed."""
    from provision.cli import console
    from provision.devices.run import ApplyRequest, Callbacks
    from provision.operations.apply import apply as use_case

    here = workspace(context)
    request = ApplyRequest(bench=bench, plan_only=True)
    done = use_case(here, list(here.targets(targets or ["all"])), request, Callbacks())
    console.print_plans(done.plans, as_json=as_json)
    failed = [o for o in done.outcomes if o.ending == "failed"]
    for outcome in failed:
        console.say(f"{outcome.device}: {outcome.because}")
    raise typer.Exit(1 if failed else 3 if any(p.changes for p in done.plans) else 0)


def apply(
    context: typer.Context,
    targets: Targets = None,
    yes: Yes = False,
    bench: Bench = False,
    confirm_within: Annotated[
        int | None,
        typer.Option("--confirm-within", metavar="S", min=10, max=3600, help="window of the way back in seconds"),
    ] = None,
    packages: Packages = None,
    as_json: Json = False,
) -> None:
    """Plan, change with a way back, verify, record. Exit 0 as intended, 1 could not, 3 a check is red or unknown."""
    from provision.cli import console
    from provision.devices.run import ApplyRequest, VerifyRequest
    from provision.home import publish
    from provision.operations import verify
    from provision.operations.apply import apply as use_case

    here = workspace(context)
    if not targets:
        raise typer.BadParameter("name a kecamatan, a device tag, or all", param_hint="TARGET")
    chosen = here.targets(targets)
    kecamatan = chosen.names()
    request = ApplyRequest(bench=bench, window_s=confirm_within or 0, packages=packages)
    with console.progress(list(kecamatan), kecamatan) if yes else console.quiet() as on_step:
        done = use_case(here, list(chosen), request, callbacks(yes, on_step))
    console.print_outcomes(done.run, done.outcomes, as_json=as_json)
    ready = {o.device for o in done.outcomes if o.ending in {"applied", "unchanged"}}
    patience_s = verify.patience_s(here, done.outcomes)
    again = VerifyRequest(bench=bench, patience_s=patience_s, answers=done.answers)
    findings = verify.verify(here, list(chosen.only(ready)), again)
    if not as_json:
        console.print_findings(findings, as_json=False)
    publish.write(here)
    raise typer.Exit(1 if len(ready) < len(done.outcomes) else 3 if verify.is_red(findings) else 0)


def verify(
    context: typer.Context,
    targets: Targets = None,
    as_json: Json = False,
    bench: Bench = False,
    live: Annotated[
        bool, typer.Option("--live", help="each PC plays a chord, listens to it, and takes a picture")
    ] = False,
) -> None:
    """Read every device and judge it by all checks. Exit 0 green, 3 anything red or unknown."""
    from provision.cli import console
    from provision.devices.run import VerifyRequest
    from provision.operations import verify as use_case

    here = workspace(context)
    request = VerifyRequest(bench=bench, live=live)
    findings = use_case.verify(here, list(here.targets(targets or ["all"])), request)
    console.print_findings(findings, as_json=as_json)
    raise typer.Exit(3 if use_case.is_red(findings) else 0)


def resume(
    context: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TARGET]...", help="kecamatan or device tag; all without", autocompletion=names),
    ] = None,
    assume: Annotated[
        str, typer.Option("--assume", metavar="HOW", help="end what the device does not prove: applied, or reverted")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="with --assume: why, on record")] = "",
) -> None:
    """End what dead runs left open: read each device back, then confirm or revert it. Exit 1 if one stays open."""
    from provision.cli import console
    from provision.home import publish
    from provision.lending import revoke
    from provision.operations.resume import assumption_of, tags_of
    from provision.operations.resume import resume as use_case

    here = workspace(context)
    ended = use_case(here, tags_of(here, targets), assumption_of(assume, reason))
    revoke.sweep(here)
    if not ended:
        console.say("nothing to resume: every run has its end")
        return
    console.table(
        ("device", "ended", "because"),
        ((tag, console.signed(str(one.ending)), one.because) for tag, one in sorted(ended.items())),
    )
    publish.write(here)
    raise typer.Exit(1 if any(one.ending == "unconfirmed" for one in ended.values()) else 0)


def selftest(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="device tag", autocompletion=names)],
    bench: Bench = False,
) -> None:
    """Drill a modem's way back by its timer and by a reboot, or test a PC without changing it.

    Exit 0 if all passed, 1 if a modem's drill failed, 3 if a PC's failed.
    """
    from provision.cli import console
    from provision.operations.selftest import selftest as use_case

    here = workspace(context)
    intended = here.home.computers.get(device.upper()) or here.intent(device)
    drills = use_case(here, intended, bench=bench, on_drill=lambda drill: console.say(console.marked(drill.text)))
    raise typer.Exit(0 if all(drill.passed for drill in drills) else 3)


COMMANDS = {c.__name__: c for c in (plan, apply, verify, resume, selftest)}
