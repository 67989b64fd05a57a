"""Where the agency joins in: the menu, the home page, the pages of customers and fairs, the demo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from addons.industry_tradefair import panels, queries, samples
from addons.industry_tradefair.models import Fair
from core.access.actor import Actor
from core.addons.hookspecs import hookimpl
from core.db.session import tenant_of
from core.i18n import _l, _lp
from core.menus import MenuItem
from core.resources.declaration import Resource
from core.web.view_models import Panel


@hookimpl
def menu_items() -> Sequence[MenuItem]:
    """A group of its own."""
    section = _l("Trade fairs")
    return (
        MenuItem(_lp("tradefair", "Orders"), "file-text", section, 300, "industry_tradefair.order"),
        MenuItem(_l("Fairs"), "calendar-event", section, 310, "industry_tradefair.fair"),
        MenuItem(_l("Booths"), "building-store", section, 320, "industry_tradefair.booth"),
    )


@hookimpl
def home_cards(session: Session, actor: Actor) -> list[Panel] | None:
    """Which fairs come next, and how many booths are free."""
    if not actor.may("industry_tradefair.fair", "read"):
        return None
    today = datetime.now(ZoneInfo(tenant_of(session).timezone)).date()
    fairs = queries.coming_fairs(session, actor, today)
    taken = queries.occupancy(session, [each["id"] for each in fairs])
    return [panels.fairs_card(fairs, taken, today, actor)]


@hookimpl
def record_panels(session: Session, actor: Actor, resource: Resource, record: Any) -> list[Panel] | None:
    """A customer's orders; how full a fair is."""
    number = record["id"]
    if resource.name == "customer.customer" and actor.may("industry_tradefair.order", "read"):
        return [panels.customer_panel(queries.orders_of(session, actor, number), number, actor)]
    if resource.model is Fair:
        taken = queries.occupancy(session, [number]).get(number, queries.Occupancy())
        orders = queries.orders_at(session, actor, number)
        return panels.fair_panels(number, taken, orders, actor)
    return None


@hookimpl
def load_samples(session: Session, actor: Actor) -> None:
    """Write three fairs, their booths, and orders of the customers there are."""
    samples.load(session, actor)
