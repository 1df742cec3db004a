"""A technician's word that a PC hears or sees: by name, with a picture if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from provision.core.device import Computer
from provision.core.errors import UsageError
from provision.devices.pc.verify import VERBS
from provision.home.workspace import Workspace
from provision.local.files import write_whole

LARGEST = 20_000_000
PICTURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A technician's word: who tried it, what came out, and the file of a picture, if there is one."""

    by: str
    note: str
    photo: Path | None = None


def attest(workspace: Workspace, computer: Computer, what: str, word: Word) -> str:
    """Record a technician's word on what a PC does (hearing or sight); return a text that names the kept picture.

    The text is empty if there is no picture. Raises UsageError if `what` is neither, a name or note is missing, the PC
    is not enrolled, sight has no picture, or the picture is too large or no JPEG or PNG.
    """
    tag, by, note, photo = computer.tag, word.by, word.note, word.photo
    if what not in VERBS:
        raise UsageError(f"nothing that can be attested: {what}", hint="one of: " + ", ".join(VERBS))
    if not by or not note:
        raise UsageError("--by and --note: nobody, or nothing, is named", hint="who tried it, and what came out")
    if tag not in workspace.known:
        raise UsageError(f"{tag} is not enrolled", hint=f"provision enrol {tag} --address A")
    seen = workspace.known[tag].seen
    body = {"by": by, "note": note}
    if photo is not None:
        body["photo"] = _keep(workspace, photo)
    elif what == "sight":
        raise UsageError("--photo: a picture is the proof that it sees", hint="take one with the Camera app of the PC")
    workspace.observe([(tag, VERBS[what](body=body))], seen=seen)
    return f"; the picture is var/evidence/{body['photo']}" if photo is not None else ""


def _keep(workspace: Workspace, photo: Path) -> str:
    """Copy a picture into var/evidence under the SHA-256 digest of its bytes, and return the file's name.

    Raises UsageError if it is larger than 20 MB, or neither JPEG nor PNG.
    """
    if photo.stat().st_size > LARGEST:
        raise UsageError(f"{photo} is larger than {LARGEST // 1_000_000} MB", hint="take a smaller picture")
    raw = photo.read_bytes()
    ending = next((end for head, end in PICTURES.items() if raw.startswith(head)), None)
    if ending is None:
        raise UsageError(f"{photo} is no picture", hint="a JPEG or PNG file")
    name = sha256(raw).hexdigest() + ending
    folder = workspace.place.var / "evidence"
    folder.mkdir(mode=0o700, exist_ok=True)
    write_whole(folder / name, raw)
    return name
