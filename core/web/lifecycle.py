"""One request: host, tenant, language, session; one transaction, committed when the answer is good."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, cast

from flask import Flask, Request, Response, current_app, g, redirect, request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.access.actor import Actor
from core.addons.switch import require
from core.auth.login import COOKIE, who_asks
from core.db.session import commit, tenant_of
from core.db.tenancy import Platform, Tenant, host_binding
from core.errors import NotFound, Unauthenticated
from core.i18n import match_language, set_language
from core.kernel import Kernel
from core.resources.gateway import Gateway
from core.web.security import add_headers, check_csrf

#: The language chosen on the sign-in page, before anybody is known.
LANGUAGE_COOKIE: Final = "guanxi_language"
#: A random mark of a browser that is not signed in, for the token of the sign-in form.
VISITOR_COOKIE: Final = "guanxi_visitor"
#: Blueprints that need no tenant: static files and the probes.
_PLAIN: Final = frozenset({"static", "assets", "probes"})


class _NoCookie(SessionInterface):
    """Flask's own session, which we have no use for: signed-in browsers are rows of their tenant."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """An empty one, for extensions that look into it."""
        return NullSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing is kept."""


class GuanxiFlask(Flask):
    """Flask with the commit inside the dispatch, so that a commit that fails is an error page too."""

    session_interface = _NoCookie()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none of ours is asynchronous, and it is asked for many times a request."""
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view, then commit unless it answers with an error."""
        response = self.make_response(super().dispatch_request())
        session = g.get("session")
        if session is not None and response.status_code < 400:
            commit(session)
        return response


def kernel() -> Kernel:
    """The registries of this process."""
    return cast(Kernel, current_app.extensions["guanxi"])


def streamed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """An answer that is still being read when its request has ended: the session ends with it instead."""
    session = g.pop("session")

    def sent() -> Iterator[bytes]:
        try:
            yield from pieces
        finally:
            session.close()

    return sent()


def gateway() -> Gateway:
    """The gateway of this request's actor."""
    if "gateway" not in g:
        g.gateway = Gateway(g.session, g.actor)
    return cast(Gateway, g.gateway)


def set_up_lifecycle(app: Flask, pages: Mapping[str, str]) -> None:
    """Give ``app`` the steps every request goes through.

    Args:
        app: the application.
        pages: blueprints for signed-in people, each with its addon.
    """
    app.extensions["guanxi_pages"] = pages
    app.before_request(_begin)
    app.before_request(_guard)
    app.after_request(_finish)
    app.teardown_request(_close)


def wants_platform() -> bool:
    """Whether the request is for the platform administrator's host."""
    host = request.host.partition(":")[0].lower()
    return bool(kernel().config.platform_host) and host == kernel().config.platform_host


def _begin() -> ResponseReturnValue | None:
    g.request_id = secrets.token_hex(8)
    wish = _wished()
    set_language(wish or "en")
    if request.blueprint in _PLAIN or request.endpoint == "static":
        return None
    config = kernel().config
    if wants_platform():
        g.session = kernel().database.session(Platform())
        if request.path == "/":
            return redirect("/platform")
        if request.blueprint != "platform":
            raise NotFound
        return None
    is_api = request.blueprint == "api"
    question = who_asks(request, by_token=is_api)
    binding = host_binding(request.host, config.base_domain, question)
    g.session = kernel().database.session(binding, channel="api" if is_api else "form")
    g.tenant = tenant_of(g.session)
    if request.blueprint == "platform":
        raise NotFound
    set_language(wish or g.tenant.language)
    return None


def _wished() -> str | None:
    """The language of a reader who is not known yet: his choice, then his browser's."""
    browser = (tag for tag, quality in request.accept_languages if quality > 0)
    wishes = (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE), *browser)
    return next((found for wish in wishes if (found := match_language(wish))), None)


def become(actor: Actor) -> None:
    """Go on as ``actor``, in his language; in that of his browser, then the tenant's, if he chose none."""
    tenant: Tenant = g.tenant
    g.actor = actor
    kernel().database.customisations.of(tenant, g.session)  # later it would take a connection of its own
    set_language(actor.language or _wished() or tenant.language)


def recognise() -> None:
    """Go on as whoever is signed in, where no blueprint has asked: at an address that is none."""
    if "tenant" in g and "actor" not in g and current_user.is_authenticated:
        become(current_user.actor)


def signed_in() -> Any:
    """flask-login's user of this request.

    Raises:
        Unauthenticated: nobody is signed in.
    """
    if not current_user.is_authenticated:
        raise Unauthenticated
    return current_user


def _guard() -> None:
    """Before a page: somebody must be signed in, its addon must be on, and a form must be one of ours.

    In this order, so that a stranger cannot tell what is on.
    """
    # An addon's blueprint may hold others, whose names begin with its own.
    addon = current_app.extensions["guanxi_pages"].get((request.blueprint or "").partition(".")[0])
    if addon is None:
        return
    become(signed_in().actor)
    require(g.tenant, addon)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token")
        check_csrf(kernel().config.secret_key, request.cookies.get(COOKIE), given)


def _finish(response: Response) -> Response:
    add_headers(response)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.blueprint not in _PLAIN and request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _close(error: BaseException | None) -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()
