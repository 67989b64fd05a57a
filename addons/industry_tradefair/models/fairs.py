"""Fairs and the booths at them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from core.db import fields
from core.db.base import Record
from core.i18n import _l, _lp


class BoothKind(fields.Choice):
    """How a booth comes."""

    RAW = "raw", _l("Raw space"), "mute"
    SHELL = "shell", _l("Shell scheme"), "info"
    CORNER = "corner", _l("Corner booth"), "violet"
    ISLAND = "island", _l("Island booth"), "ok"


class Fair(Record):
    """A fair the agency sells at, with its place and its days."""

    __tablename__ = "industry_tradefair_fair"
    __table_args__ = (
        CheckConstraint("ends_on >= begins_on", "ends_after_it_begins"),
        Index(None, "begins_on", "id"),
    )

    name: Mapped[str] = fields.text(200, label=_l("Name"), search=True)
    city: Mapped[str | None] = fields.pick(80, label=_l("City"))
    venue: Mapped[str | None] = fields.text(200, label=_l("Venue"))
    begins_on: Mapped[date] = fields.day(label=_l("Begins on"))
    ends_on: Mapped[date] = fields.day(label=_l("Ends on"))
    build_up_on: Mapped[date | None] = fields.day(
        label=_l("Build-up from"), help=_l("From this day on, booths can be built.")
    )
    website: Mapped[str | None] = fields.url(label=_l("Website"))
    goods: Mapped[list[str]] = fields.tags(label=_l("Goods shown"))
    notes: Mapped[str | None] = fields.multiline(label=_lp("fair", "Notes"))


class Booth(Record):
    """A place at a fair that can be sold once."""

    __tablename__ = "industry_tradefair_booth"
    __table_args__ = (
        CheckConstraint("area > 0", "area_positive"),
        CheckConstraint("price >= 0", "price_not_negative"),
        Index(None, "fair_id", "number", unique=True),
    )

    number: Mapped[str] = fields.code(20, label=_l("Booth number"), search=True, index=False)
    fair_id: Mapped[int] = fields.link("industry_tradefair.fair", label=_l("Fair"), index=False)
    hall: Mapped[str | None] = fields.pick(40, label=_l("Hall"), index=False)
    kind: Mapped[str] = fields.choice(BoothKind, label=_lp("booth", "Kind"), default=BoothKind.SHELL)
    area: Mapped[int] = fields.integer(label=_l("Area (m²)"), default=9)
    price: Mapped[int | None] = fields.integer(
        label=_l("List price"), help=_l("Whole units of the currency.")
    )
    notes: Mapped[str | None] = fields.text(200, label=_lp("booth", "Remark"))
