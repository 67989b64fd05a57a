"""Many rows into a table at once: few by INSERT, many by COPY, which takes a third of the time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson
import psycopg2
from sqlalchemy import ARRAY, Column, RowMapping, String, Table, Uuid, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import (
    JSON,
    Boolean,
    Date,
    DateTime,
    Integer,
    Numeric,
    TypeEngine,
)

from core.db import messages

#: From so many rows on COPY is faster.
MANY: Final = 20
_SPECIAL: Final = re.compile(r"[\\\t\n\r\b\f\v]")
_ESCAPES: Final = {
    "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v",
}  # fmt: skip
_NULL: Final = "\\N"

Write = Callable[[Any], str]


def insert_rows(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, numbered: bool = False
) -> list[int]:
    """Insert rows, by column name; what no row names gets the column's default, what one leaves out is null.

    Args:
        session: bound to one tenant.
        table: with a key ``id`` that the database gives, if its numbers are wanted.
        rows: values as the columns store them.
        numbered: give the numbers of the rows.

    Returns:
        The numbers in the order of the rows; nothing unless ``numbered``.

    Raises:
        sqlalchemy.exc.DBAPIError: the database refuses a row; none of them is there then, once the
            caller has gone back to his savepoint.
    """
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    writers = [_writer(table.c[name]) for name in names] if len(rows) >= MANY else [None]
    known = [write for write in writers if write is not None]
    if len(known) < len(names):
        whole = [{name: row.get(name) for name in names} for row in rows]
        if not numbered:
            session.connection().execute(insert(table), whole)
            return []
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return list(session.connection().scalars(statement, whole))
    numbers = _take_numbers(session, table, len(rows)) if numbered else []
    columns = [
        [_NULL if value is None else write(value) for value in (row.get(name) for row in rows)]
        for name, write in zip(names, known, strict=True)
    ]
    if numbered:
        columns.append([str(number) for number in numbers])
    _copy(session, table, (*names, "id") if numbered else names, columns)
    return numbers


def insert_few(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], giving: Sequence[str]
) -> Sequence[RowMapping]:
    """Insert fewer than `MANY` rows as `insert_rows` does, and give what the database made of each.

    Args:
        session: bound to one tenant.
        table: with a key ``id`` that the database gives.
        rows: values as the columns store them.
        giving: the columns to give of each row, in the order of ``rows``.
    """
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    whole = [{name: row.get(name) for name in names} for row in rows]
    columns = [table.c[name] for name in giving]
    statement = insert(table).returning(*columns, sort_by_parameter_order=True)
    return session.connection().execute(statement, whole).mappings().all()


def _take_numbers(session: Session, table: Table, count: int) -> list[int]:
    statement = text("select nextval(pg_get_serial_sequence(:table, 'id')) from generate_series(1, :count)")
    return list(session.connection().scalars(statement, {"table": table.name, "count": count}))


def _copy(session: Session, table: Table, names: Sequence[str], columns: Sequence[Sequence[str]]) -> None:
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    statement = f"copy {quote(table.name)} ({', '.join(map(quote, names))}) from stdin"
    lines = "\n".join(map("\t".join, zip(*columns, strict=True)))
    messages.send(connection)
    cursor = connection.connection.cursor()
    try:
        cursor.copy_expert(statement, io.BytesIO(f"{lines}\n".encode()), size=1 << 16)
    except psycopg2.Error as error:
        told: Any = error
        if connection.dialect.is_disconnect(told, connection.connection.dbapi_connection, cursor):
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg2.Error, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def _writer(column: Column[Any]) -> Write | None:
    """Writes values of a column as COPY reads them; None for a type that is left to INSERT."""
    write = _of_type(column.type)
    holds_text = isinstance(getattr(column.type, "item_type", column.type), String | JSON)
    if write is None or not holds_text:
        return write
    return lambda value: _escaped(write(value))


def _of_type(type_: TypeEngine[Any]) -> Write | None:
    if isinstance(type_, String):
        return str
    if isinstance(type_, Boolean):
        return lambda value: "t" if value else "f"
    if isinstance(type_, Integer | Numeric | Uuid):
        return str
    if isinstance(type_, DateTime | Date):
        return _moment
    if isinstance(type_, JSON):
        return _json
    if isinstance(type_, ARRAY) and isinstance(type_.item_type, String):
        return lambda value: "{" + ",".join(map(_quoted, value)) + "}"
    if isinstance(type_, ARRAY) and isinstance(type_.item_type, Integer):
        return lambda value: "{" + str(list(value))[1:-1] + "}"
    return None


def _escaped(value: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value) if _SPECIAL.search(value) else value


def _moment(value: date | datetime) -> str:
    return value.isoformat()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _quoted(item: str | None) -> str:
    if item is None:
        return "NULL"
    return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
