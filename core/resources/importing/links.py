"""Which records the cells of links mean: found for a whole batch at once, within the actor's reach."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from marshmallow import ValidationError
from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, select

from core.db.fields import Kind
from core.resources.declaration import Field, Resource
from core.resources.gateway import Gateway
from core.resources.places import Joins
from core.resources.resolver import Answer
from core.resources.values import reader_of
from core.search.pinyin import sort_key

#: Under which name a statement gives the value that was looked for.
_VALUE: Final = "looked_for"
_TEXTS: Final = (Kind.TEXT, Kind.PICK, Kind.EMAIL, Kind.PHONE)


@dataclass(frozen=True, slots=True)
class Found:
    """A record that a cell may mean."""

    id: int
    is_archived: bool
    #: ``owner_id`` and ``unit_id`` of an owned one, for policies.
    row: dict[str, Any] = field(hash=False, compare=False)


def find_records(
    gateway: Gateway, resource: Resource, by: Field, texts: Iterable[str]
) -> dict[str, list[Found]]:
    """The records whose field ``by`` holds one of ``texts``, by text; one query.

    Among several, archived ones do not count when another is not.
    """
    wanted: dict[Any, list[str]] = {}
    for text in texts:
        value = key_value(gateway, by, text)
        if value is not None:
            wanted.setdefault(value, []).append(text)
    found = find_by_values(gateway, resource, by, wanted)
    return {text: records for value, records in found.items() for text in wanted[value]}


def find_by_values(
    gateway: Gateway, resource: Resource, by: Field, values: Collection[Any]
) -> dict[Any, list[Found]]:
    """The records whose field ``by`` holds one of ``values``, as it stores them; see `find_records`."""
    if not values:
        return {}
    table, joins = resource.table, Joins(resource.table)
    columns: list[ColumnElement[Any]] = [joins.value(by.place, table).label(_VALUE), table.c.id]
    columns += [table.c[name] for name in ("archived_at", "owner_id", "unit_id") if name in table.c]
    wanted = by.place.holds(table, lambda value: value == _any_of(value, values))
    statement = select(*columns).select_from(joins.joined).where(wanted)
    if by.word.sort_by is not None:  # the order of a name is indexed, the name itself is not
        keys = {sort_key(value) for value in values}
        ordered = by.place.companion(by.word.sort_by)
        statement = statement.where(ordered.holds(table, lambda key: key == _any_of(key, keys)))
    scope = gateway.scope(resource, table)
    found: dict[Any, list[Found]] = {}
    rows = gateway.session.execute(statement if scope is None else statement.where(scope))
    for row in rows.mappings():
        record = Found(row["id"], row.get("archived_at") is not None, dict(row))
        found.setdefault(row[_VALUE], []).append(record)
    return {
        value: [each for each in records if not each.is_archived] or records
        for value, records in found.items()
    }


def _any_of(column: ColumnElement[Any], values: Iterable[Any]) -> Any:
    """One parameter for many values, so that statements of every length are one."""
    return any_(bindparam(None, list(values), type_=ARRAY(column.type), unique=True))


def find_linked(
    gateway: Gateway, link: Field, by: Field | None, texts: Iterable[str]
) -> dict[str, list[Found]]:
    """The records behind a link that cells mean.

    Args:
        gateway: of the one who imports.
        link: the field.
        by: which field of the record stands in the cells; None: its label, else a field of its own
            that no two records share (number, code, email), else its id.
        texts: the cells.
    """
    assert link.target is not None
    found: dict[str, list[Found]] = {}
    open_ = set(texts)
    for field_ in (by,) if by is not None else _names(gateway, link.target):
        found |= find_records(gateway, link.target, field_, open_)
        open_ -= found.keys()
        if not open_:
            break
    return found


def _names(gateway: Gateway, resource: Resource) -> Sequence[Field]:
    """What people may call a record of ``resource`` by, most usual first."""
    unique = [
        each
        for each in resource.fields.values()
        if each.is_unique and each.word.kind in _TEXTS and each is not resource.label_field
    ]
    fields = [resource.label_field, *unique, resource.fields["id"]]
    return [each for each in fields if gateway.resolver.answer(each) is Answer.OPEN]


def key_value(gateway: Gateway, by: Field, text: str) -> Any:
    """A cell as the field stores it; None when the field can hold no such thing."""
    if by.name == "id":
        number = text.strip()
        return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None
    text = unicodedata.normalize("NFC", text)
    try:
        return reader_of(by.word, gateway.habits).deserialize(text)
    except ValidationError:
        return None
