"""What the addon's cards show, made of what its queries found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from urllib.parse import urlencode

from addons.industry_tradefair.models import OrderState, Product
from addons.industry_tradefair.queries import Occupancy, Row
from core.access.actor import Actor
from core.i18n import _, _p, ngettext
from core.web.pages.request import display
from core.web.view_models import Figure, Option, Panel, PanelItem

_ORDERS = "/industry_tradefair/orders"
_FAIRS = "/industry_tradefair/fairs"
_BOOTHS = "/industry_tradefair/booths"
_ICONS = {
    Product.BOOTH.value: "building-store",
    Product.WEB_DESIGN.value: "world-www",
    Product.WEB_ADVERTISING.value: "speakerphone",
    Product.PERIODICAL.value: "news",
    Product.OUTDOOR.value: "presentation",
}


def _order(order: Row, *, with_customer: bool) -> PanelItem:
    products = {each.value: str(each.label) for each in Product}
    states = {each.value: Option(each.value, str(each.label), each.tone) for each in OrderState}
    about = order["customer"]["label"] if with_customer else products[order["product"]]
    due = display().day(order["due_on"]) if order["due_on"] else ""
    return PanelItem(
        order["title"],
        " · ".join(filter(None, (about, due))),
        f"{_ORDERS}/{order['id']}",
        icon=_ICONS[order["product"]],
        tag=states[order["state"]],
    )


def customer_panel(orders: Sequence[Row], customer: int, actor: Actor) -> Panel:
    """What a customer has ordered."""
    may_add = actor.may("industry_tradefair.order", "create")
    return Panel(
        "orders",
        _p("tradefair", "Orders"),
        [_order(each, with_customer=False) for each in orders],
        empty=_("No order yet."),
        add_url=f"{_ORDERS}/quick?{urlencode({'customer': customer})}" if may_add else "",
        add_label=_("New order"),
    )


def booths_panel(fair: int, taken: Occupancy, actor: Actor) -> Panel:
    """How full a fair is."""
    shown = display()
    figures = [
        Figure(_("Booths"), shown.number(taken.booths), f"{_BOOTHS}?{urlencode({'fair': fair})}", "info"),
        Figure(_p("booths", "Sold"), shown.number(taken.sold), tone="ok"),
        Figure(_p("booths", "Free"), shown.number(taken.free), tone="warn" if taken.free else "mute"),
    ]
    may_add = actor.may("industry_tradefair.booth", "create")
    return Panel(
        "booths",
        _("Booths"),
        figures=figures if taken.booths else (),
        empty=_("No booth yet."),
        add_url=f"{_BOOTHS}/quick?{urlencode({'fair': fair})}" if may_add else "",
        add_label=_("New booth"),
    )


def fair_orders_panel(orders: Sequence[Row]) -> Panel:
    """Who comes to a fair."""
    items = [_order(each, with_customer=True) for each in orders]
    return Panel("fair-orders", _p("tradefair", "Orders"), items, empty=_("No order yet."))


def fairs_card(fairs: Sequence[Row], taken: Mapping[int, Occupancy], today: date, actor: Actor) -> Panel:
    """The home page's card: which fairs come next, and what can still be sold there."""
    may_add = actor.may("industry_tradefair.fair", "create")
    return Panel(
        "fairs",
        _("Coming fairs"),
        [_fair(each, taken.get(each["id"], Occupancy()), today) for each in fairs],
        empty=_("No fair in the next four months."),
        add_url=f"{_FAIRS}/quick" if may_add else "",
        add_label=_("New fair"),
    )


def _fair(fair: Row, taken: Occupancy, today: date) -> PanelItem:
    days = (fair["begins_on"] - today).days
    when = ngettext("in %(n)s day", "in %(n)s days", days) if days > 0 else _("now")
    free = ngettext("%(n)s free", "%(n)s free", taken.free)
    return PanelItem(
        fair["name"],
        " · ".join(filter(None, (display().day(fair["begins_on"]), fair["city"], when))),
        f"{_FAIRS}/{fair['id']}",
        icon="calendar-event",
        tag=Option("free", free, "ok" if taken.free else "mute") if taken.booths else None,
    )
