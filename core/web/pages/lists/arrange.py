"""Dialogs that arrange a list: which columns in which order, and by what it is grouped."""

from __future__ import annotations

from flask import render_template, request

from core.db.fields import Kind
from core.i18n import Lazy, _, _l
from core.resources.gateway import BUCKETS
from core.resources.grouping import MAX_LEVELS, groupable, read_groupings
from core.web.lifecycle import gateway
from core.web.pages import bp
from core.web.pages.lists.columns import columns_of
from core.web.pages.lists.state import open_list
from core.web.pages.request import resource_at
from core.web.view_models import Option

BUCKET_LABELS: dict[str, Lazy] = {
    "day": _l("by day"),
    "week": _l("by week"),
    "month": _l("by month"),
    "quarter": _l("by quarter"),
    "year": _l("by year"),
}
assert set(BUCKET_LABELS) == set(BUCKETS)


@bp.get("/<addon>/<plural>/columns")
def columns(addon: str, plural: str) -> str:
    """Offer the columns, those shown first and in their order."""
    resource = resource_at(addon, plural)
    address = open_list(resource, request.args.to_dict(flat=False)).address
    shown = [each for each in columns_of(resource, address.many("columns")) if each.name != resource.label]
    others = [
        each
        for each in gateway().resolver.visible(resource)
        if each not in shown and each.name not in ("id", resource.label)
    ]
    return render_template(
        "records/dialog_columns.html",
        first=resource.label_field.label,
        shown=[Option(each.name, each.label, selected=True) for each in shown],
        others=[Option(each.name, each.label) for each in others],
        declared=",".join(name for name in resource.list_columns if name != resource.label),
    )


@bp.get("/<addon>/<plural>/groups")
def groups(addon: str, plural: str) -> str:
    """Offer the fields a list can be grouped by, days and moments by day, week, month, quarter and year."""
    resource = resource_at(addon, plural)
    address = open_list(resource, request.args.to_dict(flat=False)).address
    resolver = gateway().resolver
    chosen = [each.name for each in read_groupings(resolver, resource, address.many("group"))]
    chosen += [""] * (MAX_LEVELS - len(chosen))
    offered: list[tuple[str, list[Option]]] = []
    plain = [each for each in groupable(resolver, resource) if each.word.kind not in (Kind.DAY, Kind.INSTANT)]
    offered.append(("", [Option(each.name, each.label) for each in plain]))
    for each in groupable(resolver, resource):
        if each not in plain:
            options = [
                Option(f"{each.name}:{bucket}", f"{each.label} {label}")
                for bucket, label in BUCKET_LABELS.items()
            ]
            offered.append((each.label, options))
    levels = list(zip((_("Group by"), _("Then by")), chosen, strict=True))
    return render_template("records/dialog_groups.html", levels=levels, offered=offered)
