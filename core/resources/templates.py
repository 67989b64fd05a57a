"""Statements of lists, counts and records, worked out once for all readers of a kind.

What a statement looks like depends on the resource, the fields, the form of the filter and the kind of
reader. What differs from reader to reader and from request to request is left open in it: his units
and number, what the filter compares with, the page.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Result,
    Select,
    bindparam,
    func,
    literal,
    select,
    text,
)

from core.db.prepared import Prepared
from core.resources.conditions import Conditions, names_archived
from core.resources.cursors import Sorting
from core.resources.declaration import LinesField, Resource
from core.resources.query import Query
from core.resources.selection import Selection, Shape

#: A template takes about 50 kB; when there are so many, all are worked out anew.
MAX_TEMPLATES: Final = 400
_templates: dict[tuple[Any, ...], Template] = {}


@dataclass(frozen=True, slots=True)
class Template:
    """A statement worked out once for all actors of a kind, and how to read its rows."""

    statement: Select[Any]
    shape: Shape
    sortings: tuple[Sorting, ...] = ()
    #: Whether it leaves out the records without a value in the first field of the order.
    filled: bool = False
    #: Nested lines, each a column of JSON behind the version.
    nested: tuple[tuple[LinesField, Shape], ...] = ()
    #: The statement made ready, where only values differ from request to request.
    prepared: Prepared | None = None


class Templates(Conditions):
    """The templates for readers of one kind, run with what one of them brings."""

    def _list_template(
        self, resource: Resource, query: Query, form: Hashable = None, *, filled: bool = False
    ) -> Template:
        """What selects a page: its filter and paging are open parameters where a ``form`` is given.

        ``filled`` as for `Selection.sort`.
        """

        def build(conditions: Conditions) -> Template:
            selection = Selection(conditions, resource)
            shape = selection.fields(query.fields)
            sortings = tuple(selection.sort(query.sort, filled=filled))
            selection.columns += [each.column for each in sortings]
            statement = selection.statement(*conditions.standing(resource, archived))
            if form is None:
                return Template(statement, shape, sortings, filled)
            asked = conditions.compile(query.where, resource, resource.table)
            paged = statement.where(asked).limit(_open("limit")).offset(_open("offset"))
            return Template(paged, shape, sortings, filled, prepared=self._prepare(paged))

        archived = names_archived(query)
        return self._template(("list", resource, query.fields, query.sort, archived, form, filled), build)

    def _count_template(self, resource: Resource, query: Query, form: Hashable, *, bounded: bool) -> Template:
        """What counts the records of a filter; to an open ``limit`` where it is ``bounded``."""

        def build(conditions: Conditions) -> Template:
            asked = conditions.compile(query.where, resource, resource.table)
            wanted = (*conditions.standing(resource, archived), asked)
            counted = select(func.count()).select_from(resource.table).where(*wanted)
            if bounded:
                some = select(literal(1)).select_from(resource.table).where(*wanted).limit(_open("limit"))
                counted = select(func.count()).select_from(some.subquery())
            return Template(counted, Shape((), ()), prepared=self._prepare(counted))

        archived = names_archived(query)
        return self._template(("count", resource, archived, form, bounded), build)

    def _record_template(self, resource: Resource, fields: tuple[str, ...]) -> Template:
        def build(conditions: Conditions) -> Template:
            plain = tuple(name for name in fields if name not in resource.lines_fields)
            wanted = [lines for name, lines in resource.lines_fields.items() if not fields or name in fields]
            selection = Selection(conditions, resource)
            shape = selection.fields(plain or (("id",) if fields else ()))
            nested = [(lines, *_nested(conditions, lines)) for lines in wanted]
            selection.columns += [resource.table.c.version, *(rows for _each, _shape, rows in nested)]
            is_it = resource.table.c.id == _open("record_id")
            statement = selection.statement(is_it, conditions.scope(resource, resource.table))
            shapes = tuple((lines, shape) for lines, shape, _rows in nested)
            return Template(statement, shape, nested=shapes, prepared=self._prepare(statement))

        return self._template(("record", resource, fields), build)

    def _template(self, key: tuple[Any, ...], build: Callable[[Conditions], Template]) -> Template:
        """The template for actors of this kind; everything the resolver and the scopes ask is in the key."""
        full = (self.actor.kind, self.actor.is_administrator, *key)
        found = _templates.get(full)
        if found is None:
            if len(_templates) >= MAX_TEMPLATES:
                _templates.clear()
            named = Conditions(self.session, self.actor, self.resolver, named=True)
            found = _templates[full] = build(named)
        return found

    def _prepare(self, statement: Select[Any]) -> Prepared:
        return Prepared(statement, self.session.connection().dialect)

    def _rows(self, template: Template, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """All rows of a prepared template for this actor."""
        assert template.prepared is not None
        return template.prepared.rows(self.session.connection(), {**self.scope_values, **values})

    def _execute(self, statement: Select[Any]) -> Result[Any]:
        """Rows of a statement, past the session's object loading, which these reads do not use."""
        return self.session.connection().execute(statement, self.scope_values)


def _open(name: str) -> BindParameter[Any]:
    """A parameter each request fills; without it the statement fails."""
    return bindparam(name, type_=BigInteger(), required=True)


def lines_of(conditions: Conditions, lines: LinesField) -> tuple[Selection, Shape]:
    """The visible fields of nested lines, in their order."""
    names = tuple(
        field.name
        for field in conditions.resolver.visible(lines.target)
        if field is not lines.via and (field.name == "id" or not field.word.readonly)
    )
    selection = Selection(conditions, lines.target)
    shape = selection.fields(names)
    selection.order.append(lines.target.table.c.id)
    return selection, shape


def _nested(conditions: Conditions, lines: LinesField) -> tuple[Shape, ColumnElement[Any]]:
    """The nested lines of each record as a column of JSON, so that a record is one statement."""
    selection, shape = lines_of(conditions, lines)
    here = lines.resource.table.c.id
    inner = selection.statement(lines.back == here).correlate(lines.resource.table).subquery()
    rows = select(func.coalesce(func.json_agg(func.json_build_array(*inner.c)), text("'[]'::json")))
    return shape, rows.scalar_subquery()
