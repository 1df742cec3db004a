"""The configuration of an emulated RouterOS, kept on its disk after every change."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provision.lab.ros.menus import MENUS, SINCE, Menu

Entry = dict[str, str]
BARE = re.compile(r"[A-Za-z0-9._:/,+!-]+")


class RosError(Exception):
    """Refusal of a command by RouterOS, in its words."""


def version(text: str) -> tuple[int, ...]:
    """Return the first three numbers in the text of a version as a tuple, or as many as it has."""
    return tuple(int(n) for n in re.findall(r"\d+", text)[:3])


class Config:
    """The configuration of one device: all its menus."""

    def __init__(self, path: Path, firmware: str, touched: Callable[[str], None] = lambda _: None) -> None:
        """Load the configuration from `path`, or take the defaults if there is no file.

        `touched` is called with the menu's name after every change.
        """
        self.path, self.version, self.touched = path, version(firmware), touched
        self.state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"next": 1, "menus": {}}
        for name, menu in MENUS.items():
            if name not in self.state["menus"]:
                self.state["menus"][name] = {} if menu.one else [self._new(dict(b)) for b in menu.builtin]

    def _new(self, values: Entry) -> Entry:
        number = self.state["next"]
        self.state["next"] = number + 1
        return {".id": f"*{number:X}"} | values

    def save(self) -> None:
        """Write the configuration to its file, which is replaced in one step."""
        temporary = self.path.with_suffix(".new")
        temporary.write_text(json.dumps(self.state))
        os.replace(temporary, self.path)

    # -- what there is ----------------------------------------------------------------------------
    def menu(self, name: str) -> Menu:
        """Return the definition of a menu; raises RosError if this version of RouterOS does not have it."""
        menu = MENUS.get(name)
        if menu is None or not menu.since <= self.version < menu.until:
            raise RosError(f"bad command name {name.rpartition('/')[2]} (line 1 column 1)")
        return menu

    def entries(self, name: str) -> list[Entry]:
        """Return the list in which a menu's entries are kept, in order.

        Raises RosError if this version of RouterOS does not have the menu.
        """
        self.menu(name)
        found: list[Entry] = self.state["menus"][name]
        return found

    def single(self, name: str) -> Entry:
        """Return the attributes of a menu without entries, with defaults for those that are not set.

        Raises RosError if this version of RouterOS does not have the menu.
        """
        menu = self.menu(name)
        own: Entry = self.state["menus"][name]
        return {k: v or "" for k, v in menu.attributes.items()} | own

    def one(self, name: str, key: str, value: str) -> Entry | None:
        """Return the first entry whose attribute `key` has this value, or None.

        Raises RosError if this version of RouterOS does not have the menu.
        """
        return next((e for e in self.entries(name) if e.get(key) == value), None)

    # -- what changes it --------------------------------------------------------------------------
    def _checked(self, name: str, values: Entry) -> None:
        menu = self.menu(name)
        for key, value in values.items():
            first, end = SINCE.get(f"{name}:{key}", ((6,), (99,)))
            if key not in menu.attributes or not first <= self.version < end:
                raise RosError(f"expected end of command (line 1 column 1): unknown parameter {key}")
            target = menu.refers.get(key)
            if target and not self.one(target, "name", value):
                raise RosError("input does not match any value of " + key)

    def add(self, name: str, values: Entry) -> str:
        """Add an entry, with defaults for the attributes not given, save, and return its id.

        Raises RosError for an unknown menu or attribute, a reference to a missing entry, or a duplicate.
        """
        menu = self.menu(name)
        self._checked(name, values)
        for other in self.entries(name):
            if menu.unique and all(other.get(k) == values.get(k) for k in menu.unique):
                raise RosError(f"failure: already have {name.rpartition('/')[2]} with such {menu.unique[0]}")
        if name == "/ip/dhcp-server" and any(e["interface"] == values.get("interface") for e in self.entries(name)):
            raise RosError("failure: already have server on this interface")
        entry = self._new({k: v or "" for k, v in menu.attributes.items() if v} | values)
        if name == "/ip/dhcp-server" and self.version < (7,) and "disabled" not in values:
            entry["disabled"] = "yes"
        self.entries(name).append(entry)
        self._done(name)
        return entry[".id"]

    def change(self, name: str, ids: list[str] | None, values: Entry) -> None:
        """Set attributes of the entries in `ids`, or of a menu without entries (`ids` None), and save.

        Raises RosError for an unknown menu or attribute, or a reference to a missing entry.
        """
        self._checked(name, values)
        if self.menu(name).one:
            self.state["menus"][name].update(values)
        else:
            for entry in self.entries(name):
                if entry[".id"] in (ids or ()):
                    entry.update(values)
        self._done(name)

    def remove(self, name: str, ids: list[str]) -> None:
        """Remove the entries in `ids` and save; raises RosError, and removes none, if one is built in."""
        builtin = {b.get("name") for b in self.menu(name).builtin}
        for entry in self.entries(name):
            if entry[".id"] in ids and entry.get("name") in builtin:
                raise RosError("failure: cannot remove the default entry")
        self.state["menus"][name] = [e for e in self.entries(name) if e[".id"] not in ids]
        self._done(name)

    def move(self, name: str, ids: list[str]) -> None:
        """Move the entries in `ids` to the end of the menu and save."""
        entries = self.entries(name)
        moved = [e for e in entries if e[".id"] in ids]
        self.state["menus"][name] = [e for e in entries if e[".id"] not in ids] + moved
        self._done(name)

    def _done(self, name: str) -> None:
        self.save()
        self.touched(name)

    # -- what it shows ----------------------------------------------------------------------------
    def export(self, header: list[str], *, secrets: bool = False) -> str:
        """Return the text of `/export terse`: `header` as comments, then added entries and changed values.

        Secrets are left out unless `secrets`.
        """
        lines = [f"# {line}" if line else "#" for line in header]
        for name, menu in MENUS.items():
            if not menu.exported or not menu.since <= self.version < menu.until:
                continue
            path = "/" + name[1:].replace("/", " ")
            if menu.one:
                words = self._words(name, menu, self.state["menus"][name], secrets=secrets)
                lines += [f"{path} set {words}"] if words else []
            else:
                lines += [
                    f"{path} {line}" for e in self.entries(name) if (line := self._line(name, menu, e, secrets=secrets))
                ]
        return "\r\n".join(lines) + "\r\n"

    def _line(self, name: str, menu: Menu, entry: Entry, *, secrets: bool) -> str:
        base = next((b for b in menu.builtin if b.get("name") == entry.get("name")), None)
        words = self._words(name, menu, entry, secrets=secrets, base=base or {})
        if base is None:
            return f"add {words}"
        where = f"[ find {menu.by}={entry[menu.by]} ]" if menu.by else entry["name"]
        return f"set {where} {words}" if words else ""

    def _words(self, name: str, menu: Menu, values: Entry, *, secrets: bool, base: Entry | None = None) -> str:
        default = {k: v for k, v in menu.attributes.items() if v is not None} | (base or {})
        shown = {
            k: v
            for k, v in sorted(values.items())
            if not k.startswith(".")
            and k in menu.attributes
            and v != default.get(k)
            and (secrets or k not in menu.secret)
            and v != ""
        }
        if name == "/ip/dhcp-server" and self.version < (7,):
            shown = {"disabled": values.get("disabled", "no")} | shown
        return " ".join(f"{k}={written(v)}" for k, v in sorted(shown.items()))


def written(value: str) -> str:
    """Return a value as an export writes it: bare if its characters allow it, else quoted and escaped."""
    if BARE.fullmatch(value):
        return value
    special = {'"': '\\"', "\\": "\\\\", "$": "\\$", "?": "\\?", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    out = "".join(
        special.get(c) or (c if " " <= c <= "~" else "".join(f"\\{b:02X}" for b in c.encode())) for c in value
    )
    return f'"{out}"'
