"""Parser for the answers of devices with a command line (the shell and RouterOS dialects).

An answer has lines that begin with `#kit` and, after a look, the configuration between two marks.
"""

from __future__ import annotations

from provision.core.budget import UNPACKED_BYTES
from provision.core.errors import CutShortError, DeviceError
from provision.core.family import Family
from provision.core.model import Snapshot, Value
from provision.core.settings import FILE


def read_look(family: Family, output: bytes, nonce: str, device: str, at: str) -> tuple[Snapshot, int]:
    """Return the snapshot that a look or a read-back printed, and the exit code that it names.

    The code is 0 if none is named; bytes that are not UTF-8 stay visible as escapes. Raises CutShortError if the end
    mark with this `nonce` is missing (with the device's refusal, if it names one) or the configuration is empty.
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
    """Return whether a short answer has the end mark with this `nonce`, its exit code, and its refusal.

    The code is 1 if none is named; the refusal is empty if there is none.
    """
    text = unpack(output)
    facts = _facts(text)
    return f"#kit end {nonce}" in text, _code(facts, 1), facts.get("refused", "")


def _code(facts: dict[str, str], usual: int) -> int:
    """Return the exit code in `facts`: `usual` if there is none, 1 if it is not a number of one to three digits."""
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
    """Return the text of an answer, decompressed if it is gzip; a truncated one is returned as far as it goes.

    Bytes that are not UTF-8 stay visible as escapes. Raises DeviceError if it is larger than UNPACKED_BYTES.
    """
    import zlib

    stream = zlib.decompressobj(wbits=31)
    try:
        raw = stream.decompress(output, UNPACKED_BYTES)
    except zlib.error:
        raw = output  # it is no gzip
    else:
        if stream.unconsumed_tail:
            raise DeviceError(
                "its answer is larger than 32 MB unpacked", hint="another box, or a broken one: look at it"
            )
    return raw.decode("utf-8", "backslashreplace")
