"""A list as a file."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, g, request

from core.i18n import language
from core.resources.declaration import Resource
from core.resources.exporting import Format
from core.resources.exporting.runs import Wish
from core.web.downloads import table_answer
from core.web.lifecycle import gateway
from core.web.pages import bp
from core.web.pages.lists.address import Address, query_of
from core.web.pages.request import resource_at


@bp.get("/<addon>/<plural>/export")
def export(addon: str, plural: str) -> Response:
    """Stream what the list shows, all pages of it, as a file."""
    resource = resource_at(addon, plural)
    gateway().require(resource, "export")
    query = query_of(resource, Address(resource.url, request.args.to_dict(flat=False)))
    return table_answer(resource, Wish(query, Format.CSV, (), language()), title=_title(resource))


def _title(resource: Resource) -> str:
    """What the file is called: the records, and the day in the tenant's calendar."""
    today = datetime.now(ZoneInfo(g.tenant.timezone)).date()
    return f"{resource.title_plural} {today}"
