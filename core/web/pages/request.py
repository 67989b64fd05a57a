"""What the pages of a resource share: which resource, for whom it is shown, short messages."""

from __future__ import annotations

import json
import re
from datetime import datetime
from urllib.parse import quote, unquote

import orjson
from flask import Response, g, request
from flask.typing import ResponseReturnValue

from core.i18n import _, language
from core.resources.declaration import Resource
from core.web.display import Display
from core.web.lifecycle import gateway, kernel
from core.web.view_models import Toast

#: An address of ours: a path, and no host behind two slashes.
_OWN_PATH = re.compile(r"/(?![/\\])")
_TOAST_COOKIE = "guanxi_toast"


def resource_at(addon: str, plural: str) -> Resource:
    """The resource at an address, for a reader who may read it.

    Raises:
        NotFound: there is none, its addon is off, or the actor may not read it.
    """
    resource = kernel().resources.at(g.tenant, "core" if addon == "settings" else addon, plural)
    gateway().require(resource, "read")
    return resource


def display() -> Display:
    """The formats of this request's reader."""
    if "display" not in g:
        g.display = Display(language=language(), timezone=g.tenant.timezone, country=g.tenant.country)
    found: Display = g.display
    return found


def saved(at: datetime | None, by: str) -> str:
    """When something was saved, and by whom where somebody is known; empty where nobody has."""
    if at is None:
        return ""
    when = display().instant(at)
    return _("Saved by %(who)s, %(when)s", who=by, when=when) if by else _("Saved %(when)s", when=when)


def number_in(text: object) -> int | None:
    """The number of a record as an address or a form writes it; None when it is none."""
    written = str(text)
    is_number = written.isascii() and written.isdigit() and len(written) < 19
    return int(written) if is_number else None


def typed(name: str) -> str:
    """What somebody types into a look-up so far, fit to be compared."""
    return request.args.get(name, "").replace("\x00", "").strip()[:100]


def is_fragment() -> bool:
    """Whether a script asks for part of a page."""
    return "HX-Request" in request.headers


def tell(response: Response, text: str, *, tone: str = "ok", undo_url: str = "") -> Response:
    """Let the page that is shown next say ``text``; ``undo_url`` is posted to take the work back."""
    if is_fragment():
        # a header holds ASCII alone, so this JSON is written with escapes
        response.headers["HX-Trigger"] = json.dumps(
            {"toast": {"text": text, "tone": tone, "undo_url": undo_url}}
        )
    if not is_fragment() or "HX-Redirect" in response.headers or response.status_code in (302, 303):
        response.headers.pop("HX-Trigger", None)
        value = quote(orjson.dumps([text, tone, undo_url]))
        response.set_cookie(_TOAST_COOKIE, value, max_age=60, httponly=True, samesite="Lax")
    return response


def told() -> list[Toast]:
    """What the last page left to be said; said once."""
    value = request.cookies.get(_TOAST_COOKIE)
    if not value:
        return []
    g.forget_toast = True
    try:
        text, tone, undo_url = orjson.loads(unquote(value))
    except (ValueError, TypeError):
        return []
    return [Toast(str(text), str(tone), str(undo_url) if _OWN_PATH.match(str(undo_url)) else "")]


def forget_told(response: Response) -> Response:
    """Drop the message once a page has shown it."""
    if g.get("forget_toast"):
        response.delete_cookie(_TOAST_COOKIE, httponly=True, samesite="Lax")
    return response


def gone_to(url: str, text: str, undo_url: str = "") -> ResponseReturnValue:
    """Go on at ``url`` and say what was done, from a page or from a dialog."""
    if is_fragment():
        response = Response(status=204, headers={"HX-Redirect": url})
    else:
        response = Response(status=303, headers={"Location": url})
    return tell(response, text, undo_url=undo_url)
