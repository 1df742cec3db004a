"""What travels with the program: playbooks, templates, the starter inventory."""

from __future__ import annotations

from pathlib import Path

from provision.core.errors import ProvisionError

INCLUDE = "# include "


def share(name: str) -> Path:
    """Find what travels with the program: `playbooks`, `templates` or the starter `inventory`."""
    here = Path(__file__).parent.parent
    for place in (here / "share" / name, here.parent / name):
        if place.is_dir():
            return place
    raise ProvisionError(f"the program is not whole: {name}/ is missing", where=str(here), hint="install it again")


def templates(driver: str) -> dict[str, str]:
    """Read the templates of one family by name: its own over those that families have in common.

    A line `# include FILE` of a file stands for the family's own file of that name.
    """
    found = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for folder in (share("templates") / "common", share("templates") / driver)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return {name: _whole(text, found) for name, text in found.items()}


def _whole(text: str, files: dict[str, str]) -> str:
    if INCLUDE not in text:
        return text
    lines = text.splitlines(keepends=True)
    return "".join(
        files.get(f"files/{line.removeprefix(INCLUDE).strip()}", "") if line.startswith(INCLUDE) else line
        for line in lines
    )
