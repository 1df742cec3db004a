"""Make the candidate of an intent from its family's templates; no Secret stands in the rendered text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, TemplateError, pass_context
from jinja2.runtime import Context

from provision.core.device import Intent
from provision.core.errors import ProvisionError
from provision.core.family import Family
from provision.core.model import Candidate, DeviceFile, Secret, Value
from provision.core.settings import FILE, digest

MASK = "mask"  # what a template's context calls the function that gives a secret its token


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What lets the office into a device, and the device's own secrets.

    `authorized_keys` are public keys, a line each; `password_hash` is the hash of the device's password.
    """

    authorized_keys: str
    password_hash: Secret
    secrets: Mapping[str, Secret]


def render(
    intent: Intent, access: Access, templates: Mapping[str, str], token: Callable[[], str], firmware: str = ""
) -> Candidate:
    """Return the candidate of an intent: the settings of every template section, and the files with their digests.

    `templates` maps the name of a template to its text. Every `{{ value }}` is quoted by the family's grammar, so that
    no value can end its own quotes; a Secret stands in the text as a random `token` and is a Secret again in the
    settings. Raises ProvisionError if the intent needs what `firmware` does not have, if a template does not render, or
    if it joins a secret with other text.
    """
    family = intent.family
    configuration, grammar = family.configuration, family.configuration.grammar
    _validate(intent, firmware)
    facts = facts_of(intent) | {"secrets": access.secrets, "has": family.has(firmware)}
    tokens: dict[str, Secret] = {}

    def mask(secret: Secret) -> str:
        name = f"secret-{token()}"
        tokens[name] = secret
        return name

    environment = _environment(tuple(templates.items()), grammar.quote)
    text = _rendered(environment, intent, facts | {MASK: mask})
    settings, _ = grammar.parse(text, configuration.shape)
    whole: dict[str, Value] = {path: _secret(value, tokens) for path, value in settings.items()}
    files = device_files(family, access, templates)
    whole.update({FILE + path: digest(file.text) for path, file in files.items()})
    return Candidate(settings=whole, files=files)


@cache
def _environment(templates: tuple[tuple[str, str], ...], quote: Callable[[str], str]) -> Environment:
    """Return an environment that compiles each template once, however many intents are rendered."""

    @pass_context
    def finalize(context: Context, value: Any) -> str:
        return quote(context[MASK](value) if isinstance(value, Secret) else str(value))

    return Environment(
        loader=DictLoader(dict(templates)),
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (no HTML: a quote stays a quote)
    )


def _rendered(environment: Environment, intent: Intent, facts: Mapping[str, Any]) -> str:
    names = intent.family.configuration.sections
    try:
        return "".join(environment.get_template(f"{name}.j2").render(facts) + "\n" for name in names)
    except TemplateError as error:
        raise ProvisionError(
            f"template of {intent.family.name} does not render: {error}",
            where=intent.tag,
            hint="every value of a template must be in the intent or its defaults",
        ) from None


def facts_of(intent: Intent) -> dict[str, Any]:
    """Return the values for templates by name: the intent's fields, its tag and the kecamatan's name.

    The family's default stands in for a value that is empty or missing; `{sim}` in a text is replaced by the SIM slot.
    """
    own: dict[str, Any] = {field.name: getattr(intent, field.name) for field in fields(intent)}
    own |= {"tag": intent.tag, "kecamatan": intent.kit.kecamatan.name}
    own |= {name: value for name, value in intent.family.configuration.defaults.items() if not own.get(name)}
    return {
        n: v.replace("{sim}", str(own["sim"])) if isinstance(v, str) and "sim" in own else v for n, v in own.items()
    }


def _validate(intent: Intent, firmware: str) -> None:
    family = intent.family
    has = family.has(firmware)
    for need in family.configuration.needs:
        if getattr(intent, need.fact) == need.value and not has[need.feature]:
            raise ProvisionError(
                f"{family.title} {firmware or 'of unknown version'} {need.text}", where=intent.tag, hint=need.hint
            )


def _secret(value: Value, tokens: Mapping[str, Secret]) -> Value:
    text = value.reveal() if isinstance(value, Secret) else value
    if isinstance(text, str) and text in tokens:
        return tokens[text]
    if any(token in part for token in tokens for part in (text if isinstance(text, tuple) else (text,))):
        raise ProvisionError("a template joins a secret with other text", hint="give the secret an option of its own")
    return value


def device_files(family: Family, access: Access, templates: Mapping[str, str]) -> dict[str, DeviceFile]:
    """Return by path each file that the family needs on a device, with its mode and text.

    The text is a field of `access` or one of `templates`, as the file's `source` says.
    """
    files = {}
    for path, placed in family.configuration.files.items():
        kind, _, name = placed.source.partition(":")
        text = getattr(access, name) if kind == "access" else templates[f"files/{placed.source}"]
        files[path] = DeviceFile(text=text, mode=placed.mode)
    return files
