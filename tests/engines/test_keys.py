"""Two first commands at once make one pair of keys: both halves belong together, whoever was first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization as form

ROUNDS = 12
MAKES = """
import sys, time
from pathlib import Path
from provision.home.keys import office_key
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives import serialization
path = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(office_key(path))
"""


def test_two_first_commands_make_one_pair(tmp_path: Path) -> None:
    for number in range(ROUNDS):
        path = tmp_path / str(number) / "id_ed25519"
        both = [
            subprocess.Popen(
                [sys.executable, "-c", MAKES, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        for process in both:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in both:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        said = [process.communicate(timeout=60)[0] for process in both]
        key = form.load_ssh_private_key(path.read_bytes(), None)
        own = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH).decode()
        kept = path.with_suffix(".pub").read_text()
        assert kept.startswith(own + " "), "the halves belong together"
        assert said == [kept, kept], "both commands use it"
