"""The views people keep of a resource, as questions a program may ask as well."""

from __future__ import annotations

from flask import Response, g

from core.resources.views.query import fit
from core.resources.views.services import views_of
from core.web.api.answers import answer
from core.web.api.blueprint import bp
from core.web.api.bodies import parameters


@bp.get("/<addon>/<plural>/views")
def views() -> Response:
    """The views of this reader, in his order, each with what he may ask of it."""
    parameters()
    g.gateway.require(g.resource, "read")
    found = views_of(g.session, g.resource, actor=g.actor)
    items = []
    for view in found.items:
        query, missing = fit(g.gateway, g.resource, view.query)
        items.append(
            {
                "id": view.id,
                "name": view.name,
                "audience": view.audience,
                "role": view.role,
                "default": view == found.default,
                "query": query.to_json(),
                "missing": {
                    "columns": missing.columns,
                    "conditions": missing.conditions,
                    "settings": missing.settings,
                },
            }
        )
    return answer({"items": items})
