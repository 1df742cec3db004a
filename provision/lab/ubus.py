"""Emulated `ubus` command of a lab device: sends a call to the lab's bus over its socket.

Every call is a new process, so it imports next to nothing: the bus reads and writes the JSON.
"""

from __future__ import annotations

import os
import sys
from _socket import AF_UNIX, SHUT_WR, SOCK_STREAM, socket

TEXTS = {
    1: "Invalid command", 2: "Invalid argument", 3: "Method not found", 4: "Not found",
    5: "No response", 6: "Permission denied", 7: "Request timed out",
}  # fmt: skip
UNREADABLE = 255


def main(argv: list[str]) -> int:
    """Run `ubus [-S] call OBJECT METHOD [MESSAGE]`, print the reply and return the exit code as ubus does.

    It is the status of the call, but negative (256 minus the status) if that is not 0 and neither -S is given nor
    standard error is a terminal; 1 for wrong usage; 255 if the bus cannot be reached or the message is not JSON.
    """
    short = argv[:1] == ["-S"]
    argv = argv[short:]
    if len(argv) not in (3, 4) or argv[0] != "call":
        sys.stderr.write("Usage: ubus [-S] call <path> <method> [<message>]\n")
        return 1
    bus = socket(AF_UNIX, SOCK_STREAM)
    try:
        bus.connect(os.environ["UBUS_SOCKET"])
    except OSError:
        sys.stderr.write("Failed to connect to ubus\n")
        return 255
    bus.sendall("\0".join(("-S" if short else "", *argv[1:])).encode("utf-8", "surrogateescape"))
    bus.shutdown(SHUT_WR)
    answer = b""
    while piece := bus.recv(65536):
        answer += piece
    number, _, text = answer.partition(b"\n")
    code = int(number or 7)
    sys.stdout.write(text.decode())
    if code == UNREADABLE:
        sys.stderr.write("Failed to parse message data\n")
        return 255
    if not code or short:
        return code
    sys.stderr.write(f"Command failed: {TEXTS.get(code, 'Unknown error')}\n")
    return code if sys.stderr.isatty() else 256 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
