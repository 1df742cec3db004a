"""What a kind of conference PC declares: its programs and how they are started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provision.core.model import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PcFamily:
    """Declaration of one kind of conference PC: its programs, and the commands that run them.

    `feed` takes the program on standard input; `as_root` goes before it if the account is not root. `collector` and
    `baseline` name files of provision/programs/; the program is both, one behind the other, and between them `live`, if
    something is to be heard and seen (empty: this kind cannot, a technician attests it), then `turn`, by which one run
    at a time works on the PC (empty: `baseline` has it). `feed_archive` takes an
    archive (tar) with packages and the program, under the name `program`, instead (empty: apps are installed by hand).
    `language` is python (sent as gzip) or powershell (sent as it is); `ansible_shell` is Ansible's word for the shell,
    if it is not a POSIX one; `zones` maps names of time zones to this kind's own. `report` is put behind the collector
    and makes the daily report; `outbox` reads a word and a number from standard input and prints, each on a line, the
    files with higher numbers, then `end` and the word.
    """

    name: str
    title: str
    feed: str
    as_root: str
    collector: str
    live: str
    baseline: str
    program: str
    feed_archive: str
    turn: str = ""
    language: str = "python"
    ansible_shell: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)
    report: str
    outbox: str

    @property
    def kind(self) -> Kind:
        """The kind of device, which is always PC."""
        return Kind.PC
