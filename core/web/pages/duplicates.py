"""The warning while somebody types: records that look like the one in the form."""

from __future__ import annotations

from typing import Any

from flask import request

from core.i18n import _
from core.resources.declaration import Resource
from core.resources.duplicates import Likeness, find_duplicates, recognised_by
from core.web.lifecycle import gateway
from core.web.pages import bp
from core.web.pages.request import number_in, resource_at


def duplicates_url(resource: Resource, record_id: int | None = None) -> str:
    """Where a form asks what looks like its record; empty where nothing is recognised."""
    if not recognised_by(resource):
        return ""
    return f"{resource.url}/duplicates" + (f"?without={record_id}" if record_id is not None else "")


@bp.get("/<addon>/<plural>/duplicates")
def duplicates(addon: str, plural: str) -> dict[str, Any]:
    """What looks like the record somebody is typing, worded for him."""
    resource = resource_at(addon, plural)
    values = {name: request.args.getlist(name) for name in recognised_by(resource) if request.args.get(name)}
    found = find_duplicates(gateway(), resource, values, without=number_in(request.args.get("without")))
    return {
        "items": [
            {
                "id": each.id,
                "label": each.label,
                "hint": each.hint,
                "url": f"{each.resource.url}/{each.id}",
                "kind": "" if each.resource is resource else str(each.resource.title),
                "field": next(iter(each.alike)),
                "why": [
                    *(likeness_text(resource.fields[name].label, how) for name, how in each.alike.items()),
                    *([_("archived")] if each.is_archived else ()),
                ],
            }
            for each in found
        ]
    }


def likeness_text(label: str, how: Likeness) -> str:
    """Why a record looks alike: ``same phone``."""
    label = label.lower()
    if how is Likeness.SOUNDS:
        return _("%(field)s sounds the same", field=label)
    if how is Likeness.BEGINS:
        return _("%(field)s begins alike", field=label)
    return _("same %(field)s", field=label)
