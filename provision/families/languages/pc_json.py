"""Parser for the one JSON object in a PC's output, and for values that Windows PowerShell writes in several ways.

Windows puts marks, progress and warnings around the object, in its own encodings. The output is parsed as JSON
only, never searched for words; what could be read in two ways is refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

CLIXML = ("<Objs ", "</Objs>", "#< CLIXML")
DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")  # as ConvertTo-Json of Windows PowerShell writes a date
OPENING = re.compile(r"(?:^|(?<=\n))[ \t]*(\{)")
TRUE, FALSE = {"true", "1"}, {"false", "0"}


def only_object(output: bytes) -> dict[str, Any]:
    """Return the only JSON object in `output`; it starts a line, and CLIXML around it is ignored.

    Raises ValueError if there is none or more than one, it is not valid JSON, text follows it on its line, a key stands
    twice (ignoring case), a number is not finite, or a text holds half a surrogate pair. Raises RecursionError if it is
    nested too deep.
    """
    text = _without_clixml(_decoded(output)).strip()
    decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_number, parse_float=_number)
    found: list[dict[str, Any]] = []
    at = _opening(text, 0)
    while at >= 0:
        value, end = decoder.raw_decode(text, at)
        if text[end:].partition("\n")[0].strip():
            raise ValueError("text behind the object")
        found.append(value)
        at = _opening(text, end)
    if len(found) != 1:
        raise ValueError("two JSON objects" if found else "no JSON object")
    json.dumps(found[0], ensure_ascii=False).encode()  # half a character: UnicodeEncodeError is a ValueError
    return found[0]


def _without_clixml(text: str) -> str:
    """Return `text` without CLIXML, in which PowerShell writes its progress and warnings, and without its marks.

    A line break takes the place of each block; a block without an end stays. One pass is enough for any input.
    """
    start, end, mark = CLIXML
    kept, at = [], 0
    while (begin := text.find(start, at)) >= 0 and (stop := text.find(end, begin)) >= 0:
        kept.append(text[at:begin])
        at = stop + len(end)
    return "\n".join([*kept, text[at:]]).replace(mark, "")


def _opening(text: str, at: int) -> int:
    """Return the index of the next `{` from `at` on that stands first on its line (blanks aside), or -1.

    A brace within a line does not count, since a warning may hold one.
    """
    match = OPENING.search(text, at)
    return match.start(1) if match else -1


def _decoded(output: bytes) -> str:
    if output.startswith((b"\xff\xfe", b"\xfe\xff")):
        return output.decode("utf-16", "replace")
    if output[1:2] == b"\0" or output[:1] == b"\0":
        return output.decode("utf-16-le" if output[1:2] == b"\0" else "utf-16-be", "replace")
    return output.decode("utf-8-sig", "replace").replace("\r", "")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name.casefold() for name, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _number(word: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{word} is no number")
    return value


def as_list(value: Any) -> list[Any] | None:
    """Return `value` as a list: a list as it is, an object as its only entry, an empty object as an empty list.

    An object of just `value` and `Count` gives the list in `value`. For anything else return None. Windows PowerShell
    writes a list of one as its entry, and some versions wrap lists.
    """
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    if set(value) == {"value", "Count"}:
        return value["value"] if isinstance(value["value"], list) else None
    return [value] if value else []


def as_bool(value: Any) -> bool | None:
    """Return the boolean that comes as `true`, `1` or `"True"`, or as `false`, `0` or `"False"`, in any case.

    Return None for anything else.
    """
    word = str(value).lower() if isinstance(value, bool | int | str) else ""
    return True if word in TRUE else False if word in FALSE else None


def as_seconds(value: Any) -> int | None:
    """Return seconds since 1970 from an integer, ISO 8601 (UTC if it names no zone) or `/Date(…)/` (milliseconds).

    Return None for anything else, such as a date written in words.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    if match := DATE.fullmatch(value):
        return int(match.group(1)) // 1000
    try:
        then = datetime.fromisoformat(value)
        return int((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def texts(values: Iterable[Any]) -> list[str] | None:
    """Return `values` as a list, or None if one of them is not a string."""
    found = list(values)
    return found if all(isinstance(v, str) for v in found) else None
