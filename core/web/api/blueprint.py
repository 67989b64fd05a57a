"""The blueprint of the API, and what happens before and after each of its requests."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, g, request

from core.auth.login import bearer_token
from core.auth.services import actor_by_token
from core.errors import NotFound, Unauthenticated
from core.i18n import _l, match_language, set_language
from core.resources.gateway import Gateway
from core.resources.values import MAX_KEY
from core.web.lifecycle import kernel

bp = Blueprint("api", __name__, url_prefix="/api/v1")

#: Views of this blueprint that ask for no token.
OPEN: Final = frozenset({"api.issue"})


class BadToken(Unauthenticated):
    """There is no token, or it is not good."""

    message = _l("Send a valid API token: “Authorization: Bearer <token>”.")


@bp.before_request
def enter() -> None:
    """Find out who asks, by the token alone, and which resource is meant."""
    if request.endpoint not in OPEN:
        token = bearer_token(request)
        if token is None:
            raise BadToken
        try:
            g.actor = actor_by_token(g.session, kernel().permissions, token)
        except Unauthenticated as error:
            raise BadToken from error
        wish = request.accept_languages.best
        set_language(match_language(wish) or g.actor.language or g.tenant.language)
    address = request.view_args or {}
    if any(isinstance(value, int) and value > MAX_KEY for value in address.values()):
        raise NotFound
    if "plural" in address:
        addon, plural = address.pop("addon"), address.pop("plural")
        g.resource = kernel().resources.at(g.tenant, addon, plural)
        g.gateway = Gateway(g.session, g.actor)


@bp.after_request
def leave(response: Response) -> Response:
    """Answers are for one reader and one moment."""
    if response.status_code == 401:
        had_token = "Authorization" in request.headers
        response.headers["WWW-Authenticate"] = (
            'Bearer realm="guanxi", error="invalid_token"' if had_token else 'Bearer realm="guanxi"'
        )
    is_kept = response.status_code in (200, 304)
    response.headers["Cache-Control"] = "private, no-cache" if is_kept else "no-store"
    response.headers["Vary"] = "Authorization, Accept-Language"
    return response
