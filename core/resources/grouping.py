"""Groups of a list: one field whose values, or whose days, weeks and months, divide the records.

The gateway counts and measures the groups in one statement; a group's records are the ordinary
page with the group's condition added, so both follow the same rights.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.db.fields import Kind
from core.errors import Invalid
from core.i18n import _l
from core.resources.declaration import Field, Resource
from core.resources.filters import All, Condition, Node
from core.resources.gateway import BUCKETS, MAX_GROUPS, Gateway
from core.resources.query import Order, Query
from core.resources.resolver import Answer, Resolver
from core.search.pinyin import sort_key

#: How deep a list is divided.
MAX_LEVELS: Final = 2
#: Groups of one level that are shown.
MAX_HEADS: Final = 500
_VALUES: Final = (Kind.CHOICE, Kind.PICK, Kind.LINK, Kind.FLAG)
_DAYS: Final = (Kind.DAY, Kind.INSTANT)
#: How the key of a bucket is written; the same form `core.resources.gateway` gives.
_KEYS: Final[Mapping[str, re.Pattern[str]]] = {
    "day": re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII),
    "week": re.compile(r"(\d{4})-W(\d\d)", re.ASCII),
    "month": re.compile(r"(\d{4})-(\d\d)", re.ASCII),
    "quarter": re.compile(r"(\d{4})-Q([1-4])", re.ASCII),
    "year": re.compile(r"(\d{4})", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Grouping:
    """One level of groups."""

    #: As an address writes it: ``kind``, ``created_at:month``.
    name: str
    field: Field
    #: day, week, month, quarter or year; empty for groups by value.
    bucket: str = ""

    def condition(self, key: str, timezone: str) -> Node:
        """What the records of one group have in common.

        Args:
            key: of the group (see `Head`); empty for the records without a value.
            timezone: whose days they are, of moments.

        Raises:
            Invalid: no group has such a key.
        """
        path = self.field.name
        if not key:
            is_flag = self.field.word.kind is Kind.FLAG
            return Condition(path, "eq", None) if is_flag else Condition(path, "isnull", True)
        if not self.bucket:
            return Condition(path, "eq", key)
        first, behind = _bounds(self.bucket, key)
        limits = [("gte", first)] + ([("lt", behind)] if behind is not None else [])
        return All(tuple(Condition(path, op, self._moment(day, timezone)) for op, day in limits))

    def _moment(self, day: date, timezone: str) -> str:
        if self.field.word.kind is Kind.DAY:
            return day.isoformat()
        return datetime.combine(day, time(), ZoneInfo(timezone)).isoformat()


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of one group without its records."""

    #: The value as text, a link's number, a bucket as `BUCKETS` writes it; empty for none.
    key: str
    #: As the gateway gives it: a link is ``{"id", "label"}``.
    value: Any
    count: int
    #: ``{"employees:sum": value}``.
    measures: Mapping[str, Any]


def groupable(resolver: Resolver, resource: Resource) -> list[Field]:
    """The fields a reader may group the list of ``resource`` by."""
    return [
        field
        for field in resolver.visible(resource)
        if field.word.kind in (*_VALUES, *_DAYS) and resolver.answer(field) is Answer.OPEN
    ]


def read_grouping(resolver: Resolver, resource: Resource, name: str) -> Grouping:
    """The grouping called ``name``.

    Raises:
        UnknownField: the field is not there, not for this reader, or one of a linked record.
        Invalid: a list cannot be divided by it.
    """
    path, _, bucket = name.partition(":")
    found = resolver.predicate(resource, path)
    kind = found.leaf.word.kind
    if found.steps or kind not in (*_VALUES, *_DAYS) or (bucket and bucket not in BUCKETS):
        raise Invalid({"group": [_l("A list cannot be grouped by “%(name)s”.", name=name)]})
    if kind in _DAYS:
        return Grouping(f"{path}:{bucket or 'month'}", found.leaf, bucket or "month")
    if bucket:
        raise Invalid({"group": [_l("A list cannot be grouped by “%(name)s”.", name=name)]})
    return Grouping(path, found.leaf)


def read_groupings(resolver: Resolver, resource: Resource, names: Sequence[str]) -> list[Grouping]:
    """The levels of groups, the outer one first.

    Raises:
        UnknownField, Invalid: see `read_grouping`; or there are too many levels.
    """
    found = [read_grouping(resolver, resource, name) for name in names]
    if len(found) > MAX_LEVELS or len({each.field.name for each in found}) < len(found):
        raise Invalid({"group": [_l("A list is grouped by one field or by two different ones.")]})
    return found


def heads(
    gateway: Gateway, resource: Resource, query: Query, grouping: Grouping, measures: Sequence[str] = ()
) -> list[Head]:
    """The groups of the records that match ``query``, in the order people expect; one statement.

    Choices come in their declared order, names by pinyin and alphabet, the newest days first unless
    the list itself runs the other way; records without a value come last.
    """
    rows = gateway.aggregate(resource, query, (grouping.name,), ("count", *measures))
    found = [
        Head(
            _key(row[grouping.name]), row[grouping.name], row["count"], {name: row[name] for name in measures}
        )
        for row in rows
    ]
    if grouping.bucket:
        rises = any(order == Order(grouping.field.name) for order in query.sort)
        found.sort(key=lambda head: head.key, reverse=not rises)
    else:
        found.sort(key=lambda head: _rank(grouping.field, head))
    return [head for head in found if head.key] + [head for head in found if not head.key]


def over_all(found: Sequence[Head], measures: Sequence[str]) -> dict[str, Any] | None:
    """The measures of all groups together, where they follow from those of each; None where they do not.

    An average does not, and the groups must be all there are.
    """
    totals: dict[str, Any] = {}
    together: Mapping[str, Callable[..., Any]] = {"sum": sum, "min": min, "max": max}
    for name in measures:
        join = together.get(name.partition(":")[2])
        if join is None or len(found) >= MAX_GROUPS:
            return None
        values = [head.measures[name] for head in found if head.measures[name] is not None]
        totals[name] = join(values) if values else None
    return totals


def _key(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(value["id"])
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rank(field: Field, head: Head) -> tuple[int, str]:
    if field.word.choices is not None:
        order = [each.value for each in field.word.choices]
        return (order.index(head.key), "") if head.key in order else (len(order), head.key)
    if field.word.kind is Kind.FLAG:
        return (0 if head.key == "true" else 1, "")
    label = head.value["label"] if isinstance(head.value, dict) else head.value
    return (0 if label else 1, sort_key(label))


def _bounds(bucket: str, key: str) -> tuple[date, date | None]:
    """The first day of a bucket and the first one behind it; None behind the last day there is."""
    match = _KEYS[bucket].fullmatch(key)
    try:
        if match is None:
            raise ValueError
        year, *rest = map(int, match.groups())
        match bucket:
            case "day":
                first = date(year, *rest)
                return first, _later(first, days=1)
            case "week":
                first = date.fromisocalendar(year, rest[0], 1)
                return first, _later(first, days=7)
            case "month":
                first = date(year, rest[0], 1)
                return first, _later(first, months=1)
            case "quarter":
                first = date(year, rest[0] * 3 - 2, 1)
                return first, _later(first, months=3)
            case _:
                first = date(year, 1, 1)
                return first, _later(first, months=12)
    except ValueError:
        raise Invalid({"in": [_l("There is no group “%(key)s”.", key=key[:40])]}) from None


def _later(first: date, *, days: int = 0, months: int = 0) -> date | None:
    try:
        if days:
            return first + timedelta(days=days)
        year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
        return date(year, month + 1, 1)
    except (ValueError, OverflowError):
        return None
