"""Ansible's action `feed`: run one command on a device and give it a document on standard input.

It is the only way by which the writer (provision/connectors/ansible.py) sends anything. The document is a file of
the run's private directory, never a variable: Jinja would render a `{{` in it, and a result or a log would show it.
What the device prints goes to files there, too.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

RAW_BYTES, TOO_MUCH = 8_000_000, "it said more than 8 MB, of which nothing is believed"  # provision/core/budget.py
POLL_S = 0.02
RETRY_PAUSE_S = 0.1


class ActionModule(ActionBase):
    """The action `feed`; arguments: command, document, output, put, line, wait_s, pause_s, retry_s.

    The file `document` may take `wait_s` seconds to appear and is held back for `pause_s` seconds then; a connection
    that fails is tried again for `retry_s` seconds. Without `command` the document is the command itself. With `put`
    the document becomes that file on the device, and the command is the text of the local file `line`.
    """

    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        """Send the document; return the exit code and the bytes sent and received, never a text of the device.

        The task is skipped if there is no document to send. What the device prints is written to the files `output` and
        `output`.err. Raises AnsibleConnectionFailure if the connection fails or the exit code is 255, AnsibleError if the
        device said more than the budget, of which nothing is kept.
        """
        result = super().run(tmp, task_vars)
        args = self._task.args
        document = Path(args["document"])
        body = wait_for(document, float(args.get("wait_s", 0)))
        if body is None:
            result.update(skipped=True, skip_reason="there was nothing to send")
            return result
        result.update(sent=len(body))
        time.sleep(float(args.get("pause_s", 0)))
        code, out, err = self.send(args, document, body)
        if len(out) > RAW_BYTES:
            raise AnsibleError(TOO_MUCH)
        keep(Path(args["output"]), out)
        keep(Path(args["output"] + ".err"), err)
        if code == 255:
            said = err.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise AnsibleConnectionFailure(said[0] if said else "the connection ended before the answer did")
        result.update(rc=code, changed=True, received=len(out))
        return result

    def send(self, args, document: Path, body: bytes) -> tuple[int, bytes, bytes]:
        """Run the command on the device; return its exit code, output and error output.

        With `put`, the document is put on the device first. An AnsibleConnectionFailure is tried again until `retry_s`
        seconds are over, then raised: the device may just be moving its SSH port or address.
        """
        deadline = time.monotonic() + float(args.get("retry_s", 0))
        command, put = args.get("command"), args.get("put")
        if put:
            command, body = Path(args["line"]).read_text(), b""
        elif not command:
            command, body = body.decode(), b""
        while True:
            try:
                if put:
                    self._connection.put_file(str(document), put)
                return self._connection.exec_command(command, in_data=body, sudoable=False)
            except AnsibleConnectionFailure:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(RETRY_PAUSE_S)


def wait_for(document: Path, wait_s: float) -> bytes | None:
    """Return the bytes of the document once the file exists, or None if it does not come.

    It does not come if the file `document`.stop is there first, or if `wait_s` seconds pass.
    """
    deadline = time.monotonic() + wait_s
    while not document.exists():
        if Path(f"{document}.stop").exists() or time.monotonic() >= deadline:
            return None
        time.sleep(POLL_S)
    return document.read_bytes()


def keep(path: Path, text: bytes) -> None:
    """Write a file that only this user can read: beside `path` first, then renamed over it."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
    temporary.replace(path)
