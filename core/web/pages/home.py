"""Home, and the command palette."""

from __future__ import annotations

from typing import Any

from flask import g, render_template

from core.i18n import _
from core.web.lifecycle import gateway, kernel
from core.web.pages import bp
from core.web.pages.request import display, told, typed
from core.web.shell import shell


@bp.get("/")
def home() -> str:
    """Greet, and show the cards of the addons."""
    cards = kernel().hooks.call(g.tenant.addons, "home_cards", session=g.session, actor=g.actor)
    return render_template(
        "home.html",
        shell=shell(),
        toasts=told(),
        greeting=display().greeting(g.actor.name),
        subtitle=display().day(display().now.date()),
        cards=sorted(cards, key=lambda card: card.order),
    )


@bp.get("/palette")
def palette() -> dict[str, Any]:
    """Records that match what is typed into the palette, grouped by resource."""
    q = typed("q")
    groups = []
    for resource in kernel().resources.visible(g.tenant) if q else ():
        if g.actor.may(resource.name, "read"):
            found = gateway().lookup(resource, q, limit=5)
            items = [
                {
                    "title": each["label"],
                    "hint": each["hint"],
                    "url": f"{resource.url}/{each['id']}",
                    "icon": resource.icon,
                }
                for each in found
            ]
            if items:
                groups.append({"title": str(resource.title_plural), "items": items})
    return {"groups": groups, "empty": _("Nothing found")}
