"""Where the agency joins in: the menu, the home page, the pages of customers and fairs, the demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from addons.industry_tradefair import panels, queries, samples
from core.access.actor import Actor
from core.addons.hookspecs import hookimpl, part
from core.db.session import tenant_of
from core.i18n import _l, _lp
from core.menus import MenuGroup, MenuItem
from core.web.view_models import Panel

Record = Mapping[str, Any]

_FAIR: Final = "industry_tradefair.fair"
_BOOTH: Final = "industry_tradefair.booth"
_ORDER: Final = "industry_tradefair.order"


@hookimpl
def menu_items() -> Sequence[MenuItem | MenuGroup]:
    """A group of its own, below that of the customers."""
    group = "industry_tradefair.fairs"
    return (
        MenuGroup("fairs", _l("Trade fairs"), after="customer.lists"),
        MenuItem(
            name="orders", title=_lp("tradefair", "Orders"), icon="file-text", group=group, resource=_ORDER
        ),
        MenuItem(name="fair-list", title=_l("Fairs"), icon="calendar-event", group=group, resource=_FAIR),
        MenuItem(name="booths", title=_l("Booths"), icon="building-store", group=group, resource=_BOOTH),
    )


@part("home_cards", "fairs", title=_l("Coming fairs"))
def coming_fairs(session: Session, actor: Actor) -> Panel | None:
    """Which fairs come next, and how many booths are free."""
    if not actor.may(_FAIR, "read"):
        return None
    today = datetime.now(ZoneInfo(tenant_of(session).timezone)).date()
    fairs = queries.coming_fairs(session, actor, today)
    taken = queries.occupancy(session, [each["id"] for each in fairs])
    return panels.fairs_card(fairs, taken, today, actor)


@part("record_panels", "orders", title=_lp("tradefair", "Orders"), on="customer.customer")
def customer_orders(session: Session, actor: Actor, record: Record) -> Panel | None:
    """What a customer has ordered."""
    if not actor.may(_ORDER, "read"):
        return None
    return panels.customer_panel(queries.orders_of(session, actor, record["id"]), record["id"], actor)


@part("record_panels", "booths", title=_l("Booths"), on=_FAIR)
def booths(session: Session, actor: Actor, record: Record) -> Panel:
    """How full a fair is."""
    taken = queries.occupancy(session, [record["id"]]).get(record["id"], queries.Occupancy())
    return panels.booths_panel(record["id"], taken, actor)


@part("record_panels", "fair-orders", title=_lp("tradefair", "Orders"), on=_FAIR)
def fair_orders(session: Session, actor: Actor, record: Record) -> Panel | None:
    """Who comes to a fair."""
    if not actor.may(_ORDER, "read"):
        return None
    return panels.fair_orders_panel(queries.orders_at(session, actor, record["id"]))


@hookimpl
def load_samples(session: Session, actor: Actor) -> None:
    """Write three fairs, their booths, and orders of the customers there are."""
    samples.load(session, actor)
