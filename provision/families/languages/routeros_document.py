"""Documents for RouterOS: a look is one line over SSH, a change a script that is put there and imported.

The exit code of `/import` proves nothing; a script that ran to its end prints this run's mark.
"""

from __future__ import annotations

import re
from dataclasses import replace

from jinja2 import Environment, StrictUndefined

from provision.core.family import DocumentRequest, Family
from provision.core.model import Change, Plan, Snapshot
from provision.core.settings import FILE, matches
from provision.core.versions import number
from provision.families.languages import answer

__all__ = ["PUT", "change", "command", "finish", "look", "read_end", "read_look", "reboot", "revert"]

PUT = "kit-change.rsc"
POLICY = "ftp,reboot,read,write,policy,test,password,sensitive"
FREE_BYTES = 262144  # a backup of a small router is below 100 KB
REBOOT = ":execute {/system reboot}"
ATTACHED = ("connected", "registered", "roaming")
SAID = re.compile(
    r"(?:Script Error: |failure: |syntax error|expected |bad command|input does not match|no such item)[^\n]*"
)


def look(family: Family, request: DocumentRequest, /) -> bytes:
    """Return a look as one line of commands, for SSH: the part `look` of the guard's file, filled in.

    With a run it is the look that ends it: the part `bar` comes first.
    """
    parts = ["bar", "look"] if request.run else ["look"]
    return one_line("\n".join(_part(family, request, part) for part in parts)).encode()


def change(family: Family, plan: Plan, request: DocumentRequest, /) -> bytes:
    """Return the script: it sets the guard and reads it back, makes the edits, then writes the mark of the run.

    It is one block. Changes of files are left out, and ways in (`doors`) that the intent closes are left to `finish`.
    """
    real = tuple(
        Change(path=c.path, running=c.running, intended=plan.candidate.settings.get(c.path))
        for c in plan.changes
        if not c.path.startswith(FILE) and not (c.intended is None and matches(c.path, family.configuration.doors))
    )
    lines = (
        _part(family, request, "arm"),
        family.configuration.grammar.edits(real, plan.locators, family.configuration.shape),
        _part(family, request, "done"),
    )
    return "{{\n{}\n}}\n".format(
        "\n".join(lines)
    ).encode()  # one block: a local variable lives no longer than its block


def command(family: Family, request: DocumentRequest, /) -> bytes:
    """Return the line, for SSH, that imports the script (on the device as PUT), removes it and reads back."""
    after = one_line(_part(family, request, "look"))
    return f"/import file-name={PUT}; {after}".encode()


def finish(family: Family, request: DocumentRequest, /) -> bytes:
    """Return the line that closes old ways in, then disarms the guard.

    If it breaks off between the two, the guard brings the whole old configuration back.
    """
    return one_line(_part(family, request, "finish")).encode()


def revert(family: Family, request: DocumentRequest, /) -> bytes:
    """Return the line that runs the guard's own job now, which loads the old configuration."""
    return one_line(_part(family, request, "revert")).encode()


def reboot() -> bytes:
    """Return the line that restarts the device."""
    return REBOOT.encode()


def _part(family: Family, request: DocumentRequest, name: str) -> str:
    """Return the part `name` of the guard's file, filled in for one request, without blank lines.

    Return an empty string if there is no such part.
    """
    text = request.guard.partition(f"# == {name}\n")[2].partition("\n# == ")[0]
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 (no HTML: a quote stays a quote)
    )
    filled = environment.from_string(text).render(
        has=family.has(request.firmware),
        run=request.run,
        nonce=request.nonce,
        window_s=request.window_s,
        closing=request.closing,
        password=request.backup_password,
        policy=POLICY,
        free_bytes=FREE_BYTES,
    )
    return "\n".join(line for line in filled.splitlines() if line.strip())


def one_line(text: str) -> str:
    """Return the lines of `text` joined by semicolons: the one line that SSH carries."""
    return "; ".join(text.splitlines())


def read_look(family: Family, output: bytes, nonce: str, device: str, at: str) -> tuple[Snapshot, int]:
    """Return the snapshot of a look or a read-back, and the exit code of the script before it.

    The code is 0 only if a script printed the `done` mark with this `nonce`; else it is the named one, or 25 if none is
    named (as after a look alone). RouterOS makes no digest of its configuration, so the marker stays empty. Raises
    CutShortError if the end mark is missing or the configuration is empty.
    """
    text = answer.unpack(output).replace("\r", "")
    seen, code = answer.read_look(family, text.encode(), nonce, device, at)
    head = text.partition("#kit export\n")[0].partition("#kit serial")[2]  # what the export holds is no word of ours
    facts = dict(re.findall(r"^#kit (operator|registration|mark) (.+)$", head, re.MULTILINE))
    mark = facts.get("mark", "")
    own = {"mark": mark.removeprefix("confirmed "), "guard": _guard(head, mark)}
    readings = dict(seen.readings) | facts | own
    readings["firmware"] = number(str(readings.get("firmware", "")))
    if facts.get("registration") in ATTACHED:
        readings["registration"] = "registered"
    return replace(seen, readings=readings), 0 if f"#kit done {nonce}" in text else code or 25


def _guard(head: str, mark: str) -> str:
    """Return the guard's state: none, armed RUN, confirmed RUN, or reverted RUN WHY (timer, boot or asked).

    A mark that is not confirmed is one that an older release left, whose finish said nothing of it. A run whose mark is
    there was not reverted, though its backup may be left: the mark goes back with the configuration.
    """
    if armed := re.search(r"^#kit armed (\S+)", head, re.MULTILINE):
        return f"armed {armed.group(1)}"
    left = re.findall(r"#kit left (?:flash/)?kit-undo-(\S+?)(?:-(timer|boot)(?:\.txt)?|\.backup)$", head, re.MULTILINE)
    if not left or mark.removeprefix("confirmed ") == left[0][0]:
        return mark if mark.startswith("confirmed ") else "none"
    why = next((w for _, w in left if w), "asked")
    return f"reverted {left[0][0]} {why}"


def read_end(output: bytes, nonce: str) -> tuple[bool, int, str]:
    """Return whether a short answer has its end mark, its exit code, and its refusal or an empty string.

    The code is 0 if the script printed the `done` mark with this `nonce`. Otherwise, if the answer names no refusal, an
    error message of RouterOS takes its place, with code 25 instead of 0.
    """
    ended, code, said = answer.read_end(output, nonce)
    if f"#kit done {nonce}" in answer.unpack(output):
        return ended, 0, said
    if not said and (complaint := SAID.search(answer.unpack(output))):
        said, code = complaint.group().strip(), code or 25
    return ended, code, said
