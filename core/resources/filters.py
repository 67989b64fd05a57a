"""Filters: a typed tree, reached from JSON, from query parameters and from the filter builder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from core.db.fields import Kind
from core.errors import Invalid
from core.i18n import Lazy, _l

MAX_DEPTH: Final = 10
MAX_CONDITIONS: Final = 100
MAX_VALUES: Final = 1000

_EQUALITY: Final = ("eq", "ne", "in", "isnull")
_ORDER: Final = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "isnull")
_TEXT: Final = ("contains", "startswith", "eq", "ne", "in", "isnull")

#: The operators of each kind of field; the first is what the filter builder offers first.
OPERATORS: Final[Mapping[Kind, Sequence[str]]] = {
    Kind.TEXT: _TEXT,
    Kind.MULTILINE: ("contains", "isnull"),
    Kind.PICK: ("eq", "ne", "in", "contains", "startswith", "isnull"),
    Kind.CHOICE: _EQUALITY,
    Kind.PHONE: _TEXT,
    Kind.EMAIL: _TEXT,
    Kind.URL: _TEXT,
    Kind.INTEGER: _ORDER,
    Kind.FLAG: ("eq", "ne"),
    Kind.DAY: _ORDER,
    Kind.INSTANT: _ORDER,
    Kind.LINK: _EQUALITY,
    Kind.TAGS: ("contains", "in", "isnull"),
}

OPERATOR_LABELS: Final[Mapping[str, Lazy]] = {
    "eq": _l("is"),
    "ne": _l("is not"),
    "gt": _l("after / more than"),
    "gte": _l("from"),
    "lt": _l("before / less than"),
    "lte": _l("up to"),
    "in": _l("is one of"),
    "contains": _l("contains"),
    "startswith": _l("starts with"),
    "isnull": _l("is empty"),
}


class BadFilter(Invalid):
    """A filter does not have the form of a filter."""

    code = "bad-filter"
    message = _l("This filter cannot be used: %(reason)s")

    def __init__(self, reason: str | Lazy, name: str = "filter") -> None:
        super().__init__({name: [reason]}, reason=reason)


@dataclass(frozen=True, slots=True)
class Condition:
    """One field, one operator, one value (a sequence for ``in``)."""

    path: str
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; with no parts it always does."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Node


Node = Condition | All | AnyOf | Not


def conditions(node: Node) -> Iterator[Condition]:
    """All conditions in a tree."""
    match node:
        case Condition():
            yield node
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from conditions(part)
        case Not(part):
            yield from conditions(part)


def from_json(data: object) -> Node:
    """Read a tree from decoded JSON.

    A part is ``{"and": [...]}``, ``{"or": [...]}``, ``{"not": {...}}`` or
    ``{"field": ..., "op": ..., "value": ...}``, where ``op`` is ``eq`` when left out.

    Raises:
        BadFilter: it has another form, is too deep or too large.
    """
    node = _read(data, 0)
    if sum(1 for _ in conditions(node)) > MAX_CONDITIONS:
        raise BadFilter(_l("it has more than 100 conditions"))
    return node


def from_text(text: str) -> Node:
    """Read a tree from JSON text.

    Raises:
        BadFilter: it is no JSON, or no filter.
    """
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadFilter(_l("it is not written in JSON")) from None
    return from_json(data)


def _read(data: object, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise BadFilter(_l("its groups are nested too deeply"))
    if not isinstance(data, dict):
        raise BadFilter(_l("each part must be an object"))
    keys = set(data)
    if keys == {"and"} or keys == {"or"}:
        (word,) = keys
        parts = data[word]
        if not isinstance(parts, list):
            raise BadFilter(_l("“and” and “or” take a list"))
        read = tuple(_read(part, depth + 1) for part in parts)
        return All(read) if word == "and" else AnyOf(read)
    if keys == {"not"}:
        return Not(_read(data["not"], depth + 1))
    if "field" in keys and keys <= {"field", "op", "value"}:
        path, op, value = data["field"], data.get("op", "eq"), data.get("value")
        if not isinstance(path, str) or not isinstance(op, str):
            raise BadFilter(_l("“field” and “op” must be texts"))
        return Condition(path, op, value)
    raise BadFilter(_l("a part is “and”, “or”, “not” or a field with an operator and a value"))


def to_json(node: Node) -> dict[str, Any]:
    """The tree as JSON-ready data; `from_json` reads it back."""
    match node:
        case Condition(path, op, value):
            return {"field": path, "op": op, "value": list(value) if isinstance(value, tuple) else value}
        case All(parts):
            return {"and": [to_json(part) for part in parts]}
        case AnyOf(parts):
            return {"or": [to_json(part) for part in parts]}
        case Not(part):
            return {"not": to_json(part)}
