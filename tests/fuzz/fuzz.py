"""Coverage-guided fuzzing of everything that reads what a device says: it may refuse, it may not crash, hang or invent.

Run as `python tests/fuzz/fuzz.py TARGET [libFuzzer's options]`; `./run fuzz [SECONDS]` runs them all.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

import atheris

from provision import families

atheris.enabled_hooks.add("str")  # else what hides behind startswith and the like is never found
with atheris.instrument_imports(include=["provision"]):
    from provision import families
    from provision.connectors.snmpv3 import ber, message, reply
    from provision.core.errors import ProvisionError
    from provision.core.model import Secret
    from provision.core.snmp_keys import NET_SNMP
    from provision.families.languages import (
        mib_objects,
        pc_report,
        pc_task,
        routeros_document,
        routeros_export,
        shell_document,
        snmp_document,
        uci,
    )
    from provision.families.readings import mib

PEER = message.Peer(b"\x80\0\x1f\x88\x04X", b"reader", b"a" * 32, b"p" * 16, NET_SNMP)
REQUEST = message.build(
    PEER, message.Query(("1.3.6.1.2.1.1.1.0",)), message.Clock(3, 1000), message.Numbers(1, 2, bytes(8))
)
ROUTEROS, OPENWRT, EPMP = (families.load(name) for name in ("routeros", "openwrt", "epmp"))
PLACES = sorted({f"{mib.place(r, c)}.1" for f in families.mibs().values() for r in f.rows for c in r.columns})


def refuses(read: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """Let a refusal of ours pass; everything else is a finding."""

    def once(raw: bytes) -> None:
        with contextlib.suppress(ProvisionError):
            read(raw)

    return once


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def v3(raw: bytes) -> None:
    """No bytes are ever believed that we did not sign."""
    assert isinstance(reply.read(REQUEST, raw), reply.Refused | reply.Hint)
    with contextlib.suppress(ber.BerError):
        reply.msg_id(raw)


def signed(raw: bytes) -> None:
    """No report is ever proven that was not signed with the key."""
    try:
        pc_report.prove(pc_report.claim(raw), Secret("ab" * 32), last=0, now_s=1_795_000_000)
    except pc_report.ReportError:
        return
    raise AssertionError("a report was believed")


def rows(raw: bytes) -> None:
    """Whatever an agent gives as values, no reading is out of its range."""
    data = atheris.FuzzedDataProvider(raw)
    values: dict[str, object] = {}
    for _ in range(data.ConsumeIntInRange(0, 12)):
        place = PLACES[data.ConsumeIntInRange(0, len(PLACES) - 1)]
        kind = data.ConsumeIntInRange(0, 3)
        values[place] = (
            data.ConsumeInt(9)
            if kind == 0
            else data.ConsumeBytes(12)
            if kind == 1
            else data.ConsumeFloat()
            if kind == 2
            else None
        )
    for family in families.mibs().values():
        for modem in mib.read(family, values).modems:  # type: ignore[arg-type]
            for name, value in modem.readings.items():
                if name in mib.RANGES:
                    low, high = mib.RANGES[name]
                    assert low <= value <= high


TARGETS: dict[str, Callable[[bytes], None]] = {
    "uci": refuses(lambda raw: uci.parse(text(raw), OPENWRT.configuration.shape)),
    "routeros": refuses(lambda raw: routeros_export.parse(text(raw), ROUTEROS.configuration.shape)),
    "look-shell": refuses(lambda raw: shell_document.read_look(OPENWRT, raw, "n", "x", "now")),
    "look-rsc": refuses(lambda raw: routeros_document.read_look(ROUTEROS, raw, "n", "x", "now")),
    "look-pdu": refuses(lambda raw: snmp_document.read_look(EPMP, raw, "n", "x", "now")),
    "objects": refuses(lambda raw: mib_objects.parse(text(raw), EPMP.configuration.shape)),
    "computer": refuses(lambda raw: pc_task.read(raw, nonce="n", device="x", at="now")),
    "report": refuses(signed),
    "snmpv3": v3,
    "rows": rows,
}


def main() -> None:
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        raise SystemExit(f"no such target: {name}; one of: {', '.join(TARGETS)}")
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
