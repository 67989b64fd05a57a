"""Errors become answers here, once: a problem document for programs, a page for people."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Flask, Response, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import escape
from psycopg2 import errors as pg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from core.addons.manifest import RESERVED
from core.addons.switch import is_on
from core.db.session import rollback
from core.errors import (
    BadRequest,
    GuanxiError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    StorageFull,
    TooLarge,
    TooSlow,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from core.i18n import HTML_TAGS, language
from core.web.assets.manifest import AssetsMissing
from core.web.lifecycle import become, kernel, recognise
from core.web.shell import shell_or_none

logger = logging.getLogger(__name__)


class DatabaseDown(Unavailable):
    """The database does not answer."""

    code = "database-down"


def set_up_errors(app: Flask) -> None:
    """Turn every error of ``app`` into an answer."""
    app.register_error_handler(GuanxiError, _answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> ResponseReturnValue:
    if not wants_problem():
        recognise()
    return _answer(_translated(error))


def wants_problem() -> bool:
    """Whether a program asks: the API, or a script of ours on a page."""
    if request.path.startswith("/api/") and request.path != "/api/docs":
        return True
    return "HX-Request" in request.headers or request.accept_mimetypes.best == "application/json"


def problem(error: GuanxiError) -> Response:
    """The error as RFC 9457 problem document."""
    body: dict[str, Any] = {
        "type": f"urn:guanxi:{error.code}",
        "title": str(error.title),
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "request_id": g.get("request_id", ""),
    }
    if isinstance(error, Invalid):
        body["errors"] = {name: [str(each) for each in messages] for name, messages in error.errors.items()}
    response = Response(orjson.dumps(body), error.status, mimetype="application/problem+json")
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="guanxi"'
    return response


def _answer(error: GuanxiError) -> ResponseReturnValue:
    session = g.get("session")
    if session is not None:
        rollback(session)
    if wants_problem():
        response = problem(error)
    elif isinstance(error, Unauthenticated):
        return redirect(_sign_in_address())
    else:
        response = make_response(_page(error), error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _sign_in_address() -> str:
    if "tenant" not in g:
        return "/platform/login"
    return (
        "/login?" + urlencode({"next": request.full_path.rstrip("?")})
        if request.method == "GET"
        else "/login"
    )


def _page(error: GuanxiError) -> str:
    try:
        return render_template(
            "error.html",
            shell=shell_or_none(),
            lang=language(),
            status=error.status,
            title=str(error.title),
            detail=error.detail,
            request_id=g.get("request_id", ""),
        )
    except AssetsMissing as missing:  # no style sheet to show it with, so the bare sentences
        lang, title = HTML_TAGS[language()], escape(str(error.title))
        return (
            f'<!doctype html><html lang="{lang}"><meta charset=utf-8><title>{title}</title><h1>{title}</h1>'
            f"<p>{escape(missing.detail)}</p><p>{escape(g.get('request_id', ''))}</p>"
        )


def _translated(error: HTTPException) -> GuanxiError:
    if error.code in (404, 405) and _is_below_nothing():
        # What an addon that is off answers to the same request, so that it cannot be told from none.
        if not current_user.is_authenticated:
            return Unauthenticated()
        become(current_user.actor)
        return NotFound()
    kinds: dict[int | None, GuanxiError] = {
        404: NotFound(),
        405: MethodNotAllowed(),
        413: TooLarge(limit="32 MB"),
        415: UnsupportedMedia(expected="application/json"),
    }
    return kinds.get(error.code) or BadRequest()


def _is_below_nothing() -> bool:
    """Whether the address lies where an addon's pages would be, but of none this tenant has on."""
    _, name, *rest = request.path.split("/")
    if "tenant" not in g or not rest or name in RESERVED:
        return False
    return name not in kernel().catalogue.addons or not is_on(g.tenant, name)


def _unexpected(error: Exception) -> ResponseReturnValue:
    if isinstance(error, DBAPIError) and isinstance(error.orig, pg.DiskFull):
        return _answer(StorageFull())
    if isinstance(error, DBAPIError) and isinstance(error.orig, pg.QueryCanceled):
        logger.error("request %s asked for too much: %s", g.get("request_id"), error.statement)
        return _answer(TooSlow(seconds=kernel().database.patience))
    if isinstance(error, OperationalError | PoolTimeout):
        logger.error("the database does not answer: %s", str(error).splitlines()[0])
        return _answer(DatabaseDown())
    logger.exception("request %s failed: %s %s", g.get("request_id"), request.method, request.path)
    return _answer(GuanxiError())
