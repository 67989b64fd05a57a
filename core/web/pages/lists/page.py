"""The page itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from flask import g, render_template, request

from core.i18n import _
from core.resources.declaration import Field, Resource
from core.resources.filters import All
from core.resources.gateway import Page
from core.resources.grouping import Grouping, over_all, read_groupings
from core.resources.query import DEFAULT_PER_PAGE, MAX_PER_PAGE, Query
from core.web.lifecycle import gateway, kernel
from core.web.list_models import EmptyView, GroupView, ListView, Pager, RowView
from core.web.pages import bp
from core.web.pages.lists.address import Address, conditions_in, query_of
from core.web.pages.lists.bar import view_bar
from core.web.pages.lists.chips import chips_of
from core.web.pages.lists.columns import column_views, columns_of, total_views, widths_of
from core.web.pages.lists.filters import quick_filter
from core.web.pages.lists.groups import group_views, grouped_of, said, too_many
from core.web.pages.lists.picking import pick_bar
from core.web.pages.lists.rows import page_of, row_views
from core.web.pages.lists.state import State, lasting_address, open_list, totals_at
from core.web.pages.request import display, is_fragment, resource_at, told
from core.web.shell import shell
from core.web.view_models import ActionView, MenuLink

#: A page counts so far; what lies beyond is counted once it is shown.
COUNTED: Final = 200
#: Rows on a page that are offered.
SIZES: Final = (20, 40, DEFAULT_PER_PAGE, 200, MAX_PER_PAGE)


@bp.get("/<addon>/<plural>")
def listing(addon: str, plural: str) -> str:
    """Show a page of records; for a script only what changes with the address."""
    resource = resource_at(addon, plural)
    view = list_view(resource, open_list(resource, request.args.to_dict(flat=False)))
    if is_fragment():
        return render_template("records/list_swap.html", view=view)
    return render_template("records/list.html", shell=shell(), toasts=told(), view=view)


@bp.get("/<addon>/<plural>/count")
def count(addon: str, plural: str) -> dict[str, Any]:
    """How many records a list has, exactly."""
    resource = resource_at(addon, plural)
    address = open_list(resource, request.args.to_dict(flat=False)).address
    return {"total": display().number(gateway().count(resource, query_of(resource, address)))}


@dataclass(slots=True)
class _Content:
    """What stands between the heads of the columns and the pager."""

    pager: Pager
    rows: Sequence[RowView] = ()
    groups: Sequence[GroupView] = ()
    note: str = ""
    #: ``{"employees:sum": value}`` over all records.
    figures: dict[str, Any] = field(default_factory=dict)


def list_view(resource: Resource, state: State) -> ListView:
    """The whole view of a list."""
    address = state.address
    shown = columns_of(resource, address.many("columns"))
    query = query_of(resource, address)
    levels = read_groupings(gateway().resolver, resource, address.many("group"))
    totals = totals_at(resource, address)
    if levels:
        content = _grouped(resource, address, query, levels, shown)
    else:
        content = _paged(resource, address, query, shown)
    actor, title = g.actor, str(resource.title_plural)
    create_url = f"{resource.url}/new" if actor.may(resource.name, "create") else ""
    create_label = _("New %(title)s", title=str(resource.title).lower())
    return ListView(
        title=title,
        url=resource.url,
        resource=resource.name,
        views=view_bar(resource, state),
        columns=column_views(resource, shown, query, address, widths_of(state)),
        rows=content.rows,
        groups=content.groups,
        pager=content.pager,
        totals=total_views(shown, totals, content.figures, address, display()),
        q=query.q,
        quick_filters=[quick_filter(resource.fields[name], address) for name in resource.quick_filters],
        filter_url=f"{resource.url}/filter-fields",
        filter_json=address.one("filter"),
        chips=chips_of(resource, address),
        keep=_kept(resource, address),
        columns_url=_below(address, "columns"),
        groups_url=_below(address, "groups"),
        grouped_by=said(levels),
        note=" ".join(filter(None, (state.note, content.note))),
        lasting_url=lasting_address(state),
        widths_url=_below(address, "views/widths"),
        actions=_filled("list_actions", resource, _own_actions(resource, address, create_url, create_label)),
        panels=() if is_fragment() else _filled("list_panels", resource, {}),
        picks=pick_bar(resource, address, query),
        empty=_empty(resource, query, create_url, create_label),
    )


def _filled(
    slot: str, resource: Resource, own: Mapping[str, Callable[[], Iterable[ActionView]]]
) -> list[Any]:
    """All that stands at a place of the page of a list."""
    filled = kernel().hooks.fill(
        g.tenant.addons, slot, own=own, session=g.session, actor=g.actor, resource=resource
    )
    return [item for _id, item in filled]


def _own_actions(
    resource: Resource, address: Address, create_url: str, create_label: str
) -> Mapping[str, Callable[[], Iterable[ActionView]]]:
    """What every list offers, by its id."""
    may = g.actor.may
    own: dict[str, ActionView] = {}
    if may(resource.name, "import"):
        own["core.import"] = ActionView("import", _("Import"), f"{resource.url}/import", "file-import")
    if may(resource.name, "export"):
        url = _below(address, "export/new")
        own["core.export"] = ActionView("export", _("Export"), url, "download", dialog=True)
    if create_url:
        own["core.create"] = ActionView("create", create_label, create_url, "plus", primary=True)
    return {id: partial(_one, action) for id, action in own.items()}


def _one(item: ActionView) -> list[ActionView]:
    return [item]


def _paged(resource: Resource, address: Address, query: Query, shown: Sequence[Field]) -> _Content:
    """A page of rows, and how many there are."""
    figures = _figures(resource, address, query)
    page, total = page_of(resource, query, shown), figures.get("count")
    if not page.rows and query.page > 1:  # behind the last page, which may have been left by the last record
        total = gateway().count(resource, query)
        query = replace(query, page=max(1, math.ceil(total / query.per_page)))
        page = page_of(resource, query, shown)
    first = (query.page - 1) * query.per_page
    last = first + len(page.rows)
    known, is_exact = _counted(resource, query, page, last, total)
    pager = Pager(
        first=first + 1 if page.rows else 0,
        last=last,
        total=known,
        previous_url=address.having(page=str(query.page - 1) if query.page > 2 else None)
        if query.page > 1
        else "",
        next_url=address.having(page=str(query.page + 1)) if page.next_cursor is not None else "",
        count_url="" if is_exact else _below(address, "count"),
        per_page=query.per_page,
        sizes=[
            MenuLink(str(size), address.having(per_page=str(size)), "", active=size == query.per_page)
            for size in SIZES
            if known > SIZES[0]
        ],
    )
    return _Content(pager, row_views(resource, page, shown, display()), figures=figures)


def _counted(resource: Resource, query: Query, page: Page, last: int, total: int | None) -> tuple[int, bool]:
    """How many records there are, and whether that is all of them.

    Counting every record of a large table takes longer than showing a page of it, so it is left to
    the browser to ask for that afterwards.
    """
    if total is not None:
        return total, True
    if page.next_cursor is None:
        return last, True
    if last >= COUNTED:
        return last, False
    some = gateway().count(resource, query, COUNTED + 1)
    return min(some, COUNTED), some <= COUNTED


def _grouped(
    resource: Resource,
    address: Address,
    query: Query,
    levels: Sequence[Grouping],
    shown: Sequence[Field],
) -> _Content:
    """The heads of groups, which count every record."""
    grouped = grouped_of(resource, address, replace(query, page=1), levels, shown)
    found = grouped.heads()
    total = sum(head.count for head in found)
    return _Content(
        Pager(0, 0, total),
        groups=group_views(grouped, found),
        note=too_many(found),
        figures=over_all(found, grouped.measures) or _figures(resource, address, query),
    )


def _figures(resource: Resource, address: Address, query: Query) -> dict[str, Any]:
    """The totals of all records with their count; one statement, and none where nothing is totalled."""
    measures = [f"{name}:{measure}" for name, measure in totals_at(resource, address).items()]
    if not measures:
        return {}
    [found] = gateway().aggregate(resource, query, (), ("count", *measures))
    return found


def _kept(resource: Resource, address: Address) -> dict[str, str]:
    """What the filter row keeps without showing it."""
    names = ("view", "segment", "sort", "columns", "group", "totals", "per_page")
    kept = {name: address.one(name) for name in names if address.one(name)}
    return kept | {name: ",".join(address.args[name]) for name in conditions_in(resource, address)}


def _below(address: Address, name: str) -> str:
    """The address of something else about the same list."""
    return Address(f"{address.url}/{name}", address.args).having()


def _empty(resource: Resource, query: Query, create_url: str, create_label: str) -> EmptyView:
    narrowed = bool(query.q or query.where != All())
    return EmptyView(
        icon=resource.icon,
        title=_("Nothing matches these conditions")
        if narrowed
        else _("No %(title)s yet", title=str(resource.title_plural).lower()),
        text=_("Loosen the conditions, or create what is missing.")
        if narrowed
        else _("Create the first one, or import a file you have."),
        clear_url=f"{resource.url}?segment=all" if narrowed else "",
        create_url=create_url,
        create_label=create_label,
    )
