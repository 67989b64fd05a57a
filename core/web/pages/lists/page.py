"""The page itself."""

from __future__ import annotations

import math
from dataclasses import replace

from flask import g, render_template, request

from core.i18n import _
from core.resources.declaration import Resource
from core.resources.filters import All
from core.web.lifecycle import gateway
from core.web.pages import bp
from core.web.pages.lists.address import Address, conditions_in, query_of
from core.web.pages.lists.chips import chips_of
from core.web.pages.lists.columns import column_views, columns_of
from core.web.pages.lists.filters import quick_filter
from core.web.pages.lists.rows import page_of, row_views
from core.web.pages.request import display, is_fragment, resource_at, told
from core.web.shell import shell
from core.web.view_models import EmptyView, ListView, MenuLink, Option, Pager


@bp.get("/<addon>/<plural>")
def listing(addon: str, plural: str) -> str:
    """Show a page of records; for a script only the card."""
    resource = resource_at(addon, plural)
    view = list_view(resource, Address(resource.url, request.args.to_dict(flat=False)))
    if is_fragment():
        return render_template("records/list_card.html", view=view)
    return render_template("records/list.html", shell=shell(), toasts=told(), view=view)


def list_view(resource: Resource, address: Address) -> ListView:
    """The whole view of a list."""
    shown = columns_of(resource, address.one("columns"))
    query = query_of(resource, address)
    page, first = page_of(resource, query, shown)
    if not page.rows and page.total:  # behind the last page, which may have been left by the last record
        query = replace(query, page=math.ceil(page.total / query.per_page))
        page, first = page_of(resource, query, shown)
    actor, title = g.actor, str(resource.title_plural)
    narrowed = bool(query.q or query.where != All())
    may_create = actor.may(resource.name, "create")
    create_label = _("New %(title)s", title=str(resource.title).lower())
    create_url = f"{resource.url}/new" if may_create else ""
    total = page.total or 0
    return ListView(
        title=title,
        url=resource.url,
        resource=resource.name,
        segments=_segments(resource, address),
        columns=column_views(resource, shown, query, address),
        rows=row_views(resource, page, shown, display()),
        pager=Pager(
            first=first + 1 if page.rows else 0,
            last=first + len(page.rows),
            total=total,
            previous_url=address.having()
            if query.page == 2
            else _paged(address, query.page - 1, query.page > 1),
            next_url=_paged(address, query.page + 1, first + len(page.rows) < total),
        ),
        q=query.q,
        quick_filters=[quick_filter(resource.fields[name], address) for name in resource.quick_filters],
        filter_url=f"{resource.url}/filter-fields",
        filter_json=address.one("filter"),
        chips=chips_of(resource, address),
        keep={name: address.one(name) for name in ("segment", "sort", "columns") if address.one(name)}
        | {name: ",".join(address.args[name]) for name in conditions_in(resource, address)},
        column_choice=[
            Option(field.name, field.label, selected=field in shown)
            for field in gateway().resolver.visible(resource)
            if field.name not in ("id", resource.label)
        ],
        create_url=create_url,
        create_label=create_label,
        export_url=address.having().replace(resource.url, f"{resource.url}/export", 1)
        if actor.may(resource.name, "export")
        else "",
        empty=EmptyView(
            icon=resource.icon,
            title=_("Nothing matches these conditions")
            if narrowed
            else _("No %(title)s yet", title=title.lower()),
            text=_("Loosen the conditions, or create what is missing.")
            if narrowed
            else _("Create the first one, or import a file you have."),
            clear_url=resource.url if narrowed else "",
            create_url=create_url,
            create_label=create_label,
        ),
    )


def _paged(address: Address, page: int, there: bool) -> str:
    return address.having(page=str(page)) if there else ""


def _segments(resource: Resource, address: Address) -> list[MenuLink]:
    here = address.one("segment")
    wanted = [("", _("All"))]
    if resource.is_owned:
        wanted.append(("mine", _("Mine")))
    wanted.append(("archived", _("Archived")))
    return [MenuLink(label, address.having(segment=name), active=here == name) for name, label in wanted]
