"""What a view shows: which records, in which order, as which columns, in which groups.

It is only a question. Whoever opens a view asks it as himself: parts that name a field he may not
see, or one that is gone, are left out and counted, never named. Where a condition is left out the
view finds nothing, since without it more would be shown than was meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from core.db.fields import Kind
from core.errors import Invalid
from core.i18n import _l
from core.resources.declaration import Resource
from core.resources.filters import All, AnyOf, Node, from_json, to_json
from core.resources.gateway import MEASURES, Gateway
from core.resources.grouping import MAX_LEVELS, read_grouping, read_groupings
from core.resources.query import DEFAULT_PER_PAGE, EVERYTHING, MAX_PER_PAGE, Order, Query
from core.resources.resolver import Answer, UnknownField
from core.resources.selection import Selection

#: The filter that lets nothing pass.
NOTHING: Final = AnyOf(())
MAX_COLUMNS: Final = 100
#: Widths are steps of 8 px.
WIDTHS: Final = range(6, 81)
_MEMBERS: Final = ("filter", "q", "sort", "columns", "widths", "group", "totals", "per_page")


@dataclass(frozen=True, slots=True)
class ViewQuery:
    """The question of a view."""

    where: Node = EVERYTHING
    q: str = ""
    #: Empty: the resource's own order.
    sort: tuple[Order, ...] = ()
    #: Empty: the resource's own columns. The one that names a record always comes first.
    columns: tuple[str, ...] = ()
    #: ``(column, steps of 8 px)``; only a proposal, everybody has widths of his own.
    widths: tuple[tuple[str, int], ...] = ()
    #: Names of groupings (`core.resources.grouping`), the outer one first.
    group: tuple[str, ...] = ()
    #: ``(field, sum, avg, min or max)``.
    totals: tuple[tuple[str, str], ...] = ()
    per_page: int = DEFAULT_PER_PAGE

    def parts(self) -> Iterator[Node]:
        """The conditions that must all hold."""
        return _flat(self.where)

    def query(self) -> Query:
        """What to ask the gateway."""
        return Query(self.where, self.q, self.sort, per_page=self.per_page)

    def normal(self, resource: Resource) -> ViewQuery:
        """The same question without what the declaration says anyway."""
        columns = tuple(name for name in dict.fromkeys(self.columns) if name != resource.label)
        declared = tuple(name for name in resource.list_columns if name != resource.label)
        own_order = tuple(Order.read(each) for each in resource.sort)
        return replace(
            self,
            columns=() if columns == declared else columns,
            sort=() if self.sort == own_order else self.sort,
            totals=tuple(sorted(self.totals)),
        )

    def asks_the_same(self, other: ViewQuery, resource: Resource) -> bool:
        """Whether both show the same; widths aside, and however the conditions are put together."""
        one, two = (replace(each.normal(resource), where=EVERYTHING, widths=()) for each in (self, other))
        return one == two and _written(self) == _written(other)

    def to_json(self) -> dict[str, Any]:
        """The stored form, without what is empty; `read_view_query` reads it back."""
        parts = [to_json(part) for part in self.parts()]
        found = {
            "filter": {"and": parts} if parts else None,
            "q": self.q,
            "sort": [str(each) for each in self.sort],
            "columns": list(self.columns),
            "widths": dict(self.widths),
            "group": list(self.group),
            "totals": dict(self.totals),
            "per_page": self.per_page if self.per_page != DEFAULT_PER_PAGE else None,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Missing:
    """How much of a view is not there for a reader."""

    columns: int = 0
    conditions: int = 0
    #: Of its order, groups and totals.
    settings: int = 0

    def __bool__(self) -> bool:
        return bool(self.columns or self.conditions or self.settings)


#: Nothing of the view is missing.
WHOLE: Final = Missing()


def read_view_query(data: object) -> ViewQuery:
    """Read the stored form; what its names stand for is looked up later, by `fit`.

    Raises:
        Invalid: it has another form.
    """
    if not isinstance(data, dict) or set(data) - set(_MEMBERS):
        raise Invalid({"query": [_l("A view has these members: %(known)s.", known=", ".join(_MEMBERS))]})
    tree = data.get("filter")
    return ViewQuery(
        where=from_json(tree) if tree is not None else EVERYTHING,
        q=_text(data.get("q", ""), "q"),
        sort=tuple(Order.read(each) for each in _names(data, "sort")),
        columns=_names(data, "columns"),
        widths=tuple(sorted(read_widths(data.get("widths", {})).items())),
        group=_names(data, "group"),
        totals=tuple(sorted(_pairs(data, "totals").items())),
        per_page=_per_page(data.get("per_page", DEFAULT_PER_PAGE)),
    )


def read_widths(data: object) -> dict[str, int]:
    """Widths of columns: ``{column: steps of 8 px}``; the unreasonable is brought within reason.

    Raises:
        Invalid: it has another form.
    """
    if not isinstance(data, dict) or len(data) > MAX_COLUMNS:
        raise _bad("widths")
    if not all(isinstance(name, str) and type(steps) is int for name, steps in data.items()):
        raise _bad("widths")
    return {name[:100]: min(max(steps, WIDTHS[0]), WIDTHS[-1]) for name, steps in data.items()}


def check(gateway: Gateway, resource: Resource, query: ViewQuery) -> None:
    """See that the reader may ask every part of it.

    Raises:
        UnknownField: a field is not there or not for this reader.
        Invalid: a value, an operator, a group or a measure does not fit its field.
    """
    gateway.compile(query.where, resource, resource.table)
    Selection(gateway, resource).sort(query.sort)
    read_groupings(gateway.resolver, resource, query.group)
    for name in query.columns:
        gateway.resolver.field(resource, name)
    for name, measure in query.totals:
        check_total(gateway, resource, name, measure)


def fit(gateway: Gateway, resource: Resource, query: ViewQuery) -> tuple[ViewQuery, Missing]:
    """What this reader may ask of a view, and how much of it he may not."""
    kept = [part for part in query.parts() if _passes(gateway.compile, part, resource, resource.table)]
    lost = len(list(query.parts())) - len(kept)
    visible = {field.name for field in gateway.resolver.visible(resource)}
    columns = tuple(name for name in query.columns if name in visible)
    sort = tuple(each for each in query.sort if _passes(Selection(gateway, resource).sort, [each]))
    group = [name for name in query.group if _passes(read_grouping, gateway.resolver, resource, name)]
    totals = tuple(each for each in query.totals if _passes(check_total, gateway, resource, *each))
    missing = Missing(
        columns=len(query.columns) - len(columns),
        conditions=lost,
        settings=sum(map(len, (query.sort, query.group, query.totals)))
        - sum(map(len, (sort, group, totals))),
    )
    where = All((*kept, NOTHING)) if lost else All(tuple(kept))
    fitted = ViewQuery(
        where=where,
        q=query.q,
        sort=sort,
        columns=columns,
        widths=tuple((name, steps) for name, steps in query.widths if name in visible),
        group=tuple(group[:MAX_LEVELS]),
        totals=totals,
        per_page=query.per_page,
    )
    return fitted, missing


def check_total(gateway: Gateway, resource: Resource, name: str, measure: str) -> None:
    """See that the reader may measure a field.

    Raises:
        UnknownField, Invalid: he may not, or it is no number.
    """
    field = resource.fields.get(name)
    if field is None or gateway.resolver.answer(field) is not Answer.OPEN:
        raise UnknownField(name)
    if field.word.kind is not Kind.INTEGER or field.name == "id" or measure not in MEASURES:
        raise Invalid({"totals": [_l("“%(name)s” cannot be measured.", name=f"{name}:{measure}")]})


def _passes(ask: Any, *arguments: Any) -> bool:
    try:
        ask(*arguments)
    except Invalid:
        return False
    return True


def _flat(node: Node) -> Iterator[Node]:
    if isinstance(node, All):
        for part in node.parts:
            yield from _flat(part)
    else:
        yield node


def _written(query: ViewQuery) -> set[bytes]:
    return {orjson.dumps(to_json(part), option=orjson.OPT_SORT_KEYS) for part in query.parts()}


def _bad(name: str) -> Invalid:
    return Invalid({name: [_l("This does not have the right form.")]})


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise _bad(name)
    return value.strip()[:200]


def _names(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name, [])
    if not isinstance(value, list) or len(value) > MAX_COLUMNS:
        raise _bad(name)
    return tuple(dict.fromkeys(_text(each, name) for each in value))


def _pairs(data: Mapping[str, Any], name: str) -> dict[str, str]:
    value = data.get(name, {})
    if not isinstance(value, dict) or len(value) > MAX_COLUMNS:
        raise _bad(name)
    return {_text(key, name): _text(each, name) for key, each in value.items()}


def _per_page(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MAX_PER_PAGE:
        raise Invalid({"per_page": [_l("Write a number from 1 to %(top)s.", top=MAX_PER_PAGE)]})
    return value


def totals_of(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Totals as an address writes them: ``employees:sum``; only the last one of a field counts."""
    pairs = [text.partition(":") for text in texts]
    return tuple(sorted({name: measure for name, _colon, measure in pairs}.items()))
