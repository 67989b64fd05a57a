"""Tickets for the event stream: what the page's session proved, signed for the process that streams.

The stream is served in front of Flask and knows neither cookies nor rights. So a page asks for a
ticket, which says for a minute who its holder is and what he may be woken for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from dataclasses import asdict, dataclass
from typing import Final

import orjson

#: Seconds a ticket may be used to open a stream.
LIFE: Final = 60
_LABEL: Final = b"events:"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who may listen to what."""

    tenant: int
    user: int
    is_administrator: bool
    #: Digest of the session's token: the stream ends with the session.
    session: str
    #: Mark of the rights this was worked out with: the stream begins anew when they change.
    stamp: str
    #: Of the tenant's row, which changes with every switch of an addon.
    version: int
    #: Resources the holder may read.
    resources: tuple[str, ...]
    expires: int


def sign(secret: bytes, ticket: Ticket) -> str:
    """The ticket as a text for an address."""
    body = base64.urlsafe_b64encode(orjson.dumps(asdict(ticket))).rstrip(b"=")
    return f"{body.decode()}.{_seal(secret, body)}"


def read(secret: bytes, text: str) -> Ticket | None:
    """The ticket a text holds; None when it is not ours, was changed, or is too old."""
    body, _, seal = text.encode("ascii", "replace").partition(b".")
    if not hmac.compare_digest(_seal(secret, body).encode(), seal):
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
        ticket = Ticket(**{**values, "resources": tuple(values["resources"])})
    except (binascii.Error, ValueError, TypeError, KeyError):
        return None
    return ticket if ticket.expires >= time.time() else None


def _seal(secret: bytes, body: bytes) -> str:
    return hmac.new(secret, _LABEL + body, hashlib.sha256).hexdigest()
