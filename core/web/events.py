"""The way into the event stream: a page asks for a ticket."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, g, request
from flask_login import current_user
from sqlalchemy import text

from core.auth.login import COOKIE
from core.auth.services import digest
from core.web.lifecycle import become, kernel
from core.web.tickets import LIFE, Ticket, sign

bp = Blueprint("events", __name__)


@bp.get("/events/ticket")
def ticket() -> dict[str, Any]:
    """A ticket for the signed-in reader; none, without a complaint, when nobody is signed in."""
    if "tenant" not in g or not current_user.is_authenticated:
        return {"ticket": None}
    become(current_user.actor)
    resources = kernel().resources.visible(g.tenant)
    found = Ticket(
        tenant=g.tenant.id,
        user=g.actor.user_id,
        is_administrator=g.actor.is_administrator,
        session=digest(request.cookies.get(COOKIE, "")),
        stamp=str(g.session.scalar(text("select stamp from core_rights_stamp"))),
        version=g.tenant.version,
        resources=tuple(each.name for each in resources if g.actor.may(each.name, "read")),
        expires=int(time.time()) + LIFE,
    )
    return {"ticket": sign(kernel().config.secret_key, found)}
