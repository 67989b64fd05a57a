"""The grouped list: heads with counts and totals, opened one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import render_template, request
from markupsafe import Markup, escape

from core.errors import Invalid
from core.i18n import _, _l
from core.resources.declaration import Field, Resource
from core.resources.filters import All
from core.resources.grouping import MAX_HEADS, Grouping, Head, heads, read_groupings
from core.resources.query import Query
from core.web.display import Display, html
from core.web.lifecycle import gateway
from core.web.list_models import GroupView
from core.web.pages import bp
from core.web.pages.lists.address import Address, query_of
from core.web.pages.lists.columns import column_views, columns_of, is_number, measured
from core.web.pages.lists.rows import page_of, row_views
from core.web.pages.lists.state import open_list, totals_at
from core.web.pages.request import display, resource_at

#: With more groups than these, all are folded at first.
FEW: Final = 12
#: So many are opened at first, each with a statement of its own, while they fit on one page.
OPENED: Final = 3


@dataclass(frozen=True, slots=True)
class Grouped:
    """How a list is divided: the levels, the columns and what is measured in each group."""

    resource: Resource
    address: Address
    query: Query
    levels: Sequence[Grouping]
    shown: Sequence[Field]
    #: ``{field: measure}``.
    totals: Mapping[str, str]
    display: Display

    @property
    def measures(self) -> list[str]:
        """What is measured, as the gateway takes it."""
        names = {field.name for field in self.shown}
        return [f"{name}:{measure}" for name, measure in self.totals.items() if name in names]

    def heads(self, within: Sequence[str] = ()) -> list[Head]:
        """The groups, or those inside the group with the keys ``within``; one statement."""
        return heads(gateway(), self.resource, self._inside(within), self.levels[len(within)], self.measures)

    def _inside(self, within: Sequence[str]) -> Query:
        """The question of the list with the conditions of a group, outermost first."""
        zone = gateway().habits.timezone
        conditions = [level.condition(key, zone) for level, key in zip(self.levels, within, strict=False)]
        return replace(self.query, where=All((self.query.where, *conditions)))

    def view(self, head: Head, within: Sequence[str], *, is_open: bool = False) -> GroupView:
        """A head as it is shown, its inside too when it is open."""
        keys = [*within, head.key]
        totals = [
            self._total(head, field) if field.name in self.totals and is_number(field) else ""
            for field in self.shown
        ]
        span = next((at for at, text in enumerate(totals) if text and at), len(totals))
        found = GroupView(
            key=head.key,
            label=_label(self.levels[len(within)], head, self.display),
            count=self.display.number(head.count),
            url=self._url(keys),
            level=len(within),
            span=span,
            totals=totals[span:],
        )
        return self.opened(found, keys) if is_open else found

    def _total(self, head: Head, field: Field) -> str:
        measure = self.totals[field.name]
        return measured(head.measures[f"{field.name}:{measure}"], measure, field, self.display)

    def opened(self, group: GroupView, keys: Sequence[str], page: int = 1) -> GroupView:
        """A group with what is in it: further groups, or a page of its records."""
        if len(keys) < len(self.levels):
            inner = [self.view(head, keys) for head in self.heads(keys)[:MAX_HEADS]]
            return replace(group, is_open=True, groups=inner)
        query = replace(self._inside(keys), page=page)
        found = page_of(self.resource, query, self.shown)
        return replace(
            group,
            is_open=True,
            rows=row_views(self.resource, found, self.shown, self.display),
            more_url=self._url(keys, page + 1) if found.next_cursor is not None else "",
        )

    def _url(self, keys: Sequence[str], page: int = 1) -> str:
        """Where the inside of a group is asked for; a key may be empty, so each stands behind a dot."""
        args = {**self.address.args, "in": [f".{key}" for key in keys]}
        inside = Address(f"{self.resource.url}/group", args)
        return inside.having(page=str(page) if page > 1 else None)


def grouped_of(
    resource: Resource, address: Address, query: Query, levels: Sequence[Grouping], shown: Sequence[Field]
) -> Grouped:
    """The list at an address, divided."""
    return Grouped(resource, address, query, levels, shown, totals_at(resource, address), display())


def group_views(grouped: Grouped, found: Sequence[Head]) -> list[GroupView]:
    """The groups of the outer level; where there are few, the first stand open."""
    room, opened = grouped.query.per_page, 0
    views = []
    for place, head in enumerate(found[:MAX_HEADS]):
        fits = place == opened < OPENED and (place == 0 or head.count <= room)
        is_open = len(found) <= FEW and fits
        if is_open:
            opened, room = opened + 1, room - head.count
        views.append(grouped.view(head, (), is_open=is_open))
    return views


@bp.get("/<addon>/<plural>/group")
def group(addon: str, plural: str) -> str:
    """The inside of one group, as rows of a table."""
    resource = resource_at(addon, plural)
    given = request.args.getlist("in")
    keys = [key.removeprefix(".") for key in given]
    args = request.args.to_dict(flat=False)
    args.pop("in", None)
    address = open_list(resource, args).address
    levels = read_groupings(gateway().resolver, resource, address.many("group"))
    if not 0 < len(keys) <= len(levels) or not all(key.startswith(".") for key in given):
        raise Invalid({"in": [_l("There is no such group.")]})
    query = query_of(resource, address)
    shown = columns_of(resource, address.many("columns"))
    grouped = grouped_of(resource, address, query, levels, shown)
    empty = GroupView(keys[-1], Markup(), "", "", level=len(keys) - 1)
    found = grouped.opened(empty, keys, query.page)
    columns = column_views(resource, shown, query, address, {})
    return render_template("records/list_group.html", group=found, columns=columns)


def said(levels: Sequence[Grouping]) -> str:
    """By what a list is grouped, in words."""
    return _(", ").join(level.field.label for level in levels)


def _label(grouping: Grouping, head: Head, display: Display) -> Markup:
    """What stands at the head of a group; no link, since it lies in a button."""
    if not head.key:
        return html('<span class="gx-none">%s</span>', _("Without a value"))
    if grouping.bucket:
        return escape(display.bucket(grouping.bucket, head.key))
    if isinstance(head.value, dict):
        if head.value["label"] is None:
            return html('<span class="gx-muted">%s</span>', _("not visible to you"))
        return display.name(grouping.field, head.value["label"])
    return display.value(grouping.field, head.value)


def too_many(found: Sequence[Any]) -> str:
    """What to say when not all groups are shown."""
    if len(found) <= MAX_HEADS:
        return ""
    return _("The first %(max)s groups are shown. Narrow the list to see the others.", max=MAX_HEADS)
