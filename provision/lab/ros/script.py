"""Parser of the script language of an emulated RouterOS. The whole text is parsed before anything runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from provision.lab.ros.config import RosError

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "_": " "}
BLANKS = re.compile(r"(?:[ \t\r]|\\\r?\n)*")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
OPERATORS = ("->", "!=", "<=", ">=", "&&", "||", ".", "=", "<", ">", "+", "-", "~", "*")


@dataclass(frozen=True, slots=True)
class Node:
    """Node of a parsed script: `kind` says what `parts` are."""

    kind: str
    parts: tuple[Any, ...]


class Reader:
    """Parser of one text, with its position."""

    def __init__(self, text: str) -> None:
        """Start at the beginning of the text."""
        self.text, self.at = text, 0

    def fail(self, what: str) -> RosError:
        """Return (not raise) a RosError with `what` and the present line and column."""
        before = self.text[: self.at]
        return RosError(f"{what} (line {before.count(chr(10)) + 1} column {self.at - before.rfind(chr(10))})")

    def peek(self) -> str:
        """Skip blanks and return the next character, which is not taken; an empty string at the end."""
        self.at = BLANKS.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.text[self.at : self.at + 1]

    def take(self, char: str) -> None:
        """Skip blanks and take one character; raises RosError if it is not `char`."""
        if self.peek() != char:
            raise self.fail(f'expected "{char}"')
        self.at += 1

    def block(self, end: str) -> Node:
        """Parse statements up to and including `end`; return them as a block.

        Raises RosError if the text ends before.
        """
        found: list[Node] = []
        while True:
            char = self.peek()
            if char == end:
                self.at += len(end)
                return Node("block", tuple(found))
            if not char:
                raise self.fail(f'expected "{end}"')
            if char in ";\n":
                self.at += 1
            elif char == "#":
                self.at = (self.text + "\n").find("\n", self.at)
            elif char == "{":
                self.at += 1
                found.append(self.block("}"))
            else:
                found.append(self.statement())

    def statement(self) -> Node:
        """Read one command with its words up to the end of the statement."""
        words: list[Any] = []
        while (char := self.peek()) and char not in ";\n}]":
            words.append(self.word())
        return Node("command", tuple(words))

    def word(self) -> Any:
        """Parse one word: a value, NAME=value or NAME~value."""
        if (name := NAME.match(self.text, self.at)) and self.text[name.end() : name.end() + 1] in {"=", "~"}:
            operator = self.text[name.end()]
            self.at = name.end() + 1
            if self.text[self.at : self.at + 1] in " ;\n":
                return Node("pair", (name.group(), operator, Node("text", ("",))))
            return Node("pair", (name.group(), operator, self.value()))
        return self.value()

    def value(self) -> Node:
        """Parse one value: string, variable, command, block, expression or text; raises RosError if none follows."""
        char = self.peek()
        if char == '"':
            return self.quoted()
        if char == "$":
            self.at += 1
            return self.variable()
        if char in "[{":
            self.at += 1
            return Node("result" if char == "[" else "braces", (self.block("]" if char == "[" else "}"),))
        if char == "(":
            self.at += 1
            return self.expression()
        if found := re.compile(r"[^\s;{}\[\]()\"$]+").match(self.text, self.at):
            self.at = found.end()
            return Node("text", (found.group(),))
        raise self.fail("expected command name")

    def variable(self) -> Node:
        """Parse the name of a variable, behind its `$`; raises RosError if there is none."""
        found = re.compile(r"[A-Za-z0-9]+").match(self.text, self.at)
        if not found:
            raise self.fail("expected variable name")
        self.at = found.end()
        return Node("variable", (found.group(),))

    def quoted(self) -> Node:
        """Parse a quoted string, with the variables, commands and expressions in it.

        Raises RosError if its closing quote is missing.
        """
        self.at += 1
        parts: list[Any] = []
        raw = bytearray()
        while True:
            char = self.text[self.at : self.at + 1]
            if not char:
                raise self.fail("expected closing quote")
            self.at += 1
            if char == '"':
                break
            if char == "\\":
                self.escape(raw)
            elif char == "$":
                parts.append(raw.decode("utf-8", "replace"))
                raw = bytearray()
                if self.text[self.at : self.at + 1] in "[(":
                    parts.append(self.value())
                else:
                    parts.append(self.variable())
            else:
                raw += char.encode()
        parts.append(raw.decode("utf-8", "replace"))
        return Node("string", tuple(parts))

    def escape(self, raw: bytearray) -> None:
        """Parse what follows a backslash in a string, and append its bytes to `raw`.

        It is two hexadecimal digits, a line break with the blanks behind it (no bytes), or one character.
        """
        if pair := re.compile(r"[0-9A-F]{2}").match(self.text, self.at):
            raw.append(int(pair.group(), 16))
            self.at += 2
        elif wrap := re.compile(r"\r?\n[ \t]*").match(self.text, self.at):
            self.at = wrap.end()
        else:
            char = self.text[self.at : self.at + 1]
            raw += ESCAPES.get(char, char).encode()
            self.at += 1

    def expression(self) -> Node:
        """Parse values and operators up to and including the closing parenthesis.

        Raises RosError if that is missing.
        """
        parts: list[Any] = []
        while (char := self.peek()) != ")":
            if not char:
                raise self.fail('expected ")"')
            operator = next((o for o in OPERATORS if self.text.startswith(o, self.at)), "")
            if operator and parts and not (operator == "-" and self.text[self.at + 1 : self.at + 2].isalpha()):
                self.at += len(operator)
                parts.append(operator)
            else:
                parts.append(self.value() if char in '"$[({' else self.plain())
        self.at += 1
        return Node("expression", tuple(parts))

    def plain(self) -> Node:
        """Parse a bare word in an expression; raises RosError if there is none."""
        found = re.compile(r"[A-Za-z0-9_/:-]+").match(self.text, self.at)
        if not found:
            raise self.fail("syntax error")
        self.at = found.end()
        return Node("text", (found.group(),))


def read(text: str) -> Node:
    """Parse a whole script into a block; raises RosError with line and column of the first syntax error."""
    reader = Reader(text + "\n\0")
    return reader.block("\0")
