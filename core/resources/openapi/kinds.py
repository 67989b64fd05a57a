"""Values in the OpenAPI document: what comes in by its marshmallow field, what goes out by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import fields

from core.db.fields import Kind, Word
from core.resources.declaration import Field
from core.resources.openapi.nodes import Node, ref
from core.resources.values import (
    MAX_KEY,
    MAX_TAGS,
    ChoiceValue,
    DayValue,
    EmailValue,
    FlagValue,
    InstantValue,
    IntegerValue,
    LinkValue,
    PhoneValue,
    TagsValue,
    TextValue,
    UrlValue,
)

#: Type and format of our own fields, for apispec.
INPUT_TYPES: Final[Mapping[type[fields.Field[Any]], tuple[str | None, str | None]]] = {
    TextValue: ("string", None),
    ChoiceValue: ("string", None),
    PhoneValue: ("string", None),
    EmailValue: ("string", None),
    UrlValue: ("string", None),
    IntegerValue: ("integer", "int32"),
    LinkValue: ("integer", "int64"),
    FlagValue: ("boolean", None),
    DayValue: ("string", "date"),
    InstantValue: ("string", "date-time"),
    TagsValue: ("array", None),
}

_TEXT: Final[Node] = {"type": "string"}
_OUTPUT_TYPES: Final[Mapping[Kind, Node]] = {
    Kind.TEXT: _TEXT,
    Kind.MULTILINE: _TEXT,
    Kind.PICK: _TEXT,
    Kind.CHOICE: _TEXT,
    Kind.PHONE: _TEXT,
    Kind.EMAIL: _TEXT,
    Kind.URL: {"type": "string", "format": "uri"},
    Kind.INTEGER: {"type": "integer"},
    Kind.FLAG: {"type": "boolean"},
    Kind.DAY: {"type": "string", "format": "date"},
    Kind.INSTANT: {"type": "string", "format": "date-time"},
    Kind.TAGS: {"type": "array", "items": _TEXT},
}

_EXAMPLES: Final[Mapping[Kind, Any]] = {
    Kind.TEXT: "明德科技",
    Kind.MULTILINE: "First line\nSecond line",
    Kind.PICK: "制造业",
    Kind.PHONE: "+8613800138000",
    Kind.EMAIL: "lin@example.com",
    Kind.URL: "https://www.example.com",
    Kind.INTEGER: 2026,
    Kind.FLAG: True,
    Kind.DAY: "2026-01-31",
    Kind.INSTANT: "2026-01-31T01:30:00Z",
    Kind.LINK: 7,
    Kind.TAGS: ["VIP"],
}


def example_of(word: Word) -> Any:
    """A value such a field may have."""
    if word.kind is Kind.CHOICE and word.choices is not None:
        return next(iter(word.choices)).value
    value = _EXAMPLES[word.kind]
    return value[: word.max_length] if isinstance(value, str) and word.max_length else value


def describe_input(_converter: Any, field: fields.Field[Any], **_options: Any) -> Node:
    """What apispec cannot know of our own fields: choices, bounds, sizes."""
    match field:
        case ChoiceValue():
            labels = "; ".join(f"`{each.value}`: {each.label}" for each in field.choices)
            values: list[str | None] = [each.value for each in field.choices]
            return {"enum": [*values, None] if field.allow_none else values, "description": labels}
        case IntegerValue():
            return {"minimum": -(2**31), "maximum": 2**31 - 1}
        case LinkValue():
            return {"minimum": 1, "maximum": MAX_KEY}
        case TagsValue():
            return {"items": {"type": "string", "maxLength": 40}, "maxItems": MAX_TAGS}
        case TextValue() if field.required and not field.allow_none:
            return {"minLength": 1}
        case _:
            return {}


def output(field: Field) -> Node:
    """A field as it is answered."""
    node: Node = {"title": field.label}
    if field.word.help is not None:
        node["description"] = str(field.word.help)
    if field.target is not None:
        return {**node, "anyOf": [ref("Link"), {"type": "null"}]} if field.is_nullable else ref("Link")
    node |= _OUTPUT_TYPES[field.word.kind]
    if field.word.choices is not None:
        node["enum"] = [choice.value for choice in field.word.choices]
    if field.is_nullable:
        node["type"] = [node["type"], "null"]
        if "enum" in node:
            node["enum"].append(None)
    return node
