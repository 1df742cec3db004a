"""RouterOS configuration, as `/export terse` writes it and `/import` takes it.

An entry is the setting `menu:key` = `+`, an attribute `menu:key:name`, one of a menu without entries `menu::name`;
the order of an ordered menu is `menu:%order`. The key is what finds the entry again: its natural key (`name=kit`, a
comment), the place of a built-in one (`telnet`, `default=yes`), else a digest of its attributes. Own code, since
routeros-diff 0.5 gives the arguments reversed, and no library keeps natural keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

from provision.core.grammar import Shape
from provision.core.model import Change, Secret, Settings, Value
from provision.core.settings import matches
from provision.families.languages.routeros_script import Statement, bare, quote, statements

__all__ = ["edits", "parse", "quote"]

ENTRY, ORDER = "+", "%order"
BOOLEANS = {"true": "yes", "false": "no"}  # a 7.11 export writes true where others write yes


def parse(text: str, shape: Shape) -> tuple[Settings, Mapping[str, str]]:
    """Return the settings in `/export terse` text, and locators: the words by which `set` finds each entry.

    Entries in `shape.noise` and attributes at their default are left out. An entry that only its position names has the
    locator `@n`, the n-th from the end; of entries with the same key, each further one gets a `~`. Raises CutShortError
    if the export is cut short, ProvisionError if it is not understood.
    """
    settings: dict[str, Value] = {}
    locators: dict[str, str] = {}
    orders: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    positions: dict[str, int] = {}
    for one in statements(text):
        position = counts.get(one.menu, 0)
        if one.verb == "add":
            counts[one.menu] = position + 1
        if any(matches(f"{one.menu}:{n}={v}", shape.noise) for n, v in one.values.items()):
            continue
        key, locator = _key(one, shape, position)
        if one.verb == "add":
            while f"{one.menu}:{key}" in settings:
                locators[f"{one.menu}:{key}"] = f"@{positions[f'{one.menu}:{key}']}"
                key, locator = key + "~", f"@{position}"
            positions[f"{one.menu}:{key}"] = position
            settings[f"{one.menu}:{key}"] = ENTRY
            if one.menu in shape.ordered:
                orders.setdefault(one.menu, []).append(key)
        if key:
            locators[f"{one.menu}:{key}"] = locator
        settings.update(_values(one, key, shape))
    settings.update({f"{menu}:{ORDER}": tuple(keys) for menu, keys in orders.items()})
    return settings, {
        path: f"@{counts[path.partition(':')[0]] - int(locator[1:])}" if locator.startswith("@") else locator
        for path, locator in locators.items()
    }


def _values(statement: Statement, key: str, shape: Shape) -> dict[str, Value]:
    """Return the attributes of one entry, by path, without those at their default; secret ones as Secret."""
    found: dict[str, Value] = {}
    veiled = (
        shape.natural_keys.get(statement.menu, ("name",))
        if key.startswith("#") and statement.menu in shape.private_keys
        else ()
    )
    for name, value in statement.values.items():
        path, said = f"{statement.menu}:{key}:{name}", BOOLEANS.get(value, value)
        if default(path, shape) != said:
            hide = name in veiled or matches(path, shape.secret)
            found[path] = Secret(said) if hide else said
    return found


def _key(statement: Statement, shape: Shape, position: int) -> tuple[str, str]:
    """Return an entry's key, and its locator: the words by which `set` finds it, or its position as `@n` (from 0).

    An added entry without its natural key, or without the attribute that `private_keys` asks for, has a digest of its
    attributes as key, and its position as locator. Both are empty for a menu without entries.
    """
    if statement.verb != "add":
        if statement.places:
            return _text(statement.places[0]), bare(statement.places[0])
        return _named(statement.found) if statement.found else ("", "")
    wanted = shape.natural_keys.get(statement.menu, ("name",))
    natural = {n: statement.values[n] for n in wanted if n in statement.values}
    needed = shape.private_keys.get(statement.menu, "")
    if len(natural) == len(wanted) and (not needed or needed in statement.values):
        return _named(natural)
    return "#" + sha256(repr(sorted(statement.values.items())).encode()).hexdigest()[:12], f"@{position}"


def _text(key: str) -> str:
    return key.replace(":", " ")


def _named(values: Mapping[str, str]) -> tuple[str, str]:
    return _text(",".join(f"{n}={v}" for n, v in values.items())), _find(values)


def _find(values: Mapping[str, str]) -> str:
    return "[find " + " ".join(f"{n}={quote(v)}" for n, v in values.items()) + "]"


def default(path: str, shape: Shape) -> str | None:
    """Return the default of an attribute, which the export leaves out, or None if it is not known."""
    if not matches(path, tuple(shape.defaults)):
        return None
    return next(value for glob, value in shape.defaults.items() if matches(path, (glob,)))


def edits(changes: tuple[Change, ...], locators: Mapping[str, str], shape: Shape) -> str:
    """Return the lines of a script for `/import`: set and add in the menus' order, then remove, then move.

    Removals go in reverse order. An entry that only its position names is looked up before anything changes: `@n` is
    the n-th from the end, since built-in entries stand first.
    """
    entries: dict[str, dict[str, Change]] = {}
    for change in changes:
        menu, _, rest = change.path.partition(":")
        key, _, name = rest.partition(":")
        if rest != ORDER:
            entries.setdefault(f"{menu}:{key}", {})[name] = change
    made: list[str] = []
    gone: list[str] = []
    for path in sorted(entries, key=lambda p: _rank(p, shape)):
        line, removes = _edit(path, entries[path], locators, shape)
        (gone if removes else made).append(line)
    orders = [c for c in changes if c.path.endswith(f":{ORDER}")]
    text = [*_positions(entries, locators, shape), *made, *reversed(gone), *_moves(orders, locators)]
    return "".join(line + "\n" for line in text)


def _rank(path: str, shape: Shape) -> int:
    menu = path.partition(":")[0]
    return shape.menus.index(menu) if menu in shape.menus else len(shape.menus)


def spaced(menu: str) -> str:
    """Return a menu with blanks in place of slashes, as every version takes it: `/ip firewall filter`."""
    return "/" + menu.strip("/").replace("/", " ")


def _edit(path: str, own: Mapping[str, Change], locators: Mapping[str, str], shape: Shape) -> tuple[str, bool]:
    """Return the command that makes the changes of one entry or menu, and whether it removes the entry."""
    menu, _, key = path.partition(":")
    entry = own.get("")
    if entry and entry.intended is None:
        return f"{spaced(menu)} remove {_locate(path, locators)}", True
    values = [_pair(name, change, menu, shape) for name, change in own.items() if name]
    if entry:
        return " ".join((spaced(menu), "add", *values, *shape.always.get(menu, ()))), False
    return " ".join((spaced(menu), "set", *([_locate(path, locators)] if key else ()), *values)), False


def _pair(name: str, change: Change, menu: str, shape: Shape) -> str:
    value = change.intended
    if value is None:
        known = default(change.path, shape)
        if known is None and menu in shape.ordered:
            return f"!{name}"
        return f"{name}={quote(known or '')}"
    text = value.reveal() if isinstance(value, Secret) else str(value)
    return f"{name}={bare(text)}"


def _locate(path: str, locators: Mapping[str, str]) -> str:
    menu, _, key = path.partition(":")
    known = locators.get(path)
    if known and known.startswith("@"):
        return f"[:pick ${_local(menu)} ([:len ${_local(menu)}] - {known[1:]})]"
    if known:
        return known
    pairs = dict(pair.split("=", 1) for pair in key.split(",") if "=" in pair)
    return _find(pairs) if pairs else bare(key)


def _local(menu: str) -> str:
    return "kit" + "".join(c for c in menu if c.isalnum())


def _positions(entries: Iterable[str], locators: Mapping[str, str], shape: Shape) -> list[str]:
    """Return a command for each menu that has an entry known by position only: it keeps the menu's list of entries.

    The list is a local variable of the script; dynamic entries of ordered menus are left out of it.
    """
    menus = dict.fromkeys(p.partition(":")[0] for p in entries if locators.get(p, "").startswith("@"))
    only = {m: " dynamic=no" if m in shape.ordered else "" for m in menus}
    return [f":local {_local(m)} [{spaced(m)} find{only[m]}]" for m in menus]


def _moves(orders: Iterable[Change], locators: Mapping[str, str]) -> list[str]:
    """Return the commands that put entries into their order: each in turn to the end of its menu.

    A menu needs none if its remaining entries, and then the added ones, already stand in that order.
    """
    lines: list[str] = []
    for change in orders:
        menu = change.path.partition(":")[0]
        wanted = change.intended if isinstance(change.intended, tuple) else ()
        running = change.running if isinstance(change.running, tuple) else ()
        after = [k for k in running if k in wanted] + [k for k in wanted if k not in running]
        if tuple(after) != wanted:
            lines += [f"{spaced(menu)} move {_locate(f'{menu}:{key}', locators)}" for key in wanted]
    return lines
