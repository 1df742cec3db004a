"""UCI text <-> settings: what libuci's own sources say, and that nothing is invented."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.core.errors import CutShortError, ProvisionError
from provision.core.family import Shape
from provision.core.model import Change, Secret
from provision.core.settings import diff, invert, patch
from provision.families import load
from provision.families.languages import uci

DRIVER = load("openwrt")
NAME = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=40)
CONFIG = st.dictionaries(
    NAME, st.dictionaries(NAME, TEXT | st.lists(TEXT, min_size=1, max_size=3).map(tuple), max_size=4), max_size=4
)


def write(config: dict) -> str:
    lines = ["package p"]
    for name, options in config.items():
        lines.append(f"config thing {uci.quote(name)}")
        for option, value in options.items():
            for one in value if isinstance(value, tuple) else [value]:
                word = "list" if isinstance(value, tuple) else "option"
                lines.append(f"\t{word} {option} {uci.quote(one)}")
    return "\n".join(lines) + "\n"


@given(CONFIG)
def test_what_is_quoted_comes_back_as_it_was(config: dict) -> None:
    parsed, _ = uci.parse(write(config), Shape())
    assert parsed == {f"p.{n}": "thing" for n in config} | {
        f"p.{n}.{o}": v for n, options in config.items() for o, v in options.items()
    }


@given(CONFIG, CONFIG)
def test_a_patch_gives_the_candidate_and_its_inverse_gives_the_running(one: dict, two: dict) -> None:
    running, _ = uci.parse(write(one), Shape())
    wanted, _ = uci.parse(write(two), Shape())
    changes = diff(running, wanted, owns=("*",))
    assert patch(running, changes) == wanted
    assert patch(wanted, invert(changes)) == running
    assert diff(wanted, wanted, owns=("*",)) == ()


@settings(max_examples=25)
@given(one=CONFIG, two=CONFIG)
def test_the_lab_obeys_the_edits_to_the_letter(one: dict, two: dict, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Edits of ours, run by the lab's own uci, end in the candidate."""
    from provision.lab.uci import Cli
    from provision.lab.uciconfig import words

    root = tmp_path_factory.mktemp("uci")
    (root / "etc/config").mkdir(parents=True)
    (root / "etc/config/p").write_text(write(one).removeprefix("package p\n"), encoding="utf-8")
    running, _ = uci.parse(write(one), Shape())
    wanted, _ = uci.parse(write(two), Shape())
    cli = Cli(str(root), str(root / "stage"))
    for command in words(uci.edits(diff(running, wanted, owns=("*",)), {})):
        cli.run(command)
    after, _ = uci.parse(cli.run(["export", "p"]), Shape())
    assert after == wanted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it'\\''s'", "it's"), ('"a \\"b\\" c"', 'a "b" c'), ("plain", "plain"), ("a\\ b", "a b"),
        ("'two\nlines'", "two\nlines"), ("one'two'\"three\"", "onetwothree"), ("x # a comment", "x"),
    ],
)  # fmt: skip
def test_every_legal_form_of_a_value(text: str, value: str) -> None:
    settings, _ = uci.parse(f"package p\nconfig t 'n'\n\toption o {text}\n", Shape())
    assert settings["p.n.o"] == value


@pytest.mark.parametrize("text", ["package p\nconfig t 'n\n", 'package p\nconfig t n\n\toption o "x\n'])
def test_a_text_that_ends_inside_quotes_is_cut_short(text: str) -> None:
    with pytest.raises(CutShortError):
        uci.parse(text, Shape())


@pytest.mark.parametrize("text", ["rubbish here\n", "package p\noption a b\n", "package p\nconfig a b c\n"])
def test_what_is_no_export_is_an_error(text: str) -> None:
    with pytest.raises(ProvisionError, match="not understood"):
        uci.parse(text, Shape())


def test_two_equal_keys_are_an_error() -> None:
    with pytest.raises(ProvisionError, match="two sections are called p"):
        uci.parse("package p\nconfig t x\nconfig t x\n", Shape())


def test_unnamed_sections_go_by_their_natural_key_never_by_index() -> None:
    shape = Shape(natural_keys={"firewall.zone": ("name",), "system.system": ()}, ordered=("firewall.zone",))
    one = "package firewall\nconfig zone\n\toption name lan\nconfig zone\n\toption name wan\n\toption input DROP\n"
    settings, locators = uci.parse(one, shape)
    assert settings["firewall.@zone[wan].input"] == "DROP"
    assert locators["firewall.@zone[wan]"] == "firewall.@zone[1]"
    assert settings["firewall.%zone"] == ("firewall.@zone[lan]", "firewall.@zone[wan]")


def test_unnamed_sections_are_deleted_from_the_highest_index_down() -> None:
    text = "package f\nconfig r\n\toption a 1\nconfig r\n\toption a 2\nconfig r\n\toption a 3\n"
    settings, locators = uci.parse(text, Shape())
    lines = uci.edits(diff(settings, {}, owns=("*",)), locators).splitlines()
    assert lines == ["delete f.@r[2]", "delete f.@r[1]", "delete f.@r[0]"]


def test_secrets_are_secrets_and_an_empty_value_is_absent() -> None:
    settings, _ = uci.parse(
        "package network\nconfig interface wg\n\toption private_key 'k'\n\toption mtu ''\n", DRIVER.configuration.shape
    )
    assert settings["network.wg.private_key"] == Secret("k")
    assert str(settings["network.wg.private_key"]) == "•••"
    assert "network.wg.mtu" not in settings


def test_a_swapped_order_of_firewall_rules_is_a_change_and_nothing_else_is() -> None:
    one = "package firewall\nconfig rule 'a'\n\toption x 1\n\toption y 2\nconfig rule 'b'\n\toption x 1\n"
    two = "package firewall\nconfig rule 'b'\n\toption x 1\nconfig rule 'a'\n\toption y 2\n\toption x 1\n"
    running, _ = uci.parse(one, DRIVER.configuration.shape)
    wanted, _ = uci.parse(two, DRIVER.configuration.shape)
    changes = diff(running, wanted, owns=DRIVER.configuration.owns)
    assert [c.path for c in changes] == ["firewall.%rule"]
    assert uci.edits(changes, {}) == "reorder firewall.b=0\nreorder firewall.a=1\n"


def test_a_nul_cannot_be_configured() -> None:
    with pytest.raises(ProvisionError):
        uci.quote("a\0b")


def test_a_list_is_replaced_whole() -> None:
    change = Change(path="system.ntp.server", running=("a",), intended=("b", "c d"))
    assert (
        uci.edits((change,), {})
        == "delete system.ntp.server\nadd_list system.ntp.server='b'\nadd_list system.ntp.server='c d'\n"
    )
