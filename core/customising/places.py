"""The place of added fields: the column ``custom`` of the records' own table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, func

from core.customising.definitions import Definition, default_of
from core.customising.kinds import OFFERS
from core.customising.stored import expression, pack, type_of
from core.db.fields import Kind
from core.resources.places import Place, Stored

COLUMN: Final = "custom"


class InCustom(Place):
    """A value in the column ``custom``, or a key that is kept beside a value there."""

    def __init__(self, name: str, kind: Kind, default: Any = None, *, is_required: bool = False) -> None:
        self.name = name
        self.kind = kind
        self.key = f"{COLUMN}.{name}"
        self.type = type_of(kind, OFFERS[kind].max_length)
        self.is_nullable = not is_required and kind is not Kind.FLAG
        self._default = False if kind is Kind.FLAG and default is None else default

    def default(self) -> Any:
        """See `Place.default`."""
        return [] if self.kind is Kind.TAGS else self._default

    def value(self, table: FromClause) -> ColumnElement[Any]:
        """See `Place.value`; what was there before a box to tick was added is not ticked."""
        found = expression(self.kind, table.c[COLUMN], self.name)
        return func.coalesce(found, False, type_=self.type) if self.kind is Kind.FLAG else found

    def companion(self, name: str) -> Place:
        """See `Place.companion`."""
        return InCustom(name, Kind.TEXT)

    def put(self, stored: Stored, value: Any) -> None:
        """See `Place.put`."""
        stored.within.setdefault(COLUMN, {})[self.name] = pack(self.kind, value)


@lru_cache(maxsize=4096)
def place_of(definition: Definition) -> InCustom:
    """Where the values of an added field lie; the same object for the same definition."""
    return InCustom(
        definition.name, definition.kind, default_of(definition), is_required=definition.is_required
    )
