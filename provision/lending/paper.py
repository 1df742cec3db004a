"""The paper of a handover: a PDF by Typst with only the fonts of its package, the same bytes each time.

What is printed comes from the draft in the ledger alone, and its footer names the number of the draft's event and
the start of its hash: if the owner of the chain rewrites it, it no longer matches the paper that the other party
has signed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from provision.core.custody import Handover
from provision.core.errors import ProvisionError
from provision.home.workspace import Workspace
from provision.lending.loans import File
from provision.lending.papers import tanda_terima
from provision.local.files import ORDINARY, write_whole
from provision.local.share import share


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper on the disk, the SHA-256 of its bytes, and what it was made with."""

    path: Path
    digest: str
    made_with: Mapping[str, str]


# What release 0.1.0 made papers with, which kept no note of it: its events are read for ever.
RELEASE_0_1_0 = {
    "typst": "0.15.2",
    "template": "4e2991d062c41c7d21ab108211e7e7189b190c1501f7efca90b04d47262d05bd",
}
NAMES_OF_PARTS = {"typst": "Typst (it brings the fonts)", "template": "the template"}


def made_with_now() -> dict[str, str]:
    """Return what a paper is made with now: the version of Typst and the SHA-256 of the template.

    The package of Typst brings the fonts.
    """
    from importlib.metadata import version

    return {"typst": version("typst"), "template": sha256(_template().read_bytes()).hexdigest()}


def moved_since(loan: Handover) -> list[str]:
    """Return the names of the parts (Typst, template) that differ from those the loan's paper was made with.

    A loan without a note of them was made by release 0.1.0.
    """
    then, now = loan.made_with or RELEASE_0_1_0, made_with_now()
    return [NAMES_OF_PARTS[name] for name in now if now[name] != then.get(name)]


def _template() -> Path:
    return share("templates") / "documents" / "tanda-terima.typ"


def make(workspace: Workspace, file: File, loan: Handover) -> Paper:
    """Write the paper of one loan as a PDF below var/papers; return its path, digest and what it was made with.

    The file name holds the start of the digest. Raises ProvisionError if the paper cannot be made or written.
    """
    import typst

    text = json.dumps(tanda_terima.content(loan, workspace.ledger.hash_of(loan.drafted.number)), ensure_ascii=False)
    template = _template()
    try:
        body = typst.compile(
            template,
            format="pdf",
            sys_inputs={"data": text},
            ignore_system_fonts=True,
            font_paths=[],
            timestamp=datetime.fromisoformat(loan.drafted.at),
        )
    except typst.TypstError as error:
        raise ProvisionError(f"the paper could not be made: {error}", where=str(template), hint="report this") from None
    assert isinstance(body, bytes)
    digest = sha256(body).hexdigest()
    folder = workspace.place.var / "papers"
    path = folder / f"tanda-terima-{file.slug}-{loan.id.rpartition('/')[2]}-{digest[:12]}.pdf"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, body, ORDINARY)
    except OSError as error:
        raise ProvisionError(
            f"the paper cannot be kept: {error.strerror}", where=str(path), hint="free space, or check permissions"
        ) from None
    return Paper(path=path, digest=digest, made_with=made_with_now())
