"""Two commands at once: between each two writes of one, the other runs from its beginning to its end.

The commands are those of the command line, read from its registry, so that a new one is among them by itself. What the
first has read before is then old, and it must not write it: whatever is interleaved, the ledger is whole, the vault
has the secrets that the modem runs, and what is told is right. `./run soak matrix` tries every pair at every write.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from berau import MODEM, PC, Modem, Pc, Site, Template, make_template
from matrix import SOAK

from provision.cli.commands import ENTRIES, app
from provision.core.custody import State, Waiver
from provision.core.errors import ChangedError, ProvisionError
from provision.core.model import Verdict
from provision.devices import journal
from provision.devices.pc import enrol as pc_enrol
from provision.devices.pc import reports
from provision.devices.run import ApplyRequest, Callbacks, VerifyRequest
from provision.home import peers, publish
from provision.home.delivery import NEEDED
from provision.home.vault import wireguard_public
from provision.home.workspace import Workspace
from provision.ledger import verify as walk
from provision.ledger.events import Accepted, Bound, Enrolled, Judged, Registered, Revoked, Undone
from provision.lending import giveback, handover, loans, notes, replace, revoke
from provision.operations import adopt, apply, attest, enrol, register, rollback, rotate, selftest, verify
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
PLACE, LENT = "sambaliung", "BRU-PC-03"  # a kecamatan that gets no modem
MICROPHONE, ANOTHER = "BRU-MIC-03", "BRU-MIC-99"
CAMAT = handover.receiver("Hj. Nurhayati, S.E.", "197203041998032005", "Camat Sambaliung")


def waived(here: Workspace) -> object:
    return notes.waive(here, PLACE, Waiver(check="clock_is_right", by="Kepala", reason="uji", until="2026-12-31"))


def lent(here: Workspace) -> None:
    handover.draft(here, PLACE, CAMAT)
    handover.sign(here, PLACE, here.today())


def called_off(here: Workspace) -> None:
    handover.draft(here, PLACE, CAMAT)
    handover.void(here, PLACE, "nama keliru")


def given_back(here: Workspace) -> object:
    return giveback.give_back(here, PLACE, giveback.Return(receiver="Pengurus Barang"), bench=True)


def replaced(here: Workspace) -> object:
    asked = replace.Replacement(reason="tersambar petir", day="", condition="rusak_berat")
    return replace.replace(here, PLACE, asked, BENCH, Callbacks())


def of_a_kit() -> dict[str, Run]:
    """What is done to a kit, and to the PC in it."""
    own = of_any(LENT)
    return {verb: own[verb] for verb in ("enrol", "apply", "verify")} | {
        "bind": lambda here: pc_enrol.bind(here, here.home.computers[LENT], "diganti", bench=True),
        "register": lambda here: register.register(here, here.place.root / "list.csv"),
        "training": lambda here: notes.train(here, PLACE, ["Siti"], ["rapat"], ""),
        "waive": waived,
        "handover": lent,
        "handover --void": called_off,
        "return": given_back,
    }


IN_THE_STORE: dict[str, Run] = of_a_kit()
ON_LOAN: dict[str, Run] = of_a_kit() | {"replace": replaced}
NO_DEVICE = {  # a command of the registry that writes, but nothing that another one has read: why
    "init": "makes a home", "restore": "a home that nobody works in", "ledger verify": "reads",
    "ledger trust-head": "the head file, in one transaction",
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
    tried = {verb.partition(" --")[0] for _, verbs, _ in MEETINGS.values() for verb in verbs}
    assert writing_verbs() == {*tried, *NO_DEVICE}


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


def read_anew(site: Site) -> Workspace:
    """The home with nothing remembered: its ledger is whole, and nobody holds a device."""
    here = site.workspace
    here.forget_known()
    here.forget_vault()
    assert walk(here.ledger)[1] is None
    with here.ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT device FROM lease").fetchall() == []
    return here


def is_whole(site: Site, pc: Pc) -> None:
    """What must be true of a PC whatever met whatever."""
    here = read_anew(site)
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


def a_list(site: Site) -> None:
    """A delivery list with every item of the kit, and a microphone in the place of another one."""
    kit = site.workspace.home.kits[PLACE]
    items = [
        *kit.items,
        changed(next(i for i in kit.items if i.asset_tag == MICROPHONE), asset_tag=ANOTHER, serial="FI-99"),
    ]
    columns = [*NEEDED, "mac", "imei"]
    rows = [
        [str(getattr(i, name) or "") for name in columns] + ["" if i.asset_tag == ANOTHER else PLACE] for i in items
    ]
    with (site.workspace.place.root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*columns, "kecamatan"], *rows])


def heard_and_seen(here: Workspace, tag: str) -> None:
    photo = here.place.root / "photo.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n a picture")
    for what in ("hearing", "sight"):
        attest.attest(here, here.home.computers[tag], what, attest.Word(by="Siti", note="terdengar", photo=photo))


def bring_a_kit(site: Site, tag: str) -> None:
    site._provision_pc(tag)
    site.devices[tag].collected |= {
        "hostname": tag, "zone": "Asia/Makassar", "utc_offset_s": 28800,
        "updates": {"newest": site.devices[tag].collected["clock_s"] - 86400},
    }  # fmt: skip
    a_list(site)
    here = site.workspace
    app = "conference_app_is_new_enough"  # none is recorded
    notes.waive(here, PLACE, Waiver(check=app, by="Kepala", reason="dipasang di tempat", until="2026-12-31"))
    register.register(here, here.place.root / "list.csv")
    heard_and_seen(here, tag)
    verify.verify(here, [here.device(tag)], VerifyRequest(bench=True))


def in_the_store(site: Site) -> Pc:
    """A kit that is fit to be handed over."""
    pc: Pc = site._in_state("a kit in the store", LENT, bring_a_kit)
    return pc


def bring_a_loan(site: Site, tag: str) -> None:
    bring_a_kit(site, tag)
    lent(site.workspace)


def on_loan(site: Site) -> Pc:
    """A kit that is lent; its file now names another microphone."""
    pc: Pc = site._in_state("a kit on loan", LENT, bring_a_loan)
    home = site.workspace.home
    kit = home.kits[PLACE]
    items = tuple(changed(i, asset_tag=ANOTHER, serial="FI-99") if i.asset_tag == MICROPHONE else i for i in kit.items)
    site.workspace.__dict__["home"] = changed(home, kits={**home.kits, PLACE: changed(kit, items=items)})
    return pc


ACCEPTS = {Accepted.VERB, Bound.VERB, Enrolled.VERB, Revoked.VERB}  # what is right of a device is another than before


def is_told_truly(site: Site, pc: Pc) -> None:
    """What must be true of a kit and its loans, whatever met whatever."""
    here = read_anew(site)
    file = loans.read(here, PLACE)
    going = [one for one in file.loans if one.state not in {State.RETURNED, State.VOID}]
    assert len(going) <= 1, "one loan at a time"
    events = list(here.ledger.history(LENT))
    for loan in file.loans:
        for one in loan.paper["proofs"]:
            since = [e.verb for e in events if one["event"] < e.number < loan.drafted.number and e.verb in ACCEPTS]
            assert since == [], "its proof is of what it ran when it was drafted"
    lent_now = [i["asset_tag"] for one in going if one.state in {State.ACTIVE, State.OVERDUE} for i in one.items]
    for tag, move in loans.whereabouts(here, [i.asset_tag for i in here.home.kits[PLACE].items] + [MICROPHONE]).items():
        assert (move.place == PLACE) == (tag in lent_now), f"{tag} is at {move.place}"
    ended = [e for e in events if e.verb in {Undone.VERB, Accepted.VERB, Revoked.VERB, Enrolled.VERB}]
    for before, after in itertools.pairwise(ended):
        if (before.verb, after.verb) == (Accepted.VERB, Revoked.VERB):
            assert "replaced" in after.payload["because"], "what is given back runs nothing of ours"
    assert (LENT in here.known) == (here.vault.has(LENT)), "its secrets end with it"
    assert pc.settings
    resume(here)
    assert journal.all_unfinished(here) == set()


Meeting = tuple[Callable[[Site], Any], dict[str, Run], Callable[[Site, Any], None]]
MEETINGS: dict[str, Meeting] = {
    "a drifted modem": (drifted, ON_A_MODEM, holds),
    "a modem with an open run": (opened, ON_A_MODEM, holds),
    "a PC": (provisioned_pc, ON_A_PC, is_whole),
    "a kit in the store": (in_the_store, IN_THE_STORE, is_told_truly),
    "a kit on loan": (on_loan, ON_LOAN, is_told_truly),
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


def test_a_kit_whose_pc_is_enrolled_again_while_it_is_drafted_is_not_handed_over(
    template: Template, tmp_path: Path
) -> None:
    site = Site(tmp_path / "home", template)
    in_the_store(site)
    _, ends = interleaved(site, IN_THE_STORE["handover"], IN_THE_STORE["enrol"], 1)
    assert [type(end) for end in ends] == [type(None), ChangedError]
    assert loans.read(site.workspace, PLACE).open is None
    site.workspace.ledger.close()


def test_a_kit_in_which_other_devices_were_bound_is_verified_anew(template: Template, tmp_path: Path) -> None:
    site = Site(tmp_path / "home", template)
    in_the_store(site)
    IN_THE_STORE["bind"](site.workspace)
    with pytest.raises(ProvisionError, match="not verified since it was changed"):
        lent(site.workspace)
    IN_THE_STORE["verify"](site.workspace)
    heard_and_seen(site.workspace, LENT)
    IN_THE_STORE["verify"](site.workspace)
    lent(site.workspace)
    site.workspace.ledger.close()


def test_a_pc_that_is_provisioned_while_it_is_given_back_is_undone_again(template: Template, tmp_path: Path) -> None:
    refused = 0
    for at in range(1, 10):
        site = Site(tmp_path / f"{at}/home", template)
        pc = on_loan(site)
        _, (_, end) = interleaved(site, given_back, ON_LOAN["apply"], at)
        is_told_truly(site, pc)
        if isinstance(end, ChangedError):
            refused += 1
            given_back(site.workspace)
        assert pc.settings["system.hostname"] == "debian", f"given back as it came, whatever met it at {at}"
        site.workspace.ledger.close()
    assert refused


def test_a_pc_that_is_provisioned_right_after_it_was_undone_is_not_given_back(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease is given back then, and nothing of the return is recorded yet."""
    site = Site(tmp_path / "home", template)
    pc = on_loan(site)
    real = loans.last_moves

    def before_it(here: Workspace, tags: list[str]) -> loans.Numbers:
        monkeypatch.setattr(loans, "last_moves", real)
        with another_command(site) as other:
            ON_LOAN["apply"](other)
        return real(here, tags)

    monkeypatch.setattr(loans, "last_moves", before_it)
    with pytest.raises(ChangedError, match="while it was given back"):
        given_back(site.workspace)
    assert pc.settings["system.hostname"] == LENT
    given_back(site.workspace)
    assert pc.settings["system.hostname"] == "debian"
    site.workspace.ledger.close()


NEW_PC = "BRU-PC-99"


def another_pc(site: Site) -> Pc:
    """A kit on loan whose file names another PC, which is enrolled."""
    on_loan(site)
    home = site.workspace.home
    old, kit = home.computers[LENT], home.kits[PLACE]
    item = changed(old.item, asset_tag=NEW_PC, serial="AC999", mac="")
    kit = changed(kit, items=tuple(item if i.asset_tag == LENT else i for i in kit.items))
    computer = changed(old, kit=kit, item=item, address="127.90.0.99")
    computers = {tag: one for tag, one in home.computers.items() if tag != LENT} | {NEW_PC: computer}
    site.workspace.__dict__["home"] = changed(home, kits={**home.kits, PLACE: kit}, computers=computers)
    site.record(NEW_PC, Registered(item=item, kecamatan=PLACE, source="list"))
    pc = site.pc_from_the_carton(NEW_PC)
    pc.collected |= site.devices[LENT].collected | {"serial": "AC999", "macs": [], "hostname": NEW_PC}
    site.enrol(NEW_PC)
    return pc


def test_a_new_pc_that_is_enrolled_again_while_it_replaces_is_not_lent(template: Template, tmp_path: Path) -> None:
    ended = set()
    for at in range(1, 12):
        site = Site(tmp_path / f"{at}/home", template)
        another_pc(site)
        _, ends = interleaved(site, replaced, lambda here: enrolled(here, NEW_PC), at)
        ended.add(type(ends[-1]))
        events = list(site.workspace.ledger.history(NEW_PC))
        moved = [e.number for e in events if e.verb == "item.moved" and e.payload["place"] == PLACE]
        judged = max([e.number for e in events if e.verb == Judged.VERB], default=0)
        for number in moved:
            assert not [e.verb for e in events if judged < e.number < number and e.verb in ACCEPTS], f"met at {at}"
        site.workspace.ledger.close()
    assert ChangedError in ended
