"""Reading what a client sends: JSON within bounds, parameters that are known, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from core.errors import Invalid, Malformed, StaleVersion, TooLarge, UnsupportedMedia
from core.i18n import _l
from core.resources.resolver import UnknownField
from core.resources.schemas import flat_errors

MAX_BODY: Final = 1024 * 1024
#: Levels of lists and objects in a body; a filter has fewer.
MAX_DEPTH: Final = 32
#: What a plain text member says when it is missing or none.
TEXT_MESSAGES: Final[dict[str, Any]] = {
    "required": _l("This is needed."),
    "null": _l("This is needed."),
    "invalid": _l("This must be text."),
}
_JSON: Final = ("application/json", "application/merge-patch+json")


class TooDeep(Invalid):
    """Lists and objects of a body are nested beyond reason."""

    code = "too-deep"
    message = _l("The lists and objects of this body are nested too deeply; at most 32 levels are read.")


def read_object(*, optional: bool = False) -> dict[str, Any]:
    """The JSON object in the body; an empty one when ``optional`` and nothing was sent.

    Raises:
        TooLarge: it has more than 1 MB.
        UnsupportedMedia: it is not said to be JSON.
        Malformed: it is no JSON.
        Invalid: it is no object, or nested too deeply.
    """
    raw = read_body(MAX_BODY, "1 MB")
    if optional and not raw:
        return {}
    if request.mimetype not in _JSON:
        raise UnsupportedMedia(expected="application/json")
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "depth limit" in str(error):
            raise TooDeep from None
        raise Malformed(reason=_l("the body is no JSON (%(where)s)", where=str(error)[:200])) from None
    if _depth(data) > MAX_DEPTH:
        raise TooDeep
    if not isinstance(data, dict):
        raise Invalid({"_schema": [_l("This must be an object with named fields.")]})
    return data


def read_body(limit: int, shown: str) -> bytes:
    """The body as it came.

    Raises:
        TooLarge: it has more than ``limit`` bytes.
    """
    request.max_content_length = limit
    if (request.content_length or 0) > limit:
        raise TooLarge(limit=shown)
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge as error:
        raise TooLarge(limit=shown) from error


def read_shaped(schema: Schema) -> dict[str, Any]:
    """The object in the body as ``schema`` reads it.

    Raises:
        Invalid: it does not fit; besides what `read_object` raises.
    """
    try:
        loaded: dict[str, Any] = schema.load(read_object())
    except ValidationError as error:
        raise Invalid(flat_errors(error)) from error
    return loaded


def parameters(*known: str) -> dict[str, str]:
    """The query parameters of an address that takes only ``known`` ones.

    Raises:
        UnknownField: there is another one.
    """
    for name in request.args:
        if name not in known:
            raise UnknownField(name)
    return request.args.to_dict()


def all_parameters() -> Mapping[str, Sequence[str]]:
    """All query parameters, each with its values in their order."""
    return request.args.to_dict(flat=False)


def names(text: str | None) -> tuple[str, ...]:
    """The parts of a list with commas, each once."""
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def expected_version() -> int | None:
    """The version ``If-Match`` names; None when any will do.

    A tag a proxy has weakened still names its version.

    Raises:
        StaleVersion: it names none, so no record can match it.
        Malformed: it names several.
    """
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    if "," in header:
        raise Malformed(reason=_l("If-Match takes one version"))
    tag = header.removeprefix("W/").strip('"')
    if not (tag.isascii() and tag.isdigit() and len(tag) < 10):
        raise StaleVersion
    return int(tag)


def _depth(data: object) -> int:
    """How many levels of lists and objects there are; stops counting above what is allowed."""
    level, depth = [data], 0
    while level and depth <= MAX_DEPTH:
        inner = [each for each in level if isinstance(each, dict | list)]
        level = [one for each in inner for one in (each.values() if isinstance(each, dict) else each)]
        depth += bool(inner)
    return depth
