"""Home."""

from __future__ import annotations

from flask import g, render_template

from core.web.lifecycle import kernel
from core.web.pages import bp
from core.web.pages.request import display, told
from core.web.shell import shell


@bp.get("/")
def home() -> str:
    """Greet, and show the cards of the addons."""
    cards = kernel().hooks.fill(g.tenant.addons, "home_cards", session=g.session, actor=g.actor)
    return render_template(
        "home.html",
        shell=shell(),
        toasts=told(),
        greeting=display().greeting(g.actor.name),
        subtitle=display().day(display().now.date()),
        cards=[card for _id, card in cards],
    )
