"""What scripts of a list ask for while somebody types or opens the filter builder."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request

from core.resources.filters import from_text
from core.resources.query import EVERYTHING
from core.web.lifecycle import gateway
from core.web.pages import bp
from core.web.pages.lists.filters import filter_fields
from core.web.pages.request import number_in, resource_at, typed


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
def fields_of_filters(addon: str, plural: str) -> Response:
    """Answer with what the filter builder offers this reader."""
    resource = resource_at(addon, plural)
    return Response(orjson.dumps({"items": filter_fields(resource)}), mimetype="application/json")
