"""What each family's modem counts is added up in the ledger and held against the SIM card's quota."""

from __future__ import annotations

import json
from datetime import date

import pytest
from labhome import Bench, until

pytestmark = pytest.mark.lab
FAMILIES = {"BRU-MDM-01": "kelay", "BRU-MDM-10": "tabalar", "BRU-MDM-13": "biatan"}


def quota(bench: Bench, tag: str) -> tuple[str, str]:
    found = {f["check"]: f for f in json.loads(bench.run("verify", tag, "--json").out)["findings"]}
    return found["quota_lasts"]["verdict"], found["quota_lasts"]["because"]


@pytest.mark.parametrize("tag", FAMILIES)
def test_counted_bytes_are_held_against_the_quota(bench: Bench, tag: str) -> None:
    bench.provisioned(tag)
    kit = bench.home / f"inventory/kits/{FAMILIES[tag]}.yml"
    text = kit.read_text()
    today = date.today().isoformat()  # noqa: DTZ011
    card = f'  sim_card: {{number: "081234567890", masa_aktif_sampai: 2099-01-31, kuota_gb: 1, dicek_pada: {today}}}\n'
    try:
        kit.write_text(text.replace("modem:\n", f"modem:\n{card}", 1))
        assert quota(bench, tag)[0] == "pass"
        bench.fault(tag, "bytes", "250000000,500000000")
        until(lambda: "0.75 of 1 GB" in quota(bench, tag)[1], "the agent shows the counters, and they are added up")
        assert quota(bench, tag)[0] == "pass"
        bench.fault(tag, "bytes", "250000000,1200000000")
        until(lambda: "1.45 of 1 GB" in quota(bench, tag)[1], "the agent shows the counters again")
        assert quota(bench, tag)[0] == "fail"
        bench.ok("watch", tag)
        assert len([e for e in bench.workspace.ledger.history(tag) if e.verb == "traffic.counted"]) == 1, "each hour"
    finally:
        kit.write_text(text)
