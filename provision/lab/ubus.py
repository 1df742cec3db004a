"""The `ubus` word of a lab device: asks the lab's bus over its socket. Standard library only."""

from __future__ import annotations

import json
import os
import socket
import sys

TEXTS = {
    1: "Invalid command", 2: "Invalid argument", 3: "Method not found", 4: "Not found",
    5: "No response", 6: "Permission denied", 7: "Request timed out",
}  # fmt: skip


def main(argv: list[str]) -> int:
    """Run `ubus [-S] call OBJECT METHOD [MESSAGE]`; exit codes as ubus: negative unless -S or a tty."""
    short = argv[:1] == ["-S"]
    argv = argv[short:]
    if len(argv) not in (3, 4) or argv[0] != "call":
        sys.stderr.write("Usage: ubus [-S] call <path> <method> [<message>]\n")
        return 1
    try:
        message = json.loads(argv[3]) if len(argv) == 4 else {}
    except ValueError:
        sys.stderr.write("Failed to parse message data\n")
        return 255
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bus:
        try:
            bus.connect(os.environ["UBUS_SOCKET"])
        except OSError:
            sys.stderr.write("Failed to connect to ubus\n")
            return 255
        bus.sendall(json.dumps([argv[1], argv[2], message]).encode() + b"\n")
        with bus.makefile("rb") as stream:
            code, reply = json.loads(stream.readline() or b"[7, null]")
    if reply is not None:
        sys.stdout.write(json.dumps(reply, indent=None if short else "\t") + "\n")
    if not code or short:
        return int(code)
    sys.stderr.write(f"Command failed: {TEXTS.get(code, 'Unknown error')}\n")
    return int(code) if sys.stderr.isatty() else 256 - int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
