"""What a PC leaves by itself is taken in where it is proven, and refused by name where it is not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from labhome import Bench, Done

pytestmark = pytest.mark.lab
PCS = {"linux": "BRU-PC-04", "windows": "BRU-PC-11"}
OUTBOX = {"linux": "var/lib/kit/outbox", "windows": "ProgramData/Kit/outbox"}


@pytest.fixture(params=PCS)
def pc(bench: Bench, request: pytest.FixtureRequest) -> str:
    bench.pc(PCS[request.param])
    return PCS[request.param]


def outbox(bench: Bench, tag: str) -> list[Path]:
    kind = next(k for k, t in PCS.items() if t == tag)
    return sorted((bench.flash(tag) / OUTBOX[kind]).glob("*.json"))


def made(bench: Bench, tag: str) -> Path:
    bench.fault(tag, "report")
    return outbox(bench, tag)[-1]


def ingest(bench: Bench, *files: Path) -> tuple[int, list[dict]]:
    done = bench.run("ingest", *map(str, files), "--json")
    return done.code, json.loads(done.out)["reports"]


def refused(bench: Bench, file: Path) -> str:
    code, (one,) = ingest(bench, file)
    assert code == 1
    assert one["findings"] == []
    return str(one["refused"])


def test_a_report_on_a_stick_says_how_the_pc_is_and_is_taken_in_once(bench: Bench, pc: str) -> None:
    file = made(bench, pc)
    code, (one,) = ingest(bench, file)
    assert (code, one["refused"], one["device"]) == (0, "", pc), one
    found = {f["check"]: f["verdict"] for f in one["findings"]}
    assert found["peripherals_are_the_kits_own"] == "pass"
    assert "clock_is_right" not in found, "a file proves no clock"
    assert "replayed" in refused(bench, file)
    bench.fault(pc, "webcam", "gone")
    try:
        code, (one,) = ingest(bench, made(bench, pc))
    finally:
        bench.fault(pc, "webcam")
    assert code == 3
    assert {f["check"]: f["verdict"] for f in one["findings"]}["camera_is_present"] == "fail"


def test_what_is_not_proven_is_refused_by_name(bench: Bench, pc: str, tmp_path: Path) -> None:
    good = json.loads(made(bench, pc).read_text())
    other = next(t for t in PCS.values() if t != pc)
    bench.pc(other)

    def file(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def bent(**changes: object) -> str:
        return json.dumps(good | changes)

    unsigned = {k: v for k, v in good.items() if k != "mac"}
    for name, text, said in (
        ("unsigned", json.dumps(unsigned), "unsigned"),
        ("altered", bent(body=good["body"].replace("schema", "Schema", 1)), "altered"),
        ("counter", bent(counter=good["counter"] + 1), "altered"),
        ("other", bent(kit=other), "altered, or signed by another PC's key"),
        ("stranger", bent(kit="BRU-PC-99"), "of no PC"),
        ("list", "[]", "no report"),
        ("text", "selamat pagi", "no report"),
        ("two", bent() + "\n" + bent(), "two JSON objects"),
        ("cut", bent()[:-40], "no report"),
        ("empty", "", "no report"),
        ("deep", "[" * 100000, "no report"),
        ("large", b"{" + b" " * 50_000_000, "too large"),
        ("kinds", bent(counter="1", at=None), "counter, at is missing or not understood"),
    ):
        assert said in refused(bench, file(name, text)), name
    code, (one,) = ingest(bench, file("good", bent()))
    assert (code, one["refused"]) == (0, "")


def test_reports_wait_in_the_outbox_until_they_are_fetched(bench: Bench, pc: str) -> None:
    first, second = made(bench, pc), made(bench, pc)
    done = bench.run("fetch", pc, "--json")
    assert done.code == 0, done.out + done.err
    reports = json.loads(done.out)["reports"]
    numbers = [int(p.stem.rpartition("-")[2]) for p in (first, second)]
    assert [r["counter"] for r in reports][-2:] == numbers
    assert all(r["refused"] == "" for r in reports)
    assert "nothing new" in bench.ok("fetch", pc).err
    bench.fault(pc, "off", "1")
    try:
        done = bench.run("fetch", pc)
        assert (done.code, f"{pc}: no answer" in done.err) == (1, True)
    finally:
        bench.fault(pc, "off")


def test_only_the_newest_fortnight_is_kept_on_the_pc(bench: Bench) -> None:
    bench.pc(PCS["linux"])
    for _ in range(16):
        made(bench, PCS["linux"])
    assert len(outbox(bench, PCS["linux"])) == 14


@contextmanager
def drop(folder: Path) -> Iterator[str]:
    """The office's drop: a web server that takes what is put."""

    class Taker(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            size = int(self.headers["Content-Length"])
            (folder / Path(self.path).name).write_bytes(self.rfile.read(size))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/kit"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_pc_without_a_modem_puts_its_report_into_the_offices_drop(bench: Bench, tmp_path: Path) -> None:
    tag = PCS["linux"]
    bench.pc(tag)
    defaults = bench.home / "inventory/defaults.yml"
    text = defaults.read_text()
    try:
        with drop(tmp_path) as url:
            defaults.write_text(text.replace("  updates_days: 45", f"  updates_days: 45\n  drop: {url}"))
            bench.ok("apply", tag, "--yes")
            name = made(bench, tag).name
            code, (one,) = ingest(bench, tmp_path / name)
        assert (code, one["device"]) == (0, tag)
        made(bench, tag)  # the drop is gone: it waits in the outbox
        assert json.loads(bench.ok("fetch", tag, "--json").out)["reports"][-1]["refused"] == ""
    finally:
        defaults.write_text(text)
        bench.ok("apply", tag, "--yes")


def test_the_key_of_the_reports_is_in_no_file_of_the_home_and_in_no_output(bench: Bench, pc: str) -> None:
    key = bench.workspace.vault.report_key(pc).reveal()
    path = made(bench, pc)
    said: list[Done] = [
        bench.ok("ingest", str(path)), bench.ok("history", pc, "--json"), bench.ok("inventory", "--list"),
        bench.run("plan", pc), bench.run("apply", pc, "--yes", "--json"),
    ]  # fmt: skip
    assert not any(key in done.out + done.err for done in said)
    assert [p for p, body in bench.kept().items() if key.encode() in body] == []
    assert key not in path.read_text()


def test_clocks_and_ages() -> None:
    from provision.core.model import Secret
    from provision.families.languages import pc_report

    now = int(time.time())
    body = json.dumps({"schema": 2, "serial": "AC1"})
    key = Secret("ab" * 32)

    def claim(at: int, text: str = body) -> pc_report.Claim:
        import hmac

        signed = f"T\n5\n{at}\n{text}"
        mac = hmac.digest(bytes.fromhex(key.reveal()), signed.encode(), "sha256").hex()
        return pc_report.Claim(tag="T", counter=5, at_s=at, body=text, mac=mac)

    assert pc_report.prove(claim(now), key, last=4, now_s=now).readings["serial"] == "AC1"
    for at, text, said in (
        (now + 3600, body, "from the future"), (now - 40 * 86400, body, "40 days old"), (now, "[]", "no JSON object"),
        (now, json.dumps({"schema": 1}), "of another version (1)"), (now, json.dumps({}), "of another version (None)"),
    ):  # fmt: skip
        with pytest.raises(pc_report.ReportError) as caught:
            pc_report.prove(claim(at, text), key, last=4, now_s=now)
        assert said in str(caught.value)
