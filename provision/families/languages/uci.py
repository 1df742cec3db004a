r"""UCI, the configuration language of OpenWrt and its descendants.

Read: the text of `uci export`. Written: the text for `uci batch`. Own code, since uciparse 0.3
fails on the legal quote form `'it'\''s'` and keeps no natural keys.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from provision.core.errors import CutShortError, ProvisionError
from provision.core.grammar import Shape
from provision.core.model import Change, Secret, Settings, Value
from provision.core.settings import matches

_PIECE = re.compile(
    r"""(?P<end>[\n;])|(?P<blank>[ \t\r]+)|(?P<comment>\#[^\n]*)
    |(?P<single>'[^']*')|(?P<double>"(?:[^"\\]|\\.)*")|(?P<escape>\\(?:.|\Z))
    |(?P<bare>[^\s'"\\#;]+)|(?P<open>['"])|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_BETWEEN = frozenset({"end", "blank", "comment"})  # what stands between two words


def quote(value: str) -> str:
    r"""Return any text as one UCI value: in single quotes, a quote as `'\''`.

    Raises ProvisionError on a NUL: no UCI value can hold it.
    """
    if "\0" in value:
        raise ProvisionError("a NUL character cannot be configured", hint="remove it from the intent")
    return "'" + value.replace("'", "'\\''") + "'"


def tokens(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each logical line of UCI text that is not empty, as its line number and its words.

    A line ends at a line feed or `;`. Quotes follow libuci: single quotes are literal; outside them a backslash takes
    the next character; both kinds of quotes may span lines; pieces without blanks between them are one word; a comment
    starts anywhere outside quotes. Raises CutShortError if the text ends inside quotes.
    """
    words: list[str] = []
    word: str | None = None
    start = 1
    for line, kind, raw in _pieces(text):
        if kind not in _BETWEEN:
            word = (word or "") + (raw if kind == "bare" else _meaning(kind, raw))
            continue
        if word is not None:
            words.append(word)
            word = None
        if kind == "end":
            if words:
                yield start, words
            words, start = [], line


def _pieces(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each piece of UCI text as (line number after it, kind, characters), and at last a piece of kind `end`.

    Raises CutShortError if the text ends inside quotes.
    """
    line = 1
    for piece in _PIECE.finditer(text):
        kind, raw = str(piece.lastgroup), piece.group()
        if kind == "open":
            raise CutShortError("UCI text ends inside quotes")
        if kind not in {"blank", "bare"}:
            line += raw.count("\n")
        yield line, kind, raw
    yield line, "end", ""


def _meaning(kind: str, raw: str) -> str:
    """Return the text of one piece of a UCI word, without its quotes.

    Outside single quotes a backslash is dropped and the character after it kept.
    """
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
        """Return the section's key: its package and its name, or `@type`, or `@type[natural key]`.

        `@type` is for a type with one section only. If an unnamed section has no natural key, a digest of its options
        (after a `~`) stands for it.
        """
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
    """Return the sections of `uci export` text, in file order.

    Raises ProvisionError if a line is not understood or an option is a list too, CutShortError if the text ends inside
    quotes.
    """
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
    """Return the settings in `uci export` text, and locators (`package.@type[n]`) of unnamed sections.

    A section is the setting `package.key` = its type; an option is `package.key.option`, unless it is empty; the order
    of an ordered type is `package.%type` = its section keys. A type with one section only needs no locator. Raises
    ProvisionError if two sections have one key, unless it is a digest: a number then makes it unique.
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
    """Return `key` or, if it is a digest that another section has already, `key` with a count (`#2` and so on).

    Raises ProvisionError if another section has a key that is no digest.
    """
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
    if matches(path, shape.secret):
        return Secret(value)
    return value


def edits(changes: tuple[Change, ...], locators: Mapping[str, str], shape: Shape | None = None) -> str:
    """Return `changes` as lines for `uci batch`.

    Deleted sections go first: unnamed ones, highest index first, so that no index moves under a later line, then named
    ones. The other changes follow as they are given, without those inside a deleted section.
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
    """Return UCI's own name for a path: `system.@system.hostname` is `system.@system[0].hostname`.

    A section in `locators` is replaced by its locator.
    """
    for section, locator in (locators or {}).items():
        if path == section or path.startswith(section + "."):
            return locator + path[len(section) :]
    return re.sub(r"^([\w-]+\.@[\w-]+)(?=\.|$)", r"\1[0]", path)


def _inside(path: str, gone: set[str]) -> bool:
    return any(path.startswith(section + ".") for section in gone)


def _index(locator: str) -> tuple[str, int]:
    head, _, index = locator.rpartition("[")
    return head, int(index.rstrip("]"))
