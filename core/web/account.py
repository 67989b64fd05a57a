"""Signing in and out, and what a user sets for himself."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.auth import services as auth
from core.auth.login import COOKIE, clear_cookie, set_cookie
from core.auth.models import Theme
from core.db.session import commit, rollback
from core.errors import GuanxiError, Invalid, TooManyRequests, Unauthenticated
from core.i18n import LANGUAGES, language
from core.web.lifecycle import LANGUAGE_COOKIE, VISITOR_COOKIE, kernel, signed_in
from core.web.security import check_csrf, csrf_token, new_visitor

bp = Blueprint("account", __name__)


@bp.get("/login")
def login() -> ResponseReturnValue:
    """Show the sign-in form."""
    if current_user.is_authenticated:
        return redirect("/")
    return _login_page()


@bp.post("/login")
def sign_in() -> ResponseReturnValue:
    """Sign in with address and password."""
    visitor = request.cookies.get(VISITOR_COOKIE)
    check_csrf(kernel().config.secret_key, visitor, request.form.get("csrf_token"))
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    address = request.remote_addr or ""
    try:
        user_id = auth.check_password(g.session, email, password, address=address)
    except (Unauthenticated, TooManyRequests) as error:
        rollback(g.session)
        if isinstance(error, Unauthenticated):
            auth.count_failure(g.session, email, address=address)
            commit(g.session)
        return _login_page(email, error), error.status
    agent = request.headers.get("User-Agent", "")
    issued = auth.open_session(g.session, user_id, address=address, agent=agent)
    response = make_response(redirect(_own_page(request.form.get("next", ""))))
    set_cookie(response, issued.token, secure=request.is_secure)
    return response


def _login_page(email: str = "", error: GuanxiError | None = None) -> Response:
    visitor = request.cookies.get(VISITOR_COOKIE) or new_visitor()
    page = render_template(
        "login.html",
        lang=language(),
        tenant_name=g.tenant.name,
        csrf=csrf_token(kernel().config.secret_key, visitor),
        email=email,
        error=error.detail if error is not None else "",
        next=_own_page(request.values.get("next", "")),
    )
    response = make_response(page)
    response.set_cookie(VISITOR_COOKIE, visitor, httponly=True, samesite="Lax", secure=request.is_secure)
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, request.args["lang"], max_age=31_536_000, samesite="Lax")
    return response


def _own_page(url: str) -> str:
    """``url`` if it leads to a page of ours, the start page otherwise."""
    is_ours = url.startswith("/") and not url.startswith("//") and "\\" not in url and url.isprintable()
    return url if is_ours else "/"


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End this browser's session."""
    _check_form()
    auth.close_session(g.session, signed_in().token)
    response = make_response(redirect("/login"))
    clear_cookie(response)
    return response


@bp.post("/preferences")
def preferences() -> ResponseReturnValue:
    """Keep the language or the theme a user has chosen."""
    _check_form()
    values: dict[str, str] = {}
    if "lang" in request.form:
        values["language"] = request.form["lang"]
    if "theme" in request.form:
        values["theme"] = request.form["theme"]
    if values.get("language", "en") not in LANGUAGES or values.get("theme", "auto") not in set(Theme):
        raise Invalid
    auth.set_preferences(g.session, signed_in().actor.user_id, values)
    response = Response(status=204)
    if "language" in values:
        response.set_cookie(LANGUAGE_COOKIE, values["language"], max_age=31_536_000, samesite="Lax")
    return response


def _check_form() -> None:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token")
    check_csrf(kernel().config.secret_key, request.cookies.get(COOKIE), given)
