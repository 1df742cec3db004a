"""How rows and changes look in a terminal of any width: nothing is cut, whatever does not fit is folded.

A table that does not fit becomes a block of lines for each row. Changes stand under their sections, each readable by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from provision.core.foreign import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

SECTION = re.compile(r"file(?=:)|/[^:]*|[^.:]+")  # of a setting's path: a package, a menu of RouterOS, or files
GAP, EDGE = 3, 2  # columns of a terminal between two cells, and beside all of them
NAMES = 0.4  # of the width is for names, at most


def one_line(cell: str) -> str:
    """Return the text of a cell harmless in a terminal; if it has tabs or line breaks, its blanks become one space."""
    return visible(" ".join(cell.split()) if {"\t", "\n", "\r"} & set(cell) else cell)


def print_rows(columns: tuple[str, ...], rows: list[tuple[str, ...]], styles: Mapping[str, str]) -> None:
    """Print rows as a table, or as blocks where the longest words of its columns do not fit side by side.

    A cell gets the style of its last word.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    columns = tuple(one_line(name) for name in columns)
    cells = [[Text(one_line(cell), style=styles.get(cell.split(" ")[-1], "")) for cell in row] for row in rows]
    texts = [[name, *(row[at].plain for row in cells)] for at, name in enumerate(columns)]
    least = [max(cell_len(word) for text in own for word in text.split() or [""]) for own in texts]
    room = console.width - EDGE - GAP * (len(columns) - 1)
    if sum(least) > room:
        for row in cells:
            _block(console, columns, row)
        return
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in zip(columns, _widths([max(map(cell_len, own)) for own in texts], least, room), strict=True):
        grid.add_column(name, overflow="fold", width=width)  # Rich's own widths can be wider than the terminal: cut
    for row in cells:
        grid.add_row(*row)
    console.print(grid)


def _widths(natural: list[int], least: list[int], room: int) -> list[int]:
    """Return the widths of columns that fit into `room`: the natural ones, the widest made narrower down to `least`.

    The sum of `least` must not be more than `room`.
    """
    widths = list(natural)
    while sum(widths) > room:
        at = max((n for n, width in enumerate(widths) if width > least[n]), key=lambda n: widths[n])
        widths[at] -= 1
    return widths


def _block(console: Console, columns: Sequence[str], row: list[Text]) -> None:
    """Print one row as lines: its first cell, then the others with their names."""
    from rich.text import Text

    head, *others = row
    console.print(head, overflow="fold")
    for name, cell in zip(columns[1:], others, strict=True):
        if cell.plain:
            _indented(console, Text(f"  {name}: "), cell, at=4)


def print_sections(title: str, sides: str, changes: Iterable[tuple[str, str, str]]) -> None:
    """Print a title with what the two `sides` of an arrow are, then each change (path, before, after) by section.

    Sections stand in the order of their first change.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console()
    sections: dict[str, list[tuple[str, str, str]]] = {}
    for path, before, after in changes:
        found = SECTION.match(path)
        section = found.group() if found else path
        name = path[len(section) :].lstrip(".:") or path
        sections.setdefault(section, []).append((one_line(name), one_line(before), one_line(after)))
    console.print(
        Text(f"{one_line(title)} ({sides})" if sections else one_line(title), style="italic"), overflow="fold"
    )
    for section, own in sections.items():
        console.print(Text(f"  {one_line(section)}: {len(own)}", style="bold"), overflow="fold")
        most = int(console.width * NAMES)
        wide = max((len(n) for n, _, _ in own if len(n) <= most), default=0)
        for name, before, after in own:
            values = Text(before).append(" → ", style="dim").append(after)
            if len(name) <= most:
                _indented(console, Text(f"    {name.ljust(wide)}  "), values, at=6 + wide)
            else:
                console.print(Text(f"    {name}"), overflow="fold")
                _indented(console, Text(" " * 6), values, at=6)


def _indented(console: Console, head: Text, body: Text, *, at: int) -> None:
    """Print `head` and `body` behind it; further lines of the body begin in column `at`."""
    first, room = head.cell_len, max(console.width - max(at, head.cell_len), 1)
    for number, line in enumerate(body.wrap(console, room, overflow="fold") or [body]):
        console.print((head if not number else type(head)(" " * max(at, first))) + line, overflow="fold", no_wrap=True)
