"""Files that come with the package: playbooks, templates, the starter inventory, and programs for devices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from provision.core.errors import ProvisionError

INCLUDE = "# include "
PROGRAMS = Path(__file__).parent.parent / "programs"


def share(name: str) -> Path:
    """Return the directory `name` of the package's files: `playbooks`, `templates` or the starter `inventory`.

    It is looked for in the package and then beside it. Raises ProvisionError if it is in neither place.
    """
    here = Path(__file__).parent.parent
    for place in (here / "share" / name, here.parent / name):
        if place.is_dir():
            return place
    raise ProvisionError(f"the program is not whole: {name}/ is missing", where=str(here), hint="install it again")


def program(name: str) -> str:
    """Return the text of a program that is executed on a device, as `linux/collector.py`."""
    return (PROGRAMS / name).read_text(encoding="utf-8")


@cache
def templates(driver: str) -> Mapping[str, str]:
    """Return the template texts of the family `driver` by name; its own replace common ones of the same name.

    A name is a path relative to the templates; guard scripts are among them as `files/NAME`. A line `# include FILE` is
    replaced by the text called `files/FILE`, or removed if there is none. The files are read once per process.
    """
    guards = [path for folder in (PROGRAMS / "shell", PROGRAMS / driver) for path in sorted(folder.glob("guard.*"))]
    found = {f"files/{path.name}": path.read_text(encoding="utf-8") for path in guards}
    for folder in (share("templates") / "common", share("templates") / driver):
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        found |= {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}
    return MappingProxyType({name: _whole(text, found) for name, text in found.items()})


def _whole(text: str, files: dict[str, str]) -> str:
    if INCLUDE not in text:
        return text
    lines = text.splitlines(keepends=True)
    return "".join(
        files.get(f"files/{line.removeprefix(INCLUDE).strip()}", "") if line.startswith(INCLUDE) else line
        for line in lines
    )
