"""Records as a table: streamed, harmless for spreadsheets, and read back exactly by the importer."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from sqlalchemy import Row, select

from core.i18n import speaking
from core.resources.cells import cell_writer, fold
from core.resources.columns import Column, columns_of, headers, read_column
from core.resources.declaration import Field, Resource
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.resources.selection import Shape

#: Spreadsheets know by it that a table is UTF-8.
BOM: Final = "\ufeff"

_Cells = list[str]
#: The lines of one record.
_Line = Sequence[Mapping[str, Any]]


def write_csv(
    gateway: Gateway,
    resource: Resource,
    query: Query,
    *,
    names: Sequence[str] = (),
    language: str | None = None,
) -> Iterator[bytes]:
    """Write all records that match ``query`` as CSV: UTF-8 with BOM, commas, CRLF.

    Everything that can be refused is refused here, before the first byte.

    Args:
        gateway: of the reader; its session must stay open until the end.
        resource: what to write.
        query: its filter, search and order count; page and fields do not.
        names: columns (see `core.resources.columns`); every field without the lines when empty.
        language: whose labels stand in the header and for choices; None for names and stored values.

    Returns:
        The file in pieces of about 2,000 records.

    Raises:
        NotFound, Forbidden: the actor may not export this resource.
        UnknownField: a column, filter or order names a field that is not there or not for this reader.
        Invalid: a value or operator of the filter is not right.
    """
    gateway.require(resource, "export")
    if names:
        columns = [read_column(gateway.resolver, resource, name) for name in dict.fromkeys(names)]
    else:
        columns = [column for column in columns_of(gateway.resolver, resource) if column.lines is None]
    needed = dict.fromkeys(column.field.name for column in columns if column.lines is None)
    if any(column.lines is not None for column in columns):
        needed["id"] = None
    parts = gateway.rows(resource, replace(query, fields=tuple(needed)))
    first = next(parts, None)
    header = _header(gateway, resource, columns, language)
    return _written(gateway, columns, header, chain([first] if first else [], parts), language)


def _header(gateway: Gateway, resource: Resource, columns: Sequence[Column], language: str | None) -> _Cells:
    """Names, or labels wherever the importer would know the column by its label alone."""
    if language is None:
        return [column.name for column in columns]
    known = headers(gateway.resolver, resource)
    with speaking(language):
        labels = [column.label for column in columns]
    return [
        label if known.get(fold(label)) == {column.name} else column.name
        for column, label in zip(columns, labels, strict=True)
    ]


def _written(
    gateway: Gateway,
    columns: Sequence[Column],
    header: _Cells,
    parts: Iterator[tuple[Shape, Sequence[Row[Any]]]],
    language: str | None,
) -> Iterator[bytes]:
    piece = io.StringIO()
    writer = csv.writer(piece)
    piece.write(BOM)
    writer.writerow(header)
    for shape, rows in parts:
        lines = _lines(gateway, columns, shape, rows)
        cells = [_cells(gateway, column, shape, rows, lines, language) for column in columns]
        writer.writerows(zip(*cells, strict=True))
        yield piece.getvalue().encode()
        piece.seek(0)
        piece.truncate()
    if piece.tell():
        yield piece.getvalue().encode()


def _lines(
    gateway: Gateway, columns: Sequence[Column], shape: Shape, rows: Sequence[Row[Any]]
) -> Mapping[str, Sequence[_Line]]:
    """The lines of a batch of rows by their name; one query for each name."""
    wanted = {column.lines.name: column.lines for column in columns if column.lines is not None}
    if not wanted:
        return {}
    place = next(at for at, field in enumerate(shape.fields) if field.name == "id")
    numbers = [row[place] for row in rows]
    found = {name: gateway.lines(lines, numbers) for name, lines in wanted.items()}
    return {name: [of_record[number] for number in numbers] for name, of_record in found.items()}


def _cells(
    gateway: Gateway,
    column: Column,
    shape: Shape,
    rows: Sequence[Row[Any]],
    lines: Mapping[str, Sequence[_Line]],
    language: str | None,
) -> Sequence[str]:
    """The cells of one column for a batch of rows."""
    if column.lines is not None:
        return _line_cells(gateway, column, lines[column.lines.name], language)
    position = shape.fields.index(column.field)
    if column.field.target is None:
        write = _writer(gateway, column.field, language)
        return [write(row[position]) for row in rows]
    numbers = [row[position] for row in rows]
    if column.by is not None:
        return _linked_cells(gateway, column, column.by, numbers, language)
    label = next(at for name, _, at in shape.links if name == column.field.name)
    write = _writer(gateway, column.field.target.label_field, language)
    return [_label(number, row[label], write) for number, row in zip(numbers, rows, strict=True)]


def _label(number: int | None, label: str | None, write: Callable[[Any], str]) -> str:
    """A link's label; its number where the record behind it is out of reach."""
    if number is None:
        return ""
    return str(number) if label is None else write(label)


def _linked_cells(
    gateway: Gateway, column: Column, by: Field, numbers: Sequence[int | None], language: str | None
) -> Sequence[str]:
    """A field of the records behind a link, as far as the actor reaches them; one query for the batch."""
    target = column.field.target
    assert target is not None
    write = _writer(gateway, by, language)
    wanted = {number for number in numbers if number is not None}
    values: Mapping[int, Any] = {}
    if wanted:
        table = target.table
        statement = select(table.c.id, by.column).where(table.c.id.in_(sorted(wanted)))
        scope = gateway.scope(target, table)
        rows = gateway.session.execute(statement if scope is None else statement.where(scope))
        values = {row[0]: row[1] for row in rows}
    return ["" if number is None else write(values.get(number)) for number in numbers]


def _line_cells(
    gateway: Gateway, column: Column, lines: Sequence[_Line], language: str | None
) -> Sequence[str]:
    name, at = column.field.name, column.position
    values = [of_record[at].get(name) if at < len(of_record) else None for of_record in lines]
    if column.field.target is None:
        write = _writer(gateway, column.field, language)
        return [write(value) for value in values]
    if column.by is not None:
        numbers = [None if value is None else value["id"] for value in values]
        return _linked_cells(gateway, column, column.by, numbers, language)
    write = _writer(gateway, column.field.target.label_field, language)
    return ["" if value is None else _label(value["id"], value["label"], write) for value in values]


def _writer(gateway: Gateway, field: Field, language: str | None) -> Callable[[Any], str]:
    return cell_writer(field.word, language=language, timezone=gateway.habits.timezone)
