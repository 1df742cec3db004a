"""The Typer app, and every command by name: its module, the heading in the help, and one example.

A command's module is imported when the command is called, or when the help lists all commands.
"""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_command_from_info
from typer.models import CommandInfo

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Entry:
    """One command: its module in this folder, the heading under which help lists it, and an example to type.

    `reads` says that neither it nor one of its subcommands writes anything of a home: two of the others may meet.
    """

    module: str
    heading: str
    example: str
    reads: bool = False


SET_UP, BENCH, HANDOVER, FIELD = "Set up", "On the bench", "Handover", "In the field"
BY_ITSELF, REPAIR, LOOK_BACK, LAB = "By itself", "Repair", "Look back", "Lab"
HEADINGS = (SET_UP, BENCH, HANDOVER, FIELD, BY_ITSELF, REPAIR, LOOK_BACK, LAB)
ENTRIES = {
    "init": Entry("intake", SET_UP, "provision init berau"),
    "check": Entry("intake", SET_UP, "provision --home berau check", reads=True),
    "register": Entry("intake", SET_UP, "provision register inventory/delivery.csv"),
    "identify": Entry("intake", BENCH, "provision identify 192.168.1.1", reads=True),
    "enrol": Entry("intake", BENCH, "provision enrol BRU-MDM-01 --packages packages/"),
    "bind": Entry("intake", BENCH, 'provision bind BRU-PC-01 --bench --reason "kamera diganti"'),
    "plan": Entry("change", BENCH, "provision plan kelay --bench", reads=True),
    "apply": Entry("change", BENCH, "provision apply kelay --bench"),
    "verify": Entry("change", BENCH, "provision verify kelay --bench"),
    "selftest": Entry("change", BENCH, "provision selftest BRU-MDM-01 --bench"),
    "attest": Entry("reports", BENCH, 'provision attest BRU-PC-01 hearing --by "Siti Aminah" --note "uji di bangku kerja"'),
    "training": Entry("lending", HANDOVER, 'provision training kelay --person "Yosep" --topic "bergabung ke rapat"'),
    "waive": Entry("lending", HANDOVER, 'provision waive kelay disk_has_room --by "Siti Aminah" --reason "menunggu disk" --until 2027-01-31'),
    "handover": Entry("lending", HANDOVER, 'provision handover kelay --to "Siti Rahmah, S.Sos." --nip 197003041998031001'),
    "replace": Entry("lending", HANDOVER, 'provision replace kelay --reason "tersambar petir" --bench'),
    "return": Entry("lending", HANDOVER, 'provision return kelay --receiver "Pengurus Barang" --bench'),
    "watch": Entry("drift", FIELD, "provision watch all"),
    "adopt": Entry("drift", FIELD, 'provision adopt BRU-MDM-01 --reason "kanal diatur di tempat"'),
    "fetch": Entry("reports", BY_ITSELF, "provision fetch all"),
    "ingest": Entry("reports", BY_ITSELF, "provision ingest BRU-PC-01-000007.json"),
    "inventory": Entry("views", BY_ITSELF, "provision inventory --list", reads=True),
    "resume": Entry("change", REPAIR, "provision resume"),
    "rollback": Entry("drift", REPAIR, "provision rollback BRU-MDM-01"),
    "secret": Entry("secret", REPAIR, "provision secret rotate BRU-MDM-01"),
    "backup": Entry("views", REPAIR, "provision backup berau.tar.gz", reads=True),
    "restore": Entry("views", REPAIR, "provision --home berau restore berau.tar.gz"),
    "custody": Entry("lending", LOOK_BACK, "provision custody kelay", reads=True),
    "history": Entry("views", LOOK_BACK, "provision history BRU-MDM-01", reads=True),
    "ledger": Entry("ledger", LOOK_BACK, "provision ledger verify"),
    "lab": Entry("lab", LAB, "provision --home demo lab up", reads=True),
    "demo": Entry("views", LAB, "provision demo", reads=True),
}  # fmt: skip


class Commands(TyperGroup):
    """The commands by name; one is imported when it is called, all of them when help lists them."""

    def __init__(self, **more: Any) -> None:
        """Pass the names of all commands to the base class, in order, without loading a command.

        From these names it suggests those that are near to a wrong one.
        """
        super().__init__(**more)
        self.commands = cast("Any", dict.fromkeys(ENTRIES))

    def get_command(self, _: Any, name: str, /) -> Any:
        """Import the command `name` and return it with its example; return None if there is no such command."""
        entry = ENTRIES.get(name)
        if entry is None:
            return None
        module = importlib.import_module(f"provision.cli.{entry.module}")
        epilog = f"Example: {entry.example}"
        if name not in getattr(module, "COMMANDS", {}):
            group = get_command(module.app)
            group.name, group.epilog = name, epilog
            return group
        info = CommandInfo(name=name, callback=module.COMMANDS[name], epilog=epilog)
        return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)

    def format_commands(self, context: Any, formatter: Any) -> None:
        """Write each heading of HEADINGS with its commands and their short help."""
        for heading in HEADINGS:
            with formatter.section(heading):
                formatter.write_dl(list(self._lines(context, heading)))

    def _lines(self, context: Any, heading: str) -> "Iterable[tuple[str, str]]":
        for name, entry in ENTRIES.items():
            if entry.heading == heading:
                yield name, self.get_command(context, name).get_short_help_str(limit=90)


app = typer.Typer(
    name="provision",
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: provision demo",
    help="Set up, check, lend and watch the conference kits of the kecamatan.",
)


@app.callback(invoke_without_command=True, help="Set up, check, lend and watch the conference kits of the kecamatan.")
def home(
    context: typer.Context,
    directory: Annotated[
        str, typer.Option("--home", envvar="PROVISION_HOME", metavar="DIR", help="directory that holds inventory/")
    ] = ".",
    version: Annotated[bool, typer.Option("--version", help="print the version and exit", is_eager=True)] = False,
) -> None:
    """Keep the directory of --home for the command that is called; without a command, print the help and exit.

    What a killed run has left is removed first, whatever the command.

    With --version, print the version and exit.
    """
    if version:
        from provision import __version__

        typer.echo(f"provision {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
    from provision.connectors import private

    private.reap()  # what a killed run has left: its secrets, its processes
    context.obj = directory
