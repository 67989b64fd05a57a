"""The columns of a list: which, in which order, and how they look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.db.fields import Kind
from core.resources.declaration import Field, Resource
from core.resources.query import Query
from core.resources.resolver import Answer
from core.web.lifecycle import gateway
from core.web.pages.lists.address import Address
from core.web.view_models import ColumnView

ENDS: Final = (Kind.INTEGER,)
UNSORTED: Final = (Kind.TAGS, Kind.MULTILINE)


def columns_of(resource: Resource, chosen: str) -> list[Field]:
    """The name first, then the chosen columns that this reader may see."""
    visible = {field.name: field for field in gateway().resolver.visible(resource)}
    names = [name for name in chosen.split(",") if name in visible] or list(resource.list_columns)
    ordered = dict.fromkeys((resource.label, *names))
    return [visible[name] for name in ordered if name in visible]


def column_views(
    resource: Resource, shown: Sequence[Field], query: Query, address: Address
) -> list[ColumnView]:
    orders = query.sort or ()
    sorted_by = {order.path: "desc" if order.descending else "asc" for order in orders}
    if not orders:
        sorted_by = {
            name.removeprefix("-"): "desc" if name.startswith("-") else "asc" for name in resource.sort[:1]
        }
    places = _phone_places(shown)
    views = []
    for field in shown:
        direction = sorted_by.get(field.name, "")
        sortable = field.word.kind not in UNSORTED and gateway().resolver.answer(field) is Answer.OPEN
        wanted = f"-{field.name}" if direction == "asc" else field.name
        views.append(
            ColumnView(
                field.name,
                field.label,
                "end" if field.word.kind in ENDS else "start",
                address.having(sort=wanted) if sortable else "",
                direction,
                places.get(field.name, "hide"),
            )
        )
    return views


def _phone_places(shown: Sequence[Field]) -> dict[str, str]:
    """On a phone: the name, one tag at its right, two more below."""
    tags = [field.name for field in shown[1:] if field.word.kind is Kind.CHOICE][:1]
    rest = [field.name for field in shown[1:] if field.name not in tags][:2]
    return {shown[0].name: "title"} | dict.fromkeys(tags, "tag") | dict.fromkeys(rest, "meta")
