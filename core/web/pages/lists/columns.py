"""The columns of a list: which, in which order, how wide, and what stands at their foot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from core.db.fields import Kind
from core.i18n import Lazy, _l
from core.resources.declaration import Field, Resource
from core.resources.query import Query
from core.resources.resolver import Answer
from core.web.display import Display
from core.web.lifecycle import gateway
from core.web.list_models import ColumnView, TotalView
from core.web.pages.lists.address import Address
from core.web.pages.lists.state import State
from core.web.view_models import MenuLink

ENDS: Final = (Kind.INTEGER,)
UNSORTED: Final = (Kind.TAGS, Kind.MULTILINE)
#: What can stand at the foot of a column of numbers.
MEASURE_LABELS: Final[Mapping[str, Lazy]] = {
    "sum": _l("Sum"),
    "avg": _l("Average"),
    "min": _l("Smallest"),
    "max": _l("Largest"),
}


def columns_of(resource: Resource, chosen: Sequence[str]) -> list[Field]:
    """The name first, then the chosen columns that this reader may see."""
    visible = {field.name: field for field in gateway().resolver.visible(resource)}
    names = [name for name in chosen if name in visible] or list(resource.list_columns)
    ordered = dict.fromkeys((resource.label, *names))
    return [visible[name] for name in ordered if name in visible]


def column_views(
    resource: Resource, shown: Sequence[Field], query: Query, address: Address, widths: Mapping[str, int]
) -> list[ColumnView]:
    """The heads of the columns."""
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
                widths.get(field.name, 0),
            )
        )
    return views


def widths_of(state: State) -> Mapping[str, int]:
    """What this reader has given the columns; else what the view proposes."""
    if state.view is None:
        return state.views.widths
    return dict(state.view.query.widths) | dict(state.view.widths)


def _phone_places(shown: Sequence[Field]) -> dict[str, str]:
    """On a phone: the name, one tag at its right, two more below."""
    tags = [field.name for field in shown[1:] if field.word.kind is Kind.CHOICE][:1]
    rest = [field.name for field in shown[1:] if field.name not in tags][:2]
    return {shown[0].name: "title"} | dict.fromkeys(tags, "tag") | dict.fromkeys(rest, "meta")


# Totals


def is_number(field: Field) -> bool:
    """Whether something can be summed up at the foot of a column."""
    return field.word.kind in ENDS and field.name != "id" and gateway().resolver.answer(field) is Answer.OPEN


def total_views(
    shown: Sequence[Field],
    chosen: Mapping[str, str],
    found: Mapping[str, Any],
    address: Address,
    display: Display,
) -> list[TotalView]:
    """The foot of each column; nothing at all where none holds numbers.

    Args:
        shown: the columns.
        chosen: ``{field: measure}``.
        found: ``{"field:measure": value}``.
        address: of the list.
        display: the reader's formats.
    """
    if not any(is_number(field) for field in shown):
        return []
    views = []
    for field in shown:
        if not is_number(field):
            views.append(TotalView())
            continue
        measure = chosen.get(field.name, "")
        others = {name: each for name, each in chosen.items() if name != field.name}
        urls = {each: address.having(totals=_written(others | {field.name: each})) for each in MEASURE_LABELS}
        choices = [
            MenuLink(str(label), urls[each], "check" if each == measure else "", active=each == measure)
            for each, label in MEASURE_LABELS.items()
        ]
        if measure:
            choices.insert(0, MenuLink("", address.having(totals=_written(others)), icon=""))
        value = found.get(f"{field.name}:{measure}") if measure else None
        label = str(MEASURE_LABELS[measure]) if measure else ""
        said = measured(value, measure, field, display) if measure else ""
        views.append(TotalView(label, said, choices))
    return views


def measured(value: Any, measure: str, field: Field, display: Display) -> str:
    """A sum, an average, a smallest or largest value as people write it; averages with one decimal."""
    if value is None:
        return "—"
    if measure == "avg":
        return display.decimal(Decimal(value)) if field.word.grouped else f"{value:.1f}"
    return display.number(int(value)) if field.word.grouped else str(value)


def _written(chosen: Mapping[str, str]) -> str:
    return ",".join(f"{name}:{measure}" for name, measure in sorted(chosen.items()))
