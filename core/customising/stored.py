"""How values of added fields lie in the column ``custom``, and how SQL reads them there.

``{"x_grade": "a", "x_visited_on": "2026-01-31"}``: what JSON has a type for stands as that, days and
moments as ISO text, moments in UTC with six decimals, so that all of a field have one form. Nothing is
kept of an empty field. Each expression is made of functions that never change their answer, so that an
index can be made of the very expression that filters and sorts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    String,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from core.db.fields import Kind

#: The type of each kind's values in SQL; text for all others.
TYPES: Final[Mapping[Kind, TypeEngine[Any]]] = {
    Kind.INTEGER: Integer(),
    Kind.FLAG: Boolean(),
    Kind.DAY: Date(),
    Kind.INSTANT: DateTime(timezone=True),
    Kind.LINK: BigInteger(),
    Kind.TAGS: ARRAY(String(40)),
}


def type_of(kind: Kind, max_length: int | None = None) -> TypeEngine[Any]:
    """The type of a kind's values in SQL."""
    return TYPES.get(kind) or String(max_length)


def pack(kind: Kind, value: Any) -> Any:
    """A value as JSON keeps it; None for one that is empty."""
    if value is None or value == []:
        return None
    if kind is Kind.DAY:
        return value.isoformat()
    if kind is Kind.INSTANT:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def unpack(kind: Kind, packed: Any) -> Any:
    """The value that `pack` was given."""
    if packed is None:
        return [] if kind is Kind.TAGS else None
    if kind is Kind.DAY:
        return date.fromisoformat(packed)
    if kind is Kind.INSTANT:
        return datetime.fromisoformat(packed)
    return packed


def expression(kind: Kind, container: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """The value of a field in SQL, of the kind's own type.

    Args:
        kind: of the field.
        container: the column ``custom`` of the table, or of an alias of it.
        name: of the field; the rules of names leave nothing in it that SQL could take for its own.
    """
    key: ColumnElement[str] = literal_column(f"'{name}'", String())
    if kind is Kind.TAGS:
        item = func.jsonb_array_elements_text(container.op("->")(key)).column_valued("item")
        return cast(func.array(select(item).scalar_subquery()), TYPES[kind])
    written = type_coerce(container.op("->>")(key), String())
    make = _READERS.get(kind)
    return written if make is None else make(written)


def _day(written: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.make_date(*(_part(written, *place) for place in _PLACES[:3]), type_=Date())


def _moment(written: ColumnElement[Any]) -> ColumnElement[Any]:
    seconds: ColumnElement[Any] = cast(_piece(written, 18, 9), Double())
    local = func.make_timestamp(*(_part(written, *place) for place in _PLACES), seconds)
    return func.timezone(literal_column("'UTC'"), local, type_=DateTime(timezone=True))


def _part(written: ColumnElement[Any], start: int, length: int) -> ColumnElement[Any]:
    return cast(_piece(written, start, length), Integer())


def _piece(written: ColumnElement[Any], start: int, length: int) -> ColumnElement[Any]:
    return func.substr(written, literal_column(str(start)), literal_column(str(length)))


#: Where year, month, day, hour and minute stand in ISO text.
_PLACES: Final = ((1, 4), (6, 2), (9, 2), (12, 2), (15, 2))
_READERS: Final[Mapping[Kind, Callable[[ColumnElement[Any]], ColumnElement[Any]]]] = {
    Kind.INTEGER: lambda written: cast(written, Integer()),
    Kind.LINK: lambda written: cast(written, BigInteger()),
    Kind.FLAG: lambda written: cast(written, Boolean()),
    Kind.DAY: _day,
    Kind.INSTANT: _moment,
}
