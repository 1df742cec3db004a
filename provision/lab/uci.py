"""Emulated `uci` command of a lab device: `batch` goes on after an error and always exits 0, as libuci's."""

from __future__ import annotations

import os
import sys

from provision.lab.uciconfig import TEXT, Package, UciError, quoted, read_delta, words, write_delta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class Cli:
    """One call of the emulated `uci` command, with the packages that it has loaded."""

    OPS: ClassVar = {"set": "", "delete": "-", "add_list": "|", "reorder": "^"}

    def __init__(self, root: str, savedir: str) -> None:
        """Work on `root` with changes staged in `savedir`."""
        self.root, self.savedir = root, savedir
        self.cache: dict[str, Package] = {}

    def package(self, name: str) -> Package:
        """Return a package with the staged changes applied; it is loaded once.

        Raises UciError if the package does not exist or cannot be parsed.
        """
        if name not in self.cache:
            dirs = tuple(dict.fromkeys((os.path.join(self.root, "tmp/.uci"), self.savedir)))
            self.cache[name] = Package(self.root, name, dirs)
        return self.cache[name]

    def run(self, argv: list[str]) -> str:
        """Run one command and return what it prints. Raises UciError if the command is unknown or fails."""
        verb, *args = argv
        if verb in self.OPS and len(args) == 1:
            where, has_value, value = args[0].partition("=")
            package = self.package(where.partition(".")[0])
            package.apply(self.OPS[verb], where, value)
            write_delta(self.savedir, self.OPS[verb], where, value if has_value else None)
            return ""
        if verb == "export":
            names = args or sorted(os.listdir(os.path.join(self.root, "etc/config")))
            return "".join(self.package(n).export() for n in names if not n.startswith("."))
        if verb == "get" and len(args) == 1:
            return self.get(args[0])
        if verb == "changes":
            names = args or (sorted(os.listdir(self.savedir)) if os.path.isdir(self.savedir) else [])
            return "".join(
                f"{op}{where}={quoted(value)}\n"
                for name in names
                for op, where, value in read_delta(self.savedir, name)
            )
        if verb == "commit":
            for name in args or os.listdir(self.savedir):
                self.package(name).commit()
                if os.path.exists(staged := os.path.join(self.savedir, name)):
                    os.unlink(staged)
            return ""
        raise UciError("Invalid argument")

    def get(self, where: str) -> str:
        """Return an option's value, or a section's type if no option is named, with a line break.

        A list has spaces between its items. Raises UciError if there is no such package, section or option.
        """
        name, _, rest = where.partition(".")
        section, _, option = rest.partition(".")
        found = self.package(name).find(section)
        if not option:
            return found.kind + "\n"
        if option not in found.options:
            raise UciError("Entry not found")
        value = found.options[option]
        return (value if isinstance(value, str) else " ".join(value)) + "\n"


def main(argv: list[str]) -> int:
    """Run `uci [-t SAVEDIR] [-q] COMMAND …` and return the exit code as uci's: batch always 0, else 1 on an error."""
    root = os.environ.get("IPKG_INSTROOT", "")
    savedir, quiet = os.path.join(root, "tmp/.uci"), False
    while argv and argv[0].startswith("-"):
        if argv[0] == "-t":
            savedir, argv = argv[1], argv[1:]
        quiet = quiet or argv[0] == "-q"
        argv = argv[1:]
    cli = Cli(root, savedir)
    batch = argv == ["batch"]
    sys.stdin.reconfigure(**TEXT)  # type: ignore[union-attr]
    sys.stdout.reconfigure(**TEXT)  # type: ignore[union-attr]
    code = 0
    try:
        commands = words(sys.stdin.read()) if batch else [argv]
    except UciError as error:
        sys.stderr.write(f"uci: {error}\n")
        return 0
    for command in commands:
        try:
            sys.stdout.write(cli.run(command))
        except (UciError, IndexError, ValueError) as error:
            code = 1
            if not quiet:
                sys.stderr.write(f"uci: {error or 'Invalid argument'}\n")
        except OSError as error:
            code = 1
            sys.stderr.write(f"uci: I/O error ({error.strerror})\n")
    return 0 if batch else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
