"""The scoped gateway: the one way to read records, behind every list, lookup, export and job.

Whatever is asked, only records within the actor's scope answer, only fields the resolver opens are
selected or compared, and a link to a record out of reach shows its number without its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, String, cast, func, literal, select
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.fields import Kind
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import _l
from core.resources.candidates import Candidates
from core.resources.conditions import names_archived
from core.resources.cursors import after, read_cursor, write_cursor
from core.resources.declaration import Field, LinesField, Resource
from core.resources.editions import Edition, edition_of
from core.resources.filters import Node
from core.resources.places import stored_rows
from core.resources.query import EVERYTHING, Order, Query
from core.resources.resolver import Resolver, UnknownField
from core.resources.selection import Selection, Shape
from core.resources.templates import Template, Templates, lines_of
from core.search.text import read_words

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
#: Records a stream holds at once. Ten times as many take longer, and each thread keeps the memory they took.
STREAMED: Final = 250
_DAYS: Final = (Kind.DAY, Kind.INSTANT)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    shape: Shape
    rows: Sequence[Sequence[Any]]
    #: None when the count was not asked for.
    total: int | None
    #: Where the next page begins; None at the end.
    next_cursor: str | None

    def records(self) -> list[dict[str, Any]]:
        """The rows as records."""
        return [self.shape.record(row) for row in self.rows]


class Gateway(Templates):
    """Reads for one actor in one session."""

    def __init__(self, session: Session, actor: Actor) -> None:
        super().__init__(session, actor, Resolver(actor, self.seen))

    @cached_property
    def _edition(self) -> Edition:
        return edition_of(self.session)

    def seen(self, resource: Resource) -> Resource:
        """A resource, of whichever edition, as the tenant sees it; all questions here are about that."""
        return self._edition.of(resource)

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
        resource = self.seen(resource)
        self.require(resource, "read")
        template, rows = self._page_rows(resource, query, filled=_begins_beside(resource, query))
        if template.filled and len(rows) <= query.per_page:
            template, rows = self._page_rows(resource, query, filled=False)
        next_cursor = None
        if len(rows) > query.per_page:
            rows = rows[: query.per_page]
            next_cursor = write_cursor(template.sortings, rows[-1][-len(template.sortings) :])
        total = None
        if query.count:
            is_all = query.page == 1 and query.cursor is None and next_cursor is None
            total = len(rows) if is_all else self.count(resource, query)
        return Page(template.shape, rows, total, next_cursor)

    def _page_rows(
        self, resource: Resource, query: Query, *, filled: bool
    ) -> tuple[Template, Sequence[Sequence[Any]]]:
        """The rows of a page and one more, if there are so many; ``filled`` as for `Selection.sort`."""
        offset = (query.page - 1) * query.per_page
        if not query.q and query.cursor is None:
            operands: dict[str, Any] = {}
            form = self.form(query.where, resource, operands)
            template = self._list_template(resource, query, form, filled=filled)
            return template, self._rows(template, operands | {"limit": query.per_page + 1, "offset": offset})
        # Of a search, or behind a cursor, the SQL depends on values.
        template = self._list_template(resource, query)
        behind = None
        if query.cursor is not None:
            values = read_cursor(query.cursor, template.sortings)
            if filled and values[0] is not None:
                template = self._list_template(resource, query, filled=True)
            behind, offset = after(template.sortings, values), 0
        statement = template.statement.where(*self.asked(resource, query))
        statement = statement if behind is None else statement.where(behind)
        return template, self._execute(statement.limit(query.per_page + 1).offset(offset)).all()

    def count(self, resource: Resource, query: Query, limit: int | None = None) -> int:
        """How many records match; counting ends at ``limit``, so that a large table need not be read through.

        Raises:
            NotFound: the actor may not read the resource.
            UnknownField, Invalid: see `page`.
        """
        resource = self.seen(resource)
        self.require(resource, "read")
        if query.q:
            wanted = (*self.standing(resource, names_archived(query)), *self.asked(resource, query))
            some = select(literal(1)).select_from(resource.table).where(*wanted).limit(limit).subquery()
            return int(self._execute(select(func.count()).select_from(some)).scalar_one())
        operands: dict[str, Any] = {}
        form = self.form(query.where, resource, operands)
        template = self._count_template(resource, query, form, bounded=limit is not None)
        return int(self._rows(template, operands | {"limit": limit})[0][0])

    def get(self, resource: Resource, record_id: int, fields: Sequence[str] = ()) -> dict[str, Any]:
        """One record with its nested lines, and ``version`` besides its fields.

        Raises:
            NotFound: it is not there or not within reach.
        """
        resource = self.seen(resource)
        self.require(resource, "read")
        template = self._record_template(resource, tuple(fields))
        rows = self._rows(template, {"record_id": record_id})
        if not rows:
            raise NotFound
        (row,) = rows
        record = template.shape.record(row)
        version = len(row) - len(template.nested) - 1
        record["version"] = row[version]
        for position, (lines, shape) in enumerate(template.nested, version + 1):
            record[lines.name] = [shape.record(_from_json(shape, line)) for line in row[position]]
        return record

    def lines(self, lines: LinesField, record_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """The nested lines of some records the actor reaches: ``{record id: lines in their order}``."""
        selection, shape = lines_of(self, lines)
        selection.columns.append(lines.back)
        found: dict[int, list[dict[str, Any]]] = {record_id: [] for record_id in record_ids}
        for row in self._execute(selection.statement(lines.back.in_(record_ids))):
            found[row[-1]].append(shape.record(row))
        return found

    def rows(
        self, resource: Resource, query: Query, batch: int = STREAMED
    ) -> Iterator[tuple[Shape, Sequence[Row[Any]]]]:
        """All matching records the actor may take out, streamed in batches through a server-side cursor.

        Raises:
            NotFound, Forbidden: the actor may not read, or not export, the resource.
        """
        resource = self.seen(resource)
        self.require(resource, "export")
        selection = Selection(self, resource)
        shape = selection.fields(query.fields, of_page=False)
        selection.sort(query.sort)
        exportable = self.scope(resource, resource.table, "export")
        statement = selection.statement(self.condition(resource, query), exportable)
        result = self.session.execute(statement, execution_options={"yield_per": batch})
        for part in result.partitions():
            yield shape, part

    def locked(self, resource: Resource, record_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The stored rows of some records within reach, locked until the transaction ends.

        Others may link to them meanwhile: the lock is that of a change which leaves the key alone.
        """
        table = resource.table
        statement = stored_rows(self.seen(resource)).where(table.c.id.in_(record_ids)).order_by(table.c.id)
        scope = self.scope(resource, table)
        if scope is not None:
            statement = statement.where(scope)
        rows = self.session.execute(statement.with_for_update(of=table, key_share=True)).mappings()
        return {row["id"]: dict(row) for row in rows}

    def reached(self, resource: Resource, record_ids: Iterable[int]) -> set[int]:
        """Which of some records are there and within reach."""
        table = resource.table
        statement = select(table.c.id).where(table.c.id.in_(sorted(set(record_ids))))
        scope = self.scope(resource, table)
        return set(self.session.scalars(statement if scope is None else statement.where(scope)))

    def lookup(
        self, resource: Resource, q: str, limit: int = 20, *, where: Node = EVERYTHING
    ) -> list[dict[str, Any]]:
        """Records to choose from while typing: ``{"id", "label", "hint"}``; what fits best comes first.

        Only those that match ``where``.
        """
        resource = self.seen(resource)
        self.require(resource, "read")
        label = self.resolver.field(resource, resource.label)
        selection = Selection(self, resource)
        shape = selection.fields(tuple(dict.fromkeys(("id", label.name, *resource.subtitle))))
        if q:
            found = Candidates(self, [resource], read_words(q), limit, where).find()
            numbers = [each.record_id for each in found.get(resource.name, ())]
            statement = selection.statement(resource.table.c.id.in_(numbers))
        else:
            numbers = []
            selection.order.append(selection.sorted_by(label, resource.table))
            statement = selection.statement(self.condition(resource, Query(where))).limit(limit)
        records = {row[0]: shape.record(row) for row in self._execute(statement)} if numbers or not q else {}
        return [
            {"id": number, "label": records[number][label.name], "hint": hint_of(resource, records[number])}
            for number in numbers or records
            if number in records
        ]

    def labels(self, resource: Resource, record_ids: Iterable[int]) -> dict[int, str]:
        """The names of some records, as far as they are within reach."""
        table, selection = resource.table, Selection(self, self.seen(resource))
        selection.columns += [table.c.id, selection.value(self.resolver.field(resource, resource.label))]
        wanted = table.c.id.in_(sorted(set(record_ids)))
        found = selection.statement(wanted, self.scope(resource, table))
        rows: Sequence[Sequence[Any]] = self._execute(found).all()
        return {row[0]: row[1] for row in rows}

    def suggestions(self, resource: Resource, name: str, q: str, limit: int = 20) -> list[str]:
        """Values already in use for a pick or tags field of ``resource`` itself, within the actor's reach.

        Raises:
            UnknownField: it is not there, not for this reader, or of another kind.
        """
        self.require(resource, "read")
        path = self.resolver.predicate(resource, name)
        field = path.leaf
        if path.steps or field.word.kind not in (Kind.PICK, Kind.TAGS):
            raise UnknownField(name)
        selection = Selection(self, self.seen(resource))
        stored = selection.value(field)
        value = func.unnest(stored) if field.word.kind is Kind.TAGS else stored
        selection.columns.append(value.label("value"))
        values = selection.statement(self.scope(resource, resource.table)).subquery()
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
        resource = self.seen(resource)
        self.require(resource, "read")
        selection = Selection(self, resource)
        columns = selection.columns
        grouped: list[ColumnElement[Any]] = []
        linked: dict[str, tuple[int, int]] = {}
        for name in groups:
            path, _, bucket = name.partition(":")
            found = self.resolver.predicate(resource, path)
            table = selection.walk(found)
            column = selection.value(found.leaf, table)
            grouped.append(column)
            if bucket or found.leaf.word.kind is Kind.INSTANT:
                # Written as text once a group, not once a record.
                column, grouped[-1] = self._bucket(found.leaf, column, bucket or "day", name)
            columns.append(column)
            if found.leaf.target is not None:
                linked[name] = (len(columns) - 1, len(columns))
                columns.append(selection.label(found.leaf, table))
                grouped.append(columns[-1])
        columns += [self._measure(selection, name) for name in measures]
        statement = selection.statement(self.condition(resource, query)).group_by(*grouped).order_by(*grouped)
        rows = self._execute(statement.limit(MAX_GROUPS)).all()
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

    def _bucket(
        self, field: Field, column: ColumnElement[Any], bucket: str, name: str
    ) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """A bucket of days as it is written, and as records are put into it."""
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
        first = func.date_trunc(bucket, column)
        return func.to_char(first, BUCKETS[bucket]), first

    def _measure(self, selection: Selection, name: str) -> ColumnElement[Any]:
        if name == "count":
            return func.count()
        path, _, measure = name.partition(":")
        found = self.resolver.predicate(selection.resource, path)
        kinds = (Kind.INTEGER, *_DAYS) if measure in ("min", "max") else (Kind.INTEGER,)
        if found.steps or measure not in MEASURES or found.leaf.word.kind not in kinds:
            raise Invalid({"measures": [_l("“%(name)s” cannot be measured.", name=name)]})
        return getattr(func, measure)(selection.value(found.leaf))  # type: ignore[no-any-return]


def _begins_beside(resource: Resource, query: Query) -> bool:
    """Whether a list is ordered first by a field that only some records have a row for, beside their own.

    Records and those rows cannot be joined in the order of an index as long as records without one
    belong to the list. Those with one come first and fill most pages.
    """
    order = query.sort[0] if query.sort else Order.read(resource.sort[0])
    field = resource.fields.get(order.path)
    if field is None or field.target is not None or field.word.sort_by is not None:
        return False
    return field.place.beside(resource.table) is not None and field.default() is None


def hint_of(resource: Resource, record: Mapping[str, Any]) -> str:
    """What stands muted beside a record's name, as far as the reader sees it."""
    values = (record.get(name) for name in resource.subtitle)
    shown = (each["label"] if isinstance(each, dict) else str(each) for each in values if each)
    return " · ".join(filter(None, shown))


def _from_json(shape: Shape, row: list[Any]) -> list[Any]:
    """A row that came as JSON, its days and instants made what a plain row holds."""
    for position, field in enumerate(shape.fields):
        if row[position] is not None:
            if field.word.kind is Kind.DAY:
                row[position] = date.fromisoformat(row[position])
            elif field.word.kind is Kind.INSTANT:
                row[position] = datetime.fromisoformat(row[position])
    return row
