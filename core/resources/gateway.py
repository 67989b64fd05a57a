"""The scoped gateway: the one way to read records, behind every list, lookup, export and job.

Whatever is asked, only records within the actor's scope answer, only fields the resolver opens are
selected or compared, and a link to a record out of reach shows its number without its name.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, Final

import orjson
from marshmallow import ValidationError
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Join,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.policy import Policy
from core.db.fields import Kind
from core.db.session import tenant_of
from core.errors import Forbidden, Invalid, Malformed, NotFound
from core.i18n import _l
from core.resources.declaration import Field, LinesField, Resource
from core.resources.filters import MAX_VALUES, OPERATORS, All, AnyOf, Condition, Node, Not, conditions
from core.resources.query import Order, Query
from core.resources.resolver import Answer, Path, Resolver, UnknownField
from core.resources.values import Habits, first_message, reader_of

#: How a bucket of days is written; the keys are what ``group=`` takes behind the colon.
BUCKETS: Final[Mapping[str, str]] = {
    "day": "YYYY-MM-DD",
    "week": 'IYYY-"W"IW',
    "month": "YYYY-MM",
    "quarter": 'YYYY-"Q"Q',
    "year": "YYYY",
}
MEASURES: Final = ("sum", "avg", "min", "max")
MAX_GROUPS: Final = 10_000
_DAYS: Final = (Kind.DAY, Kind.INSTANT)


@dataclass(frozen=True, slots=True)
class Shape:
    """Which position of a row holds which field; a link's label stands at a position of its own."""

    fields: tuple[Field, ...]
    #: ``(field name, position of its number, position of its label)`` of the links.
    links: tuple[tuple[str, int, int], ...]

    def record(self, row: Row[Any]) -> dict[str, Any]:
        """A row as ``{field name: value}``; links are ``{"id", "label"}``."""
        record = {field.name: row[position] for position, field in enumerate(self.fields)}
        for name, number, label in self.links:
            record[name] = None if row[number] is None else {"id": row[number], "label": row[label]}
        return record


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    shape: Shape
    rows: Sequence[Row[Any]]
    #: None when the count was not asked for.
    total: int | None
    #: Where the next page begins; None at the end.
    next_cursor: str | None

    def records(self) -> list[dict[str, Any]]:
        """The rows as records."""
        return [self.shape.record(row) for row in self.rows]


@dataclass(slots=True)
class _Sorting:
    """A column to sort by, with what a cursor needs to know of it."""

    order: Order
    field: Field
    column: ColumnElement[Any]
    is_nullable: bool


class Gateway:
    """Reads for one actor in one session."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self.session = session
        self.actor = actor
        self.resolver = Resolver(actor)

    @cached_property
    def habits(self) -> Habits:
        """How values of filters are read in this tenant."""
        return Habits.of(tenant_of(self.session))

    # Scope

    def scope(self, resource: Resource, table: FromClause, verb: str = "read") -> ColumnElement[bool] | None:
        """The condition that keeps to what the actor reaches; None for everything."""
        if resource.is_nested:
            return None
        own = Policy(self.actor, resource.name, verb, resource.is_owned).predicate(table)
        if (
            own is None
            or verb != "read"
            or not resource.readable_through
            or not self.actor.may(resource.name, verb)
        ):
            return own
        link = resource.fields[resource.readable_through]
        return or_(own, self._reachable(link, table, lambda _: true()))

    def require(self, resource: Resource, verb: str) -> None:
        """Let only those pass who may do ``verb`` with some record of ``resource``.

        Raises:
            NotFound: they may not even read it.
            Forbidden: they may read it but not do this.
        """
        if not self.actor.may(resource.name, "read"):
            raise NotFound
        if not self.actor.may(resource.name, verb):
            raise Forbidden

    # Records

    def page(self, resource: Resource, query: Query) -> Page:
        """One page of the records that match ``query``.

        Raises:
            NotFound: the actor may not read the resource.
            UnknownField: a field is not there or not for this reader.
            Invalid: a value, operator or cursor is not right.
        """
        self.require(resource, "read")
        table = resource.table
        shape, statement = self._select(resource, query.fields)
        condition = self.condition(resource, query)
        statement, sortings = self._sorted(resource, statement, query.sort)
        width = len(statement.selected_columns)
        statement = statement.add_columns(*(each.column for each in sortings)).where(condition)
        if query.cursor is not None:
            statement = statement.where(_after(sortings, _read_cursor(query.cursor, sortings)))
        elif query.page > 1:
            statement = statement.offset((query.page - 1) * query.per_page)
        rows = self.session.execute(statement.limit(query.per_page + 1)).all()
        next_cursor = None
        if len(rows) > query.per_page:
            rows = rows[: query.per_page]
            next_cursor = _write_cursor(sortings, rows[-1][width:])
        total = None
        if query.count:
            if query.page == 1 and query.cursor is None and next_cursor is None:
                total = len(rows)
            else:
                total = self.session.scalar(select(func.count()).select_from(table).where(condition)) or 0
        return Page(shape, rows, total, next_cursor)

    def get(self, resource: Resource, record_id: int, fields: Sequence[str] = ()) -> dict[str, Any]:
        """One record with its nested lines, and ``version`` besides its fields.

        Raises:
            NotFound: it is not there or not within reach.
        """
        self.require(resource, "read")
        plain = tuple(name for name in fields if name not in resource.lines_fields)
        shape, statement = self._select(resource, plain or (("id",) if fields else ()))
        scope = self.scope(resource, resource.table)
        statement = statement.add_columns(resource.table.c.version).where(resource.table.c.id == record_id)
        row = self.session.execute(statement if scope is None else statement.where(scope)).first()
        if row is None:
            raise NotFound
        record = shape.record(row)
        record["version"] = row[-1]
        for name, lines in resource.lines_fields.items():
            if not fields or name in fields:
                record[name] = self.lines(lines, [record_id])[record_id]
        return record

    def lines(self, lines: LinesField, record_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """The nested lines of some records the actor reaches: ``{record id: lines in their order}``."""
        names = tuple(
            field.name
            for field in self.resolver.visible(lines.target)
            if field is not lines.via and (field.name == "id" or not field.word.readonly)
        )
        shape, statement = self._select(lines.target, names)
        via = lines.target.table.c[lines.via.column.name]
        statement = statement.add_columns(via).where(via.in_(record_ids)).order_by(lines.target.table.c.id)
        found: dict[int, list[dict[str, Any]]] = {record_id: [] for record_id in record_ids}
        for row in self.session.execute(statement):
            found[row[-1]].append(shape.record(row))
        return found

    def rows(
        self, resource: Resource, query: Query, batch: int = 2000
    ) -> Iterator[tuple[Shape, Sequence[Row[Any]]]]:
        """All matching records, streamed in batches through a server-side cursor."""
        self.require(resource, "read")
        shape, statement = self._select(resource, query.fields)
        statement, _ = self._sorted(resource, statement, query.sort)
        statement = statement.where(self.condition(resource, query))
        result = self.session.execute(statement, execution_options={"yield_per": batch})
        for part in result.partitions():
            yield shape, part

    def locked(self, resource: Resource, record_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
        """The stored rows of some records within reach, locked until the transaction ends."""
        table = resource.table
        statement = select(table).where(table.c.id.in_(record_ids)).order_by(table.c.id)
        scope = self.scope(resource, table)
        if scope is not None:
            statement = statement.where(scope)
        rows = self.session.execute(statement.with_for_update(of=table)).mappings()
        return {row["id"]: row for row in rows}

    def reached(self, resource: Resource, record_ids: Iterable[int]) -> set[int]:
        """Which of some records are there and within reach."""
        table = resource.table
        statement = select(table.c.id).where(table.c.id.in_(sorted(set(record_ids))))
        scope = self.scope(resource, table)
        return set(self.session.scalars(statement if scope is None else statement.where(scope)))

    def lookup(self, resource: Resource, q: str, limit: int = 20) -> list[dict[str, Any]]:
        """Records to choose from while typing: ``{"id", "label", "hint"}``, names that begin with ``q`` first."""
        self.require(resource, "read")
        label = self.resolver.field(resource, resource.label)
        names = tuple(dict.fromkeys(("id", label.name, *resource.subtitle)))
        shape, statement = self._select(resource, names)
        order: list[ColumnElement[Any]] = [_sort_column(label, resource.table)]
        if q:
            starts = label.column.istartswith(q, autoescape=True)
            order.insert(0, case((starts, 0), else_=1))
        statement = statement.where(self.condition(resource, Query(q=q))).order_by(*order).limit(limit)
        found = []
        for row in self.session.execute(statement):
            record = shape.record(row)
            hints = [record[name] for name in resource.subtitle if record.get(name)]
            shown = [each["label"] if isinstance(each, dict) else str(each) for each in hints]
            found.append(
                {"id": record["id"], "label": record[label.name], "hint": " · ".join(filter(None, shown))}
            )
        return found

    def labels(self, resource: Resource, record_ids: Iterable[int]) -> dict[int, str]:
        """The names of some records, as far as they are within reach."""
        table, label = resource.table, self.resolver.field(resource, resource.label)
        statement = select(table.c.id, label.column).where(table.c.id.in_(sorted(set(record_ids))))
        scope = self.scope(resource, table)
        return dict(self.session.execute(statement if scope is None else statement.where(scope)).all())

    def suggestions(self, resource: Resource, name: str, q: str, limit: int = 20) -> list[str]:
        """Values already in use for a pick or tags field, within the actor's reach."""
        self.require(resource, "read")
        field = self.resolver.predicate(resource, name).leaf
        value = func.unnest(field.column) if field.word.kind is Kind.TAGS else field.column
        inner = select(value.label("value")).select_from(resource.table)
        scope = self.scope(resource, resource.table)
        values = (inner if scope is None else inner.where(scope)).subquery()
        statement = select(values.c.value).where(values.c.value.is_not(None)).group_by(values.c.value)
        if q:
            statement = statement.where(cast(values.c.value, String).icontains(q, autoescape=True))
        return list(
            self.session.scalars(statement.order_by(func.count().desc(), values.c.value).limit(limit))
        )

    def aggregate(
        self, resource: Resource, query: Query, groups: Sequence[str], measures: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Group and measure matching records.

        Args:
            resource: what to read.
            query: its filter and search count, the rest does not.
            groups: ``stage``, ``customer.city`` or ``created_at:month`` (day, week, month, quarter, year).
            measures: ``count`` or ``employees:sum`` (sum, avg, min, max).

        Returns:
            One mapping a group, with the given names as keys; a link is ``{"id", "label"}``.
        """
        self.require(resource, "read")
        columns: list[ColumnElement[Any]] = []
        linked: dict[str, tuple[int, int]] = {}
        statement: Select[Any] = select().select_from(resource.table)
        for name in groups:
            path, _, bucket = name.partition(":")
            found = self.resolver.predicate(resource, path)
            statement, table = self._walk(statement, found, resource.table)
            column = table.c[found.leaf.column.name]
            if bucket or found.leaf.word.kind is Kind.INSTANT:
                column = self._bucket(found.leaf, column, bucket or "day", name)
            columns.append(column)
            if found.leaf.target is not None:
                target = found.leaf.target
                statement, alias = self._joined(statement, found.leaf, table)
                linked[name] = (len(columns) - 1, len(columns))
                columns.append(alias.c[target.label_field.column.name])
        measured = [self._measure(resource, name) for name in measures]
        statement = statement.add_columns(*columns, *measured).where(self.condition(resource, query))
        if columns:
            statement = statement.group_by(*columns).order_by(*columns)
        rows = self.session.execute(statement.limit(MAX_GROUPS)).all()
        places: dict[str, int] = {}
        at = 0
        for name in groups:
            places[name] = at
            at += 2 if name in linked else 1
        answers = []
        for row in rows:
            answer: dict[str, Any] = {}
            for name in groups:
                value = row[places[name]]
                if name in linked and value is not None:
                    value = {"id": value, "label": row[linked[name][1]]}
                answer[name] = value
            answer.update({name: row[at + number] for number, name in enumerate(measures)})
            answers.append(answer)
        return answers

    # Conditions

    def condition(self, resource: Resource, query: Query) -> ColumnElement[bool]:
        """Scope, filter and search as one condition; archived records only where the filter asks for them."""
        table = resource.table
        parts: list[ColumnElement[bool]] = []
        scope = self.scope(resource, table)
        if scope is not None:
            parts.append(scope)
        if "archived_at" in table.c and not any(
            each.path == "archived_at" for each in conditions(query.where)
        ):
            parts.append(table.c.archived_at.is_(None))
        if query.where != All():
            parts.append(self.compile(query.where, resource, table))
        if query.q:
            parts.append(self._search(resource, table, query.q))
        return and_(*parts) if parts else true()

    def compile(self, node: Node, resource: Resource, table: FromClause) -> ColumnElement[bool]:
        """A filter tree as SQL on ``table``."""
        match node:
            case All(parts):
                return and_(true(), *(self.compile(part, resource, table) for part in parts))
            case AnyOf(parts):
                return or_(false(), *(self.compile(part, resource, table) for part in parts))
            case Not(part):
                return not_(func.coalesce(self.compile(part, resource, table), false()))
            case Condition():
                path = self.resolver.predicate(resource, node.path)
                return self._along(path.steps, path, node, table)

    def _along(
        self, steps: Sequence[Field | LinesField], path: Path, condition: Condition, table: FromClause
    ) -> ColumnElement[bool]:
        if not steps:
            return self._test(path, condition, table)
        if condition.op == "isnull" and self._truth(condition):
            wanted = Condition(condition.path, "isnull", False)
            return not_(self._along(steps, path, wanted, table))
        step, *rest = steps
        if isinstance(step, LinesField):
            target = _alias(step, table, "exists")
            inner = self._along(rest, path, condition, target)
            return exists().where(target.c[step.via.column.name] == table.c.id, inner)
        return self._reachable(step, table, lambda target: self._along(rest, path, condition, target))

    def _reachable(
        self, link: Field, table: FromClause, condition: Callable[[FromClause], ColumnElement[bool]]
    ) -> ColumnElement[bool]:
        """Whether the record behind ``link`` is within reach and fulfils ``condition``."""
        assert link.target is not None
        target = _alias(link, table, "exists")
        scope = self.scope(link.target, target)
        reached = [] if scope is None else [scope]
        return exists().where(target.c.id == table.c[link.column.name], *reached, condition(target))

    def _test(self, path: Path, condition: Condition, table: FromClause) -> ColumnElement[bool]:
        field, op = path.leaf, condition.op
        kind = field.word.kind
        if op not in OPERATORS[kind]:
            known = ", ".join(OPERATORS[kind])
            raise Invalid(
                {
                    path.name: [
                        _l("“%(op)s” does not fit this field; there are %(known)s.", op=op, known=known)
                    ]
                }
            )
        column = table.c[field.column.name]
        if op == "isnull":
            empty = column == [] if kind is Kind.TAGS else column.is_(None)
            return empty if self._truth(condition) else not_(empty)
        if op == "in":
            values = self._values(path, condition)
            if kind is Kind.TAGS:
                return _tags(column).overlap(values)
            return column.in_(values) if values else false()
        if kind is Kind.TAGS:
            return _tags(column).contains([self._text(condition)])
        if op in ("contains", "startswith"):
            text = self._text(condition)
            if kind is Kind.PHONE:
                text = "".join(each for each in text if each.isdigit() or each == "+")
            return (
                column.icontains(text, autoescape=True)
                if op == "contains"
                else column.istartswith(text, autoescape=True)
            )
        if condition.value is None and op in ("eq", "ne"):
            return column.is_(None) if op == "eq" else column.is_not(None)
        value = self._value(path, condition.value)
        if op == "ne":
            return column.is_distinct_from(value)
        return {
            "eq": column.__eq__, "gt": column.__gt__, "gte": column.__ge__, "lt": column.__lt__, "lte": column.__le__,
        }[op](value)  # fmt: skip

    def _value(self, path: Path, value: Any) -> Any:
        field = path.leaf
        try:
            if field.word.kind is Kind.INTEGER and field.name == "id":
                return _key(value)
            if field.word.kind is Kind.LINK and value == "me":
                return self.actor.user_id
            return reader_of(field.word, self.habits).deserialize(value)
        except ValidationError as error:
            raise Invalid({path.name: [first_message(error)]}) from None

    def _values(self, path: Path, condition: Condition) -> list[Any]:
        values = condition.value
        if not isinstance(values, list | tuple) or len(values) > MAX_VALUES:
            raise Invalid({path.name: [_l("“in” takes a list of at most 1000 values.")]})
        if path.leaf.word.kind is Kind.TAGS:
            return [self._text(Condition(condition.path, condition.op, value)) for value in values]
        return [self._value(path, value) for value in values]

    def _text(self, condition: Condition) -> str:
        if not isinstance(condition.value, str) or "\x00" in condition.value:
            raise Invalid({condition.path: [_l("This must be text.")]})
        return condition.value

    def _truth(self, condition: Condition) -> bool:
        known = {"true": True, "1": True, "false": False, "0": False}.get(str(condition.value).lower())
        if known is None:
            raise Invalid({condition.path: [_l("Write true or false.")]})
        return known

    def _search(self, resource: Resource, table: FromClause, q: str) -> ColumnElement[bool]:
        """Every word somewhere in the fields the quick search looks at."""
        fields = [
            field
            for field in resource.fields.values()
            if field.word.search and self.resolver.answer(field) is Answer.OPEN
        ]
        words = q.replace("\x00", "").split()
        return and_(
            true(),
            *(
                or_(
                    false(),
                    *(table.c[field.column.name].icontains(word, autoescape=True) for field in fields),
                )
                for word in words
            ),
        )

    # Statements

    def _select(self, resource: Resource, names: Sequence[str]) -> tuple[Shape, Select[Any]]:
        """Select fields of ``resource``, each link with its label joined within reach."""
        table = resource.table
        fields = tuple(self.resolver.field(resource, name) for name in names) or tuple(
            self.resolver.visible(resource)
        )
        statement: Select[Any] = select(*(field.column for field in fields)).select_from(table)
        links: list[tuple[str, int, int]] = []
        for position, field in enumerate(fields):
            if field.target is not None:
                statement, alias = self._joined(statement, field, table)
                links.append((field.name, position, len(fields) + len(links)))
                statement = statement.add_columns(alias.c[field.target.label_field.column.name])
        return Shape(fields, tuple(links)), statement

    def _joined(
        self, statement: Select[Any], link: Field, table: FromClause
    ) -> tuple[Select[Any], FromClause]:
        """Join the record behind a link, as far as the actor reaches it; once however often it is asked for."""
        assert link.target is not None
        target = _alias(link, table, "join")
        if _is_joined(statement, target):
            return statement, target
        on = target.c.id == table.c[link.column.name]
        scope = self.scope(link.target, target)
        return statement.outerjoin(target, on if scope is None else and_(on, scope)), target

    def _walk(self, statement: Select[Any], path: Path, table: FromClause) -> tuple[Select[Any], FromClause]:
        for step in path.steps:
            if isinstance(step, LinesField):
                raise UnknownField(path.name)
            statement, table = self._joined(statement, step, table)
        return statement, table

    def _sorted(
        self, resource: Resource, statement: Select[Any], sort: Sequence[Order]
    ) -> tuple[Select[Any], list[_Sorting]]:
        orders = list(sort or (Order.read(each) for each in resource.sort))
        if not any(order.path == "id" for order in orders):
            orders.append(Order("id", orders[-1].descending if orders else False))
        sortings: list[_Sorting] = []
        for order in orders:
            path = self.resolver.predicate(resource, order.path)
            if path.leaf.word.kind is Kind.TAGS:
                raise Invalid({"sort": [_l("A list cannot be sorted by “%(name)s”.", name=order.path)]})
            statement, table = self._walk(statement, path, resource.table)
            field, nullable = path.leaf, bool(path.steps) or bool(path.leaf.column.nullable)
            if field.target is not None:
                statement, table = self._joined(statement, field, table)
                field, nullable = field.target.label_field, True
            sortings.append(_Sorting(order, field, _sort_column(field, table), nullable))
        for each in sortings:
            ordered = each.column.desc() if each.order.descending else each.column.asc()
            statement = statement.order_by(ordered.nulls_last() if each.is_nullable else ordered)
        return statement, sortings

    def _bucket(self, field: Field, column: ColumnElement[Any], bucket: str, name: str) -> ColumnElement[Any]:
        if field.word.kind not in _DAYS or bucket not in BUCKETS:
            raise Invalid(
                {
                    "group": [
                        _l(
                            "“%(name)s” cannot be grouped; there are %(known)s.",
                            name=name,
                            known=", ".join(BUCKETS),
                        )
                    ]
                }
            )
        if field.word.kind is Kind.INSTANT:
            column = func.timezone(self.habits.timezone, column)
        return func.to_char(column, BUCKETS[bucket])

    def _measure(self, resource: Resource, name: str) -> ColumnElement[Any]:
        if name == "count":
            return func.count()
        path, _, measure = name.partition(":")
        found = self.resolver.predicate(resource, path)
        kinds = (Kind.INTEGER, *_DAYS) if measure in ("min", "max") else (Kind.INTEGER,)
        if found.steps or measure not in MEASURES or found.leaf.word.kind not in kinds:
            raise Invalid({"measures": [_l("“%(name)s” cannot be measured.", name=name)]})
        return getattr(func, measure)(found.leaf.column)  # type: ignore[no-any-return]


def _is_joined(statement: Select[Any], target: FromClause) -> bool:
    for source in statement.get_final_froms():
        while isinstance(source, Join):
            if source.right is target:
                return True
            source = source.left
    return False


@lru_cache(maxsize=4096)
def _alias(step: Field | LinesField, table: FromClause, use: str) -> FromClause:
    """The name under which the table behind ``step``, taken from ``table``, stands in statements.

    Making an alias copies all columns, so each is made once. Joins and conditions have their own:
    a condition on a table that is joined already must not be taken for a condition on that join.
    """
    assert step.target is not None, use
    return step.target.table.alias()


def _key(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError([_l("“%(value)s” is no whole number.", value=text[:40])])
    return int(text)


def _tags(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column of tags with PostgreSQL's own operators."""
    return type_coerce(column, ARRAY(String))


def _sort_column(field: Field, table: FromClause) -> ColumnElement[Any]:
    return table.c[field.word.sort_by or field.column.name]


# Cursors: the sort values of the last row, so that the next page begins behind it


def _write_cursor(sortings: Sequence[_Sorting], values: Sequence[Any]) -> str:
    written = orjson.dumps([",".join(str(each.order) for each in sortings), *values])
    return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


def _read_cursor(cursor: str, sortings: Sequence[_Sorting]) -> list[Any]:
    try:
        sort, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if sort != ",".join(str(each.order) for each in sortings) or len(values) != len(sortings):
            raise ValueError
        return [_cursor_value(each, value) for each, value in zip(sortings, values, strict=True)]
    except (ValueError, TypeError):
        raise Malformed(reason=_l("the cursor does not belong to this list")) from None


def _cursor_value(sorting: _Sorting, value: Any) -> Any:
    kind = sorting.field.word.kind
    if value is None and sorting.is_nullable:
        return None
    if kind is Kind.INSTANT:
        return datetime.fromisoformat(value)
    if kind is Kind.DAY:
        return date.fromisoformat(value)
    expected: type = {Kind.INTEGER: int, Kind.LINK: int, Kind.FLAG: bool}.get(kind, str)
    if not isinstance(value, expected) or (isinstance(value, str) and "\x00" in value):
        raise TypeError
    if expected is int and abs(value) >= 2**63:
        raise ValueError
    return value


def _after(sortings: Sequence[_Sorting], values: Sequence[Any]) -> ColumnElement[bool]:
    """The rows behind the one with these sort values; empty values come last."""
    same: list[ColumnElement[bool]] = []
    behind: list[ColumnElement[bool]] = []
    for each, value in zip(sortings, values, strict=True):
        if value is not None:
            further = each.column < value if each.order.descending else each.column > value
            behind.append(and_(*same, or_(further, each.column.is_(None)) if each.is_nullable else further))
        same.append(each.column.is_(None) if value is None else each.column == value)
    return or_(false(), *behind)
