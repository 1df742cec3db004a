"""The configuration files of a lab device, and the changes that are staged over them.

Behaviour as in libuci's sources: deltas in a save directory, anonymous sections, `set x=''`
deletes. Standard library only, and little of it, since every call of `uci` is a new process.
Never shared with the grammar under test.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TEXT: Any = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
Options = dict[str, "str | list[str]"]


class UciError(Exception):
    """Failure of a `uci` command; its text is what libuci prints behind `uci: `."""


class Section:
    """One section of a package; an anonymous one has a generated name, as cfg… in libuci."""

    def __init__(self, kind: str, name: str, *, anonymous: bool) -> None:
        """Start without options."""
        self.kind = kind
        self.name = name
        self.anonymous = anonymous
        self.options: Options = {}


def words(text: str) -> list[list[str]]:
    """Split text into lines of words by libuci's rules; empty lines are left out.

    Raises UciError if a single quote is not closed.
    """
    lines: list[list[str]] = []
    line: list[str] = []
    word: str | None = None
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char in " \t\r\n":
            if word is not None:
                line.append(word)
                word = None
            if char == "\n":
                lines.append(line)
                line = []
        elif char == "#":
            at = (text.find("\n", at) + 1 or len(text) + 1) - 1
        elif char == "'":
            end = text.find("'", at)
            if end < 0:
                raise UciError("Parse error (EOF with unterminated ')")
            word = (word or "") + text[at:end]
            at = end + 1
        elif char == '"':
            word = word or ""
            while at < len(text) and text[at] != '"':
                at += text[at] == "\\"
                word += text[at : at + 1]
                at += 1
            at += 1
        elif char == "\\":
            word = (word or "") + text[at : at + 1]
            at += 1
        else:
            word = (word or "") + char
    if word is not None:
        line.append(word)
    lines.append(line)
    return [one for one in lines if one]


def quoted(value: str) -> str:
    """Return a value in single quotes, with the quotes in it escaped, as libuci does."""
    return "'" + value.replace("'", "'\\''") + "'"


class Package:
    """One file of /etc/config with the deltas that are laid over it."""

    def __init__(self, root: str, name: str, savedirs: tuple[str, ...] = ()) -> None:
        """Read the file and apply the deltas in `savedirs`; a change that does not fit is skipped.

        Raises UciError if there is no such file or a quote is not closed.
        """
        self.name = name
        self.path = os.path.join(root, "etc/config", name)
        self.sections: list[Section] = []
        self.count = 0
        try:
            with open(self.path, **TEXT) as file:
                self._read(file.read())
        except FileNotFoundError:
            raise UciError("Entry not found") from None
        for directory in savedirs:
            for op, where, value in read_delta(directory, name):
                try:
                    self.apply(op, where, value)
                except UciError:
                    continue  # libuci skips a delta that no longer fits

    def _read(self, text: str) -> None:
        for line in words(text):
            if line[0] == "config":
                self.add(line[1], line[2] if len(line) > 2 else "")
            elif line[0] == "option":
                self.sections[-1].options[line[1]] = line[2]
            elif line[0] == "list":
                have = self.sections[-1].options.setdefault(line[1], [])
                if isinstance(have, list):
                    have.append(line[2])

    def add(self, kind: str, name: str = "") -> Section:
        """Append a section, anonymous without a name, and return it.

        If a section has this name already, that one gets the type and is returned.
        """
        self.count += 1
        section = Section(kind, name or f"cfg{self.count:02x}{abs(hash(kind)) % 65536:04x}", anonymous=not name)
        old = next((s for s in self.sections if s.name == section.name), None)
        if old is not None:
            old.kind = kind
            return old
        self.sections.append(section)
        return section

    def find(self, name: str) -> Section:
        """Return the section with this name or at `@type[index]`; raises UciError if there is none."""
        if name.startswith("@"):
            kind, _, index = name[1:].rstrip("]").partition("[")
            same = [s for s in self.sections if s.kind == kind]
            try:
                return same[int(index)]
            except (ValueError, IndexError):
                raise UciError("Entry not found") from None
        for section in self.sections:
            if section.name == name:
                return section
        raise UciError("Entry not found")

    def apply(self, op: str, where: str, value: str) -> None:
        """Make one change: op is '' set, '-' delete, '|' add_list, '^' reorder; an option set to '' is deleted.

        Raises UciError if the section, or the option to delete, does not exist.
        """
        _, _, rest = where.partition(".")
        name, _, option = rest.partition(".")
        if op == "" and not option:
            self.set_section(name, value)
            return
        section = self.find(name)
        if op == "-" and not option:
            self.sections.remove(section)
        elif op == "-":
            if option not in section.options:
                raise UciError("Entry not found")
            del section.options[option]
        elif op == "^":
            self.sections.remove(section)
            self.sections.insert(min(int(value), len(self.sections)), section)
        elif op == "|":
            have = section.options.get(option, [])
            section.options[option] = [*(have if isinstance(have, list) else [have]), value]
        elif value:
            section.options[option] = value
        else:
            section.options.pop(option, None)

    def set_section(self, name: str, kind: str) -> None:
        """Set the type of a section, which is created if no section has this name.

        Raises UciError if `@type[index]` does not exist.
        """
        if name.startswith("@"):
            self.find(name).kind = kind
        else:
            self.add(kind, name)

    def export(self) -> str:
        """Return the text of `uci export`."""
        out = [f"package {self.name}\n"]
        for section in self.sections:
            name = "" if section.anonymous else f" {quoted(section.name)}"
            out.append(f"\nconfig {section.kind}{name}\n")
            for option, value in section.options.items():
                if isinstance(value, list):
                    out += [f"\tlist {option} {quoted(v)}\n" for v in value]
                else:
                    out.append(f"\toption {option} {quoted(value)}\n")
        return "".join(out) + "\n"

    def commit(self) -> None:
        """Write the package to its file, synced and replaced in one step; comments are lost."""
        body = self.export().split("\n", 1)[1]
        temporary = f"{os.path.dirname(self.path)}/.{self.name}.uci-{os.getpid()}"
        with open(temporary, "w", **TEXT) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, self.path)


def read_delta(directory: str, package: str) -> list[tuple[str, str, str]]:
    """Return the staged changes of one package as (op, where, value), an empty list if there are none."""
    try:
        with open(os.path.join(directory, package), **TEXT) as file:
            text = file.read()
    except FileNotFoundError:
        return []
    found = []
    for entry, *_ in words(text):
        op = entry[0] if entry[0] in "-^|" else ""
        where, _, value = entry[len(op) :].partition("=")
        found.append((op, where, value))
    return found


def write_delta(directory: str, op: str, where: str, value: str | None) -> None:
    """Append one change to the package's file in a save directory, without `=` if `value` is None.

    The directory is created if it does not exist.
    """
    os.makedirs(directory, exist_ok=True)
    tail = "" if value is None else f"={quoted(value)}"
    path = os.path.join(directory, where.partition(".")[0])
    with open(path, "a", **TEXT) as file:
        file.write(f"{op}{where}{tail}\n")
