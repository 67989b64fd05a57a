"""The list page: columns, filters, order and pages, all in its address."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Response, g, render_template, request

from core.db.fields import Kind
from core.i18n import _
from core.resources.declaration import Field, Resource
from core.resources.exporting import write_csv
from core.resources.filters import (
    OPERATOR_LABELS,
    OPERATORS,
    All,
    AnyOf,
    Condition,
    Node,
    Not,
    from_text,
    to_json,
)
from core.resources.gateway import Page
from core.resources.query import EVERYTHING, RESERVED, Query, read_condition, read_query
from core.resources.resolver import Answer
from core.web.display import Display, html, options_of
from core.web.lifecycle import gateway, streamed
from core.web.pages import bp
from core.web.pages.request import display, is_fragment, number_in, resource_at, told, typed
from core.web.shell import shell
from core.web.view_models import (
    Chip,
    ColumnView,
    EmptyView,
    FilterField,
    ListView,
    MenuLink,
    Option,
    Pager,
    QuickFilter,
    RowView,
)

_ENDS: Final = (Kind.INTEGER,)
_UNSORTED: Final = (Kind.TAGS, Kind.MULTILINE)
#: Parameters of the page itself; the rest is the query.
_OWN: Final = ("segment", "columns", "lang")


class _Address:
    """The list's address with some of its parameters changed."""

    def __init__(self, url: str, args: Mapping[str, Sequence[str]]) -> None:
        self.url = url
        self.args = {name: [value for value in values if value] for name, values in args.items()}

    def having(self, **changes: str | None) -> str:
        """The address with ``changes``; None or empty takes a parameter out. The page starts anew."""
        merged: dict[str, list[str]] = {name: values for name, values in self.args.items() if name != "page"}
        for name, value in changes.items():
            merged[name] = [value] if value else []
        pairs = [(name, value) for name, values in merged.items() for value in values]
        return f"{self.url}?{urlencode(pairs)}" if pairs else self.url

    def one(self, name: str) -> str:
        """The value of a parameter, empty when there is none."""
        return next(iter(self.args.get(name, ())), "")


@bp.get("/<addon>/<plural>")
def listing(addon: str, plural: str) -> str:
    """Show a page of records; for a script only the card."""
    resource = resource_at(addon, plural)
    view = list_view(resource, _Address(resource.url, request.args.to_dict(flat=False)))
    if is_fragment():
        return render_template("records/list_card.html", view=view)
    return render_template("records/list.html", shell=shell(), toasts=told(), view=view)


@bp.get("/<addon>/<plural>/export")
def export(addon: str, plural: str) -> Response:
    """Stream what the list shows, all pages of it, as CSV."""
    resource = resource_at(addon, plural)
    gateway().require(resource, "export")
    address = _Address(resource.url, request.args.to_dict(flat=False))
    query = _query(resource, address)
    lines = write_csv(gateway(), resource, query, names=(), language=g.actor.language or g.tenant.language)
    headers = {"Content-Disposition": f'attachment; filename="{resource.plural_name}.csv"'}
    return Response(streamed(lines), mimetype="text/csv", headers=headers)


@bp.get("/<addon>/<plural>/lookup")
def lookup(addon: str, plural: str) -> dict[str, Any]:
    """Answer a lookup while somebody types; a filter in the address leaves some out."""
    resource = resource_at(addon, plural)
    if request.args.get("id"):
        number = number_in(request.args["id"])
        wanted = [] if number is None else [number]
        return {
            "items": [
                {"id": key, "label": label} for key, label in gateway().labels(resource, wanted).items()
            ]
        }
    tree = request.args.get("filter", "")
    where = from_text(tree) if tree else EVERYTHING
    return {"items": gateway().lookup(resource, typed("q"), where=where)}


@bp.get("/<addon>/<plural>/suggest/<name>")
def suggest(addon: str, plural: str, name: str) -> dict[str, Any]:
    """Answer with values a field has already, while somebody types."""
    resource = resource_at(addon, plural)
    values = gateway().suggestions(resource, name, typed("q"))
    return {"items": [{"id": value, "label": value, "hint": ""} for value in values]}


@bp.get("/<addon>/<plural>/filter-fields")
def filter_fields(addon: str, plural: str) -> Response:
    """Answer with what the filter builder offers this reader."""
    resource = resource_at(addon, plural)
    return Response(orjson.dumps({"items": _filter_fields(resource)}), mimetype="application/json")


def _query(resource: Resource, address: _Address) -> Query:
    segment = {"mine": ("owner", "me"), "archived": ("archived_at.isnull", "false")}.get(
        address.one("segment")
    )
    args = {name: values for name, values in address.args.items() if name not in _OWN and values}
    if segment is not None:
        args[segment[0]] = [segment[1]]
    return read_query(args)


def list_view(resource: Resource, address: _Address) -> ListView:
    """The whole view of a list."""
    shown = _columns(resource, address.one("columns"))
    query = _query(resource, address)
    page, first = _page(resource, query, shown)
    if not page.rows and page.total:  # behind the last page, which may have been left by the last record
        query = replace(query, page=math.ceil(page.total / query.per_page))
        page, first = _page(resource, query, shown)
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
        columns=_column_views(resource, shown, query, address),
        rows=_rows(resource, page, shown, display()),
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
        quick_filters=[_quick_filter(resource.fields[name], address) for name in resource.quick_filters],
        filter_url=f"{resource.url}/filter-fields",
        filter_json=address.one("filter"),
        chips=_chips(resource, address),
        keep={name: address.one(name) for name in ("segment", "sort", "columns") if address.one(name)}
        | {name: ",".join(address.args[name]) for name in _conditions(resource, address)},
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


def _paged(address: _Address, page: int, there: bool) -> str:
    return address.having(page=str(page)) if there else ""


def _columns(resource: Resource, chosen: str) -> list[Field]:
    """The name first, then the chosen columns that this reader may see."""
    visible = {field.name: field for field in gateway().resolver.visible(resource)}
    names = [name for name in chosen.split(",") if name in visible] or list(resource.list_columns)
    ordered = dict.fromkeys((resource.label, *names))
    return [visible[name] for name in ordered if name in visible]


def _page(resource: Resource, query: Query, shown: Sequence[Field]) -> tuple[Page, int]:
    hints = [name for name in resource.subtitle if name in resource.fields]
    names = tuple(dict.fromkeys(("id", "archived_at", *hints, *(field.name for field in shown))))
    page = gateway().page(
        resource, Query(query.where, query.q, query.sort, names, query.page, query.per_page, count=True)
    )
    return page, (query.page - 1) * query.per_page


def _rows(resource: Resource, page: Page, shown: Sequence[Field], display: Display) -> list[RowView]:
    makers = [(field.name, display.cell(field)) for field in shown[1:]]
    views = []
    for row in page.rows:
        record = page.shape.record(row)
        hints = [_hint(record.get(name)) for name in resource.subtitle]
        name, below = record[resource.label] or _("(no name)"), " · ".join(hint for hint in hints if hint)
        title = html('<span class="gx-t1">%s</span><span class="gx-t2">%s</span>', name, below)
        cells = [title, *(make(record[name]) for name, make in makers)]
        views.append(
            RowView(record["id"], f"{resource.url}/{record['id']}", cells, record["archived_at"] is not None)
        )
    return views


def _hint(value: Any) -> str:
    return str(value.get("label") or "") if isinstance(value, dict) else str(value or "")


def _column_views(
    resource: Resource, shown: Sequence[Field], query: Query, address: _Address
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
        sortable = field.word.kind not in _UNSORTED and gateway().resolver.answer(field) is Answer.OPEN
        wanted = f"-{field.name}" if direction == "asc" else field.name
        views.append(
            ColumnView(
                field.name,
                field.label,
                "end" if field.word.kind in _ENDS else "start",
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


def _segments(resource: Resource, address: _Address) -> list[MenuLink]:
    here = address.one("segment")
    wanted = [("", _("All"))]
    if resource.is_owned:
        wanted.append(("mine", _("Mine")))
    wanted.append(("archived", _("Archived")))
    return [MenuLink(label, address.having(segment=name), active=here == name) for name, label in wanted]


def _quick_filter(field: Field, address: _Address) -> QuickFilter:
    here = address.one(field.name)
    if field.word.kind is Kind.CHOICE:
        options = [
            Option(each.value, each.label, each.tone, each.value == here) for each in options_of(field)
        ]
    else:
        values = dict.fromkeys(
            [*gateway().suggestions(field.resource, field.name, "", 30), *([here] if here else [])]
        )
        options = [Option(value, value, selected=value == here) for value in values]
    return QuickFilter(field.name, field.label, options)


def _filter_fields(resource: Resource) -> list[FilterField]:
    """Its own fields as the form has them, then those of its lines and of the records it links to."""
    resolver = gateway().resolver
    visible = {field.name: field for field in resolver.visible(resource)}
    in_form = (name for section in resource.form for name in section.fields if name in visible)
    names = [name for name in dict.fromkeys((resource.label, *in_form, *visible)) if name != "id"]
    found = [_filter_field(visible[name], name, visible[name].label) for name in names]
    for lines in resource.lines_fields.values():
        for field in resolver.visible(lines.target):
            if not field.word.readonly and field is not lines.via:
                found.append(
                    _filter_field(field, f"{lines.name}.{field.name}", f"{lines.lines.title} · {field.label}")
                )
    for link in resolver.visible(resource):
        if link.target is not None and not link.word.readonly:
            for field in resolver.visible(link.target):
                if not field.word.readonly and field.word.kind is not Kind.MULTILINE:
                    found.append(
                        _filter_field(field, f"{link.name}.{field.name}", f"{link.label} · {field.label}")
                    )
    return found


def _filter_field(field: Field, path: str, label: str) -> FilterField:
    target = field.target
    return FilterField(
        path,
        label,
        str(field.word.kind),
        [(op, str(OPERATOR_LABELS[op])) for op in OPERATORS[field.word.kind]],
        options_of(field),
        f"{target.url}/lookup" if target is not None and not target.is_nested else "",
    )


def _conditions(resource: Resource, address: _Address) -> list[str]:
    """The parameters that are conditions and have no control in the filter row: ``city``, ``parent.name``."""
    quick = set(resource.quick_filters)
    return [name for name in address.args if name not in {*_OWN, *RESERVED, *quick} and address.args[name]]


def _chips(resource: Resource, address: _Address) -> list[Chip]:
    """Each condition of the filter as text, with the address of the list without it."""
    chips = [
        Chip(_said(resource, read_condition(name, value)), address.having(**{name: None}))
        for name in _conditions(resource, address)
        for value in address.args[name]
    ]
    text = address.one("filter")
    if not text:
        return chips
    tree = from_text(text)
    parts = list(tree.parts) if isinstance(tree, All) else [tree]
    for number, part in enumerate(parts):
        rest = parts[:number] + parts[number + 1 :]
        left = orjson.dumps(to_json(All(tuple(rest)))).decode() if rest else None
        chips.append(Chip(_said(resource, part), address.having(filter=left)))
    return chips


def _said(resource: Resource, node: Node) -> str:
    """A part of a filter in words."""
    match node:
        case Condition(path, op, value):
            found = gateway().resolver.predicate(resource, path)
            labels = [
                step.label if isinstance(step, Field) else str(step.lines.title) for step in found.steps
            ]
            name = " · ".join([*labels, found.leaf.label])
            if op == "isnull":
                empty = str(value).lower() in ("true", "1")
                return f"{name}: {_('is empty') if empty else _('is not empty')}"
            return f"{name} {OPERATOR_LABELS[op]} {_said_value(found.leaf, value)}"
        case All(parts):
            return _(" and ").join(_said(resource, part) for part in parts)
        case AnyOf(parts):
            return "(" + _(" or ").join(_said(resource, part) for part in parts) + ")"
        case Not(part):
            return _("not (%(part)s)", part=_said(resource, part))


def _said_value(field: Field, value: Any) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    if field.word.kind is Kind.CHOICE:
        labels = {option.value: option.label for option in options_of(field)}
        return ", ".join(labels.get(str(each), str(each)) for each in values)
    if field.target is not None:
        numbers = [number for each in values if (number := number_in(each)) is not None]
        names = gateway().labels(field.target, numbers)
        return ", ".join(names.get(number, f"#{number}") for number in numbers) or _("me")
    return ", ".join(f"“{each}”" for each in values)
