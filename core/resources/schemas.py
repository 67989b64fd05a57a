"""The marshmallow schema of a resource's input, worked out from its declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from core.i18n import Lazy, _l
from core.resources.declaration import Resource
from core.resources.resolver import Answer, Resolver
from core.resources.values import Habits, LinkValue, value_of

MAX_LINES: Final = 200
_NOT_A_LIST: Final[dict[str, Any]] = dict.fromkeys(("invalid", "null"), _l("This must be a list."))


class InputSchema(Schema):
    """Base of all input: an unknown member is an error, never ignored."""

    class Meta:
        """Marshmallow's own options."""

        unknown = RAISE

    error_messages: Any = {
        "unknown": _l("Unknown field."),
        "type": _l("This must be an object with named fields."),
    }


def input_schema(resource: Resource, resolver: Resolver, habits: Habits) -> Schema:
    """What a reader may write of ``resource``: open fields that are not the system's, and its lines."""
    writable = frozenset(
        name
        for name, field in resource.fields.items()
        if not field.word.readonly and resolver.answer(field) is Answer.OPEN
    )
    return _schema(resource, writable, habits)


@lru_cache(maxsize=1024)
def _schema(resource: Resource, writable: frozenset[str], habits: Habits) -> Schema:
    members: dict[str, Any] = {}
    for name, field in resource.fields.items():
        if name in writable:
            members[name] = value_of(
                field.word, habits, required=field.is_required, allow_none=field.is_nullable,
                metadata={"title": field.word.label},
            )  # fmt: skip
    for lines in resource.lines_fields.values():
        members[lines.name] = fields.List(
            fields.Nested(_line_schema(lines.target, lines.via.name, habits)),
            validate=validate.Length(max=MAX_LINES, error=_l("At most 200 lines fit here.")),  # type: ignore[arg-type]
            error_messages=_NOT_A_LIST,
        )
    name = resource.name.replace(".", "_").title().replace("_", "")
    return InputSchema.from_dict(members, name=f"{name}Input")()


@lru_cache(maxsize=1024)
def _line_schema(resource: Resource, via: str, habits: Habits) -> type[Schema]:
    members: dict[str, Any] = {"id": LinkValue(allow_none=True)}
    for name, field in resource.fields.items():
        if not field.word.readonly and name != via:
            members[name] = value_of(
                field.word, habits, required=field.is_required, allow_none=field.is_nullable,
                metadata={"title": field.word.label},
            )  # fmt: skip
    parts = f"{resource.name}.of.{via}".replace("_", ".").split(".")
    return InputSchema.from_dict(members, name="".join(part.title() for part in parts))


def flat_errors(error: ValidationError) -> dict[str, list[str | Lazy]]:
    """The messages of a validation by address: ``{"phones.0.number": [...]}``."""
    return dict(_flatten(error.messages, ""))


def _flatten(messages: Any, path: str) -> Iterator[tuple[str, list[str | Lazy]]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            below = "" if key == "_schema" else str(key)
            yield from _flatten(inner, ".".join(part for part in (path, below) if part))
    elif isinstance(messages, Sequence) and not isinstance(messages, str):
        yield path or "_schema", list(messages)
    else:
        yield path or "_schema", [messages]
