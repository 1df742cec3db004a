r"""RouterOS' script language, as far as exports and our own scripts use it: words, quotes, wrapped lines.

Escapes: the scripting manual's `\" \\ \n \r \t \$ \? \_ \a \b \f \v` and two hex digits. A wrapped line ends in a
backslash, even inside quotes; the blanks before its rest are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from provision.core.errors import CutShortError, ProvisionError

BARE = re.compile(r"[A-Za-z0-9._:/,@-]+")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "_": " ", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_NOISE = re.compile(  # log lines inside output (seen), and a prompt with an echoed command
    r"^(?:[a-z]{3}/\d\d/\d{4} |\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d [\w-]+[:,]|^\[[^\]]*\] (?:/\S* ?)?(?:<SAFE> ?)?>? ?"
)
_TOKEN = re.compile(r'(?:[^\s"\\\[\]]|"(?:[^"\\]|\\.)*"|\\.|\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+', re.DOTALL)
_MENU = re.compile(r"(?:/[a-z0-9-]+)+")
_VERBS = frozenset(("add", "set", "remove", "enable", "disable", "move", "edit"))


def quote(value: str) -> str:
    r"""Return any text as one quoted RouterOS value.

    `"`, `\`, `$` and `?` get a backslash; line feed, carriage return and tab become `\n`, `\r` and `\t`; all else
    outside printable ASCII becomes UTF-8 in hex. Raises ProvisionError on a NUL.
    """
    if "\0" in value:
        raise ProvisionError("a NUL character cannot be configured", hint="remove it from the intent")
    special = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(special.get(c) or _escaped(c) for c in value) + '"'


def _escaped(char: str) -> str:
    if char in '"\\$?':
        return "\\" + char
    return char if " " <= char <= "~" else "".join(f"\\{byte:02X}" for byte in char.encode())


def bare(value: str) -> str:
    """Return a value as it is if it is not empty and needs no quotes, else quoted."""
    return value if BARE.fullmatch(value) else quote(value)


def meaning(text: str) -> str:
    r"""Return the text that a word stands for: quotes removed, escapes (`\"`, `\r\n`, `\C3`) decoded.

    Bytes that are not UTF-8 stay visible as escapes.
    """
    raw = bytearray()
    for piece in re.finditer(r'\\([0-9A-F]{2})|\\(.)|(")|(.)', text, re.DOTALL):
        byte, escaped, mark, plain = piece.groups()
        if byte:
            raw.append(int(byte, 16))
        elif escaped:
            raw += ESCAPES.get(escaped, escaped).encode()
        elif not mark:
            raw += plain.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class Statement:
    """One command: its menu, verb, the words or the `[find ...]` that name entries, and the values."""

    menu: str
    verb: str
    places: list[str]
    found: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)


def lines(text: str) -> Iterator[str]:
    """Yield logical lines: joined where they were wrapped (even inside quotes).

    Blank lines, comments, terminal escapes, log lines and prompts are left out. Raises CutShortError if the text ends
    inside a line, or the device says (`#error`) that it left a part of its export out.
    """
    kept = ""
    for raw in _ANSI.sub("", text).replace("\r", "").split("\n"):
        piece = raw.lstrip(" ") if kept else raw.strip()
        if not kept and _NOISE.match(piece):
            continue
        if (len(piece) - len(piece.rstrip("\\"))) % 2:
            kept += piece[:-1]
            continue
        line, kept = (kept + piece).strip(), ""
        if line.startswith("#error"):
            raise CutShortError(f"the device left a part of its export out: {line[1:120]}")
        if line and not line.startswith("#"):
            yield line
    if kept:
        raise CutShortError("the export ends inside a line")


def statements(text: str) -> Iterator[Statement]:
    """Yield the command on each line of an export, with its menu; a line that only names a menu has none.

    Raises ProvisionError if a line is not understood, CutShortError if the export is cut short.
    """
    menu = ""
    for line in lines(text):
        words = words_of(line)
        if words[0].startswith("/"):
            at = next((n for n, w in enumerate(words) if n and w in _VERBS), len(words))
            menu, words = "/" + "/".join(p for w in words[:at] for p in w.strip("/").split("/")), words[at:]
            if not words:
                continue
        if not _MENU.fullmatch(menu) or words[0] not in _VERBS:
            raise ProvisionError(
                f"not understood in the export: {words[0][:40]!r}",
                hint="the text is damaged or not the output of /export",
            )
        yield _statement(menu, words)


def words_of(line: str) -> list[str]:
    """Return the words of a line; what stands in quotes or brackets stays together.

    Raises CutShortError if a quote or bracket stays open, ProvisionError if there is no word.
    """
    words = _TOKEN.findall(line)
    if sum(map(len, words)) != len(re.sub(r"\s", "", line)) and _open(line):
        raise CutShortError("the export ends inside quotes")
    if not words:
        raise ProvisionError("not understood in the export", hint="the text is damaged")
    return words


def _open(line: str) -> bool:
    bare_text = re.sub(r'"(?:[^"\\]|\\.)*"|\\.', "", line)
    return '"' in bare_text or bare_text.count("[") != bare_text.count("]")


def _statement(menu: str, words: list[str]) -> Statement:
    one = Statement(menu=menu, verb=words[0], places=[], found={})
    for word in words[1:]:
        name, has_value, value = word.partition("=")
        if word.startswith("["):
            inner = words_of(word[1:-1].strip() or "find")[1:]
            one.found = {n: meaning(v) for n, _, v in (w.partition("=") for w in inner)}
        elif has_value and re.fullmatch(r"[A-Za-z0-9._-]+", name):
            one.values[name] = meaning(value)
        elif has_value and not word.startswith('"'):
            raise ProvisionError(f"not understood in the export: {name[:40]!r}", hint="the text is damaged")
        elif '"=' in word:
            raise ProvisionError("not understood in the export: a quoted name", hint="the text is damaged")
        elif word.startswith("!"):
            one.values[word[1:]] = ""
        else:
            one.places.append(meaning(word))
    return one
