"""The program that goes to a PC on standard input, and its one JSON answer read back as a snapshot."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from provision.core.errors import CutShortError, DeviceError
from provision.core.identity import FILLERS
from provision.core.model import Secret, Settings, Snapshot, Value
from provision.families.languages import pc_facts
from provision.families.languages.pc_json import only_object

NUMBERS = ("off_db", "rms_db", "noise_db", "clipped", "delay_ms", "seconds", "luma", "variance")
TEXTS = ("failed", "camera")
NUMBER_MAX, TEXT_MAX, KEPT_MAX = 1e9, 160, 16
ANSWER_MAX = 1 << 20  # a PC with a thousand sound cards says less
KEY = "ssh.monitoring_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A PC's answer: its snapshot, the settings that were changed, and those that failed with the reason.

    `live` holds what was measured of `hearing` and `sight`.
    """

    snapshot: Snapshot
    changed: tuple[str, ...]
    failed: Mapping[str, str]
    live: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def intended(settings: Settings, key: str) -> dict[str, Value]:
    """Return `settings` with the office's public key added under KEY.

    The key has its first two words only (type and key, no comment), as a PC shows it.
    """
    return {**settings, KEY: " ".join(key.split()[:2])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A program's task on a PC: look, settle, apply or undo, and whether it also collects facts, hears and sees.

    `run` is the run that applies or undoes; a look that settles ends it, so that it changes nothing when it comes late.

    A PC with another serial than `serial` changes nothing, unless its own is a factory's filler. `apps` are names of
    packages to look for. `report` and `report_program` are the configuration and program of its daily report, or empty.
    """

    verb: str
    settings: Settings
    key: str
    nonce: str
    serial: str
    collect: bool
    run: str = ""
    apps: tuple[str, ...] = ()
    live: bool = False
    report: Secret = field(default=Secret(""))
    report_program: str = ""


def write(sources: tuple[str, ...], task: Task, language: str = "python") -> bytes:
    """Return the program for a PC: the task as JSON, in the form of `language`, then `sources`, joined by line breaks.

    `sources` are the texts of the collector and of the baseline (between them, of what hears and sees).
    """
    body = {
        "serial": task.serial,
        "fillers": sorted(FILLERS),
        "verb": task.verb,
        "run": task.run,
        "nonce": task.nonce,
        "key": task.key,
        "collect": task.collect,
        "apps": list(task.apps),
        "live": task.live,
        "schema": pc_facts.SCHEMA,
        "settings": {p: list(v) if isinstance(v, tuple) else v for p, v in task.settings.items()},
        "report": task.report.reveal(),
        "report_program": task.report_program,
    }
    return "\n".join((HEADS[language](json.dumps(body)), *sources)).encode()


def _python(body: str) -> str:
    return f"import json\nTASK = json.loads({body!r})\n"


def _powershell(body: str) -> str:
    """Return the task's JSON unchanged, as a line of its own, which the bootstrap reads.

    It is not part of the script, because Windows may write scripts into a log.
    """
    return body


NO_TASK = {"python": "TASK = None", "powershell": "$TASK = $null"}  # else the collector would print by itself
HEADS = {"python": _python, "powershell": _powershell}


def read(output: bytes, *, nonce: str, device: str, at: str) -> Answer:
    """Return the answer of a PC to the program that carries `nonce`.

    Raises CutShortError if the output is not exactly one JSON object or is of another run, DeviceError if it is larger
    than ANSWER_MAX bytes or lacks `settings` or `failed`.
    """
    if len(output) > ANSWER_MAX:
        raise DeviceError(f"{len(output)} bytes are no answer", where=device, hint="look at the PC")
    try:
        said = only_object(output)
    except (ValueError, RecursionError) as error:
        raise CutShortError(
            f"the PC's answer is no whole JSON object ({_short(error)})", where=device, hint="run the command again"
        ) from None
    if said.get("end") != nonce:
        raise CutShortError("the PC's answer is of another run", where=device, hint="run the command again")
    settings, failed = said.get("settings"), said.get("failed")
    if not isinstance(settings, dict) or not isinstance(failed, dict):
        raise DeviceError("the PC's answer has no settings", where=device, hint="run the command again")
    readings, missing = _collected(said)
    running = {str(p): _value(v) for p, v in settings.items()}
    snapshot = Snapshot(
        device=device, at=at, settings=running, readings=readings, missing=missing, marker=marker(running)
    )
    changed = said.get("changed")
    return Answer(
        snapshot=snapshot,
        changed=tuple(map(str, changed)) if isinstance(changed, list) else (),
        failed={str(p): str(why) for p, why in failed.items()},
        live=_live(said.get("live")),
    )


def _live(senses: Any) -> dict[str, Mapping[str, Any]]:
    if not isinstance(senses, dict):
        return {}
    return {name: _measured(senses[name]) for name in ("hearing", "sight") if isinstance(senses.get(name), dict)}


def _measured(senses: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known measurements of one sense: numbers below NUMBER_MAX, short texts and short lists.

    All other keys are left out, so that a PC cannot send what only a person attests.
    """
    kept = {name: senses[name] for name in NUMBERS if _is_number(senses.get(name))}
    kept |= {name: str(senses[name])[:TEXT_MAX] for name in TEXTS if isinstance(senses.get(name), str)}
    if isinstance(tones := senses.get("tones_db"), list) and len(tones) < KEPT_MAX and all(map(_is_number, tones)):
        kept["tones_db"] = tones
    if isinstance(busy := senses.get("busy"), list):
        kept["busy"] = [str(one)[:TEXT_MAX] for one in busy[:KEPT_MAX]]
    if isinstance(bus := senses.get("usb"), dict):
        kept["usb"] = {n: str(bus.get(n))[:TEXT_MAX] for n in ("vid_pid", "serial", "port", "product")}
    if senses.get("equal") is True:
        kept["equal"] = True
    return kept


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < NUMBER_MAX


def _short(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error).partition(": line")[0]


def packed(text: bytes, language: str = "python") -> bytes:
    """Return the program as it is sent: a Python program in gzip, a third of its bytes; any other unchanged."""
    return gzip.compress(text, mtime=0) if language == "python" else text


def marker(settings: Settings) -> str:
    """Return the digest of a PC's settings (32 hex digits of SHA-256), whatever their order."""
    flat = {p: list(v) if isinstance(v, tuple) else str(v) for p, v in settings.items()}
    return sha256(json.dumps(flat, sort_keys=True).encode()).hexdigest()[:32]


def _value(value: Any) -> Value:
    return tuple(str(v) for v in value) if isinstance(value, list) else str(value)


def _collected(answer: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    body = answer.get("collected")
    if body is None:
        serial = answer.get("serial")
        return ({"serial": serial.strip()} if isinstance(serial, str) and serial.strip() else {}), {}
    return pc_facts.read(body)
