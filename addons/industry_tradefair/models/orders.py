"""What customers order: one table, the fields of each product beside those all have."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from core.db import fields
from core.db.base import Owned, Record
from core.i18n import _l, _lp


class Product(fields.Choice):
    """What the agency sells."""

    BOOTH = "booth", _l("Booth agency"), "violet"
    WEB_DESIGN = "web_design", _l("Web design"), "info"
    WEB_ADVERTISING = "web_advertising", _l("Web advertising"), "ok"
    PERIODICAL = "periodical", _l("Periodical"), "warn"
    OUTDOOR = "outdoor", _l("Outdoor advertising"), "bad"


class OrderState(fields.Choice):
    """How far an order is."""

    DRAFT = "draft", _lp("order", "Draft"), "mute"
    CONFIRMED = "confirmed", _lp("order", "Confirmed"), "info"
    DONE = "done", _lp("order", "Done"), "ok"
    CANCELLED = "cancelled", _l("Cancelled"), "bad"


class Position(fields.Choice):
    """Where in a periodical an advertisement stands."""

    FRONT = "front", _l("Front cover")
    BACK = "back", _l("Back cover")
    INSIDE_COVER = "inside_cover", _l("Inside cover")
    PAGE = "page", _l("Full page")
    HALF = "half", _l("Half page")


class Order(Record, Owned):
    """Something a customer has the agency do."""

    __tablename__ = "industry_tradefair_order"
    __table_args__ = (
        CheckConstraint("amount >= 0", "amount_not_negative"),
        CheckConstraint("runs_until >= runs_from", "runs_until_after_from"),
        # A booth is sold once: two sellers at the same moment do not both succeed.
        Index(
            "ux_industry_tradefair_order_booth_id",
            "booth_id",
            unique=True,
            postgresql_where=text("state in ('confirmed', 'done') and archived_at is null"),
        ),
        Index(None, "customer_id", "ordered_on"),
    )

    number: Mapped[str] = fields.series("TF-", "industry_tradefair_order_number_seq", label=_l("Number"))
    title: Mapped[str] = fields.text(200, label=_l("Title"), search=True)
    customer_id: Mapped[int] = fields.link("customer.customer", label=_l("Customer"), index=False)
    product: Mapped[str] = fields.choice(Product, label=_l("Product"), default=Product.BOOTH)
    state: Mapped[str] = fields.choice(OrderState, label=_lp("order", "State"), default=OrderState.DRAFT)
    amount: Mapped[int | None] = fields.integer(label=_l("Amount"), help=_l("Whole units of the currency."))
    ordered_on: Mapped[date | None] = fields.day(label=_l("Ordered on"))
    due_on: Mapped[date | None] = fields.day(label=_l("Due on"), index=True)
    notes: Mapped[str | None] = fields.multiline(label=_lp("order", "Notes"))

    fair_id: Mapped[int | None] = fields.link("industry_tradefair.fair", label=_l("Fair"))
    booth_id: Mapped[int | None] = fields.link("industry_tradefair.booth", label=_l("Booth"))
    needs_builder: Mapped[bool] = fields.flag(
        label=_l("Needs a booth builder"), help=_l("A service firm is to design and build it.")
    )
    reminded_on: Mapped[date | None] = fields.day(
        label=_l("Reminded on"), help=_l("When the owner was reminded of the fair.")
    )

    domain: Mapped[str | None] = fields.text(200, label=_l("Domain"))
    pages: Mapped[int | None] = fields.integer(label=_lp("website", "Pages"))
    needs_hosting: Mapped[bool] = fields.flag(label=_l("With hosting"))

    site: Mapped[str | None] = fields.pick(120, label=_lp("advertising", "Website or app"))
    ad_format: Mapped[str | None] = fields.pick(80, label=_l("Format"), index=False)
    place: Mapped[str | None] = fields.text(200, label=_lp("advertising", "Place"))
    size: Mapped[str | None] = fields.text(80, label=_lp("advertising", "Size"))
    runs_from: Mapped[date | None] = fields.day(label=_l("Runs from"))
    runs_until: Mapped[date | None] = fields.day(label=_l("Runs until"))

    periodical: Mapped[str | None] = fields.pick(120, label=_lp("press", "Periodical"))
    issue: Mapped[str | None] = fields.text(40, label=_lp("press", "Issue"))
    placement: Mapped[str | None] = fields.choice(Position, label=_l("Placement"))
    copy_due_on: Mapped[date | None] = fields.day(label=_l("Artwork due on"))
