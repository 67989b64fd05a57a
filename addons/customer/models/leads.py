"""Leads: who may become a customer, and what became of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model, Owned, Record
from core.i18n import _l, _lp


class LeadState(fields.Choice):
    """How far somebody is on the way to becoming a customer."""

    NEW = "new", _lp("lead", "New"), "info"
    WORKING = "working", _lp("lead", "In progress"), "warn"
    QUALIFIED = "qualified", _lp("lead", "Qualified"), "ok"
    DISQUALIFIED = "disqualified", _lp("lead", "Disqualified"), "bad"
    CONVERTED = "converted", _lp("lead", "Converted"), "violet"


class Lead(Record, Owned):
    """A person or a company that may become a customer; whoever it is stands in its own fields."""

    __tablename__ = "customer_lead"
    __table_args__ = (
        CheckConstraint("score between 0 and 100", "score_is_a_percentage"),
        CheckConstraint("(state = 'converted') = (converted_at is not null)", "converted_has_its_time"),
        Index(None, "title_key", "id"),
        Index(None, "state", "id"),
        Index(None, "owner_id", "next_on"),
        Index(None, "updated_at", "id"),
        Index(None, "company_match"),
        Index("ix_customer_lead_email_lower", func.lower(literal_column("email"))),
    )

    number: Mapped[str] = fields.series("L-", "customer_lead_number_seq", label=_lp("lead", "Number"))
    #: The company and the person in one, kept by the service: what the lead is called.
    title: Mapped[str] = fields.text(
        320, label=_l("Lead"), search=True, sort_by="title_key", readonly=True, default=""
    )
    title_key: Mapped[str] = fields.sort_key()
    company: Mapped[str | None] = fields.text(200, label=_l("Company"), match_by="company_match")
    company_match: Mapped[str] = fields.match_key()
    name: Mapped[str | None] = fields.text(100, label=_lp("lead", "Person"))
    job_title: Mapped[str | None] = fields.text(100, label=_l("Job title"))
    department: Mapped[str | None] = fields.text(100, label=_l("Department"))
    phone: Mapped[str | None] = fields.phone(label=_l("Phone"))
    email: Mapped[str | None] = fields.email(label=_l("Email"))
    wechat: Mapped[str | None] = fields.text(60, label=_l("WeChat"))
    website: Mapped[str | None] = fields.url(label=_l("Website"))
    country: Mapped[str | None] = fields.pick(80, label=_l("Country or region"), index=False)
    province: Mapped[str | None] = fields.pick(80, label=_l("Province"), index=False)
    city: Mapped[str | None] = fields.pick(80, label=_l("City"), index=False)
    street: Mapped[str | None] = fields.text(200, label=_l("Street and number"))
    source: Mapped[str | None] = fields.pick(
        80, label=_lp("lead", "Source"), help=_l("How this lead came to us."), index=False
    )
    product_line: Mapped[str | None] = fields.pick(
        80, label=_l("Product line"), help=_l("What they may buy; decides how the lead is qualified.")
    )
    description: Mapped[str | None] = fields.multiline(label=_l("Need"))
    state: Mapped[str] = fields.choice(LeadState, label=_lp("lead", "State"), default=LeadState.NEW)
    lost_reason: Mapped[str | None] = fields.pick(80, label=_l("Why disqualified"), index=False)
    #: Percent of the weight of all criteria that are fulfilled, by the last assessment.
    score: Mapped[int | None] = fields.integer(label=_lp("lead", "Score"), readonly=True)
    next_step: Mapped[str | None] = fields.text(200, label=_l("Next step"))
    next_on: Mapped[date | None] = fields.day(label=_l("Next step on"))
    tags: Mapped[list[str]] = fields.tags(label=_l("Tags"))
    #: What became of it; kept by the conversion.
    customer_id: Mapped[int | None] = fields.link("customer.customer", label=_l("Customer"), readonly=True)
    contact_id: Mapped[int | None] = fields.link("customer.contact", label=_l("Contact"), readonly=True)
    converted_at: Mapped[datetime | None] = fields.instant(label=_l("Converted at"), readonly=True)


class Conversion(Model):
    """One conversion of a lead: what it made, so that it can be taken back."""

    __tablename__ = "customer_conversion"
    __table_args__ = (Index(None, "lead_id", "id"),)

    id: Mapped[int] = fields.key()
    lead_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("customer_lead.id", ondelete="CASCADE"), nullable=False
    )
    #: What the lead was before: ``{field: value in the stored form}``.
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: ``[{"resource", "id", "label", "made", "version"}]``, customer, contact, then what addons made.
    records: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
