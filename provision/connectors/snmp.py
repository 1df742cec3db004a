"""SNMPv3 requests (GET, GETBULK, SET): authPriv only, two exchanges, every reply authenticated before use.

Keys are localised and the engine ID is known, from the asset tag or learned before by `learn`, so that a request
needs no unauthenticated discovery: (1) an authenticated request that gets the agent's time in an authenticated
report, (2) the request itself. One socket carries all devices, a window of them at a time.
"""

from __future__ import annotations

import contextlib
import heapq
import secrets
import selectors
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from provision.connectors.snmpv3 import ber, message, reply
from provision.connectors.snmpv3.values import Absent, Value
from provision.core.device import Device
from provision.core.link import deadlines
from provision.core.model import Secret
from provision.core.snmp_keys import NET_SNMP, Usm, localise

AES128_BYTES = 16
ROUNDS = 3  # the time, the answer, and once more for a clock that moved in between
AT_ONCE = 128
DATAGRAM = 65535
SILENT = "no answer"
_SALTS = count(secrets.randbits(63))  # never twice with one key: a fresh start per process, then up (RFC 3826, 3.1.4.1)


def new_numbers() -> message.Numbers:
    """Return the numbers of one more request: two random ones, and the next salt of this process."""
    salt = (next(_SALTS) & 0xFFFFFFFFFFFFFFFF).to_bytes(message.SALT_BYTES, "big")
    return message.Numbers(1 + secrets.randbelow(message.MAX_INT), 1 + secrets.randbelow(message.MAX_INT), salt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One SNMPv3 agent and its user, with localised keys; `oids` and `timeout_s` are its own, where a call has none."""

    device: str
    host: str
    port: int
    user: str
    engine_id: bytes
    usm: Usm = NET_SNMP
    auth_key: bytes = field(repr=False)
    priv_key: bytes = field(repr=False)
    oids: tuple[str, ...] = ()
    timeout_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one agent said: values by OID (None: the agent has no such value), or why there are none (`because`)."""

    device: str
    values: Mapping[str, Any] = field(default_factory=dict)
    because: str = ""


def target(device: Device, user: str, secrets: Mapping[str, Secret], usm: Usm, learned: bytes = b"") -> Target:
    """Return the target of one device, with the localised keys from its secrets.

    A key that is not among them (a vault of an older program) is made here from its passphrase. `learned` is the engine
    ID of a device on which none can be set.
    """
    engine = usm.engine_id(device.tag) or learned

    def key(name: str) -> bytes:
        kept = secrets.get(usm.key(name))
        return bytes.fromhex(kept.reveal()) if kept else localise(secrets[name].reveal(), engine, usm.digest)

    return Target(
        device=device.tag,
        host=device.host,
        port=device.snmp_port,
        user=user,
        engine_id=engine,
        usm=usm,
        auth_key=key("snmp_auth"),
        priv_key=key("snmp_priv")[:AES128_BYTES],
        timeout_s=deadlines(device.link).snmp_s,
    )


@dataclass(slots=True)
class _Job:
    """One agent's request under way: what is asked, how far it has come, and its values or why there are none."""

    target: Target
    address: tuple[str, int]
    peer: message.Peer
    oids: tuple[str, ...]
    kind: int
    sent: tuple[bytes, ...] = ()
    clock: message.Clock = message.NO_CLOCK
    heard_at: float = 0.0
    values: dict[str, Value] = field(default_factory=dict)
    because: str = SILENT
    tries: int = 0
    rounds: int = 0
    waiting: set[int] = field(default_factory=set)

    def known(self) -> message.Clock | None:
        """Return the engine's clock as it should be now, or None if the engine has not told it yet."""
        if not self.heard_at:
            return None
        return message.Clock(self.clock.boots, self.clock.time + int(time.monotonic() - self.heard_at))


class _Reader:
    """One socket, and the requests that wait for their replies."""

    def __init__(self, wire: socket.socket, jobs: Iterable[_Job], patience: _Patience, rows: int) -> None:
        self.wire, self.todo = wire, iter(jobs)
        (self.timeout_s, self.retries), self.rows = patience, rows
        self.pending: dict[int, tuple[message.Request, _Job]] = {}
        self.due: list[tuple[float, int]] = []
        self.live = 0

    def run(self) -> None:
        """Send the requests of all jobs and take in replies until every job has ended."""
        with selectors.DefaultSelector() as ready:
            ready.register(self.wire, selectors.EVENT_READ)
            self._begin()
            while self.pending:
                if ready.select(max(0.0, self.due[0][0] - time.monotonic())):
                    self._receive_all()
                self._give_up_late()

    def _begin(self) -> None:
        while self.live < AT_ONCE and (job := next(self.todo, None)) is not None:
            self.live += 1
            self._send(job)

    def _send(self, job: _Job) -> None:
        query = message.Query(job.oids, job.kind, self.rows, job.sent)
        request = message.build(job.peer, query, job.clock, new_numbers())
        self.pending[request.msg_id] = request, job
        job.waiting.add(request.msg_id)
        heapq.heappush(self.due, (time.monotonic() + (self.timeout_s or job.target.timeout_s), request.msg_id))
        with contextlib.suppress(OSError):  # as if it was lost on the way
            self.wire.sendto(request.datagram, job.address)

    def _forget(self, job: _Job) -> None:
        for number in job.waiting:
            self.pending.pop(number, None)
        job.waiting.clear()

    def _done(self, job: _Job, because: str) -> None:
        job.because = because
        self._forget(job)
        self.live -= 1
        self._begin()

    def _receive_all(self) -> None:
        while True:
            try:
                datagram, source = self.wire.recvfrom(DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error for one of them: its time runs out
            self._receive(datagram, source)

    def _receive(self, datagram: bytes, source: tuple[str, int]) -> None:
        try:
            request, job = self.pending[reply.msg_id(datagram)]
        except (ber.BerError, KeyError):
            return
        if source != job.address:
            return
        match reply.read(request, datagram, job.known()):
            case reply.Values(clock, found):
                job.values, job.clock = found, clock
                self._done(job, "")
            case reply.Late(clock):
                self._follow(job, clock)
            case reply.Failed(_, because):
                self._done(job, because)
            case reply.Hint(because):
                job.because = f"not proven, but somebody says: {because}"
            case reply.Refused(because):
                job.because = f"an answer was refused: {because}"

    def _follow(self, job: _Job, clock: message.Clock) -> None:
        """Send the request again with the engine's own clock; end the job if that was the third such report."""
        job.clock, job.heard_at, job.rounds = clock, time.monotonic(), job.rounds + 1
        self._forget(job)
        if job.rounds < ROUNDS:
            self._send(job)
        else:
            self._done(job, "the agent's clock cannot be followed")

    def _give_up_late(self) -> None:
        now = time.monotonic()
        while self.due and (self.due[0][0] <= now or self.due[0][1] not in self.pending):
            _, number = heapq.heappop(self.due)
            if number not in self.pending:
                continue
            _, job = self.pending[number]  # it stays: on a slow link the answer to an earlier try counts, too
            job.tries += 1
            if job.tries > self.retries:
                self._done(job, job.because)
            else:
                self._send(job)


def read(
    targets: list[Target], oids: tuple[str, ...] = (), *, timeout_s: float = 0.0, retries: int = 1
) -> dict[str, Answer]:
    """GET `oids`, or a target's own if it has any, from all targets at once; return the answers by device.

    A target that fails has an answer with the reason.
    """
    return _run(targets, message.Query(oids), _Patience(timeout_s, retries))


def write(target: Target, wanted: Mapping[str, bytes], *, timeout_s: float = 5.0, retries: int = 1) -> Answer:
    """SET all of `wanted` (OID -> element of BER) in one PDU and return the answer.

    Its values are what the agent says it set. An empty `because` is the agent's authenticated word that it took all of
    them; one that begins with `the agent says` is its refusal; after any other the state is unknown: read it back.
    """
    query = message.Query(tuple(wanted), message.SET, 0, tuple(wanted.values()))
    return _run([target], query, _Patience(timeout_s, retries))[target.device]


def walk(target: Target, root: str, *, rows: int = 32, timeout_s: float = 0.0, retries: int = 1) -> Answer:
    """Return the answer to one GETBULK of at most `rows` values; those that do not lie below `root` are left out."""
    query = message.Query((root,), message.BULK, rows)
    answer = _run([target], query, _Patience(timeout_s, retries))[target.device]
    below = {oid: value for oid, value in answer.values.items() if oid.startswith(root + ".")}
    return Answer(device=answer.device, values=below, because=answer.because)


def learn(addresses: Mapping[str, tuple[str, int]], *, timeout_s: float = 2.0, retries: int = 1) -> dict[str, bytes]:
    """Ask devices for their engine IDs; return those that came, by name. `addresses` maps a name to host and port.

    Nobody vouches for the answers: an engine ID is proved only when a request with keys made for it is answered.
    """
    found: dict[str, bytes] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        for _ in range(retries + 1):
            asked = {}
            for name in addresses.keys() - found.keys():
                number = new_numbers().msg_id
                datagram = message.discover(number)
                asked[number] = name
                with contextlib.suppress(OSError):
                    wire.sendto(datagram, addresses[name])
            deadline = time.monotonic() + timeout_s
            while asked and (left := deadline - time.monotonic()) > 0:
                wire.settimeout(left)
                with contextlib.suppress(OSError, ber.BerError, KeyError):
                    datagram, source = wire.recvfrom(DATAGRAM)
                    number = reply.msg_id(datagram)
                    if source == addresses[asked[number]] and (engine := reply.engine_of(number, datagram)):
                        found[asked.pop(number)] = engine
    return found


class _Patience(NamedTuple):
    """How long an answer may take (seconds, 0: as long as its target says), and how often it is asked for again."""

    timeout_s: float
    retries: int


def _run(targets: list[Target], query: message.Query, patience: _Patience) -> dict[str, Answer]:
    oids, kind, rows, sent = query
    jobs = [
        _Job(
            target=t,
            address=(t.host, t.port),
            oids=oids if sent else t.oids or oids,
            kind=kind,
            sent=tuple(sent),
            peer=message.Peer(t.engine_id, t.user.encode(), t.auth_key, t.priv_key, t.usm),
        )
        for t in targets
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setblocking(False)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        _Reader(wire, jobs, patience, rows).run()
    return {
        job.target.device: Answer(
            device=job.target.device,
            because=job.because,
            values={oid: None if isinstance(value, Absent) else value for oid, value in job.values.items()},
        )
        for job in jobs
    }
