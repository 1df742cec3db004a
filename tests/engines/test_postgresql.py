"""The ledger on a real PostgreSQL: the same acts, the same head."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledgers import AT, closed_after, opened, still_whole_and_known
from sqlalchemy.exc import DatabaseError

from provision.core.errors import LedgerError
from provision.ledger import connect, verify
from provision.ledger.copy import lines, take
from provision.ledger.lease import Lease
from provision.ledger.office_events import HeadTrusted


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    with closed_after():
        yield


def _bin(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(places[0]) if places else shutil.which(name)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if not (_bin("initdb") and _bin("postgres")):
        pytest.skip("PostgreSQL is not installed")
    base = Path(tempfile.mkdtemp(prefix="kit-pg-"))  # each start of pytest shuts others out of its own folder
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    base.chmod(0o755)
    data = base / "data"
    data.mkdir()
    if user:
        os.chown(data, 65534, 65534)
    subprocess.run(
        [*user, _bin("initdb"), "-D", data, "-U", "kit", "-A", "trust"], check=True, capture_output=True, cwd="/"
    )
    server = subprocess.Popen(
        [*user, _bin("postgres"), "-D", data, "-k", data, "-c", "listen_addresses=", "-F"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )  # fmt: skip
    try:
        url = f"postgresql://kit@/postgres?host={data}"
        for _ in range(200):
            if (data / ".s.PGSQL.5432").exists() and subprocess.run(
                [_bin("psql"), url, "-c", "select 1"], capture_output=True, check=False
            ).returncode == 0:
                break
            assert server.poll() is None
            threading.Event().wait(0.05)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # the fast shutdown: it waits for no client
        server.wait(timeout=30)
        shutil.rmtree(base)


def test_the_same_ledger_on_postgresql(postgres: str, tmp_path: Path) -> None:
    ledger = opened(postgres, tmp_path / "head", "tester")
    ledger.extend([("v", f"s{n % 7}", {"n": n, "text": "ünïcode"}) for n in range(40)], at=AT)
    assert verify(ledger) == (40, None)
    assert [e.payload["n"] for e in ledger.latest("v")] == list(range(33, 40))
    for statement in ("UPDATE event SET body = body", "DELETE FROM event", "TRUNCATE event"):
        with ledger.engine.connect() as connection, pytest.raises(DatabaseError, match="append-only"):
            connection.exec_driver_sql(statement)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER ALL")
        connection.exec_driver_sql("UPDATE event SET body = replace(body, '\"n\":17', '\"n\":18') WHERE number = 18")
    count, found = verify(ledger)
    assert (count, found.number) == (17, 18)
    ledger.close()


def test_two_first_commands_at_once_on_postgresql(postgres: str, tmp_path: Path) -> None:
    subprocess.run([_bin("psql"), postgres, "-c", "CREATE DATABASE fresh"], check=True, capture_output=True)
    url = postgres.replace("/postgres?", "/fresh?")
    errors: list[Exception] = []

    def first() -> None:
        try:
            one = connect(url, tmp_path / "h2", "t")
            one.append("v", "s", {}, at=AT)
            one.close()
        except Exception as error:  # noqa: BLE001 (the assertion below shows it)
            errors.append(error)

    threads = [threading.Thread(target=first) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    ledger = opened(url, tmp_path / "h2", "t")
    assert verify(ledger) == (3, None)
    one, two = Lease(ledger, "one"), Lease(ledger, "two")
    assert one.take(["a"]) == {}
    assert list(two.take(["a"])) == ["a"]
    one.release()
    assert two.take(["a"]) == {}
    two.release()
    assert ledger.newest_of(["s", "nobody"], ["v", "w"]) == {("s", "v"): 3}
    ledger.close()


HOLDS = """
import sys
from pathlib import Path
from provision.ledger import connect
from provision.ledger.lease import Lease
ledger = connect(sys.argv[1], Path(sys.argv[2]), "far")
print(Lease(ledger, "far").take(["a"]), flush=True)
sys.stdin.read()
"""


def test_a_run_on_another_computer_lives_while_its_session_does(postgres: str, tmp_path: Path) -> None:
    """Whatever the computers are called, and whatever their process ids mean here; a dead one is free at once."""
    ledger = opened(postgres, tmp_path / "h3", "tester")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, postgres, str(tmp_path / "h4")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "{}\n"
        with ledger.writing() as connection:  # as if it were a computer of the same name, whose process ids are others
            connection.exec_driver_sql(
                "UPDATE lease SET host = split_part(host, ' ', 1) || ' 0bad 1234', pid = 1, born = 1"
            )
        one = Lease(ledger, "one")
        assert "0bad 1234" in one.take(["a"])["a"]
        one.release()
    finally:
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 30
    while (two := Lease(ledger, "two")).take(["a"]) and time.monotonic() < deadline:
        two.release()
        time.sleep(0.05)
    with ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT run FROM lease").scalar() == "two"
    two.release()
    ledger.close()


def test_an_old_ledger_on_postgresql_is_brought_up_to_date_and_copied_with_the_same_head(
    postgres: str, tmp_path: Path
) -> None:
    subprocess.run([_bin("psql"), postgres, "-c", "CREATE DATABASE older"], check=True, capture_output=True)
    url = postgres.replace("/postgres?", "/older?")
    still_whole_and_known(url, tmp_path / "head")
    there = opened(url, tmp_path / "head", "tester")
    here = opened(f"sqlite:///{tmp_path}/copy.db", tmp_path / "copy.head", "tester")
    assert take(here, lines(there)) == (2, here.hash_of(2))
    assert here.hash_of(2) == there.hash_of(2)
    assert verify(here) == (2, None)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE OR REPLACE VIEW latest AS SELECT subject, verb, min(number) AS number FROM event GROUP BY subject, verb",
         "view latest"),
        ("ALTER TABLE event DISABLE TRIGGER event_no_truncate", "trigger event_no_truncate"),
        ("CREATE OR REPLACE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
         "trigger event_no_change"),
        ("ALTER TABLE event ADD COLUMN more text", "column more"),
        ("DROP INDEX event_moved", "index event_moved"),
        ("CREATE RULE quiet AS ON UPDATE TO event DO INSTEAD NOTHING", "rule quiet"),
    ],
)  # fmt: skip
def test_what_is_not_as_it_was_made_is_named_on_postgresql(
    postgres: str, tmp_path: Path, statement: str, named: str
) -> None:
    name = f"made_{abs(hash(statement))}"
    subprocess.run([_bin("psql"), postgres, "-c", f"CREATE DATABASE {name}"], check=True, capture_output=True)
    ledger = opened(postgres.replace("/postgres?", f"/{name}?"), tmp_path / "h", "t")
    ledger.append("v", "s", {}, at=AT)
    assert verify(ledger) == (1, None)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    found = verify(ledger)[1]
    assert found is not None
    assert named in found.because


def test_a_second_machine_has_a_head_of_its_own(postgres: str, tmp_path: Path) -> None:
    """It begins by a person's word: nothing here says that these events are the office's."""
    subprocess.run([_bin("psql"), postgres, "-c", "CREATE DATABASE shared"], check=True, capture_output=True)
    url = postgres.replace("/postgres?", "/shared?")
    first = opened(url, tmp_path / "one.head", "one")
    first.append("v", "s", {}, at=AT)
    second = opened(url, tmp_path / "two.head", "two")
    with pytest.raises(LedgerError, match="the head outside the database is missing"):
        second.append("v", "s", {}, at=AT)
    second.trust(lambda because: HeadTrusted(because=because, reason="a second laptop"), at=AT)
    second.append("v", "s", {}, at=AT)
    first.append("v", "s", {}, at=AT)
    assert verify(first) == verify(second) == (4, None)
