"""What a statement selects: fields, the labels behind links, and an order, each table joined once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, and_, select

from core.db.fields import Kind
from core.errors import Invalid
from core.i18n import _l
from core.resources.conditions import Conditions, alias_of
from core.resources.cursors import Sorting
from core.resources.declaration import Field, LinesField, Resource
from core.resources.places import Joins
from core.resources.query import Order
from core.resources.resolver import Path, UnknownField


@dataclass(frozen=True)
class Shape:
    """Which position of a row holds which field; a link's label stands at a position of its own."""

    fields: tuple[Field, ...]
    #: ``(field name, position of its number, position of its label)`` of the links.
    links: tuple[tuple[str, int, int], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the fields in their order."""
        return tuple(field.name for field in self.fields)

    def record(self, row: Sequence[Any]) -> dict[str, Any]:
        """A row as ``{field name: value}``; links are ``{"id", "label"}``."""
        record = dict(zip(self.names, row, strict=False))
        for name, number, label in self.links:
            record[name] = None if row[number] is None else {"id": row[number], "label": row[label]}
        return record


class Selection:
    """A statement under construction: columns, and the records behind links within the actor's reach."""

    def __init__(self, conditions: Conditions, resource: Resource) -> None:
        self.conditions = conditions
        self.resource = resource
        self.table: Table = resource.table
        self.columns: list[ColumnElement[Any]] = []
        self.order: list[ColumnElement[Any]] = []
        self._wanted: list[ColumnElement[bool]] = []
        self._joins = Joins(resource.table)

    def fields(self, names: Sequence[str], *, of_page: bool = True) -> Shape:
        """Select fields, each link with its label; every visible field when none is named.

        Args:
            names: in this order.
            of_page: whether there will be few rows, those of a page.
        """
        resolver = self.conditions.resolver
        fields = tuple(resolver.field(self.resource, name) for name in names) or tuple(
            resolver.visible(self.resource)
        )
        self.columns += [
            field.place.looked_up(self.table) if of_page else self.value(field) for field in fields
        ]
        links: list[tuple[str, int, int]] = []
        for position, field in enumerate(fields):
            if field.target is not None:
                links.append((field.name, position, len(self.columns)))
                lies_beside = field.place.beside(self.table) is not None
                named = self._label_looked_up if of_page and lies_beside else self.label
                self.columns.append(named(field, self.table))
        return Shape(fields, tuple(links))

    def value(self, field: Field, table: FromClause | None = None) -> ColumnElement[Any]:
        """The value of a field for each row of ``table``, the resource's own where none is given."""
        return self._joins.value(field.place, self.table if table is None else table)

    def label(self, link: Field, table: FromClause) -> ColumnElement[Any]:
        """The name of the record behind a link; empty when it is out of reach."""
        assert link.target is not None
        return self.value(link.target.label_field, self.behind(link, table))

    def _label_looked_up(self, link: Field, table: FromClause) -> ColumnElement[Any]:
        """As `label` without a join; see `Place.looked_up`."""
        assert link.target is not None
        target = alias_of(link, table, "page")
        scope = self.conditions.scope(link.target, target)
        found = select(link.target.label_field.place.looked_up(target))
        wanted = found.where(target.c.id == link.place.looked_up(table))
        return (wanted if scope is None else wanted.where(scope)).correlate(table).scalar_subquery()

    def behind(self, link: Field, table: FromClause) -> FromClause:
        """The records behind a link as far as the actor reaches them; joined once however often asked for."""
        assert link.target is not None
        target = alias_of(link, table, "join")
        if target not in self._joins:
            on = target.c.id == self.value(link, table)
            scope = self.conditions.scope(link.target, target)
            self._joins.join(target, on if scope is None else and_(on, scope))
        return target

    def walk(self, path: Path) -> FromClause:
        """The table at the end of a path's links.

        Raises:
            UnknownField: the path leads through nested lines, of which there are many.
        """
        table: FromClause = self.table
        for step in path.steps:
            if isinstance(step, LinesField):
                raise UnknownField(path.name)
            table = self.behind(step, table)
        return table

    def sort(self, sort: Sequence[Order], *, filled: bool = False) -> list[Sorting]:
        """Order by fields, or as the resource does; the number comes last, so that the order is total.

        Args:
            sort: the first field counts most.
            filled: select only records with a value in the first field, which can be read in the order
                of an index; they are the first of all records in this order.

        Raises:
            Invalid: a field has no order.
        """
        orders = list(sort or (Order.read(each) for each in self.resource.sort))
        if not any(order.path == "id" for order in orders):
            orders.append(Order("id", orders[-1].descending if orders else False))
        sortings = [self._sorting(order) for order in orders]
        if filled:
            sortings[0] = replace(sortings[0], is_nullable=False)
            self._wanted.append(sortings[0].column.is_not(None))
        for each in sortings:
            ordered = each.column.desc() if each.order.descending else each.column.asc()
            self.order.append(ordered.nulls_last() if each.is_nullable else ordered)
        return sortings

    def _sorting(self, order: Order) -> Sorting:
        path = self.conditions.resolver.predicate(self.resource, order.path)
        if path.leaf.word.kind is Kind.TAGS:
            raise Invalid({"sort": [_l("A list cannot be sorted by “%(name)s”.", name=order.path)]})
        table = self.walk(path)
        field, nullable = path.leaf, bool(path.steps) or path.leaf.is_nullable
        if field.target is not None:
            table = self.behind(field, table)
            field, nullable = field.target.label_field, True
        return Sorting(order, field, self.sorted_by(field, table), nullable)

    def sorted_by(self, field: Field, table: FromClause) -> ColumnElement[Any]:
        """What a field is ordered by: its sort key where it has one."""
        place, key = field.place, field.word.sort_by
        return self._joins.value(place if key is None else place.companion(key), table)

    def statement(self, *conditions: ColumnElement[bool] | None) -> Select[Any]:
        """The statement so far, with conditions; None stands for no condition."""
        wanted = [*self._wanted, *(each for each in conditions if each is not None)]
        return select(*self.columns).select_from(self._joins.joined).where(*wanted).order_by(*self.order)
