"""What one command works with: home, ledger, vault, clock, and what the ledger knows of devices."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provision.connectors.network import Network
from provision.core.device import Device, Intended, Intent
from provision.core.errors import VaultError
from provision.core.model import Event, Secret
from provision.home import targets
from provision.home.held import Held, Seen, require_observations
from provision.home.place import Place
from provision.home.targets import Targets
from provision.home.vault import NAME, Vault, password
from provision.ledger import known as ledger_known
from provision.ledger.act import Line
from provision.ledger.events import Begun, Ended, SelfTested
from provision.ledger.known import KnownDevices
from provision.ledger.lease import Lease
from provision.ledger.reader import Reader
from provision.local.clock import Clock

if TYPE_CHECKING:
    from provision.home import intent
    from provision.ledger import Ledger


class Workspace:
    """What one command works with: home, clock and network; ledger, vault and intent are opened at first use."""

    def __init__(self, root: Path, *, clock: Clock | None = None, network: Network | None = None) -> None:
        """Use the home at `root`, with this computer's clock and network unless others are handed in."""
        self.place = Place(root.resolve())
        self.clock = clock or Clock()
        self.network = network or Network()

    def now(self) -> str:
        """Return the time in UTC, ISO 8601 to the second."""
        return self.clock.now()

    def today(self) -> str:
        """Return the day in Berau (WITA), ISO 8601."""
        return self.clock.today()

    def clock_s(self) -> int:
        """Return the time in seconds."""
        return self.clock.seconds()

    def new_run(self) -> str:
        """Return the name of a new run."""
        return self.clock.new_run()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, opened, with its schema up to date. Raises IntentError if this is no home.

        Its actor is PROVISION_ACTOR, or else USER@COMPUTER.
        """
        from provision.ledger import connect

        self.place.require()
        actor = os.environ.get("PROVISION_ACTOR") or f"{getpass.getuser()}@{platform.node()}"
        return connect(self.place.database, self.place.var / "ledger.head", actor)

    @cached_property
    def reader(self) -> Reader:
        """The reader of the ledger's newest events, which opens the ledger itself only if it has to.

        Raises IntentError if this is no home.
        """
        self.place.require()
        return Reader(self.place.database, lambda: self.ledger)

    def latest(self, *verbs: str) -> list[Event]:
        """Return the newest event of each subject for each of `verbs`, oldest first."""
        return self.ledger.latest(*verbs) if "ledger" in self.__dict__ else self.reader.latest(*verbs)

    @cached_property
    def vault(self) -> Vault:
        """The vault of the home, opened.

        Raises VaultError if there is no password, or a wrong one, or if the file is missing though devices are known:
        new secrets would let nobody in.
        """
        path = self.place.inventory / NAME
        if not path.exists() and self.known:
            raise VaultError(
                f"the vault is missing, and {len(self.known)} devices have their secrets in it",
                where=str(path),
                hint="bring it back: provision restore; where it is lost for good: ansible-vault create "
                f"{path} with {{}} in it, then reset and enrol each device anew",
            )
        return Vault(path, self.vault_password)

    @cached_property
    def vault_password(self) -> Secret:
        """The vault password, which a person is asked for once. Raises VaultError if there is none."""
        return password(self.place.root / "var" / "vault-password")

    @cached_property
    def home(self) -> intent.Home:
        """All of the intent, read once. Raises IntentError with every fault that was found."""
        return self.place.intent()

    @cached_property
    def known(self) -> KnownDevices:
        """Every device that was enrolled and not revoked since, by asset tag, as the ledger knew it at first use."""
        return ledger_known.devices(self.latest)

    def last_answers(self) -> dict[str, str]:
        """Return when each known device last answered a look (UTC, ISO 8601), by asset tag."""
        return ledger_known.last_answers(self.latest, self.known)

    def last_logins(self, check: str) -> dict[str, str]:
        """Return when a new login to each device was last proved, by asset tag; a verify proves it by `check`."""
        return ledger_known.last_logins(self.latest, check)

    def forget_known(self) -> None:
        """Forget `known`, so that its next use reads the ledger again."""
        self.__dict__.pop("known", None)

    def forget_vault(self) -> None:
        """Forget `vault`, so that its next use opens the file again."""
        self.__dict__.pop("vault", None)

    @contextmanager
    def hold(self, devices: Sequence[str], run: str) -> Iterator[Held]:
        """Hold devices for `run` until the block ends: only what is yielded can write what is known of them.

        A device that a living run has is refused (`Held.refused`). What was known of devices and secrets before is
        forgotten, so that what is decided inside the block was read under the lease.
        """
        leases = Lease(self.ledger, run)
        try:
            refused = leases.take(devices)
            self.forget_known()
            self.forget_vault()
            held = Held(self, leases, [device for device in devices if device not in refused], refused)
            try:
                yield held
            finally:
                held.end()
        finally:
            leases.release()

    def seen(self, devices: Sequence[str]) -> Seen:
        """Return the numbers of the newest events that `known` was read from, for those of `devices` that are known."""
        known = [self.known[tag].seen for tag in devices if tag in self.known]
        return {key: number for one in known for key, number in one.items()}

    def observe(self, lines: Sequence[Line], *, seen: Seen) -> None:
        """Record what was observed of devices, without a lease, if nothing newer than `seen` was recorded.

        Raises ChangedError, with nothing recorded, if there was: the observation is of the time before.
        """
        require_observations(lines)
        if lines:
            self.ledger.record(lines, at=self.now(), expect=seen)

    def targets(self, names: list[str]) -> Targets:
        """Resolve TARGETs (kecamatan in any spelling, device tag, `all`) to devices.

        Raises UsageError for another name.
        """
        return targets.resolve(self.home, names)

    def intent(self, target: str) -> Intent:
        """Return the intent of the one modem that a TARGET names; PCs that it names, too, do not count.

        Raises UsageError if it names no modem, or several.
        """
        return targets.only_modem(self.home, target)

    def device(self, target: str) -> Intended:
        """Return the one device that a TARGET names. Raises UsageError if it names none or several."""
        return targets.only_device(self.home, target)

    def way_back_is_proved(self, device: Device) -> bool:
        """Return whether a selftest passed on a device of this family, model and firmware."""
        return any(e.subject == ledger_known.drill_of(device) for e in self.latest(SelfTested.VERB))

    def shown_secret(self, tag: str) -> str:
        """Return the day (UTC) on which a secret of a device was last shown to a person.

        An empty text if none was, or if its secrets were replaced since.
        """
        return ledger_known.shown_secret(self.latest, tag)

    def unfinished(self) -> dict[str, Event]:
        """Return the begin event of each run on a modem or radio that has no recorded end, by asset tag."""
        return ledger_known.open_runs(self.latest(Begun.VERB, Ended.VERB), Begun.VERB)
