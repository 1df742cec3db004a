"""Make the README's pictures from the real program: `./run pictures`.

The demo runs in a directory of its own and its lab stays up; `provision verify all` prints into a terminal of 104 columns,
and the paper is the one that the demo's first handover printed. Typst sets the terminal's text, with its own fonts.
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import typst
from rich.style import Style
from rich.text import Text

HERE = Path(__file__).parent
COLUMNS, LINES = 104, 60
COLOURS = {
    "color(1)": "#fc618d",
    "color(2)": "#7bd88f",
    "color(3)": "#fce566",
    "color(5)": "#b59cf0",
}  # as Rich names them
PAGE = """#set page(width: auto, height: auto, margin: 14pt, fill: rgb("#222222"))
#set text(font: "DejaVu Sans Mono", size: 9pt, fill: rgb("#e8e8e8"))
#set par(leading: 0.45em)
"""


def printed(*words: str, cwd: Path) -> str:
    """Run one command of the program in a terminal; return all that it printed, with its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "provision", *words], cwd=cwd, stdin=subprocess.DEVNULL, stdout=theirs,
        stderr=subprocess.DEVNULL, env=environment | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)},
    )  # fmt: skip
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the terminal was closed: Linux says EIO
            break
        if not piece:
            break
        pieces.append(piece)
    process.wait()
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def quoted(text: str) -> str:
    """Return a text as a string of Typst."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def typeset(command: str, text: str) -> str:
    """Return Typst's source of a terminal in which `command` printed `text`."""
    lines = [f'#text(fill: rgb("#9a9a9a"), raw({quoted("$ " + command)}))']
    for line in text.strip("\n").split("\n"):
        shown = Text.from_ansi(line)
        pieces, at = [], 0
        for span in [*shown.spans, None]:
            start, end = (span.start, span.end) if span else (len(shown.plain), len(shown.plain))
            if start > at:
                pieces.append(f"#raw({quoted(shown.plain[at:start])})")
            if span:
                style = span.style if isinstance(span.style, Style) else Style.parse(span.style)
                colour = COLOURS.get(style.color.name if style.color else "", "#e8e8e8")
                weight = ', weight: "bold"' if style.bold else ""
                pieces.append(f'#text(fill: rgb("{colour}"){weight}, raw({quoted(shown.plain[start:end])}))')
            at = max(at, end)
        lines.append("".join(pieces) or '#raw(" ")')
    return PAGE + " \\\n".join(lines) + "\n"


def main() -> None:
    """Make both pictures."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        place = Path(folder)
        subprocess.run([sys.executable, "-m", "provision.cli.demo", "--keep"], cwd=place, check=True)
        try:
            broken = ("--home", "demo", "lab", "break", "BRU-PC-11", "speaker", "gone")
            subprocess.run([sys.executable, "-m", "provision", *broken], cwd=place, check=True)
            command = ("--home", "demo", "verify", "kelay", "segah", "maratua", "talisayan", "--bench")
            shown = printed(*command, cwd=place)
        finally:
            subprocess.run([sys.executable, "-m", "provision", "--home", "demo", "lab", "down"], cwd=place, check=False)
        source = typeset("provision " + " ".join(command[2:]), shown)
        (HERE / "verify.png").write_bytes(typst.compile(source.encode(), format="png", ppi=130))
        paper = min((place / "demo/var/papers").glob("*.pdf"))
        (place / "paper.pdf").write_bytes(paper.read_bytes())
        page = '#set page(width: auto, height: auto, margin: 0pt, fill: white)\n#image("paper.pdf", width: 560pt)\n'
        (place / "page.typ").write_text(page)
        (HERE / "tanda-terima.png").write_bytes(typst.compile(place / "page.typ", root=place, format="png", ppi=110))
    print(*(f"{p.name}: {p.stat().st_size / 1000:.0f} KB" for p in sorted(HERE.glob("*.png"))), sep="\n")


if __name__ == "__main__":
    main()
