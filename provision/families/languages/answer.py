"""What a device answers, whatever its dialect.

Lines that begin with `#kit`, and its configuration between two marks.
"""

from __future__ import annotations

from provision.core.errors import CutShortError
from provision.core.family import Family
from provision.core.model import Snapshot, Value
from provision.core.settings import FILE


def read_look(family: Family, output: bytes, nonce: str, device: str, at: str) -> tuple[Snapshot, int]:
    """Read what a look or a read-back printed: the snapshot, and the exit code that it names.

    Bytes that are not UTF-8 stay visible as escapes. Raises CutShortError where the end mark
    of this very run is missing.
    """
    text = unpack(output)
    head, _, rest = text.partition("#kit export\n")
    facts = _facts(head + rest[-200:])
    code = _code(facts, 0)
    if f"#kit end {nonce}" not in rest:
        raise CutShortError(facts.get("refused", "the device's answer was cut short"), where=device)
    export = rest.partition(f"\n#kit end {nonce}")[0]
    settings, locators = family.configuration.grammar.parse(export, family.configuration.shape)
    whole: dict[str, Value] = dict(settings)
    for line in head.splitlines():
        match line.split(" "):
            case ["#kit", "file", path, digest]:
                whole[f"{FILE}/{path}"] = digest
    if not settings:
        raise CutShortError("the device showed an empty configuration", where=device)
    readings: dict[str, str] = {
        k: facts[k]
        for k in ("serial", "mac", "imei", "firmware", "model", "guard", "missing", "packages")
        if k in facts
    }
    return Snapshot(
        device=device, at=at, settings=whole, locators=locators, readings=readings, marker=facts.get("marker", "")
    ), code


def read_end(output: bytes, nonce: str) -> tuple[bool, int, str]:
    """Read a short answer: whether it came to its end, the exit code, and a refusal's words."""
    text = unpack(output)
    facts = _facts(text)
    return f"#kit end {nonce}" in text, _code(facts, 1), facts.get("refused", "")


def _code(facts: dict[str, str], usual: int) -> int:
    """Return the exit code that a device names; one that is no number is no success."""
    said = facts.get("code", str(usual))
    return int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 1


def _facts(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        if line.startswith("#kit "):
            name, _, value = line[5:].partition(" ")
            found[name] = value
    return found


def unpack(output: bytes) -> str:
    """Return the text of a compressed answer; what was cut short is given as far as it goes."""
    import zlib

    stream = zlib.decompressobj(wbits=31)
    try:
        raw = stream.decompress(output)
    except zlib.error:
        raw = output
    return raw.decode("utf-8", "backslashreplace")
