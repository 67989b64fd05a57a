"""What every answer and every form carries for safety: headers, and a token against forged posts."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from flask import Response

from core.errors import Forbidden
from core.i18n import _l

_CSP: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(self), geolocation=(self)",
}


class Forged(Forbidden):
    """A form came without its token: from another site, or after the session had ended."""

    code = "forged-form"
    message = _l("This form has expired. Load the page again; what you typed is still in it.")


def csrf_token(secret: bytes, session_token: str) -> str:
    """A token that forms of the browser holding ``session_token`` must carry.

    It differs with every page, so that the length of a compressed page tells nothing about it.
    """
    salt = secrets.token_hex(8)
    return f"{salt}.{_seal(secret, session_token, salt)}"


def _seal(secret: bytes, session_token: str, salt: str) -> str:
    return hmac.new(secret, f"csrf:{salt}:{session_token}".encode(), hashlib.sha256).hexdigest()


def check_csrf(secret: bytes, session_token: str | None, given: str | None) -> None:
    """Let only forms of our own pages pass.

    Raises:
        Forged: the token is missing or another.
    """
    if not session_token or not given:
        raise Forged
    salt, _, seal = given.partition(".")
    if not hmac.compare_digest(_seal(secret, session_token, salt).encode(), seal.encode()):
        raise Forged


def add_headers(response: Response) -> None:
    """Add the headers of every answer; those it has already stay."""
    present = {name.lower() for name, _value in response.headers}
    for name, value in _HEADERS.items():
        if name.lower() not in present:
            response.headers.add(name, value)


def new_visitor() -> str:
    """A random mark for a browser that is not signed in."""
    return secrets.token_urlsafe(16)
