"""Two commands at once: between each two writes of one, the other runs from its beginning to its end.

The commands are those of the command line, read from its registry, so that a new one is among them by itself. What the
first has read before is then old, and it must not write it: whatever is interleaved, the ledger is whole, the vault has
the secrets that the modem runs, and what is told as right is right. `./run soak matrix` tries every pair at every write.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from berau import MODEM, PC, Modem, Pc, Site, Template, make_template
from matrix import SOAK

from provision.cli.commands import ENTRIES, app
from provision.core.errors import ChangedError, ProvisionError
from provision.core.model import Verdict
from provision.devices import journal
from provision.devices.pc import enrol as pc_enrol
from provision.devices.pc import reports
from provision.devices.run import ApplyRequest, Callbacks, VerifyRequest
from provision.home import peers, publish
from provision.home.vault import wireguard_public
from provision.home.workspace import Workspace
from provision.ledger import verify as walk
from provision.lending import revoke
from provision.operations import adopt, apply, attest, enrol, rollback, rotate, selftest, verify
from provision.operations.resume import assumption_of, resume
from provision.operations.watch import watch

BENCH = ApplyRequest(bench=True)
Run = Callable[[Workspace], object]


def enrolled(here: Workspace, tag: str) -> object:
    return enrol.enrol(here, here.device(tag), enrol.Enrol(approve=lambda _: True, new_key=True))


def revoked(tag: str) -> Run:
    """What `return` and `replace` do to a device."""

    def run(here: Workspace) -> None:
        with revoke.held(here, [tag]) as held:
            held.record(revoke.lines(here, [tag], "returned"))
        revoke.sweep(here)

    return run


def of_any(tag: str) -> dict[str, Run]:
    return {
        "enrol": lambda here: enrolled(here, tag),
        "apply": lambda here: apply.apply(here, [here.device(tag)], BENCH, Callbacks()),
        "verify": lambda here: verify.verify(here, [here.device(tag)], VerifyRequest(bench=True)),
        "selftest": lambda here: selftest.selftest(here, here.device(tag), bench=True),
        "watch": lambda here: watch(here, [here.device(tag)], bench=True),
        "resume": lambda here: resume(here, None, assumption_of("reverted", "tidak ada bukti")),
        "return": revoked(tag),
        "replace": revoked(tag),
    }


ON_A_MODEM: dict[str, Run] = of_any(MODEM) | {
    "adopt": lambda here: adopt.adopt(here, here.home.intents[MODEM], "ditetapkan di tempat", bench=True),
    "rollback": lambda here: rollback.rollback(here, here.home.intents[MODEM], BENCH, Callbacks()),
    "secret rotate": lambda here: rotate.rotate(here, here.home.intents[MODEM], BENCH, Callbacks()),
    "secret show": lambda here: rotate.show(here, here.home.intents[MODEM], [], "uji"),
}
ON_A_PC: dict[str, Run] = of_any(PC) | {
    "bind": lambda here: pc_enrol.bind(here, here.home.computers[PC], "diganti", bench=True),
    "attest": lambda here: attest.attest(
        here, here.home.computers[PC], "hearing", attest.Word(by="Siti", note="terdengar")
    ),
    "fetch": lambda here: reports.fetch(here, [here.home.computers[PC]], bench=True),
    "ingest": lambda here: reports.ingest(here, []),
}
NO_DEVICE = {  # a command of the registry that writes, but nothing of a device: why
    "init": "makes a home", "register": "items, once each", "restore": "a home that nobody works in",
    "training": "of a kecamatan, on what was read of it", "waive": "as training", "handover": "as training",
    "ledger verify": "reads", "ledger trust-head": "the head file, in one transaction",
}  # fmt: skip


def writing_verbs() -> set[str]:
    """Every command and subcommand of the command line that may write."""
    from typer.main import get_command

    found = set()
    for name, entry in ENTRIES.items():
        command: Any = get_command(app).get_command(None, name)  # type: ignore[attr-defined]
        if not entry.reads:
            found |= {f"{name} {sub}" for sub in command.commands} if hasattr(command, "commands") else {name}
    return found


def test_every_command_that_writes_is_tried_in_pairs() -> None:
    assert writing_verbs() == {*ON_A_MODEM, *ON_A_PC, *NO_DEVICE}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("pairs") / "home")


@contextlib.contextmanager
def another_command(site: Site) -> Iterator[Workspace]:
    """The same home, opened once more."""
    other = Workspace(site.workspace.place.root, clock=site.clock, network=site.workspace.network)
    other.__dict__["home"] = site.workspace.home
    try:
        yield other
    finally:
        if "ledger" in other.__dict__:
            other.ledger.close()


def tried(run: Run, here: Workspace) -> BaseException | None:
    """Run a command; return the refusal with which it ended, if it was one. Another error is a fault of the program."""
    try:
        run(here)
    except ProvisionError as error:
        return error
    return None


def interleaved(site: Site, first: Run, second: Run, at: int) -> tuple[int, list[BaseException | None]]:
    """Run `first`, and `second` as a whole right before write number `at` of it; return the count of its writes."""
    writes, ends = 0, []
    with another_command(site) as one, another_command(site) as two:

        def before(_c: object, _cursor: object, statement: str, *_: object) -> None:
            nonlocal writes
            if statement.startswith("BEGIN IMMEDIATE"):
                writes += 1
                if writes == at:
                    ends.append(tried(second, two))

        event.listen(one.ledger.engine, "before_cursor_execute", before)
        ends.append(tried(first, one))
    return writes, ends


def drifted(site: Site) -> Modem:
    """A modem that was accepted twice, and has a local change that was not: there is something for each command."""
    modem = site.provisioned_modem()
    modem.set("system.@system[0].log_size='128'")
    adopt.adopt(site.workspace, site.intent(), "diatur di tempat", bench=True)
    modem.set("system.@system[0].hostname='berubah'")
    return modem


def opened(site: Site) -> Modem:
    """A modem on which a run was left open, and nothing of it took effect."""
    modem = site.provisioned_modem()
    site.run_left_open(MODEM)
    return modem


def holds(site: Site, modem: Modem) -> None:
    """What must be true whatever met whatever."""
    here = site.workspace
    here.forget_known()
    here.forget_vault()
    count, broken = walk(here.ledger)
    assert (count > 0, broken) == (True, None)
    with here.ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT device FROM lease").fetchall() == []
    if MODEM not in here.known:
        assert not here.vault.has(MODEM), "its secrets end with it"
        return
    if "device.revoked" in site.events(MODEM) and not here.known[MODEM].accepted:
        return  # enrolled again: what it still runs was revoked on purpose
    runs = modem.packages["network"].partition("private_key '")[2].partition("'")[0]
    sets = [here.vault.device(MODEM), here.vault.waiting(MODEM), here.vault.spare(MODEM)]
    assert runs == "" or runs in [one["wireguard_private"].reveal() for one in sets if one], "a secret was lost"
    if MODEM not in here.unfinished():
        assert not modem.armed
        assert here.vault.waiting(MODEM) is None
        if here.known[MODEM].accepted:
            assert here.known[MODEM].device.tunnel_key == wireguard_public(
                here.vault.device(MODEM)["wireguard_private"]
            )
    publish.write(here)
    path = peers.write(here)
    if runs and here.known[MODEM].accepted and path is not None:
        from provision.core.model import Secret

        assert wireguard_public(Secret(runs)) in here.vault.open(path.read_bytes()).decode(), "the hub lets it in"
    if here.known[MODEM].accepted and here.known[MODEM].snapshot.marker == modem.marker:
        findings = verify.verify(here, [here.device(MODEM)], VerifyRequest(bench=True))
        red = [f for f in findings if f.verdict in {Verdict.FAIL, Verdict.UNKNOWN}]
        assert {f.check for f in red} <= {"no_shown_secret_is_in_use", "configuration_is_the_accepted_one"}, red
    resume(here)
    assert here.unfinished() == {}


def provisioned_pc(site: Site) -> Pc:
    """A PC that is not as it was accepted."""
    pc = site.provisioned_pc()
    pc.settings["system.hostname"] = "berubah"
    return pc


def is_whole(site: Site, pc: Pc) -> None:
    """What must be true of a PC whatever met whatever."""
    here = site.workspace
    here.forget_known()
    here.forget_vault()
    assert walk(here.ledger)[1] is None
    with here.ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT device FROM lease").fetchall() == []
    if PC not in here.known:
        assert not here.vault.has(PC)
        return
    if here.known[PC].accepted:
        verbs = site.events(PC)
        assert max(n for n, v in enumerate(verbs) if v == "device.accepted") > max(
            n for n, v in enumerate(verbs) if v in {"device.enrolled", "device.revoked"}
        )
    resume(here)
    assert journal.all_unfinished(here) == set()
    assert pc.settings


Meeting = tuple[Callable[[Site], Any], dict[str, Run], Callable[[Site, Any], None]]
MEETINGS: dict[str, Meeting] = {
    "a drifted modem": (drifted, ON_A_MODEM, holds),
    "a modem with an open run": (opened, ON_A_MODEM, holds),
    "a PC": (provisioned_pc, ON_A_PC, is_whole),
}


@pytest.mark.parametrize(
    ("where", "first"), [(name, verb) for name, (_, verbs, _) in MEETINGS.items() for verb in verbs]
)
def test_a_command_that_another_one_meets(template: Template, tmp_path: Path, where: str, first: str) -> None:
    begin, verbs, check = MEETINGS[where]
    sites = (Site(tmp_path / f"{number}/home", template) for number in itertools.count())

    def met(second: Run, at: int) -> int:
        site = next(sites)
        device = begin(site)
        count, ends = interleaved(site, verbs[first], second, at)
        if at:
            assert len(ends) == 2, "they met"
            check(site, device)
        site.workspace.ledger.close()
        return count

    count = met(lambda _: None, 0)
    draw = random.Random(f"{where} {first}")
    for second, run in verbs.items():
        for at in range(1, count + 1) if SOAK else draw.sample(range(1, count + 1), min(1, count)):
            try:
                met(run, at)
            except AssertionError as error:
                raise AssertionError(f"{second} before write {at} of {count} of {first}: {error}") from error


def test_what_was_read_before_another_one_recorded_is_refused_and_not_tried_again(
    template: Template, tmp_path: Path
) -> None:
    """A watch whose look is of the time before an apply says so, and the second time is told the truth."""
    site = Site(tmp_path / "home", template)
    modem = site.provisioned_modem()
    modem.salt = "a comment"
    _, ends = interleaved(site, ON_A_MODEM["verify"], ON_A_MODEM["secret rotate"], 1)
    assert [type(end) for end in ends] == [type(None), ChangedError]
    assert "device.judged" not in site.events(MODEM)
    site.workspace.ledger.close()
