"""What changes devices, and what looks at them."""

from typing import Annotated

import typer

from provision.cli.door import Bench, Json, Packages, Targets, Yes, approve_plans, names, workspace


def plan(targets: Targets = None, as_json: Json = False, bench: Bench = False) -> None:
    """Show what would change, per device. Exit 0 where nothing differs, 3 where something does."""
    from provision.cli import console
    from provision.devices.pc import apply as computers
    from provision.devices.run import Run
    from provision.operations import apply as use_case

    here = workspace()
    found = here.targets(targets or ["all"])
    run = Run(bench=bench, plan_only=True)
    outcomes = use_case.apply(here, found.modems, run) if found.modems else []
    outcomes += computers.apply(here, found.computers, run)[0] if found.computers else []
    console.print_plans(run.plans, as_json=as_json)
    failed = [o for o in outcomes if o.ending == "failed"]
    for outcome in failed:
        console.say(f"{outcome.device}: {outcome.because}")
    raise typer.Exit(1 if failed else 3 if any(p.changes for p in run.plans) else 0)


def apply(
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
    """Plan, change with a way back, verify, record. Exit 0 as intended, 1 could not, 3 checks red."""
    from provision.cli import console
    from provision.devices.run import Run
    from provision.home import publish
    from provision.operations import fleet, verify

    here = workspace()
    if not targets:
        raise typer.BadParameter("name a kecamatan, a device tag, or all", param_hint="TARGET")
    found = here.targets(targets)

    names = found.names()
    with console.progress(list(names), names) if yes else console.quiet() as tell:
        run = Run(approve=approve_plans(yes), tell=tell, bench=bench, window_s=confirm_within or 0)
        outcomes, seen = fleet.apply(here, found, run, packages, asks=not yes)
    console.print_outcomes(run.name, outcomes, as_json=as_json)
    done = {o.device for o in outcomes if o.ending in {"applied", "unchanged"}}
    changed = any(o.ending == "applied" for o in outcomes if o.device in here.home.intents)
    findings = verify.verify(
        here, found.only(done), bench=bench, patience_s=verify.SETTLE_S if changed else 0, seen=seen
    )
    if not as_json:
        console.print_findings(findings, as_json=False)
    publish.write(here)
    raise typer.Exit(1 if len(done) < len(outcomes) else 3 if verify.red(findings) else 0)


def verify(
    targets: Targets = None,
    as_json: Json = False,
    bench: Bench = False,
    live: Annotated[
        bool, typer.Option("--live", help="each PC plays a chord, listens to it, and takes a picture")
    ] = False,
) -> None:
    """Read every device and judge it by all checks. Exit 0 green, 3 anything red or unknown."""
    from provision.cli import console
    from provision.operations import verify as use_case

    here = workspace()
    findings = use_case.verify(here, here.targets(targets or ["all"]), bench=bench, live=live)
    console.print_findings(findings, as_json=as_json)
    raise typer.Exit(3 if use_case.red(findings) else 0)


def resume() -> None:
    """End what dead runs left open: each device is read back, then confirmed or reverted."""
    from provision.cli import console
    from provision.devices.modem import resume as modem_resume
    from provision.devices.pc import resume as computers
    from provision.home import publish
    from provision.lending import revoke

    here = workspace()
    ended = {t: (s.ending, s.because) for t, s in modem_resume.resume(here).items()}
    ended |= {t: (s.ending, s.because) for t, s in computers.resume(here).items()}
    revoke.sweep(here)
    if not ended:
        console.say("nothing to resume: every run has its end")
        return
    console.table(
        ("device", "ended", "because"),
        ((t, console.signed(str(ending)), because) for t, (ending, because) in sorted(ended.items())),
    )
    publish.write(here)
    raise typer.Exit(1 if any(ending == "unconfirmed" for ending, _ in ended.values()) else 0)


def selftest(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="device tag", autocompletion=names)],
    bench: Bench = False,
) -> None:
    """Drill: a modem's way back by its timer and by a reboot; with a PC, what only a real one can show."""
    from provision.cli import console
    from provision.core.device import Computer
    from provision.devices.modem import selftest as use_case

    here = workspace()
    intent = here.home.computers.get(device.upper()) or here.intent(device)
    if isinstance(intent, Computer):
        from provision.devices.pc import selftest as drill_of_pc

        def tell(step: drill_of_pc.Step) -> None:
            console.say(f"{console.signed('pass' if step.passed else 'fail')} {step.name:<10} {step.said}")

        steps = drill_of_pc.drill(here, intent, bench=bench, tell=tell)
        raise typer.Exit(0 if all(s.passed for s in steps) else 3)
    drills = use_case.selftest(here, intent.item.asset_tag, bench=bench)
    for drill in drills:
        console.say(
            f"{intent.item.asset_tag}: {drill.name} brought the old configuration back, {drill.seconds:.0f} s in all"
        )


COMMANDS = {c.__name__: c for c in (plan, apply, verify, resume, selftest)}
