"""A family that only SNMP can set walks the line: against Debian's snmpd with a user that may write."""

from __future__ import annotations

import json
import random
import shutil
import signal
from collections.abc import Iterator

import pytest
from labhome import Bench, until, while_it_runs
from matrix import SOAK
from radio import APPLY, DISCARD, FACTORY, PASSPHRASE, SAVE, SERIAL, Radio
from radiohome import TAG, apply, at_maratua, enrol, provisioned

from provision.connectors import settable, setter
from provision.connectors.old_values import OldValues
from provision.devices.radio import engine
from provision.families.epmp import EPMP
from provision.families.epmp import FAMILY as DRIVER

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("snmpd", path="/usr/sbin:/usr/bin") is None, reason="no snmpd"),
]
MODEM = "BRU-MDM-04"
WANTED = {
    "systemConfigDeviceName": TAG, "snmpSystemName": TAG, "snmpTrapEnable": "0", "snmpProtocolVersion": "2",
    "webService": "2", "cambiumTelnetServerEnable": "0", "cambiumDeviceAgentEnable": "0",
}  # fmt: skip


@pytest.fixture(scope="module")
def radio(bench: Bench) -> Iterator[Radio]:
    with at_maratua(bench) as one:
        yield one


@pytest.fixture
def applied(bench: Bench, radio: Radio) -> Radio:
    """The radio runs what is intended."""
    provisioned(bench, radio)
    return radio


def watched(bench: Bench) -> dict:
    return json.loads(bench.run("watch", TAG, "--json").out)["devices"][0]


def oid(name: str) -> str:
    return DRIVER.configuration.objects[name][0].removeprefix(f"{EPMP}.")


def test_from_the_carton_to_provisioned_and_watched(bench: Bench, radio: Radio) -> None:
    done = enrol(bench, radio, "--new-key")
    assert done.code == 0, done.err
    assert "Force 300-25, 4.7.1" in done.err
    assert radio.running == FACTORY, "enrol writes nothing"
    done = bench.run("plan", TAG, "--bench", "--json")
    assert done.code == 3, done.err
    first = bench.run("apply", TAG, "--bench", "--yes")
    assert first.code == 0, first.out + first.err
    assert {n: radio.running[n] for n in WANTED} == WANTED
    assert radio.running["snmpSystemDescription"].startswith("Maratua, ")
    assert [line.split("=")[0] for line in radio.read()["log"]][-2:] == [SAVE, APPLY]
    assert apply(bench)["outcome"] == "unchanged"
    assert watched(bench)["state"] == "ok"
    inventory = json.loads(bench.ok("inventory", "--list").out)
    assert TAG.lower() in inventory["radios"]["hosts"]
    assert TAG.lower() not in inventory.get("modems", {"hosts": []})["hosts"]


def test_a_hand_on_the_radio_is_drift_named_by_its_object(bench: Bench, applied: Radio) -> None:
    applied.alter(cambiumTelnetServerEnable="1")
    found = watched(bench)
    assert found["state"] == "drift"
    assert [(c["path"], c["accepted"], c["running"]) for c in found["changes"]] == [
        ("cambiumTelnetServerEnable", "0", "1")
    ]
    assert apply(bench)["outcome"] == "applied"
    assert applied.running["cambiumTelnetServerEnable"] == "0"
    assert applied.read()["log"] == [f"{oid('cambiumTelnetServerEnable')}=0", f"{SAVE}=1", f"{APPLY}=1"]


def test_a_refusal_names_the_object_and_the_old_values_are_back(bench: Bench, applied: Radio) -> None:
    before = applied.running | {"snmpSystemName": "lain", "webService": "3"}
    applied.alter(snmpSystemName="lain", webService="3")
    applied.fault(refuses={"webService": "not-writable"})  # the name before it is staged by then
    found = apply(bench)
    assert found["outcome"] == "failed", found
    assert "notWritable at webService" in found["because"]
    assert applied.running == before
    assert applied.read()["staged"] == {}
    assert watched(bench)["state"] == "drift"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("wrong-type", "wrongType"), ("wrong-length", "wrongLength"), ("wrong-value", "wrongValue"),
        ("inconsistent-value", "inconsistentValue"), ("no-creation", "noCreation"),
    ],
)  # fmt: skip
def test_each_word_of_refusal_is_told_and_nothing_stays_staged(
    bench: Bench, applied: Radio, word: str, said: str
) -> None:
    applied.alter(snmpSystemName="lain", webService="3")
    applied.fault(refuses={"webService": word})
    workspace = bench.workspace
    box = settable.Box(
        engine.target(workspace, workspace.known[TAG].device), OldValues(engine.old_values_of(workspace, TAG))
    )
    assert DRIVER.commit.staging
    objects = [
        {
            "name": n,
            "oid": DRIVER.configuration.objects[n][0],
            "type": DRIVER.configuration.objects[n][1],
            "old": old,
            "new": new,
        }
        for n, old, new in (("snmpSystemName", "lain", TAG), ("webService", "3", "2"))
    ]
    document = {"verb": "change", "nonce": "n", "run": "r", "oids": [], "set": objects}
    answer = setter.execute(box, document | {"staging": DRIVER.commit.staging.words()})
    assert (answer["code"], answer["guard"]) == (setter.REFUSED, "reverted r refused")
    assert answer["refused"] == f"the agent says {said} at webService"
    assert (applied.running["snmpSystemName"], applied.read()["staged"]) == ("lain", {})


@pytest.fixture
def numbered(bench: Bench, applied: Radio) -> Iterator[Radio]:
    """The radio runs what is intended, and its agent has a set-serial number that can be set."""
    applied.stop()
    applied.start(numbered=True)
    until(lambda: watched(bench)["state"] == "ok", "the agent answers")
    yield applied
    applied.stop()


def test_an_agent_that_numbers_its_sets_is_changed_with_the_number(bench: Bench, numbered: Radio) -> None:
    before = numbered.read()["number"]
    numbered.alter(webService="3")
    assert apply(bench)["outcome"] == "applied"
    assert numbered.read()["number"] == before + 3, "the change, save, apply: each of them carried it"


def box_of(bench: Bench, run: str) -> settable.Box:
    """The radio as the program that sets it has it, for a run whose old values are kept."""
    workspace = bench.workspace
    way = OldValues(engine.old_values_of(workspace, TAG))
    way.arm(run, [])
    return settable.Box(engine.target(workspace, workspace.known[TAG].device), way, run=run)


def test_a_set_with_the_number_of_before_is_refused_by_the_agent(bench: Bench, numbered: Radio) -> None:
    """A program that was stopped between its look and its SET: somebody else has set the radio since."""
    box = box_of(bench, "r1")
    oid_of_name, kind = DRIVER.configuration.objects["snmpSystemName"]
    name = {oid_of_name: (kind, "lain")}
    box.number()
    assert isinstance(box.serial, int)
    other = box_of(bench, "r1")
    other.number()
    assert other.set({}) == ""
    with pytest.raises(settable.EndedError) as told:
        box.set(name)
    assert (told.value.code, numbered.read()["staged"]) == (settable.ENDED, {})
    box.number()
    assert box.set(name) == ""
    assert numbered.read()["staged"] == {"snmpSystemName": "lain"}
    assert box.serial == other.serial + 1
    box.way.confirmed("r1")


def test_a_run_whose_old_values_are_not_kept_any_more_sets_nothing(bench: Bench, applied: Radio) -> None:
    """An agent without the number: the file of the old values is asked before each SET."""
    box = box_of(bench, "r1")
    box.way.reverted("r1", "ended")
    before = applied.read()["log"]
    with pytest.raises(settable.EndedError):
        box.set({DRIVER.configuration.objects["snmpSystemName"][0]: ("octets", "lain")})
    assert applied.read()["log"] == before


def test_a_look_that_ends_a_run_moves_the_number_and_is_told_to_the_run(bench: Bench, numbered: Radio) -> None:
    box = box_of(bench, "r0")
    box.way.confirmed("r0")
    box.number()
    before = box.serial
    document = {"nonce": "n", "run": "r1", "oids": [], "staging": None, "set": []}
    ending = settable.Box(box.target, box.way)
    assert setter.execute(ending, document | {"verb": "look"})["guard"] == "reverted r1 ended"
    box.number()
    assert box.serial == before + 1
    assert setter.execute(settable.Box(box.target, box.way), document | {"verb": "change"})["code"] == settable.ENDED


def test_killed_at_a_boundary_it_ends_with_the_old_or_the_new_values(bench: Bench, applied: Radio) -> None:
    """The gate draws three boundaries of an apply; `./run soak matrix` takes all of them."""
    drift = {"snmpSystemName": "lain", "webService": "3"}
    applied.alter(**drift)
    done, count = bench.killed(0, "apply", TAG, "--bench", "--yes")
    assert (done.code, count > 6) == (0, True), done.out + done.err
    new = applied.running
    old = new | drift
    for at in range(1, count + 1) if SOAK else sorted(random.Random("radio").sample(range(1, count + 1), 3)):
        applied.alter(**drift)
        done, _ = bench.killed(at, "apply", TAG, "--bench", "--yes")
        assert done.code in {-signal.SIGKILL, 0}
        assert bench.run("resume").code == 0
        assert bench.workspace.unfinished() == {}
        assert applied.running in (old, new), f"killed at {at} of {count}: half of it"
        assert applied.read()["staged"] == {}
        kept = bench.workspace.known[TAG].snapshot.settings
        assert kept["snmpSystemName"] == TAG
        assert watched(bench)["state"] == ("ok" if applied.running == new else "drift")


def test_an_object_that_does_not_listen_puts_all_old_values_back(bench: Bench, applied: Radio) -> None:
    applied.alter(snmpSystemName="lain", webService="3")
    before = applied.running
    applied.fault(deaf=["webService"])
    found = apply(bench)
    assert found["outcome"] == "failed"
    assert "shows another value: webService" in found["because"]
    assert applied.running == before


def test_a_change_that_wants_a_restart_is_taken_back(bench: Bench, applied: Radio) -> None:
    applied.alter(webService="3")
    applied.fault(restart=0x08)
    found = apply(bench)
    assert (found["outcome"], "wants a restart" in found["because"]) == ("failed", True)
    assert applied.running["webService"] == "3"


def test_changes_that_somebody_staged_are_not_carried_along(bench: Bench, applied: Radio) -> None:
    applied.alter(webService="3")
    applied.write(applied.read() | {"staged": {"snmpSystemName": "tamu"}, "mask": 3})
    found = apply(bench)
    assert (found["outcome"], "staged on it" in found["because"]) == ("failed", True)
    assert applied.read()["log"] == []


def test_an_object_that_the_firmware_lacks_is_refused_before_anything_is_sent(bench: Bench, applied: Radio) -> None:
    applied.alter(webService="3")
    applied.fault(lacks=["snmpProtocolVersion"])
    found = apply(bench)
    assert (found["outcome"], "snmpProtocolVersion is not on this device" in found["because"]) == ("failed", True)
    assert applied.read()["log"] == []


def test_a_radio_that_falls_silent_behind_the_set_is_unconfirmed_then_resumed(bench: Bench, applied: Radio) -> None:
    applied.alter(webService="3")
    applied.fault(dies_after=APPLY)
    found = apply(bench)
    assert found["outcome"] in {"unconfirmed", "failed"}, found
    applied.stop()
    applied.fault()
    applied.start()
    done = bench.run("resume")
    assert done.code == 0, done.out + done.err
    assert TAG not in bench.workspace.unfinished()
    assert watched(bench)["state"] == {"2": "ok", "3": "drift"}[applied.running["webService"]]
    assert not list((bench.home / "var/way-back").glob("*.new"))


def test_kill_9_behind_the_set_and_resume_puts_the_old_values_back(bench: Bench, applied: Radio) -> None:
    applied.alter(webService="3", snmpSystemName="lain")
    before = applied.running
    process = bench.start("apply", TAG, "--bench", "--yes")
    way = bench.home / f"var/way-back/{TAG}.json"
    while_it_runs(
        process, lambda: any(line.startswith(oid("webService")) for line in applied.read()["log"]), "the SET arrived"
    )
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert way.exists()
    done = bench.run("resume")
    assert done.code == 0, done.out + done.err
    assert applied.running in (before, before | {"webService": "2", "snmpSystemName": TAG})
    assert TAG not in bench.workspace.unfinished()


def test_a_way_back_that_cannot_be_kept_stops_the_change(bench: Bench, applied: Radio) -> None:
    applied.alter(webService="3")
    folder = bench.home / "var/way-back"
    shutil.rmtree(folder)
    folder.write_text("no folder")
    try:
        found = apply(bench)
        assert found["outcome"] in {"failed", "unconfirmed"}, found
        assert "way back" in found["because"]
        assert applied.read()["log"] == []
    finally:
        folder.unlink()


def test_a_radio_that_cannot_be_asked_hides_no_modem_of_the_same_command(bench: Bench, applied: Radio) -> None:
    assert applied.process
    bench.provisioned(MODEM)
    pin = bench.home / f"var/host-keys/{TAG}"
    kept = pin.read_bytes()
    pin.unlink()
    try:
        done = bench.run("plan", MODEM, TAG, "--bench", "--json")
    finally:
        pin.write_bytes(kept)
    assert [p["device"] for p in json.loads(done.out)["plans"]] == [MODEM], done.err
    assert done.code == 1
    assert f"{TAG}: " in done.err
    assert "engine" in done.err


def test_it_is_changed_on_the_bench_only_and_has_no_drill(bench: Bench, applied: Radio) -> None:
    applied.alter(webService="3")
    done = bench.run("apply", TAG, "--yes", "--json")
    assert done.code == 1
    assert "on the bench only" in json.loads(done.out)["outcomes"][0]["because"]
    done = bench.run("selftest", TAG, "--bench")
    assert (done.code, "no way back of its own" in done.err) == (2, True)
    done = bench.run("secret", "rotate", TAG, "--bench")
    assert (done.code, "set by hand" in done.err + done.out) == (1, True)


def test_a_weak_link_is_red_and_a_missing_one_is_no_number(bench: Bench, applied: Radio) -> None:
    def findings() -> dict[str, dict]:
        return {f["check"]: f for f in json.loads(bench.run("verify", TAG, "--json").out)["findings"]}

    assert {f["verdict"] for f in findings().values()} == {"pass"}
    applied.say("1.2.18.0", "6")
    assert findings()["link_carries_a_call"]["verdict"] == "fail"
    applied.say("1.2.3.0", "0")
    applied.say("1.2.16.0", "1")
    found = findings()
    assert (found["link_carries_a_call"]["verdict"], found["radio_is_linked"]["verdict"]) == ("unknown", "fail")
    applied.say(SERIAL, "E4ZK99999999")
    assert findings()["it_is_the_recorded_radio"]["verdict"] == "fail"
    assert apply(bench)["step"] == "identity"


def test_another_engine_or_passphrase_is_refused(bench: Bench, applied: Radio) -> None:
    applied.stop()
    applied.engine += 1
    applied.start()
    until(lambda: "engine" in watched(bench)["because"], "the agent answers with another engine")
    assert watched(bench)["state"] == "unknown"
    done = enrol(bench, applied)
    assert (done.code, "another SNMP engine answers" in done.err) == (1, True)
    assert enrol(bench, applied, "--new-key").code == 0
    applied.stop()
    applied.start(passphrase="Another-Pass-0815")
    done = enrol(bench, applied)
    assert done.code == 1
    assert "does not let the SNMPv3 user pantau in" in done.err
    applied.stop()
    applied.start()


def test_a_user_that_may_only_read_is_told_apart(bench: Bench, applied: Radio) -> None:
    applied.stop()
    applied.start(rights="rouser")
    applied.alter(webService="3")
    found = apply(bench)
    applied.stop()
    assert (found["outcome"], "noAccess" in found["because"]) == ("failed", True), found
    assert applied.running["webService"] == "3"


@pytest.mark.parametrize("text", ["", "short", "x" * 65, "tanda\tbaca-12"])
def test_a_passphrase_that_cannot_be_one_is_refused_before_anything_is_asked(
    bench: Bench, radio: Radio, text: str
) -> None:
    file = bench.home / "radio/bad"
    file.write_text(text)
    done = bench.run("enrol", TAG, "--address", "127.0.0.1:1", "--password-file", str(file))
    assert (done.code, "8 to 64 printable characters" in done.err) == (2, True), done.err


def test_the_passphrase_and_its_keys_are_in_no_file_of_the_home_and_in_no_output(bench: Bench, applied: Radio) -> None:
    from provision.core.snmp_keys import localise

    engine = bytes.fromhex((bench.home / f"var/host-keys/{TAG}").read_text().split()[-1])
    key = localise(PASSPHRASE, engine, "sha1")
    marks = [PASSPHRASE.encode(), key, key.hex().encode(), key[:16].hex().encode()]
    applied.alter(webService="3")
    done = bench.run("apply", TAG, "--bench", "--yes")
    said = (done.out + done.err).encode() + bench.run("history", TAG).out.encode()
    said += b"".join(body for path, body in bench.kept().items() if "radio" not in path.parts)
    assert [m for m in marks if m in said] == []
    assert DISCARD not in [line.split("=")[0] for line in applied.read()["log"]]
