"""Carry out one document on a device that only SNMP can set, as other families' devices do in their own shell.

Run as `python -m provision.connectors.setter TARGET` (the file of `pack`): the document (JSON, see
families/languages/snmp_document.py) comes on standard input, the answer goes to standard output. Exit 255: no
answer from the device; what was under way is then unknown.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from provision.connectors import snmp
from provision.connectors.old_values import OldValues
from provision.connectors.settable import Box, EndedError, RefusedError, SilentError, Values
from provision.core.snmp_keys import Usm

ANOTHER, STALE, NO_WAY, REFUSED, ENDED, NOT_ARMED, MOVED = (
    21,
    22,
    24,
    25,
    27,
    31,
    32,
)  # as other families' guards say it
SET_SERIAL = "1.3.6.1.6.3.1.1.6.1.0"  # snmpSetSerialNo, a TestAndIncr: SNMPv2-MIB, RFC 3418
SERIALS = 2**31  # after the last one it begins at 0 again
SILENCE = 255
SETTLE_S = 60.0  # own choice: services of a radio restart in seconds
PAUSE_S = 0.5


def execute(box: Box, document: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a document by its verb and return the answer: end (the nonce), code, refused, values, guard.

    A refusal is its code and reason; if the old values cannot be kept or read, that is one, too. Raises SilentError if
    the device gives no usable answer.
    """
    said: dict[str, Any] = {"end": document["nonce"], "code": 0, "refused": "", "values": {}}
    try:
        said["values"] = VERBS[document["verb"]](box, document)
    except RefusedError as error:
        said |= {"code": error.code, "refused": str(error)}
    except (OSError, ValueError, KeyError) as error:
        said |= {"code": NO_WAY, "refused": f"the way back cannot be kept or read: {error}"}
    return said | {"guard": _state(box)}


def _state(box: Box) -> str:
    try:
        return box.way.state()
    except (OSError, ValueError, KeyError):
        return "unreadable"


def look(box: Box, document: Mapping[str, Any]) -> Values:
    """Return the values of the document's `oids`. Raises SilentError if the device gives none.

    With a run it is the look that ends it: it is noted in the file of the old values, and the set-serial number moves.
    """
    if (run := document.get("run", "")) and run not in box.way.state().split()[1:2]:
        box.number()
        box.way.reverted(run, "ended")
        if box.serial is not None:
            box.set({})
    return box.get(document["oids"])


def change(box: Box, document: Mapping[str, Any]) -> Values:
    """Keep the old values, set the new ones in one PDU, let them take effect, and return what is read back.

    Raises RefusedError if another run's old values are kept, the plan is stale, other changes are staged, or the device
    refuses, wants a restart or shows another value; what was set is put back first. Raises SilentError if it does not
    answer.
    """
    objects, run = document["set"], document["run"]
    if (other := box.way.armed()) and other != run:
        raise RefusedError(ANOTHER, f"the old values of run {other} wait to be put back")
    if box.way.state().startswith(f"reverted {run} "):
        raise EndedError(run)
    try:
        box.number()
        _fit(box, objects, document["staging"])
    except SilentError as error:
        raise SilentError(f"nothing was sent: {error}") from None
    box.way.arm(run, objects)
    box.run = run
    try:
        return _change(box, document, objects)
    except EndedError:
        if box.way.armed() == run:
            box.way.reverted(run, "ended")
        raise


def _change(box: Box, document: Mapping[str, Any], objects: list[dict[str, str]]) -> Values:
    run = document["run"]
    if refused := box.set({o["oid"]: (o["type"], o["new"]) for o in objects}):
        _undo(box, document, run)
        raise RefusedError(REFUSED, _named(refused, objects))
    if why := _take_effect(box, document["staging"]) or _wants(box, document["staging"]):
        _undo(box, document, run)
        raise RefusedError(REFUSED, why)
    seen = box.get(document["oids"])
    if wrong := [o["name"] for o in objects if _text(seen[o["oid"]]) != o["new"]]:
        _undo(box, document, run)
        raise RefusedError(REFUSED, f"it took the change and shows another value: {', '.join(wrong)}")
    return seen


def _fit(box: Box, objects: list[dict[str, str]], staging: Mapping[str, Any] | None) -> None:
    """Raise RefusedError if a value is not the one that was planned from, or staged changes or restarts are under way.

    Staged changes are somebody else's and would go along. Raises SilentError if the device does not answer.
    """
    before = box.get([o["oid"] for o in objects] + ([staging["state"]] if staging else []))
    if moved := [o["name"] for o in objects if _text(before[o["oid"]]) != o["old"]]:
        raise RefusedError(STALE, f"the plan is stale: {', '.join(moved)} moved since it was made")
    if staging and _mask(before[staging["state"]]) & (staging["unsaved"] | staging["busy"]):
        raise RefusedError(REFUSED, "somebody's changes are staged on it: save or discard them in its web page")


def finish(box: Box, document: Mapping[str, Any]) -> Values:
    """Read the objects once more, then replace the old values by a note that the run is confirmed; return no values.

    Raises RefusedError if a value is not the new one, or if this run's old values are not kept.
    """
    objects = _armed(box, document["run"])
    seen = box.get([o["oid"] for o in objects])
    if any(_text(seen[o["oid"]]) != o["new"] for o in objects):
        raise RefusedError(MOVED, "it moved after it was read back")
    box.way.confirmed(document["run"])
    return {}


def revert(box: Box, document: Mapping[str, Any]) -> Values:
    """Put the old values of the document's run back; return no values.

    Raises RefusedError if they are not kept, SilentError if they could not be put back.
    """
    _armed(box, document["run"])
    box.number()
    _undo(box, document, document["run"], "asked")
    return {}


VERBS = {"look": look, "change": change, "finish": finish, "revert": revert}


def _armed(box: Box, run: str) -> list[dict[str, str]]:
    if box.way.armed() != run:
        raise RefusedError(NOT_ARMED, "the old values of this run are not kept (they were put back, or never kept)")
    return list(box.way.read()["objects"])


def _undo(box: Box, document: Mapping[str, Any], run: str, why: str = "refused") -> None:
    """Discard what is staged; if a value is not the old one, set all old ones; then note that the run is reverted.

    Raises SilentError if the old values could not be put back: they stay kept. Raises RefusedError if they are not
    kept.
    """
    objects, staging = _armed(box, run), document["staging"]
    if staging and _mask(box.get([staging["state"]])[staging["state"]]) & staging["unsaved"]:
        box.set({staging["discard"]: ("integer", "1")})
        _wait(box, staging)
    if _differs(box, objects):
        refused = box.set({o["oid"]: (o["type"], o["old"]) for o in objects}) or _take_effect(box, staging)
        if refused or _differs(box, objects):
            raise SilentError(f"the old values could not be put back: {_named(refused, objects) or 'it shows others'}")
    box.way.reverted(run, why)


def _differs(box: Box, objects: list[dict[str, str]]) -> bool:
    seen = box.get([o["oid"] for o in objects])
    return any(_text(seen[o["oid"]]) != o["old"] for o in objects)


def _take_effect(box: Box, staging: Mapping[str, Any] | None) -> str:
    """Save, then apply, each in a PDU of its own, and wait for the services to restart.

    Return why the change did not take effect, or an empty text. A device that stages nothing has nothing to save.
    """
    if not staging:
        return ""
    for action in ("save", "apply"):
        if refused := box.set({staging[action]: ("integer", "1")}):
            return f"{action}: {refused}"
    return "its services did not come up again" if _wait(box, staging) & staging["busy"] else ""


def _wants(box: Box, staging: Mapping[str, Any] | None) -> str:
    """Return that the change wants a restart of the whole device, if its state says so, or an empty text."""
    if staging and _mask(box.get([staging["state"]])[staging["state"]]) & staging["restart"]:
        return "it wants a restart for that: restart it on the bench, then try again"
    return ""


def _wait(box: Box, staging: Mapping[str, Any]) -> int:
    """Return the staging state (a mask) once no service restarts, or as it is after 60 s.

    The agent may be silent meanwhile; raises SilentError if it still is after 60 s.
    """
    deadline = time.monotonic() + SETTLE_S
    while True:
        try:
            state = _mask(box.get([staging["state"]])[staging["state"]])
        except SilentError:
            if time.monotonic() >= deadline:
                raise
        else:
            if not state & staging["busy"] or time.monotonic() >= deadline:
                return state
        time.sleep(PAUSE_S)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _mask(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _named(refused: str, objects: list[dict[str, str]]) -> str:
    for one in objects:
        refused = refused.replace(f"at {one['oid']}", f"at {one['name']}")
    return refused


def pack(target: snmp.Target, old_values: Path) -> bytes:
    """Return the text of the file TARGET (JSON): the agent with its keys, and where the old values are kept.

    It holds localised keys, so the file goes into a private directory.
    """
    body = asdict(target) | {"usm": asdict(target.usm)}
    return json.dumps({"way": str(old_values), "target": body}, default=bytes.hex).encode()


def unpack(text: str) -> Box:
    """Return the Box that a text of `pack` describes."""
    kept = json.loads(text)
    body, usm = kept["target"], kept["target"]["usm"]
    keys = {name: bytes.fromhex(body[name]) for name in ("engine_id", "auth_key", "priv_key")}
    own = Usm(**usm | {"prefix": bytes.fromhex(usm["prefix"])})
    return Box(snmp.Target(**body | keys | {"usm": own, "oids": tuple(body["oids"])}), OldValues(Path(kept["way"])))


def main() -> int:
    """Carry out the document on standard input and print the answer; return the exit code.

    It is 0 for an answer, also a refusal, and 255 if there is no usable answer: the reason goes to standard error.
    """
    try:
        said = execute(unpack(Path(sys.argv[1]).read_text()), json.load(sys.stdin))
    except SilentError as error:
        sys.stderr.write(f"{error}\n")
        return SILENCE
    json.dump(said, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
