"""Documents for a device with a POSIX shell: gzip on standard input, one function called last."""

from __future__ import annotations

import gzip

from provision.core.errors import ProvisionError
from provision.core.family import Driver
from provision.core.model import Change, Plan, Secret
from provision.core.settings import FILE
from provision.families.languages.answer import read_end, read_look

__all__ = ["PUT", "change", "command", "finish", "look", "read_end", "read_look", "reboot", "revert"]

PUT = ""
SHADOW = "/etc/shadow"
REBOOT = "(sleep 1; reboot) </dev/null >/dev/null 2>&1 &"


def change(
    driver: Driver,
    plan: Plan,
    *,
    run: str,
    window_s: int,
    nonce: str,
    guard: str,
    firmware: str = "",  # noqa: ARG001
) -> bytes:
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
        driver.shape,
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


def command(driver: Driver, *, guard: str, nonce: str, firmware: str) -> bytes:  # noqa: ARG001 (one shape for all)
    """Give nothing: a change goes on standard input."""
    return b""


def finish(driver: Driver, *, run: str, marker: str, nonce: str, closing: str = "", guard: str = "") -> bytes:  # noqa: ARG001
    """Write the document of exec three: confirm, disarm, say so."""
    assert not closing, "a family with doors that close last speaks another dialect"
    confirm = fill(driver.commit.confirm, run=run, marker=marker)
    return pack([f"{confirm} || return $?", f"printf '#kit end {nonce}\\n'"])


def revert(driver: Driver, *, run: str, nonce: str, guard: str = "") -> bytes:  # noqa: ARG001 (one shape for all)
    """Write the document that asks the guard to put the old configuration back now."""
    return pack([f"{fill(driver.commit.revert, run=run)} || return $?", f"printf '#kit end {nonce}\\n'"])


def look(driver: Driver, *, guard: str, nonce: str, firmware: str = "") -> bytes:  # noqa: ARG001 (one shape for all)
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


def reboot() -> bytes:
    """Write the document that restarts the device a second later."""
    return pack([REBOOT])
