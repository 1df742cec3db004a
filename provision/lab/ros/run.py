"""Interpreter of an emulated RouterOS's scripts: variables, conditions, loops, and commands in menus."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from provision.lab.ros.config import Config, RosError
from provision.lab.ros.menus import MENUS
from provision.lab.ros.script import Node, read

VERBS = {"add", "set", "remove", "find", "get", "print", "move", "enable", "disable", "export", "import"}
Words = tuple[list[str], dict[str, str], dict[str, str]]  # plain words, name=value, name~value
Special = Callable[[str, Words], Any]


class Stop(Exception):  # noqa: N818 (the end of a script, with or without a message)
    """End of a script by `:error`, with its message."""


class Runner:
    """Interpreter of one script with its own variables; what the script prints goes to `out`."""

    def __init__(self, config: Config, special: Special, out: Callable[[str], None]) -> None:
        """Take the device's configuration, and the function that runs commands beyond its menus (`special`)."""
        self.config, self.special, self.out = config, special, out
        self.variables: dict[str, Any] = {}

    def run(self, text: str) -> None:
        """Parse the whole text, then run it.

        Raises RosError for a syntax error or at the first command that fails, and Stop at `:error`.
        """
        self.block(read(text))

    def block(self, node: Node) -> Any:
        """Run statements; return what the last one returned."""
        value: Any = None
        for part in node.parts:
            value = self.block(part) if part.kind == "block" else self.command(part, "")
        return value

    # -- values -----------------------------------------------------------------------------------
    def value(self, node: Node, menu: str = "") -> Any:
        """Return the value of a parsed word, whose commands run in `menu`; a block in braces is returned unrun.

        A variable that is not set is an empty string.
        """
        match node.kind:
            case "text":
                return node.parts[0]
            case "string":
                return "".join(p if isinstance(p, str) else shown(self.value(p, menu)) for p in node.parts)
            case "variable":
                return self.variables.get(node.parts[0], "")
            case "result":
                found: Any = None
                for part in node.parts[0].parts:
                    found = self.command(part, menu)
                return found
            case "expression":
                return self.expression(node.parts, menu)
        return node.parts[0]  # braces: a block that is run later

    def expression(self, parts: tuple[Any, ...], menu: str) -> Any:
        """Return the value of an expression, worked out from left to right; comparisons come last.

        Raises RosError for an unsupported operator.
        """
        for operators in (("=", "!=", "<", ">", "<=", ">=", "~"),):
            for at, part in enumerate(parts):
                if isinstance(part, str) and part in operators:
                    left, right = self.expression(parts[:at], menu), self.expression(parts[at + 1 :], menu)
                    return compared(left, part, right)
        value = self.value(parts[0], menu)
        for operator, part in zip(parts[1::2], parts[2::2], strict=True):
            other = self.value(part, menu)
            match operator:
                case ".":
                    value = shown(value) + shown(other)
                case "->":
                    value = value.get(other, "") if isinstance(value, dict) else ""
                case "-":
                    value = int(value) - int(other)
                case "+":
                    value = int(value) + int(other)
                case _:
                    raise RosError(f"syntax error: {operator}")
        return value

    # -- commands ---------------------------------------------------------------------------------
    def command(self, node: Node, menu: str) -> Any:
        """Run one command and return its result; a command without a path runs in `menu`."""
        first = node.parts[0]
        name = first.parts[0] if first.kind == "text" else ""
        if name.startswith(":"):
            return self.control(name[1:], list(node.parts[1:]))
        path, rest = self.path(node.parts, menu)
        plain: list[str] = []
        values: dict[str, Any] = {}
        like: dict[str, str] = {}
        for word in rest[1:]:
            if word.kind == "pair":
                key, operator, value = word.parts
                (values if operator == "=" else like)[key] = self.value(value, path)
            else:
                found = self.value(word, path)
                plain += found if isinstance(found, list) else [found]
        verb = rest[0].parts[0] if rest else ""
        if path in MENUS and path != "/file" and verb in {"add", "set", "remove", "find", "get", "move"}:
            return self.menu(path, verb, (plain, {k: shown(v) for k, v in values.items()}, like))
        return self.special(f"{path} {verb}".strip(), (plain, {k: shown(v) for k, v in values.items()}, like))

    @staticmethod
    def path(parts: tuple[Any, ...], menu: str) -> tuple[str, list[Any]]:
        """Split a command into the path of its menu and the remaining words, the verb first.

        The path is `menu` if the command has none.
        """
        words: list[str] = []
        for at, part in enumerate(parts):
            text = part.parts[0] if part.kind == "text" else ""
            pieces = [p for p in text.strip("/").split("/") if p]
            if not text or (text in VERBS and (words or menu)):
                return ("/" + "/".join(words) if words else menu), list(parts[at:])
            if pieces and pieces[-1] in VERBS and len(pieces) > 1:
                return "/" + "/".join(words + pieces[:-1]), [Node("text", (pieces[-1],)), *parts[at + 1 :]]
            trial = "/" + "/".join(words + pieces)
            if not any(
                m == trial or m.startswith(trial + "/") for m in (*MENUS, "/system", "/interface", "/ip", "/tool")
            ):
                return ("/" + "/".join(words) if words else menu), list(parts[at:])
            words += pieces
        return "/" + "/".join(words), []

    def menu(self, path: str, verb: str, words: Words) -> Any:
        """Run `add`, `find`, `get`, `set`, `remove` or `move` in a menu and return its result.

        The result is an id, a list of ids, a value, or None.
        """
        plain, values, like = words
        config = self.config
        match verb:
            case "add":
                return config.add(path, values)
            case "find":
                plain[:] = [w for w in plain if w != "where"]
                return [e[".id"] for e in config.entries(path) if matches(e, values, like)]
            case "get":
                return self.get(path, plain)
            case "set":
                if config.menu(path).one:
                    return config.change(path, None, values)
                return config.change(path, self.ids(path, plain), values)
            case "remove":
                return config.remove(path, self.ids(path, plain))
        return config.move(path, self.ids(path, plain))

    def ids(self, path: str, plain: list[str]) -> list[str]:
        """Return the ids of the entries that words name by id or by name.

        Raises RosError if no entry has such a name; ids are not looked up.
        """
        found: list[str] = []
        for word in plain:
            if word.startswith("*"):
                found.append(word)
            elif entry := self.config.one(path, "name", word):
                found.append(entry[".id"])
            else:
                raise RosError("no such item")
        return found

    def get(self, path: str, plain: list[str]) -> str:
        """Return one attribute of a menu without entries, or of the entry with this id or name.

        An attribute that the entry lacks is an empty string. Raises RosError if there is no such entry, or if the words
        are not one entry and one attribute.
        """
        if self.config.menu(path).one:
            return self.config.single(path)[plain[0]]
        if len(plain) != 2:
            raise RosError("no such item" if len(plain) < 2 else "invalid internal item number")
        entry = next((e for e in self.config.entries(path) if plain[0] in {e[".id"], e.get("name")}), None)
        if entry is None:
            raise RosError("no such item")
        return entry.get(plain[1], "")

    # -- control ----------------------------------------------------------------------------------
    def control(self, name: str, words: list[Any]) -> Any:
        """Run a command of the language (`:put`, `:if`, …) and return its result.

        Raises RosError if there is no such command.
        """
        pairs = {w.parts[0]: w.parts[2] for w in words if w.kind == "pair"}
        plain = [w for w in words if w.kind != "pair"]
        does: dict[str, Callable[[], Any]] = {
            "put": lambda: self.out(shown(self.value(plain[0])) + "\r\n"),
            "local": lambda: self.keep(plain),
            "set": lambda: self.keep(plain),
            "global": lambda: self.keep(plain),
            "len": lambda: len(self.value(plain[0]) or ""),
            "pick": lambda: self.pick(self.value(plain[0]), int(self.value(plain[1]))),
            "error": lambda: self.error(shown(self.value(plain[0]))),
            "if": lambda: self.choose(plain[0], pairs),
            "foreach": lambda: self.each(plain[0].parts[0], pairs),
            "do": lambda: self.attempt(plain[0], pairs),
            "execute": lambda: self.special(":execute", ([self.value(plain[0])], {}, {})),
        }
        if name not in does:
            raise RosError(f"bad command name {name} (line 1 column 1)")
        return does[name]()

    def keep(self, plain: list[Any]) -> None:
        """Set a variable to the value of the second word, or to an empty string if there is none."""
        self.variables[plain[0].parts[0]] = self.value(plain[1]) if len(plain) > 1 else ""

    @staticmethod
    def pick(array: Any, at: int) -> Any:
        """Return the element or character at index `at`, or an empty string if there is none."""
        return array[at] if 0 <= at < len(array) else ""

    @staticmethod
    def error(text: str) -> None:
        """Raise Stop with `text`, which ends the script."""
        raise Stop(text)

    def choose(self, condition: Any, pairs: dict[str, Any]) -> Any:
        """Run the block `do` if the condition is true, else the block `else`.

        Return the block's result, or None if that block is not given.
        """
        branch = "do" if self.value(condition) is True else "else"
        return self.block(self.value(pairs[branch])) if branch in pairs else None

    def each(self, variable: str, pairs: dict[str, Any]) -> None:
        """Run the block `do` for every element of `in`, with the element in `variable`."""
        for item in self.value(pairs["in"]) or []:
            self.variables[variable] = item
            self.block(self.value(pairs["do"]))

    def attempt(self, block: Any, pairs: dict[str, Any]) -> Any:
        """Run a block and return its result; if it raises RosError or Stop, run the block `on-error` instead.

        The error is raised again if there is no such block.
        """
        try:
            return self.block(self.value(block))
        except (RosError, Stop):
            if "on-error" not in pairs:
                raise
            return self.block(self.value(pairs["on-error"]))


def shown(value: Any) -> str:
    """Return a value as text: true or false, list elements with `;` between them, None as an empty string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(map(shown, value))
    return "" if value is None else str(value)


def compared(left: Any, operator: str, right: Any) -> bool:
    """Return the result of a comparison: of integers if both values are, else of texts.

    `~` searches the left text for the right one as a regular expression.
    """
    if operator == "~":
        return re.search(shown(right), shown(left)) is not None
    one, two = shown(left), shown(right)
    if re.fullmatch(r"-?\d+", one) and re.fullmatch(r"-?\d+", two):
        return {
            "=": int(one) == int(two),
            "!=": int(one) != int(two),
            "<": int(one) < int(two),
            ">": int(one) > int(two),
            "<=": int(one) <= int(two),
            ">=": int(one) >= int(two),
        }[operator]
    return {"=": one == two, "!=": one != two, "<": one < two, ">": one > two, "<=": one <= two, ">=": one >= two}[
        operator
    ]


def matches(entry: dict[str, str], values: dict[str, str], like: dict[str, str]) -> bool:
    """Return True if the entry has all attributes in `values` and matches all patterns in `like`.

    For `values`, a missing `dynamic`, `default` or `disabled` of the entry counts as `no`.
    """
    usual = {"dynamic": "no", "default": "no", "disabled": "no"}
    return all(entry.get(k, usual.get(k, "")) == v for k, v in values.items()) and all(
        re.search(v, entry.get(k, "")) for k, v in like.items()
    )
