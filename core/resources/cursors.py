"""Cursors: the sort values of a page's last row, so that the next page begins behind it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, false, or_

from core.db.fields import Kind
from core.errors import Malformed
from core.i18n import _l
from core.resources.declaration import Field
from core.resources.query import Order


@dataclass(frozen=True, slots=True)
class Sorting:
    """A column to sort by, with what a cursor needs to know of it."""

    order: Order
    field: Field
    column: ColumnElement[Any]
    is_nullable: bool


def write_cursor(sortings: Sequence[Sorting], values: Sequence[Any]) -> str:
    written = orjson.dumps([",".join(str(each.order) for each in sortings), *values])
    return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


def read_cursor(cursor: str, sortings: Sequence[Sorting]) -> list[Any]:
    try:
        sort, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if sort != ",".join(str(each.order) for each in sortings) or len(values) != len(sortings):
            raise ValueError
        return [_cursor_value(each, value) for each, value in zip(sortings, values, strict=True)]
    except (ValueError, TypeError):
        raise Malformed(reason=_l("the cursor does not belong to this list")) from None


def _cursor_value(sorting: Sorting, value: Any) -> Any:
    kind = sorting.field.word.kind
    if value is None and sorting.is_nullable:
        return None
    if kind is Kind.INSTANT:
        return datetime.fromisoformat(value)
    if kind is Kind.DAY:
        return date.fromisoformat(value)
    expected: type[Any] = {Kind.INTEGER: int, Kind.LINK: int, Kind.FLAG: bool}.get(kind, str)
    if type(value) is not expected or (expected is str and "\x00" in value):
        raise TypeError
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError
    return value


def after(sortings: Sequence[Sorting], values: Sequence[Any]) -> ColumnElement[bool]:
    """The rows behind the one with these sort values; empty values come last."""
    same: list[ColumnElement[bool]] = []
    behind: list[ColumnElement[bool]] = []
    for each, value in zip(sortings, values, strict=True):
        if value is not None:
            further = each.column < value if each.order.descending else each.column > value
            behind.append(and_(*same, or_(further, each.column.is_(None)) if each.is_nullable else further))
        same.append(each.column.is_(None) if value is None else each.column == value)
    return or_(false(), *behind)
