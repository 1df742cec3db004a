"""Documents for a device with a POSIX shell: a gzip-compressed script, whose one function is called last."""

from __future__ import annotations

import gzip

from provision.core.errors import ProvisionError
from provision.core.family import DocumentRequest, Family
from provision.core.model import Change, Plan, Secret
from provision.core.settings import FILE
from provision.families.languages.answer import read_end, read_look

__all__ = ["PUT", "change", "command", "finish", "look", "read_end", "read_look", "reboot", "revert"]

PUT = ""
SHADOW = "/etc/shadow"
REBOOT = "(sleep 1; reboot) </dev/null >/dev/null 2>&1 &"


def change(family: Family, plan: Plan, request: DocumentRequest, /) -> bytes:
    """Return the document of a change: checkpoint and armed guard first, then files, edits, commit and read-back.

    A changed guard is installed before all of them. The document ends in a call of its one function, so that one that
    was cut short does nothing. Raises ProvisionError if the end mark stands in a text that is sent.
    """
    words = family.commit
    real = {c.path: plan.candidate.settings.get(c.path) for c in plan.changes}
    edits = family.configuration.grammar.edits(
        tuple(
            Change(path=c.path, running=c.running, intended=real[c.path])
            for c in plan.changes
            if not c.path.startswith(FILE)
        ),
        plan.locators,
        family.configuration.shape,
    )
    body = [words.prepare]
    changed = {c.path for c in plan.changes}
    if any(FILE + p in changed and f.source == family.commit.guard for p, f in family.configuration.files.items()):
        body.append(
            _here(family, 'cat >"${IPKG_INSTROOT-}/etc/kit/next/guard"', request.guard, request.nonce, code="23")
        )
        body.append('sh "${IPKG_INSTROOT-}/etc/kit/next/guard" install || return 24')
    body.append(fill(words.checkpoint, marker=plan.marker) + " || return $?")
    body.append(fill(words.arm, run=request.run, window_s=request.window_s) + " || return $?")
    for path, file in plan.candidate.files.items():
        if FILE + path not in changed or family.configuration.files[path].source == family.commit.guard:
            continue
        text = file.text.reveal() if isinstance(file.text, Secret) else file.text
        put = words.login if path == SHADOW else fill(words.put, mode=file.mode, path=path.lstrip("/"))
        body.append(_here(family, put, text, request.nonce))
    if edits:
        body.append(_here(family, words.stage, edits, request.nonce))
    body.append(fill(words.commit, run=request.run, staged="uci" if edits else "files") + " || return $?")
    body.append(words.read_back + f" && printf '\\n#kit end {request.nonce}\\n'")
    return pack(body)


def command(_family: Family, _request: DocumentRequest, /) -> bytes:
    """Return an empty byte string: a change goes on standard input, so no command takes it."""
    return b""


def finish(family: Family, request: DocumentRequest, /) -> bytes:
    """Return the document that confirms the change, disarms the guard and prints the end mark.

    `request.closing` has to be empty: a family with doors that close last has another dialect.
    """
    assert not request.closing, "a family with doors that close last speaks another dialect"
    confirm = fill(family.commit.confirm, run=request.run, marker=request.marker)
    return pack([f"{confirm} || return $?", f"printf '#kit end {request.nonce}\\n'"])


def revert(family: Family, request: DocumentRequest, /) -> bytes:
    """Return the document that asks the guard to put the old configuration back now, and prints the end mark."""
    return pack(
        [f"{fill(family.commit.revert, run=request.run)} || return $?", f"printf '#kit end {request.nonce}\\n'"]
    )


def look(_family: Family, request: DocumentRequest, /) -> bytes:
    """Return the document of a look: the guard's own text with the verb `look`, and the end mark.

    It brings the guard along, so it needs nothing of ours on the device. With a run it is the look that ends it.
    """
    words = f"settle {request.run}" if request.run else "look"
    return gzip.compress(
        (
            f"main() {{\nset -- {words}\n{request.guard}\nprintf '\\n#kit end {request.nonce}\\n'\n}}\nmain | gzip -c\n"
        ).encode(),
        mtime=0,
    )


def pack(body: list[str]) -> bytes:
    """Return lines of shell as a gzip-compressed document: one function, called last, whose answer is compressed too.

    The answer ends with the function's exit code (`#kit code`).
    """
    text = "change() {\n" + "\n".join(body) + "\n}\n" + '{ (change); echo "#kit code $?"; } | gzip -c\n'
    return gzip.compress(text.encode(), mtime=0)


def fill(words: str, **values: object) -> str:
    """Return `words` with each `{name}` of `values` replaced by its value; other braces stay as they are."""
    for name, value in values.items():
        words = words.replace("{" + name + "}", str(value))
    return words


def _here(family: Family, command: str, text: str, nonce: str, code: str = "$?") -> str:
    """Return lines that pass `text` to `command` on standard input (a here-document), and return `code` if it fails.

    Raises ProvisionError if `text` contains the end mark.
    """
    end = f"KIT-{nonce}"
    if end in text:
        raise ProvisionError(f"the end mark stands in a text for {family.title}")
    return f"{command} <<'{end}' || return {code}\n{text.rstrip(chr(10))}\n{end}"


def reboot() -> bytes:
    """Return the document that restarts the device a second later."""
    return pack([REBOOT])
