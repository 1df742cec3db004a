"""What we send is checked by others: ansible-lint on the plays, routeros-lsp on RouterOS scripts, and hardening rules of our own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

import pytest
from routeros_lsp.analyze import analyze

from provision import families
from provision.core import plan, render
from provision.core.family import DocumentRequest
from provision.core.model import Candidate, Secret
from provision.home.place import Place
from provision.local.share import templates

ROOT = Path(__file__).parents[2]
DRIVER = families.load("routeros")
SECRETS = {
    n: Secret(f"rahasia-{n}")
    for n in ("wireguard_private", "wireguard_preshared", "snmp_auth", "snmp_priv", "admin_password")
}
VERSIONS = ("7.20.6", "7.21.4")  # what the checker's schema (7.21.4) can judge
SECURING = "MikroTik manual, Securing your router"
SNMP = "MikroTik manual, SNMP: the default community public is insecure"


@dataclass(frozen=True)
class Rule:
    """One thing that must be so in every configuration that we send."""

    path: str
    value: str | None  # None: must not be there
    source: str


OFF = tuple(
    Rule(f"/ip/service:{name}:disabled", "yes", SECURING)
    for name in ("telnet", "ftp", "www", "www-ssl", "api", "api-ssl", "winbox")
)
RULES = (
    *OFF,
    Rule("/ip/ssh::strong-crypto", "yes", SECURING),
    Rule("/ip/neighbor/discovery-settings::discover-interface-list", "none", SECURING),
    Rule("/tool/bandwidth-server::enabled", "no", SECURING),
    Rule("/tool/mac-server::allowed-interface-list", "none", SECURING),
    Rule("/tool/mac-server/mac-winbox::allowed-interface-list", "none", SECURING),
    Rule("/tool/mac-server/ping::enabled", "no", SECURING),
    Rule("/ip/cloud::update-time", "no", SECURING),
    Rule("/ip/cloud::ddns-enabled", None, SECURING),  # `no` is the default
    Rule("/ip/proxy::enabled", None, SECURING),
    Rule("/ip/socks::enabled", None, SECURING),
    Rule("/ip/upnp::enabled", None, SECURING),
    Rule("/snmp/community:default=yes:disabled", "yes", SNMP),
    Rule("/snmp/community:name=pantau:security", "private", SNMP),
    Rule("/snmp/community:name=pantau:authentication-protocol", "SHA1", SNMP),
    Rule("/snmp/community:name=pantau:encryption-protocol", "AES", SNMP),
    Rule("/snmp/community:name=pantau:write-access", None, SNMP),
    Rule("/ip/firewall/filter:comment=kit drop all else:action", "drop", SECURING),
    Rule("/ip/firewall/filter:comment=kit forward drop all else:action", "drop", SECURING),
)


def candidate(firmware: str) -> Candidate:
    intent = Place(ROOT).intent().intents["BRU-MDM-10"]  # its operator has a login
    access = render.Access(authorized_keys="k", password_hash=Secret("h"), secrets=SECRETS)
    own = replace(intent, family=DRIVER)
    return render.render(own, access, templates("routeros"), lambda: token_hex(12), firmware)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.path)
def test_every_configuration_keeps_the_rule(rule: Rule) -> None:
    assert rule.source
    for firmware in ("7.20.6", "7.24.5"):
        assert candidate(firmware).settings.get(rule.path) == rule.value


def test_management_is_for_the_office_and_the_lan_alone() -> None:
    """Securing your router: no management from the Internet."""
    settings = candidate("7.23.8").settings
    assert settings["/ip/service:ssh:address"] == "10.9.0.0/24,10.64.10.0/24"
    assert settings["/snmp/community:name=pantau:addresses"] == "10.9.0.0/24,10.64.10.0/24"
    rules = [
        key for key in settings["/ip/firewall/filter:%order"] if settings[f"/ip/firewall/filter:{key}:chain"] == "input"
    ]
    accepting = {k for k in rules if settings[f"/ip/firewall/filter:{k}:action"] == "accept"}
    for key in accepting - {"comment=kit accept established"}:
        own = {p.rpartition(":")[2] for p in settings if p.startswith(f"/ip/firewall/filter:{key}:")}
        assert own & {"in-interface", "in-interface-list"}, key
    assert rules[-1] == "comment=kit drop all else"


@pytest.mark.parametrize("firmware", VERSIONS)
@pytest.mark.parametrize("recording", ["routeros-7"])
def test_what_is_sent_is_right_in_the_eyes_of_routeros_lsp(firmware: str, recording: str) -> None:
    from provision.core.model import Snapshot

    text = (ROOT / "tests/recordings" / recording / "running.txt").read_text()
    settings, locators = DRIVER.configuration.grammar.parse(text, DRIVER.configuration.shape)
    running = Snapshot(device="x", at="now", settings=settings, locators=locators, marker="m")
    made = plan.make(DRIVER, running, candidate(firmware), b"k" * 32)
    guard = templates("routeros")["files/guard.rsc"]
    speaks = DRIVER.configuration.dialect
    request = DocumentRequest(
        nonce="0123456789abcdef",
        run="r261124-101010-ab12",
        guard=guard,
        window_s=180,
        firmware=firmware,
        backup_password="p",
    )
    texts = [
        speaks.change(DRIVER, made, request),
        speaks.look(DRIVER, request),
        speaks.finish(DRIVER, request),
        speaks.revert(DRIVER, request),
    ]
    found = [(f.severity, f.rule, f.message) for t in texts for f in analyze(t.decode(), scope="import").findings]
    assert [f for f in found if f[0] == "error"] == []
    assert [
        f for f in found if f[1].startswith(("schema/", "vars/")) and "routerboard" not in f[2]
    ] == []  # a CHR's schema: it has no board


def test_the_checker_finds_what_is_wrong() -> None:
    assert [f.severity for f in analyze("/ip address add do={\n", scope="import").findings].count("error") >= 1
    assert any(f.rule.startswith("schema/") for f in analyze("/ip adress add\n", scope="import").findings)


def test_the_plays_pass_ansible_lint_in_its_production_profile() -> None:
    argv = [
        str(Path(sys.executable).with_name("ansible-lint")),
        "--profile",
        "production",
        "--offline",
        "--strict",
        "-q",
        "--nocolor",
    ]
    done = subprocess.run(
        [*argv, *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "playbooks").glob("*.yml"))],
        cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/nonexistent"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
