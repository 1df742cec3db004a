"""Intent -> candidate: templates become settings; no secret passes through template text."""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, TemplateError

from provision.core.errors import ProvisionError
from provision.core.family import Driver
from provision.core.model import Candidate, DeviceFile, Intent, Secret, Value
from provision.core.settings import FILE, digest


def render(
    driver: Driver, intent: Intent, secrets: Mapping[str, Secret], templates: Mapping[str, str], firmware: str = ""
) -> Candidate:
    """Render every section of `driver` for `intent`, as the device's firmware takes it.

    `templates` maps a file name of the family's templates to its text. Every `{{ value }}` is
    quoted by the family's grammar, so that no value can end its own quotes; a secret passes as
    a token and becomes a Secret again in the settings. Raises ProvisionError where the intent
    needs what this firmware does not have.
    """
    facts = facts_of(driver, intent) | {"secrets": secrets, "has": driver.has(firmware)}
    _insist(driver, intent, firmware)
    tokens: dict[str, Secret] = {}

    def finalize(value: Any) -> str:
        if isinstance(value, Secret):
            token = f"secret-{random.token_hex(12)}"
            tokens[token] = value
            return driver.grammar.quote(token)
        return driver.grammar.quote(str(value))

    environment = Environment(
        loader=DictLoader(dict(templates)), finalize=finalize, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,  # noqa: S701
    )  # fmt: skip
    try:
        text = "".join(environment.get_template(f"{section}.j2").render(facts) + "\n" for section in driver.sections)
    except TemplateError as error:
        raise ProvisionError(
            f"template of {driver.name} does not render: {error}",
            where=intent.item.asset_tag,
            hint="every value of a template must be in the intent or its defaults",
        ) from None
    settings, _ = driver.grammar.parse(text, driver.shape)
    whole: dict[str, Value] = {path: _secret(value, tokens) for path, value in settings.items()}
    files = device_files(driver, facts, templates)
    whole.update({FILE + path: digest(file.text) for path, file in files.items()})
    return Candidate(settings=whole, files=files)


def facts_of(driver: Driver, intent: Intent) -> dict[str, Any]:
    """Give the intent's facts, and the family's own where the intent leaves something out."""
    own = dict(intent.facts)
    own |= {name: value for name, value in driver.facts.items() if not own.get(name)}
    return {
        n: v.replace("{sim}", str(own["sim"])) if isinstance(v, str) and "sim" in own else v for n, v in own.items()
    }


def _insist(driver: Driver, intent: Intent, firmware: str) -> None:
    has = driver.has(firmware)
    for need in driver.needs:
        if intent.facts.get(need.fact) == need.value and not has[need.feature]:
            raise ProvisionError(
                f"{driver.title} {firmware or 'of unknown version'} {need.text}",
                where=intent.item.asset_tag,
                hint=need.hint,
            )


def _secret(value: Value, tokens: Mapping[str, Secret]) -> Value:
    text = value.reveal() if isinstance(value, Secret) else value
    if isinstance(text, str) and text in tokens:
        return tokens[text]
    if any(token in part for token in tokens for part in (text if isinstance(text, tuple) else (text,))):
        raise ProvisionError("a template joins a secret with other text", hint="give the secret an option of its own")
    return value


def device_files(driver: Driver, facts: Mapping[str, Any], templates: Mapping[str, str]) -> dict[str, DeviceFile]:
    """Give the family's files with their texts."""
    found = {}
    for path, placed in driver.files.items():
        kind, _, name = placed.source.partition(":")
        text = facts[name] if kind == "fact" else templates[f"files/{placed.source}"]
        found[path] = DeviceFile(text=text, mode=placed.mode)
    return found
