"""Where the value of a field lies, and how a statement reads, compares and writes it there.

Everything that makes SQL of a field asks its place, so a field of another addon, whose values lie in a
table beside the record's own, is filtered, sorted, grouped, searched, imported and taken back as any.
A further kind of place is a further subclass of `Place`; nothing else has to know it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    ColumnDefault,
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from core.resources.declaration import Resource

#: A condition on a value.
Test = Callable[[ColumnElement[Any]], ColumnElement[bool]]


@dataclass(slots=True)
class Stored:
    """What a change writes: into the row of its record, and into rows of tables beside it."""

    own: dict[str, Any] = field(default_factory=dict)
    beside: dict[Table, dict[str, Any]] = field(default_factory=dict)


class Place(ABC):
    """Where the values of one field lie; one object, whichever edition of the resource asks."""

    #: What a stored row, as `stored_rows` gives it, calls the value; stable, and no other field's.
    key: str
    type: TypeEngine[Any]
    is_nullable: bool
    #: The column it is, if it is one.
    column: Column[Any] | None = None
    #: Whether no two records share a value.
    is_unique: bool = False
    #: Whether the database makes a value for a new record that brings none.
    is_made: bool = False

    @abstractmethod
    def default(self) -> Any:
        """What a new record holds unless its input says otherwise; None for nothing."""

    @abstractmethod
    def value(self, table: FromClause) -> ColumnElement[Any]:
        """The value for each row of ``table``, in a statement that has joined `beside` to it."""

    def beside(self, table: FromClause) -> FromClause | None:
        """What has to be joined to ``table`` by its ``id`` for `value`; None for nothing."""
        return None

    def looked_up(self, table: FromClause) -> ColumnElement[Any]:
        """The value for each row of ``table`` without a join; the better way for the rows of a page.

        Each join doubles what the planner thinks about, and a page has few rows to look up.
        """
        return self.value(table)

    def holds(self, table: FromClause, test: Test) -> ColumnElement[bool]:
        """Whether the value for a row of ``table`` passes a test that no empty value passes.

        Needs no join. For tests that empty values do pass, negate the opposite test.
        """
        return test(self.value(table))

    @abstractmethod
    def companion(self, name: str) -> Place:
        """Where a key that is kept beside the value lies: its order, what it is recognised by."""

    @abstractmethod
    def put(self, stored: Stored, value: Any) -> None:
        """Let a change write ``value``."""


@dataclass(frozen=True, eq=False)
class OwnColumn(Place):
    """A column of the record's own table."""

    column: Column[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.column.name)
        object.__setattr__(self, "type", self.column.type)
        object.__setattr__(self, "is_nullable", bool(self.column.nullable))
        object.__setattr__(self, "is_unique", bool(self.column.unique))
        object.__setattr__(self, "is_made", self.column.server_default is not None)

    def default(self) -> Any:
        """See `Place.default`."""
        return default_of(self.column)

    def value(self, table: FromClause) -> ColumnElement[Any]:
        """See `Place.value`."""
        return table.c[self.column.name]

    def companion(self, name: str) -> Place:
        """See `Place.companion`."""
        return OwnColumn(self.column.table.c[name])

    def put(self, stored: Stored, value: Any) -> None:
        """See `Place.put`."""
        stored.own[self.column.name] = value


@dataclass(frozen=True, eq=False)
class SideColumn(Place):
    """A column of a table beside the record's own, which has a row for some records and none for others.

    A record without a row holds the default of the column.
    """

    column: Column[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.column.table.name}.{self.column.name}")
        object.__setattr__(self, "type", self.column.type)
        object.__setattr__(self, "is_nullable", bool(self.column.nullable))
        object.__setattr__(self, "is_unique", bool(self.column.unique))

    @property
    def table(self) -> Table:
        """The table it is a column of; its key ``id`` is the record's."""
        table = self.column.table
        assert isinstance(table, Table), table
        return table

    def default(self) -> Any:
        """See `Place.default`."""
        return default_of(self.column)

    def value(self, table: FromClause) -> ColumnElement[Any]:
        """See `Place.value`."""
        side = _beside(self.table, table, "join")
        return self._or_default(side.c[self.column.name], side.c.id.is_(None))

    def beside(self, table: FromClause) -> FromClause | None:
        """See `Place.beside`."""
        return _beside(self.table, table, "join")

    def looked_up(self, table: FromClause) -> ColumnElement[Any]:
        """See `Place.looked_up`."""
        side = _beside(self.table, table, "page")
        there = side.c.id == table.c.id
        value = select(side.c[self.column.name]).where(there).correlate(table).scalar_subquery()
        return self._or_default(value, ~exists().where(there).correlate(table))

    def _or_default(self, value: ColumnElement[Any], is_missing: ColumnElement[bool]) -> ColumnElement[Any]:
        default = self.default()
        if default is None:
            return value
        if not self.is_nullable:
            return func.coalesce(value, literal(default, self.type), type_=self.type)
        return case((is_missing, literal(default, self.type)), else_=value)

    def holds(self, table: FromClause, test: Test) -> ColumnElement[bool]:
        """See `Place.holds`; a condition on the rows there are, so that an index on them can answer it."""
        side = _beside(self.table, table, "condition")
        there = side.c.id == table.c.id
        found = exists().where(there, test(side.c[self.column.name]))
        default = self.default()
        if default is None:
            return found
        return or_(found, and_(test(literal(default, self.type)), ~exists().where(there)))

    def companion(self, name: str) -> Place:
        """See `Place.companion`."""
        return SideColumn(self.table.c[name])

    def put(self, stored: Stored, value: Any) -> None:
        """See `Place.put`."""
        stored.beside.setdefault(self.table, {})[self.column.name] = value


class Joins:
    """A table in a statement, and what stands beside it as far as it is asked for; each joined once."""

    def __init__(self, table: FromClause) -> None:
        self.joined = table
        self._there: set[FromClause] = set()

    def value(self, place: Place, table: FromClause) -> ColumnElement[Any]:
        """A value for each row of ``table``, which is in the statement already."""
        beside = place.beside(table)
        if beside is not None:
            self.join(beside, beside.c.id == table.c.id)
        return place.value(table)

    def join(self, other: FromClause, on: ColumnElement[bool]) -> None:
        """Put the rows of ``other`` beside those they belong to; the second time nothing happens."""
        if other not in self._there:
            self.joined = self.joined.outerjoin(other, on)
            self._there.add(other)

    def __contains__(self, other: FromClause) -> bool:
        return other in self._there


def stored_rows(resource: Resource) -> Select[Any]:
    """Whole rows of a resource as they are stored: its columns by name, what lies beside by `Place.key`."""
    joins = Joins(resource.table)
    further = [
        joins.value(each.place, resource.table).label(each.key)
        for each in resource.fields.values()
        if each.place.beside(resource.table) is not None
    ]
    return select(resource.table, *further).select_from(joins.joined)


def default_of(column: Column[Any]) -> Any:
    """What a column holds in a new row that does not name it, where that is worked out here; else None."""
    default = column.default
    if not isinstance(default, ColumnDefault):
        return None
    return default.arg(None) if default.is_callable else default.arg


@lru_cache(maxsize=4096)
def _beside(side: Table, table: FromClause, use: str) -> FromClause:
    """The name under which a side table, taken from ``table``, stands in statements.

    Each ``use`` has its own: a condition on a table that is joined already would become one on that join.
    """
    assert use in ("join", "page", "condition")
    return side.alias()
