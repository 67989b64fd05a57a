"""Which records a search finds: few enough to be ranked, within the reader's reach, in bounded time.

Documents say what matches; whether the reader may find it is asked of the record itself, joined in
every statement, so an owner, a unit or an archive mark needs no upkeep and can never be out of date.
A search looks

1. at the newest documents, which settles words that stand in many records, and all of a small resource;
   and for the records that are called exactly so;
2. where that did not find enough, at what the index has under the pieces of the words, up to a bound;
3. where the bound was met by records out of reach, at the reader's own records first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Subquery,
    TableValuedAlias,
    Text,
    bindparam,
    column,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from core.resources.conditions import Conditions
from core.resources.declaration import Resource
from core.resources.filters import All, Node
from core.resources.matching import in_open_fields, opens_guarded
from core.resources.query import EVERYTHING
from core.search import index
from core.search.text import Words

#: So many documents are looked at before the index is asked; about a millisecond.
NEWEST: Final = 2000
#: So many matches among them, and the words are common: the index would have too many.
COMMON: Final = 20
#: So many matches are taken from the index; what has more is known by its newest.
INDEXED: Final = 1000
#: So many records within reach, or of the newest where nothing narrows, are looked at in the end.
REACHED: Final = 10_000
_EXACT: Final = 50
#: Stands for a rank in a row that says there are more documents.
_MORE: Final = -1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that matches, and how well: see `core.search.index.rank`."""

    record_id: int
    rank: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Asked:
    """One resource in a search."""

    resource: Resource
    #: Whether the fields of the guarded hay are open to the reader.
    guarded: bool
    #: The piece of a record that is called exactly so.
    exact: int
    standing: Sequence[ColumnElement[bool]]
    is_narrow: bool


class Candidates:
    """The candidates of one search in some resources."""

    def __init__(
        self,
        conditions: Conditions,
        resources: Iterable[Resource],
        words: Words,
        limit: int,
        where: Node = EVERYTHING,
    ) -> None:
        self._conditions = conditions
        self._words = words
        self._limit = limit
        self._found: dict[str, dict[int, Candidate]] = {}
        self._asked = [self._ask(resource, where) for resource in resources if resource.is_searched]

    def _ask(self, resource: Resource, where: Node) -> _Asked:
        standing = self._conditions.standing(resource, with_archived=False)
        is_narrow = where != All() or self._conditions.scope(resource, resource.table) is not None
        if where != All():
            standing.append(self._conditions.compile(where, resource, resource.table))
        resolver = self._conditions.resolver
        shown = in_open_fields(resolver, resource, resource.table, self._words)
        if shown is not None:
            standing.append(shown)
        exact = index.exact_number(self._words, resource.name)
        return _Asked(resource, opens_guarded(resolver, resource), exact, standing, is_narrow)

    def find(self) -> dict[str, list[Candidate]]:
        """``{resource: its candidates, the best first}``, at most the limit of each."""
        if not self._words.terms or not self._asked:
            return {}
        has_more = self._run(self._first())
        open_ = [each for each in self._asked if each.resource.name in has_more]
        open_ = [each for each in open_ if not self._has(each, max(self._limit, COMMON))]
        has_more = self._run([part for each in open_ for part in self._by_grams(each)])
        open_ = [each for each in open_ if each.resource.name in has_more]
        open_ = [each for each in open_ if not self._has(each, self._limit)]
        self._run([self._matching(each, self._within_reach(each)) for each in open_])
        return {
            name: sorted(found.values(), key=_goodness)[: self._limit]
            for name, found in self._found.items()
            if found
        }

    def _has(self, asked: _Asked, count: int) -> bool:
        return len(self._found.get(asked.resource.name, ())) >= count

    def _run(self, parts: Sequence[Select[Any]]) -> set[str]:
        """Take what some statements find; the resources that have more documents than were looked at."""
        has_more: set[str] = set()
        if parts:
            statement = union_all(*parts) if len(parts) > 1 else parts[0]
            for name, number, rank, at in self._conditions.session.connection().execute(statement):
                if rank == _MORE:
                    has_more.add(name)
                else:
                    self._found.setdefault(name, {})[number] = Candidate(number, rank, at)
        return has_more

    # Statements

    def _first(self) -> list[Select[Any]]:
        """The newest documents of each resource, and those of records called exactly so."""
        asked = self._in_a_table()
        found = self._newest_and_named(asked)
        own = (select(found).where(found.c.resource == each.resource.name) for each in self._asked)
        parts = [self._reached(each, part) for each, part in zip(self._asked, own, strict=True)]
        further = _newest(asked.c.resource, index.documents.c.updated_at).offset(NEWEST).limit(1).lateral()
        more: Select[Any] = select(asked.c.resource, literal(0), literal(_MORE), further.c.updated_at)
        return [*parts, more.join(further, true())]

    def _newest_and_named(self, asked: TableValuedAlias) -> CTE:
        """Those documents of all resources in one piece, which is planned once; each once."""
        very = _all_of(_documents().where(index.any_of(each.exact for each in self._asked)))
        own = select(very).where(very.c.resource == asked.c.resource).limit(_EXACT).lateral()
        named = self._ranked(own, asked.c.exact, asked.c.guarded)
        named_ones = named.select_from(asked.join(own, true())).cte()
        newest = _newest(asked.c.resource).limit(NEWEST).lateral()
        others = self._ranked(newest, asked.c.exact, asked.c.guarded)
        again = select(named_ones.c.resource, named_ones.c.record_id)
        others = others.select_from(asked.join(newest, true())).where(
            tuple_(newest.c.resource, newest.c.record_id).not_in(again)
        )
        return union_all(select(named_ones), others).cte()

    def _in_a_table(self) -> TableValuedAlias:
        """What is asked, one row for each resource."""
        columns: dict[str, tuple[TypeEngine[Any], list[Any]]] = {
            "resource": (Text(), [each.resource.name for each in self._asked]),
            "exact": (Integer(), [each.exact for each in self._asked]),
            "guarded": (Boolean(), [each.guarded for each in self._asked]),
        }
        values = (bindparam(None, given, ARRAY(kind)) for kind, given in columns.values())
        names = (column(name, kind) for name, (kind, _given) in columns.items())
        return func.unnest(*values).table_valued(*names).render_derived()

    def _by_grams(self, asked: _Asked) -> list[Select[Any]]:
        pieces = index.with_grams(self._words, asked.resource.name)
        if pieces is None:
            return [self._matching(asked, _newest(asked.resource.name).limit(REACHED).subquery())]
        matches = self._ranked(index.documents, literal(asked.exact), asked.guarded).where(pieces)
        every = _all_of(matches)
        further = select(every.c.updated_at).offset(INDEXED).limit(1).subquery()
        return [
            self._reached(asked, select(select(every).limit(INDEXED).subquery())),
            select(literal(asked.resource.name), literal(0), literal(_MORE), further.c.updated_at),
        ]

    def _within_reach(self, asked: _Asked) -> Subquery:
        """The documents of what the reader reaches; of everything the newest where that is all."""
        if not asked.is_narrow:
            return _newest(asked.resource.name).limit(REACHED).subquery()
        reached = select(asked.resource.table.c.id).where(*asked.standing).limit(REACHED).subquery()
        documents = index.documents
        own = (documents.c.resource == asked.resource.name) & (documents.c.record_id == reached.c.id)
        return _documents().select_from(reached).join(documents, own).subquery()

    def _matching(self, asked: _Asked, documents: Subquery) -> Select[Any]:
        return self._reached(asked, self._ranked(documents, literal(asked.exact), asked.guarded))

    def _ranked(
        self, documents: FromClause, exact: ColumnElement[int], guarded: ColumnElement[bool] | bool
    ) -> Select[Any]:
        """Those of some documents in which the words stand, and how well they fit."""
        rank = index.rank(self._words, exact=exact, guarded=guarded, at=documents).label("rank")
        columns = documents.c.resource, documents.c.record_id, rank, documents.c.updated_at
        return select(*columns).where(index.spelled(self._words, guarded=guarded, at=documents))

    def _reached(self, asked: _Asked, ranked: Select[Any]) -> Select[Any]:
        """Those within the reader's reach, the best first.

        They are put in order before their records are looked up: mostly the first few will do.
        """
        table = asked.resource.table
        found = ranked.order_by(*_best_first(ranked.selected_columns)).subquery()
        return (
            select(literal(asked.resource.name), table.c.id, found.c.rank, found.c.updated_at)
            .join(table, table.c.id == found.c.record_id)
            .where(*asked.standing)
            .order_by(*_best_first(found.c))
            .limit(max(self._limit, COMMON))
        )


def _goodness(each: Candidate) -> tuple[int, float, int]:
    return each.rank, -each.updated_at.timestamp(), -each.record_id


def _best_first(columns: Any) -> Sequence[ColumnElement[Any]]:
    return columns.rank, columns.updated_at.desc(), columns.record_id.desc()


def _documents() -> Select[Any]:
    columns = index.documents.c
    return select(
        columns.resource,
        columns.record_id,
        columns.hay,
        columns.hay_guarded,
        columns.grams,
        columns.updated_at,
    )


def _all_of(rows: Select[Any]) -> CTE:
    """All documents that fulfil a condition which the index answers.

    Planned for all its rows, so that the planner does not hope to come upon some by reading the whole
    table; read only as far as is asked for.
    """
    return rows.cte().prefix_with("materialized")


def _newest(resource: ColumnElement[str] | str, *columns: ColumnElement[Any]) -> Select[Any]:
    """The documents of a resource, the newest first."""
    documents = index.documents
    own = (select(*columns) if columns else _documents()).where(documents.c.resource == resource)
    # As the index is ordered: a resource that is a column is no constant part of the order.
    return own.order_by(documents.c.resource, documents.c.updated_at.desc())
