"""Candidate against snapshot -> plan, and the documents that carry a plan to its device."""

from __future__ import annotations

import gzip
from fnmatch import fnmatchcase

from provision.diff import diff
from provision.drivers import Driver
from provision.errors import CutShortError, ProvisionError
from provision.model import Candidate, Change, Plan, Secret, Snapshot, Value
from provision.render import FILE, seal

SHADOW = "/etc/shadow"


def make(
    driver: Driver, snapshot: Snapshot, candidate: Candidate, key: bytes, owns: tuple[str, ...] | None = None
) -> Plan:
    """Compare what runs with what is intended; secrets are compared by keyed digest.

    `owns` says where a setting that is not intended has to go; without it, where the family owns.

    Raises ProvisionError where the snapshot or the intent is empty: nothing can be planned
    from no evidence.
    """
    if not snapshot.settings or not snapshot.marker:
        raise ProvisionError("no running configuration to plan from", where=snapshot.device)
    if not candidate.settings:
        raise ProvisionError("the intent is empty", where=snapshot.device)
    sealed = seal(candidate.settings, key)
    changes = diff(snapshot.settings, sealed, owns=driver.owns if owns is None else owns, volatile=driver.volatile)
    return Plan(
        device=snapshot.device, changes=changes, candidate=candidate,
        locators=snapshot.locators, marker=snapshot.marker,
    )  # fmt: skip


def proof(driver: Driver, plan: Plan) -> tuple[bool, float]:
    """Say what proves that the way in still works: whether a new login, and how long after the commit."""
    touched = [
        c.path for c in plan.changes if any(fnmatchcase(c.path, glob) for glob in (*driver.access, *driver.path))
    ]
    door = [p for p in touched if not any(fnmatchcase(p, glob) for glob in driver.path)]
    return bool(door), driver.settle_s if touched else 0.0


def change_document(driver: Driver, plan: Plan, *, run: str, window_s: int, nonce: str, guard: str) -> bytes:
    """Write the document of exec two: guard first, then files, configuration, commit, read-back.

    It ends in a call of its one function, so that a document that was cut short does nothing.
    """
    words = driver.commit
    real = {c.path: plan.candidate.settings.get(c.path) for c in plan.changes}
    edits = driver.grammar.edits(
        tuple(
            Change(path=c.path, running=c.running, intended=real[c.path])
            for c in plan.changes
            if not c.path.startswith(FILE)
        ),
        plan.locators,
    )
    body = [words.prepare]
    changed = {c.path for c in plan.changes}
    if any(FILE + p in changed and f.source == driver.guard for p, f in driver.files.items()):
        body.append(_here(driver, 'cat >"${IPKG_INSTROOT-}/etc/kit/next/guard"', guard, nonce, code="23"))
        body.append('sh "${IPKG_INSTROOT-}/etc/kit/next/guard" install || return 24')
    body.append(fill(words.checkpoint, marker=plan.marker) + " || return $?")
    body.append(fill(words.arm, run=run, window_s=window_s) + " || return $?")
    for path, file in plan.candidate.files.items():
        if FILE + path not in changed or driver.files[path].source == driver.guard:
            continue
        text = file.text.reveal() if isinstance(file.text, Secret) else file.text
        put = words.login if path == SHADOW else fill(words.put, mode=file.mode, path=path.lstrip("/"))
        body.append(_here(driver, put, text, nonce))
    if edits:
        body.append(_here(driver, words.stage, edits, nonce))
    body.append(fill(words.commit, run=run, staged="uci" if edits else "files") + " || return $?")
    body.append(words.read_back + f" && printf '\\n#kit end {nonce}\\n'")
    return pack(body)


def finish_document(driver: Driver, *, run: str, marker: str, nonce: str) -> bytes:
    """Write the document of exec three: confirm, disarm, say so."""
    confirm = fill(driver.commit.confirm, run=run, marker=marker)
    return pack([f"{confirm} || return $?", f"printf '#kit end {nonce}\\n'"])


def revert_document(driver: Driver, *, run: str, nonce: str) -> bytes:
    """Write the document that asks the guard to put the old configuration back now."""
    return pack([f"{fill(driver.commit.revert, run=run)} || return $?", f"printf '#kit end {nonce}\\n'"])


def look_document(guard: str, nonce: str) -> bytes:
    """Write the document of a look; it brings the guard's words along, so it needs nothing there."""
    return gzip.compress(
        f"main() {{\nset -- look\n{guard}\nprintf '\\n#kit end {nonce}\\n'\n}}\nmain | gzip -c\n".encode(), mtime=0
    )


def pack(body: list[str]) -> bytes:
    """Wrap lines of shell in one function that is called last, compressed both ways."""
    text = "change() {\n" + "\n".join(body) + "\n}\n" + '{ (change); echo "#kit code $?"; } | gzip -c\n'
    return gzip.compress(text.encode(), mtime=0)


def fill(words: str, **values: object) -> str:
    """Put values into a family's words; shell's own braces stay as they are."""
    for name, value in values.items():
        words = words.replace("{" + name + "}", str(value))
    return words


def _here(driver: Driver, command: str, text: str, nonce: str, code: str = "$?") -> str:
    """Give `text` to `command` on standard input, whatever stands in it."""
    end = f"KIT-{nonce}"
    if end in text:
        raise ProvisionError(f"the end mark stands in a text for {driver.title}")
    return f"{command} <<'{end}' || return {code}\n{text.rstrip(chr(10))}\n{end}"


def read_look(driver: Driver, output: bytes, nonce: str, device: str, at: str) -> tuple[Snapshot, int]:
    """Read what a look or a read-back printed: the snapshot, and the exit code that it names.

    Bytes that are not UTF-8 stay visible as escapes. Raises CutShortError where the end mark
    of this very run is missing.
    """
    text = unpack(output)
    head, _, rest = text.partition("#kit export\n")
    facts = _facts(head + rest[-200:])
    code = int(facts.get("code", "0"))
    if f"#kit end {nonce}" not in rest:
        raise CutShortError(facts.get("refused", "the device's answer was cut short"), where=device)
    export = rest.partition(f"\n#kit end {nonce}")[0]
    settings, locators = driver.grammar.parse(export, driver.shape)
    whole: dict[str, Value] = dict(settings)
    for line in head.splitlines():
        match line.split(" "):
            case ["#kit", "file", path, digest]:
                whole[f"{FILE}/{path}"] = digest
    if not settings:
        raise CutShortError("the device showed an empty configuration", where=device)
    readings: dict[str, str] = {
        k: facts[k] for k in ("serial", "mac", "imei", "firmware", "model", "guard", "missing") if k in facts
    }
    return Snapshot(
        device=device, at=at, settings=whole, locators=locators, readings=readings, marker=facts.get("marker", "")
    ), code


def read_end(output: bytes, nonce: str) -> tuple[bool, int, str]:
    """Read a short answer: whether it came to its end, the exit code, and a refusal's words."""
    text = unpack(output)
    facts = _facts(text)
    return f"#kit end {nonce}" in text, int(facts.get("code", "1")), facts.get("refused", "")


def _facts(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        if line.startswith("#kit "):
            name, _, value = line[5:].partition(" ")
            found[name] = value
    return found


def unpack(output: bytes) -> str:
    """Give the text of a compressed answer; what was cut short is given as far as it goes."""
    import zlib

    stream = zlib.decompressobj(wbits=31)
    try:
        raw = stream.decompress(output)
    except zlib.error:
        raw = output
    return raw.decode("utf-8", "backslashreplace")
