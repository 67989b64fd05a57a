"""Records that look like one that is going to be written."""

from __future__ import annotations

from flask import Response, g
from marshmallow import ValidationError

from core.errors import Invalid
from core.resources.duplicates import find_duplicates, recognised_by
from core.resources.values import LinkValue, first_message
from core.web.api.answers import answer
from core.web.api.blueprint import bp
from core.web.api.bodies import parameters

_WITHOUT = "without"


@bp.get("/<addon>/<plural>/duplicates")
def duplicates() -> Response:
    """Records that look like one with these values, the most alike first."""
    given = parameters(_WITHOUT, *recognised_by(g.resource))
    try:
        without = LinkValue(allow_none=True).deserialize(given.pop(_WITHOUT, None))
    except ValidationError as error:
        raise Invalid({_WITHOUT: [first_message(error)]}) from None
    for name in given:
        g.gateway.resolver.predicate(g.resource, name)
    found = find_duplicates(g.gateway, g.resource, given, without=without)
    items = [
        {
            "resource": each.resource.name,
            "id": each.id,
            "label": each.label,
            "hint": each.hint,
            "archived": each.is_archived,
            "alike": each.alike,
        }
        for each in found
    ]
    return answer({"items": items})
