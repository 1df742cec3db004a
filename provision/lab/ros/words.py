"""Commands of an emulated RouterOS beyond its menus: resource, files, backup, import, export, radio."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provision.lab.ros.config import Config, RosError
from provision.lab.ros.parts import RouterParts
from provision.lab.ros.run import Runner, Stop
from provision.lab.ros.run import Words as Args
from provision.lab.ros.script import Node, read

UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
FREE = 8_000_000


def seconds(text: str) -> int:
    """Return the seconds of a time as RouterOS writes it: `3m`, `180s`, `1d2h`; 0 if the text has none."""
    return sum(int(n) * UNITS[u] for n, u in re.findall(r"(\d+)([wdhms])", text))


class Words:
    """Commands beyond the menus for one session or job.

    Only a job (`prompting`) can load a backup: a session without a terminal cannot be asked.
    """

    def __init__(self, router: RouterParts, out: Callable[[str], None], *, prompting: bool) -> None:
        """Run the commands on `router`; what they print goes to `out`."""
        self.router, self.out, self.prompting = router, out, prompting
        self.files = router.root / "files"

    def do(self, command: str, args: Args) -> Any:
        """Run one command beyond the menus and return its result; raises RosError if there is no such command."""
        plain, values, like = args
        known: dict[str, Callable[[], Any]] = {
            "/system resource get": lambda: self.resource(plain[0]),
            "/system routerboard get": lambda: self.board(plain[0]),
            "/export": lambda: self.export(plain),
            "/import": lambda: self.load(values),
            "/file find": lambda: self.find(values, like),
            "/file get": lambda: plain[0].removeprefix("*"),
            "/file remove": lambda: self.remove(plain),
            "/file print": lambda: self.path(values["file"] + ".txt").write_text(""),
            "/system backup save": lambda: self.save(values),
            "/system backup load": lambda: self.restore(values),
            "/system reboot": self.router.reboot,
            "/user ssh-keys import": lambda: self.key(values),
            "/system device-mode get": self.device_mode,
            "/interface lte monitor": lambda: self.radio((7,), (99,)),
            "/interface lte info": lambda: self.radio((6,), (7,)),
            ":execute": lambda: self.execute(plain[0]),
        }
        spoken = next((c for c in known if command == c or (command + " ").startswith(c + " ")), "")
        spaced = "/" + command.strip("/").replace("/", " ")
        spoken = spoken or next((c for c in known if spaced == c or (spaced + " " + " ".join(plain)).startswith(c)), "")
        if not spoken:
            raise RosError(f"bad command name {(spaced.split() or ['?'])[-1].strip('/')} (line 1 column 1)")
        rest = spaced.split()[len(spoken.split()) :]
        skip = max(len(spoken.split()) - len(spaced.split()), 0)
        plain[:] = plain[skip:] if not rest else plain
        return known[spoken]()

    def resource(self, name: str) -> str:
        """Return `version`, `free-hdd-space` in bytes (0 with the fault `full`) or `board-name`."""
        free = 0 if self.router.faults.get("full") else FREE
        said = {
            "version": f"{self.router.box.firmware} (stable)",
            "free-hdd-space": str(free),
            "board-name": self.router.box.model,
        }
        return said[name]

    def board(self, name: str) -> str:
        """Return `serial-number`, which the fault `serial` can replace, or `model` of the board."""
        box = self.router.box
        said = {"serial-number": str(self.router.faults.get("serial") or box.serial), "model": box.model}
        return said[name]

    def device_mode(self) -> str:
        """Return `true` if device-mode allows the scheduler, `false` with the fault `mode`.

        Raises RosError before version 7.17.
        """
        if self.router.config.version < (7, 17):
            raise RosError("bad command name device-mode (line 1 column 1)")
        return "false" if self.router.faults.get("mode") else "true"

    def radio(self, first: tuple[int, ...], end: tuple[int, ...]) -> dict[str, Any]:
        """Return the radio's values if first <= version < end; raise RosError, as for an unknown command, if not."""
        if not first <= self.router.config.version < end:
            raise RosError(f"bad command name {'monitor' if first == (7,) else 'info'} (line 1 column 1)")
        return self.router.signal()

    def export(self, plain: list[str]) -> None:
        """Print the configuration; with the fault `noise`, log lines stand in it, as on a busy router.

        RouterOS 7 shows secrets only with `show-sensitive`, RouterOS 6 unless `hide-sensitive`.
        """
        v7 = self.router.config.version >= (7,)
        date = "2026-11-24 10:00:00" if v7 else "nov/24/2026 10:00:00"
        box = self.router.box
        header = [f"{date} by RouterOS {box.firmware}", "software id = LABL-AB01", "", f"model = {box.model}"]
        hidden = v7 or "hide-sensitive" in plain
        text = self.router.config.export(header, secrets="show-sensitive" in plain if v7 else not hidden)
        if self.router.faults.get("noise"):
            lines = text.split("\r\n")
            lines[6:6] = [
                "17:20:06 echo: system,error,critical login failure for user root via ssh",
                "# lte1 not ready",
            ]
            text = "\r\n".join(lines)
        self.out(text)

    # -- files ------------------------------------------------------------------------------------
    def path(self, name: str) -> Path:
        """Return the path of a file on the router's disk; raises RosError if it lies outside."""
        path = (self.files / name.lstrip("/")).resolve()
        if not path.is_relative_to(self.files.resolve()):
            raise RosError("no such item")
        return path

    def names(self) -> list[str]:
        """Return the names of all files and folders."""
        return sorted(str(p.relative_to(self.files)) for p in self.files.rglob("*"))

    def find(self, values: dict[str, str], like: dict[str, str]) -> list[str]:
        """Return the ids (`*` and the name) of the files and folders that have the given name and match the pattern.

        Either condition may be absent.
        """
        wanted = values.get("name")
        return ["*" + n for n in self.names() if (wanted is None or n == wanted) and re.search(like.get("name", ""), n)]

    def remove(self, plain: list[str]) -> None:
        """Delete files named by id or name, each one a flash operation; raises RosError if one does not exist."""
        for word in plain:
            path = self.path(word.removeprefix("*"))
            if not path.is_file():
                raise RosError("no such item")
            path.unlink()
            self.router.flash()

    def load(self, values: dict[str, str]) -> None:
        """Run a script from a file and print that it succeeded.

        Raises RosError if the file does not exist, at a syntax error before anything runs, and at the first command
        that fails; what ran before that stays applied.
        """
        path = self.path(values["file-name"])
        if not path.is_file():
            raise RosError("Cannot open import file, file does not exist (:import; line 1)")
        text = path.read_text()
        try:
            for line in read(text).parts:  # a local variable of one line is none of the next
                Runner(self.router.config, self.do, self.out).block(Node("block", (line,)))
        except Stop as stop:
            raise RosError(f"Script Error: {stop} (:error) (:import; line 1)") from None
        except RosError as error:
            raise RosError(f"Script Error: {error} (:import; line 1)") from None
        self.out("Script file loaded and executed successfully\r\n")

    def save(self, values: dict[str, str]) -> None:
        """Write the configuration to a backup file with the hash of its password; this is one flash operation."""
        body = {"password": hashlib.sha256(values["password"].encode()).hexdigest(), "state": self.router.config.state}
        self.path(values["name"] + ".backup").write_text(json.dumps(body))
        self.router.flash()

    def restore(self, values: dict[str, str]) -> None:
        """Replace the configuration by that of a backup file and reboot.

        Raises RosError if not `prompting`, or if the file does not exist or the password is wrong.
        """
        if not self.prompting:
            raise RosError("action cancelled: Terminal is not prompting")
        name = values["name"] if values["name"].endswith(".backup") else values["name"] + ".backup"
        path = self.path(name)
        if not path.is_file():
            raise RosError("failure: backup file not found")
        body = json.loads(path.read_text())
        if body["password"] != hashlib.sha256(values.get("password", "").encode()).hexdigest():
            raise RosError("failure: wrong password")
        config = Config(self.router.root / "config.json", self.router.box.firmware)
        config.state = body["state"]
        config.save()
        self.router.reboot()

    def execute(self, what: Any) -> None:
        """Run a script, a text or a block, and discard what it prints; it may load a backup.

        Errors are raised from a block only.
        """
        if isinstance(what, str):
            self.router.background(what)
        else:
            runner = Runner(self.router.config, Words(self.router, lambda _: None, prompting=True).do, lambda _: None)
            runner.block(what)

    def key(self, values: dict[str, str]) -> None:
        """Add the public key in a file to a user and delete the file.

        Raises RosError if the file does not exist or the key's type is not supported (RSA; Ed25519 from 7.12 on).
        """
        path = self.path(values["public-key-file"])
        if not path.is_file():
            raise RosError("no such item")
        text = path.read_text().strip()
        kinds = ("ssh-rsa", "ssh-ed25519") if self.router.config.version >= (7, 12) else ("ssh-rsa",)
        if not text.startswith(kinds):
            raise RosError("unable to load key file (wrong format or bad passphrase)!")
        self.router.config.add("/user/ssh-keys", {"user": values["user"], "key": text})
        path.unlink()
