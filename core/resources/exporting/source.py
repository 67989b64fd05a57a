"""The records that go out: chosen columns, and their values batch by batch from the gateway's stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sqlalchemy import func, select

from core.db.fields import Word
from core.i18n import speaking
from core.resources.cells import fold
from core.resources.columns import Column, columns_of, headers, read_column
from core.resources.declaration import Field, Resource
from core.resources.gateway import Gateway
from core.resources.places import Joins
from core.resources.query import Query
from core.resources.selection import Selection, Shape

#: The lines of one record.
_Line = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Values:
    """One column for a batch of records."""

    #: Of a link by its label the label; its number where the record behind it is out of reach.
    shown: Sequence[Any]
    #: The numbers of a link by its label; None for every other column.
    numbers: Sequence[int | None] | None = None


class Source:
    """Records of one resource as columns of values; what can be refused is refused when it is made."""

    def __init__(
        self,
        gateway: Gateway,
        resource: Resource,
        query: Query,
        names: Sequence[str] = (),
        *,
        on_rows: Callable[[int], None] | None = None,
    ) -> None:
        """Prepare the stream and read its first batch.

        Args:
            gateway: of the reader; its session must stay open until the end.
            resource: what goes out.
            query: its filter, search and order count; page and fields do not.
            names: columns (see `core.resources.columns`); every field without the lines when empty.
            on_rows: is told after each batch how many records are written.

        Raises:
            NotFound, Forbidden: the actor may not export this resource.
            UnknownField: a column, filter or order names a field that is not there or not for this reader.
            Invalid: a value or operator of the filter is not right.
        """
        gateway.require(resource, "export")
        self.gateway = gateway
        self.resource = resource
        self.columns = chosen_columns(gateway, resource, names)
        self._on_rows = on_rows
        needed = dict.fromkeys(column.field.name for column in self.columns if column.lines is None)
        if any(column.lines is not None for column in self.columns):
            needed["id"] = None
        parts = gateway.rows(resource, replace(query, fields=tuple(needed)))
        first = next(parts, None)
        self._parts = chain([first] if first else [], parts)

    @property
    def timezone(self) -> str:
        """The tenant's zone."""
        return self.gateway.habits.timezone

    def words(self) -> list[Word]:
        """What the values of each column mean."""
        return [_leaf(column).word for column in self.columns]

    def header(self, language: str | None) -> list[str]:
        """Names, or labels wherever the importer would know the column by its label alone."""
        if language is None:
            return [column.name for column in self.columns]
        known = headers(self.gateway.resolver, self.resource)
        with speaking(language):
            labels = [column.label for column in self.columns]
        return [
            label if known.get(fold(label)) == {column.name} else column.name
            for column, label in zip(self.columns, labels, strict=True)
        ]

    def batches(self) -> Iterator[list[Values]]:
        """The columns of some hundred records at a time; can be read once."""
        count = 0
        for shape, rows in self._parts:
            places = list(zip(*rows, strict=True))
            lines = self._lines(shape, places)
            yield [self._values(column, shape, places, lines) for column in self.columns]
            count += len(rows)
            if self._on_rows is not None:
                self._on_rows(count)

    def _lines(self, shape: Shape, places: Sequence[Sequence[Any]]) -> Mapping[str, Sequence[_Line]]:
        """The lines of a batch of records by their name; one query for each name."""
        wanted = {column.lines.name: column.lines for column in self.columns if column.lines is not None}
        if not wanted:
            return {}
        numbers = places[shape.names.index("id")]
        found = {name: self.gateway.lines(lines, numbers) for name, lines in wanted.items()}
        return {name: [of_record[number] for number in numbers] for name, of_record in found.items()}

    def _values(
        self,
        column: Column,
        shape: Shape,
        places: Sequence[Sequence[Any]],
        lines: Mapping[str, Sequence[_Line]],
    ) -> Values:
        if column.lines is not None:
            return self._line_values(column, lines[column.lines.name])
        position = shape.fields.index(column.field)
        values = places[position]
        if column.field.target is None:
            return Values(values)
        if column.by is not None:
            return Values(self._behind(column, column.by, values))
        label = next(at for name, _, at in shape.links if name == column.field.name)
        return _named(values, places[label])

    def _behind(self, column: Column, by: Field, numbers: Sequence[int | None]) -> Sequence[Any]:
        """A field of the records behind a link, as far as the actor reaches them; one query for the batch."""
        target = column.field.target
        assert target is not None
        wanted = {number for number in numbers if number is not None}
        if not wanted:
            return numbers
        table, joins = target.table, Joins(target.table)
        columns = (table.c.id, joins.value(by.place, table))
        statement = select(*columns).select_from(joins.joined).where(table.c.id.in_(sorted(wanted)))
        scope = self.gateway.scope(target, table)
        rows = self.gateway.session.execute(statement if scope is None else statement.where(scope))
        values: dict[int | None, Any] = {row[0]: row[1] for row in rows}
        return [values.get(number) for number in numbers]

    def _line_values(self, column: Column, lines: Sequence[_Line]) -> Values:
        name, at = column.field.name, column.position
        values = [of_record[at].get(name) if at < len(of_record) else None for of_record in lines]
        if column.field.target is None:
            return Values(values)
        numbers = [None if value is None else value["id"] for value in values]
        if column.by is not None:
            return Values(self._behind(column, column.by, numbers))
        return _named(numbers, [None if value is None else value["label"] for value in values])


def chosen_columns(gateway: Gateway, resource: Resource, names: Sequence[str]) -> list[Column]:
    """The columns called ``names``; every field without the lines when there are none.

    Raises:
        UnknownField: a name is no column of this reader.
    """
    if not names:
        return [each for each in columns_of(gateway.resolver, resource) if each.lines is None]
    return [read_column(gateway.resolver, resource, name) for name in dict.fromkeys(names)]


def count_records(gateway: Gateway, resource: Resource, query: Query, names: Sequence[str] = ()) -> int:
    """How many records a `Source` made of the same would give; refuses what it would refuse."""
    gateway.require(resource, "export")
    chosen_columns(gateway, resource, names)
    Selection(gateway, resource).sort(query.sort)
    exportable = gateway.scope(resource, resource.table, "export")
    statement = select(func.count()).select_from(resource.table).where(gateway.condition(resource, query))
    counted = statement if exportable is None else statement.where(exportable)
    return gateway.session.scalar(counted) or 0


def _leaf(column: Column) -> Field:
    """The field whose values stand in the cells."""
    if column.by is not None:
        return column.by
    return column.field if column.field.target is None else column.field.target.label_field


def _named(numbers: Sequence[int | None], labels: Sequence[Any]) -> Values:
    shown = [number if label is None else label for number, label in zip(numbers, labels, strict=True)]
    return Values(shown, numbers)
