r"""UCI, the configuration language of OpenWrt and its descendants.

Read: the text of `uci export`. Written: the text for `uci batch`. Own code, since uciparse 0.3
fails on the legal quote form `'it'\''s'` and keeps no natural keys.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256

from provision.core.errors import CutShortError, ProvisionError
from provision.core.grammar import Shape
from provision.core.model import Change, Secret, Settings, Value

_PIECE = re.compile(
    r"""(?P<end>[\n;])|(?P<blank>[ \t\r]+)|(?P<comment>\#[^\n]*)
    |(?P<single>'[^']*')|(?P<double>"(?:[^"\\]|\\.)*")|(?P<escape>\\(?:.|\Z))
    |(?P<bare>[^\s'"\\#;]+)|(?P<open>['"])|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def quote(value: str) -> str:
    r"""Write any text as one UCI value: in single quotes, a quote as `'\''`.

    Raises ProvisionError on a NUL: no UCI value can hold it.
    """
    if "\0" in value:
        raise ProvisionError("a NUL character cannot be configured", hint="remove it from the intent")
    return "'" + value.replace("'", "'\\''") + "'"


def tokens(text: str) -> Iterator[tuple[int, list[str]]]:
    """Return each logical line of UCI text as its line number and its words.

    Quotes follow libuci: single quotes are literal and may span lines; in double quotes a
    backslash takes the next character; pieces without blanks between them are one word; a
    comment starts anywhere outside quotes. Raises CutShortError where the text ends inside quotes.
    """
    words: list[str] = []
    word: str | None = None
    start = 1
    for line, kind, raw in _pieces(text):
        if kind not in {"end", "blank", "comment"}:
            word = (word or "") + _meaning(kind, raw)
            continue
        if word is not None:
            words.append(word)
            word = None
        if kind == "end":
            if words:
                yield start, words
            words, start = [], line


def _pieces(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each piece as (line behind it, kind, characters), and an end at the end."""
    line = 1
    for piece in _PIECE.finditer(text):
        if piece.lastgroup == "open":
            raise CutShortError("UCI text ends inside quotes")
        line += piece.group().count("\n")
        yield line, str(piece.lastgroup), piece.group()
    yield line, "end", ""


def _meaning(kind: str, raw: str) -> str:
    """Return the text of one part of a UCI word, without its quotes and backslashes."""
    if kind in {"bare", "other"}:
        return raw
    if kind == "single":
        return raw[1:-1]
    return re.sub(r"\\(.)", r"\1", raw[1:-1] if kind == "double" else raw, flags=re.DOTALL)


@dataclass(slots=True)
class _Section:
    package: str
    type: str
    name: str
    index: int
    line: int
    options: dict[str, str | list[str]] = field(default_factory=dict)

    def key(self, shape: Shape) -> str:
        """Return the section's key: its name, or `@type`, or `@type[natural key]`."""
        wanted = shape.natural_keys.get(f"{self.package}.{self.type}")
        if wanted == ():
            return f"{self.package}.@{self.type}"
        if self.name:
            return f"{self.package}.{self.name}"
        if wanted and all(option in self.options for option in wanted):
            named = ",".join(str(self.options[option]) for option in wanted)
        else:
            named = "~" + sha256(repr(sorted(self.options.items())).encode()).hexdigest()[:8]
        return f"{self.package}.@{self.type}[{named}]"


def sections(text: str) -> list[_Section]:
    """Read `uci export` text into its sections, in file order."""
    package = ""
    found: list[_Section] = []
    counts: Counter[tuple[str, str]] = Counter()
    for line, words in tokens(text):
        match words:
            case ["package", package]:
                pass
            case ["config", kind, *name] if package and len(name) <= 1:
                found.append(_Section(package, kind, "".join(name), counts[package, kind], line))
                counts[package, kind] += 1
            case ["option", option, value] if found:
                found[-1].options[option] = value
            case ["list", option, value] if found:
                values = found[-1].options.setdefault(option, [])
                if not isinstance(values, list):
                    raise ProvisionError(f"UCI line {line}: {option} is an option and a list")
                values.append(value)
            case _:
                raise ProvisionError(
                    f"UCI line {line}: not understood: {words[0]!r} with {len(words) - 1} words",
                    hint="the text is damaged or not the output of uci export",
                )
    return found


def parse(text: str, shape: Shape) -> tuple[Settings, Mapping[str, str]]:
    """Read `uci export` text into settings and locators.

    A section is the setting `package.key` = its type; an option `package.key.option`; the order
    of an ordered type `package.%type` = its section keys. Two sections with one
    natural key are a ProvisionError; where a type has no natural key, a number makes the key unique.
    """
    settings: dict[str, Value] = {}
    locators: dict[str, str] = {}
    orders: dict[str, list[str]] = {f"{o.partition('.')[0]}.%{o.partition('.')[2]}": [] for o in shape.ordered}
    for section in sections(text):
        key = _unique(section.key(shape), section, settings)
        settings[key] = section.type
        if not section.name and "[" in key:
            locators[key] = f"{section.package}.@{section.type}[{section.index}]"
        for option, value in section.options.items():
            if value == "":
                continue  # UCI cannot keep an empty value: `set x=''` deletes
            path = f"{key}.{option}"
            settings[path] = _value(path, value, shape)
        if (order := f"{section.package}.%{section.type}") in orders:
            orders[order].append(key)
    settings.update({path: tuple(keys) for path, keys in orders.items() if keys})
    return settings, locators


def _unique(key: str, section: _Section, settings: Settings) -> str:
    """Return `key`; hashed keys get a count. Raises where another one stands already."""
    if key not in settings:
        return key
    if "[~" not in key:
        raise ProvisionError(
            f"UCI line {section.line}: two sections are called {key}",
            hint="remove one of them on the device, then look again",
        )
    return next(k for n in range(2, 1000) if (k := f"{key}#{n}") not in settings)


def _value(path: str, value: str | list[str], shape: Shape) -> Value:
    if isinstance(value, list):
        return tuple(value)
    if any(fnmatchcase(path, glob) for glob in shape.secret):
        return Secret(value)
    return value


def edits(changes: tuple[Change, ...], locators: Mapping[str, str], shape: Shape | None = None) -> str:
    """Write `changes` as lines for `uci batch`.

    Unnamed sections go first, highest index first, so that no index moves under a later line;
    then named ones; then what is set; the order last.
    """
    gone = {c.path for c in changes if c.intended is None}
    gone_sections = {p for p in gone if p.count(".") == 1 or ("[" in p and p.endswith("]"))}
    unnamed = sorted((locators[s] for s in gone_sections if s in locators), key=_index, reverse=True)
    named = sorted(locate(s) for s in gone_sections if s not in locators)
    lines = [f"delete {where}" for where in (*unnamed, *named)]
    for change in changes:
        if change.path in gone_sections or _inside(change.path, gone_sections):
            continue
        lines += _edit(change, locators)
    return "".join(line + "\n" for line in lines)


def _edit(change: Change, locators: Mapping[str, str]) -> list[str]:
    where = locate(change.path, locators)
    value = change.intended
    if ".%" in change.path:
        names = value if isinstance(value, tuple) else ()
        return [f"reorder {locate(name, locators)}={at}" for at, name in enumerate(names)]
    if value is None:
        return [f"delete {where}"]
    if isinstance(value, tuple):
        drop = [f"delete {where}"] if change.running is not None else []
        return drop + [f"add_list {where}={quote(v)}" for v in value]
    return [f"set {where}={quote(value.reveal() if isinstance(value, Secret) else value)}"]


def locate(path: str, locators: Mapping[str, str] | None = None) -> str:
    """Return UCI's own name for a path: `system.@system.hostname` is `system.@system[0].hostname`."""
    for section, locator in (locators or {}).items():
        if path == section or path.startswith(section + "."):
            return locator + path[len(section) :]
    return re.sub(r"^([\w-]+\.@[\w-]+)(?=\.|$)", r"\1[0]", path)


def _inside(path: str, gone: set[str]) -> bool:
    return any(path.startswith(section + ".") for section in gone)


def _index(locator: str) -> tuple[str, int]:
    head, _, index = locator.rpartition("[")
    return head, int(index.rstrip("]"))
