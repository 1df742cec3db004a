"""The environment of a child is ours, whatever the caller's holds."""

from __future__ import annotations

import os

import pytest

from provision.local import children

LOCALES = (
    "id_ID.UTF-8", "C", "POSIX", "en_US.UTF-8", "en_US.ISO-8859-1", "id_ID", "ja_JP.eucJP", "de_DE@euro", "tr_TR.UTF-8",
    "no such locale",
)  # fmt: skip


@pytest.mark.parametrize("locale", LOCALES)
def test_a_child_has_a_locale_that_every_system_has(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    for name in ("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.setenv(name, locale)
    seen = children.environment()
    assert {n: v for n, v in seen.items() if n.startswith(("LANG", "LC_"))} == {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def test_nothing_else_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "ANSIBLE_SSH_EXTRA_ARGS",
        "PROVISION_VAULT_PASSWORD",
        "PROVISION_DATABASE",
        "PYTHONPATH",
        "LD_PRELOAD",
    ):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    assert set(children.environment()) <= {*children.PASSED_ON, *children.LOCALE}
    assert children.environment()["SSH_AUTH_SOCK"] == "/run/agent"
    assert children.environment({"PROVISION_RUN": "r"})["PROVISION_RUN"] == "r"
    assert children.environment({"PATH": "/own"})["PATH"] == "/own", "what is its own counts more"


def test_only_a_child_that_writes_to_the_terminal_is_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert "COLUMNS" not in children.environment()
    assert children.environment(in_terminal=True)["COLUMNS"] == "60"
    assert os.environ["COLUMNS"] == "60"
