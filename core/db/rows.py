"""Many rows into a table at once: few by INSERT, many by COPY, which takes a third of the time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import orjson
import psycopg2
from sqlalchemy import ARRAY, Dialect, String, Table, Uuid, bindparam, insert, text
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
from core.db.prepared import Prepared

#: From so many rows on COPY is faster.
MANY: Final = 20
#: Rows made at a time while the server takes in those before; a connection holds some of them.
_BLOCK: Final = 100
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
    names, filled = _filled(table, rows)
    if len(rows) < MANY or not all(_writer(table.c[name].type) for name in names):
        whole = [dict(zip(names, row, strict=True)) for row in filled]
        if not numbered:
            session.connection().execute(insert(table), whole)
            return []
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return list(session.connection().scalars(statement, whole))
    if not numbered:
        copy_rows(session, table, names, filled)
        return []
    numbers = _take_numbers(session, table, len(rows))
    given = ([number, *row] for number, row in zip(numbers, filled, strict=True))
    copy_rows(session, table, ("id", *names), given)
    return numbers


def _filled(table: Table, rows: Sequence[Mapping[str, Any]]) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    """The columns that some rows name, and each row's values for them, by default where it names one not."""
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    defaults = _defaults(table)
    unnamed = {name: defaults.get(name) for name in names}
    return names, ([row.get(name, unnamed[name]) for name in names] for row in rows)


def copy_rows(session: Session, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows into a table, the next ones being made while the server takes in those before.

    Args:
        session: bound to one tenant.
        table: whose columns are of the types COPY is known for here.
        names: the columns.
        rows: their values, in this order; nothing may be asked of the database to make them.

    Raises:
        sqlalchemy.exc.DBAPIError: see `insert_rows`.
    """
    writers = [_writer(table.c[name].type) for name in names]
    known = [write for write in writers if write is not None]
    assert len(known) == len(names), "some column is of a type that is left to INSERT"
    _copy(session, table, names, _Lines(rows, known))


def insert_few(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], giving: Sequence[str]
) -> Sequence[Mapping[str, Any]]:
    """Insert fewer than `MANY` rows as `insert_rows` does, and give what the database made of each.

    Args:
        session: bound to one tenant.
        table: with a key ``id`` that the database gives.
        rows: values as the columns store them.
        giving: the columns to give of each row, in the order of ``rows``.
    """
    connection = session.connection()
    if len(rows) == 1:
        [row] = rows
        prepared = _of_one(connection.dialect, table, tuple(row), tuple(giving))
        made = prepared.rows(connection, {**_defaults(table), **row})
        return [dict(zip(giving, each, strict=True)) for each in made]
    names, filled = _filled(table, rows)
    whole = [dict(zip(names, row, strict=True)) for row in filled]
    columns = [table.c[name] for name in giving]
    statement = insert(table).returning(*columns, sort_by_parameter_order=True)
    return [dict(each) for each in connection.execute(statement, whole).mappings()]


@lru_cache(maxsize=512)
def _of_one(dialect: Dialect, table: Table, names: Sequence[str], giving: Sequence[str]) -> Prepared:
    """The insert of one row with these columns, and those that have a default of ours."""
    given = dict.fromkeys((*names, *_defaults(table)))
    values = {name: bindparam(name, type_=table.c[name].type) for name in given}
    return Prepared(insert(table).values(values).returning(*(table.c[name] for name in giving)), dialect)


def _defaults(table: Table) -> dict[str, Any]:
    """What columns hold that are not named, where that is worked out here and not by the server."""
    found = {column.name: column.default for column in table.c if column.default is not None}
    return {
        name: default.arg if default.is_scalar else default.arg(None)  # type: ignore[attr-defined]
        for name, default in found.items()
        if default.is_scalar or default.is_callable
    }


def _take_numbers(session: Session, table: Table, count: int) -> list[int]:
    statement = text("select nextval(pg_get_serial_sequence(:table, 'id')) from generate_series(1, :count)")
    return list(session.connection().scalars(statement, {"table": table.name, "count": count}))


class _Lines:
    """Rows as a file that COPY reads."""

    def __init__(self, rows: Iterable[Sequence[Any]], writers: Sequence[Write]) -> None:
        self._rows = iter(rows)
        self._writers = writers

    def read(self, _size: int = -1) -> bytes:
        """The lines of the next rows; nothing behind the last."""
        block = list(islice(self._rows, _BLOCK))
        if not block:
            return b""
        columns = [
            _column(values, write)
            for values, write in zip(zip(*block, strict=True), self._writers, strict=True)
        ]
        lines = "\n".join(map("\t".join, zip(*columns, strict=True)))
        return f"{lines}\n".encode()


def _copy(session: Session, table: Table, names: Sequence[str], lines: _Lines) -> None:
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    statement = f"copy {quote(table.name)} ({', '.join(map(quote, names))}) from stdin"
    messages.send(connection)
    cursor = connection.connection.cursor()
    try:
        cursor.copy_expert(statement, lines)
    except psycopg2.Error as error:
        told: Any = error
        if connection.dialect.is_disconnect(told, connection.connection.dbapi_connection, cursor):
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg2.Error, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def _column(values: Sequence[Any], write: Write) -> list[str]:
    """The values of one column as COPY reads them."""
    texts = ["" if value is None else write(value) for value in values]
    if _SPECIAL.search("".join(texts)):
        texts = [_SPECIAL.sub(lambda found: _ESCAPES[found[0]], each) for each in texts]
    return [_NULL if value is None else each for value, each in zip(values, texts, strict=True)]


def _writer(type_: TypeEngine[Any]) -> Write | None:
    """Writes values of a type as texts; None for a type that is left to INSERT."""
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


def _moment(value: date | datetime) -> str:
    return value.isoformat()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _quoted(item: str | None) -> str:
    if item is None:
        return "NULL"
    return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
