"""A dialog on a record's page: where each of its values came from."""

from __future__ import annotations

from flask import g, render_template

from core.resources.origins import Origin, origins
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.request import display, resource_at


@bp.get("/<addon>/<plural>/<int:record_id>/origins")
def show_origins(addon: str, plural: str, record_id: int) -> str:
    """Tell of every value through what it came, who wrote it, and when."""
    resource = resource_at(addon, plural)
    found = gateway().get(resource, record_id)
    known = origins(gateway(), resource, found)
    rows = [
        (field.label, display().value(field, found[field.name]), _told(known[field.name]))
        for section in resource.form
        for field in (resource.fields[name] for name in section.fields)
        if field.name in known
    ]
    return render_template("records/origins.html", rows=rows)


def _told(origin: Origin) -> str:
    channel = kernel().channels.title(g.tenant, origin.channel)
    return " · ".join(filter(None, (channel, origin.file, origin.author, display().ago(origin.at))))
