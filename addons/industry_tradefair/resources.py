"""How fairs, booths and orders are shown."""

from __future__ import annotations

from addons.industry_tradefair import models, services
from addons.industry_tradefair.models import FirmKind, OrderState, Product
from addons.industry_tradefair.synonyms import CUSTOMER
from core.i18n import _l, _lp
from core.resources.declaration import Action, Resource, Section
from core.resources.extending import Placed, ResourceExtension


class FairResource(Resource):
    """Where the agency sells."""

    name = "industry_tradefair.fair"
    model = models.Fair
    title, title_plural = _l("Fair"), _l("Fairs")
    icon = "calendar-event"
    subtitle = ("city", "venue")
    list_columns = ("name", "begins_on", "ends_on", "city", "venue", "goods")
    quick_filters = ("city",)
    form = (
        Section(_l("Basics"), "name", "city", "venue", "website", "goods"),
        Section(_l("Days"), "begins_on", "ends_on", "build_up_on"),
        Section(_l("Notes"), "notes"),
    )
    quick_create = ("name", "city", "begins_on", "ends_on")
    sort = ("-begins_on",)
    service_class = services.FairService


class BoothResource(Resource):
    """What can be sold at a fair."""

    name = "industry_tradefair.booth"
    model = models.Booth
    title, title_plural = _l("Booth"), _l("Booths")
    icon = "building-store"
    label = "number"
    subtitle = ("fair", "hall")
    tags = ("kind",)
    list_columns = ("number", "fair", "hall", "kind", "area", "price")
    quick_filters = ("kind",)
    form = (
        Section(_l("Basics"), "number", "fair", "hall", "kind"),
        Section(_lp("booth", "Size and price"), "area", "price", "notes"),
    )
    quick_create = ("number", "fair", "hall", "kind", "area", "price")
    sort = ("number",)
    service_class = services.BoothService


class OrderResource(Resource):
    """What customers have us do."""

    name = "industry_tradefair.order"
    model = models.Order
    title, title_plural = _lp("tradefair", "Order"), _lp("tradefair", "Orders")
    icon = "file-text"
    label = "title"
    subtitle = ("number", "customer")
    tags = ("product", "state")
    list_columns = ("title", "customer", "product", "state", "amount", "due_on", "owner")
    quick_filters = ("product", "state")
    form = (
        Section(_l("Basics"), "title", "customer", "product", "state", "owner", "unit"),
        Section(_l("Booth"), "fair", "booth", "needs_builder", when={"product": (Product.BOOTH,)}),
        Section(_l("Website"), "domain", "pages", "needs_hosting", when={"product": (Product.WEB_DESIGN,)}),
        Section(
            _lp("advertising", "On the web"),
            "site",
            "ad_format",
            when={"product": (Product.WEB_ADVERTISING,)},
        ),
        Section(_lp("advertising", "Outdoors"), "place", "size", when={"product": (Product.OUTDOOR,)}),
        Section(
            _l("Running time"),
            "runs_from",
            "runs_until",
            when={"product": (Product.WEB_ADVERTISING, Product.OUTDOOR)},
        ),
        Section(
            _lp("press", "Periodical"),
            "periodical",
            "issue",
            "placement",
            "copy_due_on",
            when={"product": (Product.PERIODICAL,)},
        ),
        Section(_l("Money and days"), "amount", "ordered_on", "due_on"),
        Section(_l("Notes"), "notes"),
    )
    quick_create = ("title", "customer", "product", "amount", "due_on")
    actions = (
        Action(
            "confirm",
            _lp("order", "Confirm"),
            services.confirm_orders,
            icon="circle-check",
            offered=lambda order: order["state"] == OrderState.DRAFT,
        ),
        Action(
            "finish",
            _l("Mark as done"),
            services.finish_orders,
            icon="check",
            offered=lambda order: order["state"] == OrderState.CONFIRMED,
        ),
        Action(
            "cancel",
            _lp("order", "Cancel"),
            services.cancel_orders,
            icon="circle-x",
            offered=lambda order: order["state"] in (OrderState.DRAFT, OrderState.CONFIRMED),
        ),
    )
    sort = ("-id",)
    readable_through = "customer"
    service_class = services.OrderService


class CustomerExtension(ResourceExtension):
    """What the trade calls a customer, on his page, in lists and in forms."""

    of = "customer.customer"
    sections = (
        Section(_l("Trade"), "firm_kind", "traded_goods", id="trade", after="basics"),
        Section(
            _l("Services offered"),
            "service_offered",
            id="services",
            after="industry_tradefair.trade",
            when={"firm_kind": (FirmKind.SERVICE,)},
        ),
    )
    list_columns = (Placed("firm_kind", after="kind"),)
    quick_filters = ("firm_kind",)
    quick_create = (Placed("firm_kind", after="kind"),)
    tags = ("firm_kind",)
    synonyms = CUSTOMER
    rules = (services.keep_services_to_service_firms,)
