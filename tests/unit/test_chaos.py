"""Any order of acts and faults on a modem ends whole: what hypothesis finds here, nobody thought of.

`./run soak acts` runs the same with more and longer lists.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from berau import MODEM, Fault, Site, Template, cut_short, refused, silent
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from provision.core.errors import ProvisionError
from provision.devices.run import ApplyRequest, Callbacks
from provision.ledger import verify
from provision.operations import adopt, rollback, rotate
from provision.operations.resume import assumption_of, resume

STEPS = st.sampled_from(["Look", "Change", "Finish", "SNMP"])
FAULTS = st.sampled_from([
    silent(), silent("Connection reset", reached=True), silent("ssh: connect to host: No route to host"), cut_short(),
    refused(22, "stale"), refused(23, "flash full"), refused(25, "uci refused"), refused(31, "not armed"),
])  # fmt: skip
LISTS = int(os.environ.get("PROVISION_SOAK_LISTS", "4"))
SOAK = "PROVISION_SOAK_LISTS" in os.environ
LENGTH = int(os.environ.get("PROVISION_SOAK_LENGTH", "12"))


class Chaos(RuleBasedStateMachine):
    """One modem, its office, and everything that may happen to it."""

    template: Template

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        self.site = Site(self.folder / "home", self.template)
        self.modem = self.site.enrolled_modem()
        self.renamed = 0

    def teardown(self) -> None:
        """Whatever happened: without faults and with time, everything ends, and the ledger is whole."""
        self.modem.faults.clear()
        if self.modem.armed and not self.open():
            self.modem.revert("timer")
        resume(self.site.workspace)
        self.a_person_ends_what_nothing_proves()
        assert self.site.workspace.unfinished() == {}
        assert not self.modem.armed
        (outcome,) = self.site.apply(MODEM).outcomes
        assert str(outcome.ending) in {"applied", "unchanged"}, outcome
        self.the_vault_has_the_secrets_that_the_modem_runs()
        assert verify(self.site.workspace.ledger)[1] is None
        self.site.workspace.ledger.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def a_person_ends_what_nothing_proves(self) -> None:
        """A run that never reached the modem, and a technician who changed it since: neither proof nor old marker."""
        if event := self.site.workspace.unfinished().get(MODEM):
            assert (self.modem.guard, event.payload["marker"] != self.modem.marker) == ("none", True)
            resume(self.site.workspace, None, assumption_of("reverted", "dilihat di tempat"))

    def open(self) -> bool:
        """Whether a run on the modem has no recorded end."""
        return MODEM in self.site.workspace.unfinished()

    @rule(step=STEPS, fault=FAULTS, times=st.integers(1, 3))
    def something_goes_wrong(self, step: str, fault: Fault, times: int) -> None:
        if step == "SNMP" and fault.reaches:
            return
        self.modem.next(step, *[fault] * times)

    @rule()
    def the_link_is_well_again(self) -> None:
        self.modem.faults.clear()

    @rule()
    def a_technician_renames_it(self) -> None:
        self.renamed += 1
        self.modem.set(f"system.@system[0].hostname='name-{self.renamed}'")

    @precondition(lambda self: self.modem.armed)
    @rule(why=st.sampled_from(["timer", "boot"]))
    def its_guard_reverts(self, why: str) -> None:
        self.modem.revert(why)

    @rule()
    def the_office_applies(self) -> None:
        self.site.apply(MODEM)

    @rule()
    def the_office_resumes(self) -> None:
        resume(self.site.workspace)

    @rule(act=st.sampled_from(["adopt", "rollback", "rotate"]))
    def the_office_does_something_else(self, act: str) -> None:
        intent, request = self.site.intent(), ApplyRequest(bench=True)
        try:
            if act == "adopt":
                adopt.adopt(self.site.workspace, intent, "as found", bench=True)
            elif act == "rollback":
                rollback.rollback(self.site.workspace, intent, request, Callbacks())
            else:
                rotate.rotate(self.site.workspace, intent, request, Callbacks())
        except ProvisionError:
            pass  # refused: what holds after each act holds after a refusal, too

    @invariant()
    def an_armed_guard_belongs_to_an_open_run(self) -> None:
        assert not self.modem.armed or self.open()

    @invariant()
    def the_vault_has_the_secrets_that_the_modem_runs(self) -> None:
        known = self.site.known.get(MODEM)
        if known is None or not known.accepted or self.open():
            return
        key = self.site.workspace.vault.device(MODEM)["wireguard_private"].reveal()
        assert key in self.modem.packages["network"]


@pytest.mark.timeout(3600)
def test_any_order_of_acts_and_faults_ends_whole(template: Template) -> None:
    Chaos.template = template
    run_state_machine_as_test(
        Chaos,
        settings=settings(
            max_examples=LISTS, stateful_step_count=LENGTH, deadline=None, database=None, derandomize=not SOAK
        ),
    )
