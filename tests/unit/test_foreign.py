"""Text that somebody else wrote steers no terminal, forges no line and is nobody's template."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import unicodedata
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.cli import console
from provision.connectors.phase import Step
from provision.core import foreign, model
from provision.core.errors import Fault, IntentError, ProvisionError, UsageError
from provision.home import ansible_inventory
from provision.ledger.records import DeviceRecord

HOSTILE = (
    "\x1b]0;all is well\x07\x1b[2J\x1b[31m \x9b1m\x85 \u202egreen\u2066 \u200b\u2028next: nothing\rok\tx\n"
    "error: none\x7f [bold]b[/bold] {{ 7*7 }}"
)
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def filled(of: Any) -> Any:
    """A value of a type with HOSTILE in every text that it holds."""
    origin, args = get_origin(of), get_args(of)
    if dataclasses.is_dataclass(of):
        hints = get_type_hints(of)
        return of(**{f.name: filled(hints[f.name]) for f in dataclasses.fields(of) if f.init})
    if origin in {Union, UnionType}:
        return filled(next(a for a in args if a is not type(None)))
    if origin is tuple:
        return (filled(args[0]),)
    if isinstance(of, type) and issubclass(of, StrEnum):
        return next(iter(of))
    if of is str:
        return HOSTILE
    if isinstance(origin, type) and origin.__name__ in {"Mapping", "dict"}:
        return {HOSTILE: filled(args[1])}
    return {bool: True, int: 1, float: 1.0, Any: HOSTILE}[of]


def change() -> model.Change:
    return model.Change(path=HOSTILE, running=HOSTILE, intended=(HOSTILE, HOSTILE))


def plan() -> model.Plan:
    empty = model.Candidate(settings={}, files={})
    return model.Plan(device=HOSTILE, changes=(change(),), candidate=empty, intended={}, locators={}, marker="m")


def watched() -> model.Watched:
    return dataclasses.replace(filled(Plainly), changes=(change(),), state="drift")


@dataclasses.dataclass(frozen=True)
class Plainly(model.Watched):
    """A watched device as `filled` can make one."""

    changes: Any = ()


LAB = {"devices": [{
    "tag": HOSTILE, "on": True, "addresses": [HOSTILE], "ssh_port": 22, "hostname": HOSTILE, "faults": {HOSTILE: HOSTILE},
}]}  # fmt: skip
WAYS: dict[str, Callable[[], None]] = {
    "say": lambda: console.say(HOSTILE.replace("\n", " ")),
    "json": lambda: console.print_json({HOSTILE: [HOSTILE]}),
    "error": lambda: console.print_error(ProvisionError(HOSTILE, where=HOSTILE, hint=HOSTILE)),
    "usage": lambda: console.print_error(UsageError(HOSTILE)),
    "faults": lambda: console.print_error(IntentError([Fault(where=HOSTILE, what=HOSTILE, hint=HOSTILE)])),
    "table": lambda: console.table((HOSTILE,), [(HOSTILE,)]),
    "outcomes": lambda: console.print_outcomes("r", [filled(model.Outcome)], as_json=False),
    "outcomes as JSON": lambda: console.print_outcomes("r", [filled(model.Outcome)], as_json=True),
    "findings": lambda: console.print_findings(
        [dataclasses.replace(filled(model.Finding), verdict=v) for v in model.Verdict], as_json=False
    ),
    "findings as JSON": lambda: console.print_findings([filled(model.Finding)], as_json=True),
    "plans": lambda: console.print_plans([plan()], as_json=False),
    "plans as JSON": lambda: console.print_plans([plan()], as_json=True),
    "changes": lambda: console.print_changes(HOSTILE, [change()]),
    "watched": lambda: console.print_watched([watched()]),
    "lab": lambda: console.print_lab(LAB),
}


def test_every_way_out_of_the_console_is_tried() -> None:
    public = {n for n, f in vars(console).items() if n.startswith("print_") and f.__module__ == console.__name__}
    tried = "".join(console.__dict__[n].__name__ for n in public if n.removeprefix("print_") in " ".join(WAYS))
    assert public - {n for n in public if n in tried} == {"print_text"}, "which print_json calls"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_nothing_that_steers_a_terminal_comes_out(
    monkeypatch: pytest.MonkeyPatch, way: str, stream: type[io.StringIO]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    out, err = stream(), stream()
    with redirect_stdout(out), redirect_stderr(err):
        WAYS[way]()
    seen = out.getvalue() + err.getvalue()
    assert seen
    assert STEERS.findall(seen) == []
    assert not any(line.startswith("error: none") for line in seen.split("\n")), "no line is forged"
    assert "[bold]" in seen or "\\u005b" in seen, "and no markup is obeyed"


def test_progress_shows_names_and_steps_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    for stream in (Terminal, io.StringIO):
        out, err = stream(), stream()
        with redirect_stdout(out), redirect_stderr(err), console.progress(["T"], {"T": HOSTILE}) as on_step:
            on_step(Step(device="T", task=HOSTILE, state="done"))
        assert STEERS.findall(out.getvalue() + err.getvalue()) == []


@given(st.text(max_size=40))
def test_what_is_shown_steers_nothing_and_json_keeps_its_value(text: str) -> None:
    seen = foreign.visible(text)
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c in "\u202e\u200b\u061c" for c in seen)
    assert foreign.visible(seen) == seen
    as_json = foreign.in_json(json.dumps({text: text}, ensure_ascii=False, indent=2))
    assert json.loads(as_json) == {text: text}
    assert STEERS.findall(as_json) == []


def test_plain_text_stays_as_it_is() -> None:
    for text in ("Kantor Camat Kelay — “Muara Lesan”", "modem 25.12.5 (r1)", "kâmera ✓", ""):
        assert foreign.visible(text) == text


def test_what_a_device_says_of_itself_is_harmless_from_the_first_moment() -> None:
    said = {"model": HOSTILE, "cameras": [{"name": HOSTILE, HOSTILE: 1}], "long": "x" * 10_000, "clock_s": 5}
    snapshot = model.Snapshot(device="d", at="now", readings=said, missing={"serial": HOSTILE})
    assert STEERS.findall(json.dumps([snapshot.readings, snapshot.missing], ensure_ascii=False)) == []
    assert "\n" not in snapshot.readings["model"] + snapshot.missing["serial"]
    assert (len(snapshot.readings["long"]), snapshot.readings["clock_s"]) == (foreign.LONGEST, 5)


RECORD = DeviceRecord(
    kecamatan="kelay", driver="openwrt", host="10.0.0.1", bench_host="h", ssh_port=22, snmp_port=161, username="root",
    model=foreign.Foreign("m"), firmware=foreign.Foreign("1"),
)  # fmt: skip


TEXTS = {f.name: f.type for f in dataclasses.fields(DeviceRecord) if f.type in {"str", "Foreign"}}


@pytest.mark.parametrize("field", TEXTS)
def test_no_field_of_a_record_is_a_template_of_ansibles(field: str) -> None:
    """Every value of a host is literal, or a number, or one that we made ourselves."""
    text = "{{ lookup('pipe', 'id') }}"
    record = dataclasses.replace(RECORD, **{field: foreign.Foreign(text) if TEXTS[field] == "Foreign" else text})
    if field in {"host", "username"}:
        with pytest.raises(ProvisionError, match="this is no"):
            ansible_inventory.build([("BRU-MDM-01", record)], "/var")
        return
    built = ansible_inventory.build([("BRU-MDM-01", record)], "/var")
    (own,) = built["_meta"]["hostvars"].values()
    assert text not in [v for v in own.values() if not isinstance(v, dict)]
    assert not any("{{" in name for name in built)
    assert foreign.literal("{% if x %}") != foreign.literal("plain") == "plain"
    written = ansible_inventory.to_yaml(built)
    assert written.count(text) == written.count(f'!unsafe "{text}"')


@pytest.mark.parametrize("place", ["tag", "host", "username"])
@pytest.mark.parametrize("text", ["-oProxyCommand=id", "'x'", '"x', "", "a\nb"])
def test_what_reaches_the_words_of_ssh_is_an_address_a_user_or_a_tag(place: str, text: str) -> None:
    tag = text if place == "tag" else "BRU-MDM-01"
    record = RECORD if place == "tag" else dataclasses.replace(RECORD, **{place: text})
    if (place, text) == ("username", ""):  # a radio's, which nobody reaches over SSH
        assert ansible_inventory.build([(tag, record)], "/var")
        return
    with pytest.raises(ProvisionError, match="this is no"):
        ansible_inventory.build([(tag, record)], "/var")


def test_accounts_as_offices_have_them_are_users() -> None:
    for user in ("petugas@berau", "José", "kit(1)", "DOMAIN\\petugas", "Kantor Camat", "root"):
        assert ansible_inventory.build([("BRU-PC-01", dataclasses.replace(RECORD, username=user))], "/var")


MISTAKES: dict[str, Callable[[foreign.Foreign], object]] = {
    "str": str,
    "an f-string": lambda text: f"{text}",
    "format": "{}".format,
    "percent": lambda text: "%s" % text,  # noqa: UP031 (it is what is tried)
    "plus": lambda text: text + " and more",
    "plus from the left": lambda text: "model " + text,
    "join": lambda text: " ".join(iter([text])),  # type: ignore[list-item]
    "JSON": json.dumps,
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_text_of_a_device_comes_out_by_no_accident(mistake: Callable[[foreign.Foreign], object]) -> None:
    text = foreign.Foreign(HOSTILE)
    with pytest.raises(TypeError):
        mistake(text)
    assert STEERS.findall(f"{text.visible} {text!r}") == []
    assert text.literal == {foreign.UNSAFE: HOSTILE}
    assert (text == foreign.Foreign(HOSTILE), text == HOSTILE, bool(foreign.Foreign())) == (True, False, False)
    assert len({text, foreign.Foreign(HOSTILE)}) == 1


TEMPLATES = ["{{ lookup('pipe', 'id') }}", "x {% if 1 %}", "{# c #}"]
PLACES: dict[str, Callable[[str], Any]] = {
    "a value": lambda text: {"h": {"kit_model": text}},
    "a name": lambda text: {text: {"kit_model": "m"}},
    "a list": lambda text: {"h": {"words": [text]}},
    "deep": lambda text: {"h": {"a": {"b": ({"c": text},)}}},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_what_goes_to_ansible_is_refused_where_somebody_forgot_to_make_it_literal(
    template: str, place: Callable[[str], Any]
) -> None:
    with pytest.raises(ValueError, match="neither literal nor ours"):
        foreign.in_yaml(place(template))
    with pytest.raises(ValueError, match="neither literal nor ours"):
        ansible_inventory.to_json(place(template))
    assert template in json.loads(f'"{foreign.in_yaml({"h": foreign.OurTemplate(template)})[7:-2]}"')
    assert "!unsafe" in foreign.in_yaml({"h": foreign.literal(template)})


def test_the_words_of_our_own_programs_are_no_templates() -> None:
    from provision import families

    for name in families.names():
        family = families.load(name)
        for text in (family.door.feed, family.door.install) if hasattr(family, "door") else (family.feed,):
            foreign.without_templates(text)
