"""flask-login over our own sessions: the cookie holds a random token, looked up in the tenant."""

from __future__ import annotations

from typing import Final

from flask import Flask, Request, Response, g
from flask_login import LoginManager, UserMixin

from core.access.actor import Actor
from core.access.permissions import Permissions
from core.auth.services import SESSION_LIFE, actor_by_session, whose_session, whose_token
from core.db.tenancy import Question
from core.errors import Unauthenticated

#: The cookie of a signed-in browser.
COOKIE: Final = "guanxi_session"


class SignedIn(UserMixin):  # type: ignore[misc]
    """flask-login's user: an actor, found by the token of his browser."""

    def __init__(self, actor: Actor, token: str) -> None:
        self.actor = actor
        self.token = token

    def get_id(self) -> str:
        """The random token; user numbers repeat in every tenant."""
        return self.token


def set_up_login(app: Flask, permissions: Permissions) -> None:
    """Let ``flask_login.current_user`` be whoever the browser's cookie belongs to."""
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)  # an error page must not ask the database who reads it
    manager.session_protection = None

    @manager.request_loader  # type: ignore[untyped-decorator]
    def load(request: Request) -> SignedIn | None:
        token = request.cookies.get(COOKIE)
        if not token or "tenant" not in g:  # no tenant here, or none that can be reached
            return None
        try:
            return SignedIn(actor_by_session(g.session, permissions, token), token)
        except Unauthenticated:
            return None


def bearer_token(request: Request) -> str | None:
    """The API token a request carries; None when it carries none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def who_asks(request: Request, *, by_token: bool) -> Question | None:
    """What to ask a tenant's database to learn who sends ``request``; None when it names nobody.

    Args:
        request: the present one.
        by_token: programs are known by their token alone, browsers by their cookie alone.
    """
    if by_token:
        token = bearer_token(request)
        return whose_token(token) if token else None
    token = request.cookies.get(COOKIE)
    return whose_session(token) if token else None


def set_cookie(response: Response, token: str, *, secure: bool) -> None:
    """Hand the browser its token."""
    life = int(SESSION_LIFE.total_seconds())
    response.set_cookie(COOKIE, token, max_age=life, httponly=True, samesite="Lax", secure=secure)


def clear_cookie(response: Response) -> None:
    """Take the browser's token away."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax")
