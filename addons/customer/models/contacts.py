"""The people, and what they are at which customer."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Index, func, literal_column
from sqlalchemy.orm import Mapped

from core.db import fields
from core.db.base import Owned, Record
from core.i18n import _l, _lp


class Gender(fields.Choice):
    """How to address a person."""

    FEMALE = "female", _l("Female")
    MALE = "male", _l("Male")


class Contact(Record, Owned):
    """A person we talk to; may stand for several customers over the years."""

    __tablename__ = "customer_contact"
    __table_args__ = (
        Index(None, "name_key", "id"),
        Index(None, "updated_at", "id"),
        Index(None, "name_match"),
        Index("ix_customer_contact_email_lower", func.lower(literal_column("email"))),
    )

    number: Mapped[str] = fields.series("P-", "customer_contact_number_seq", label=_lp("contact", "Number"))
    name: Mapped[str] = fields.text(
        100, label=_lp("contact", "Name"), search=True, sort_by="name_key", match_by="name_match"
    )
    name_key: Mapped[str] = fields.sort_key()
    name_match: Mapped[str] = fields.match_key()
    #: One of the customers in ``customers``; the services keep the two together.
    customer_id: Mapped[int | None] = fields.link(
        "customer.customer",
        label=_l("Customer"),
        help=_l("The main one; others stand in the lines below."),
        on_delete="SET NULL",
    )
    job_title: Mapped[str | None] = fields.text(100, label=_l("Job title"), search=True)
    department: Mapped[str | None] = fields.text(100, label=_l("Department"))
    phone: Mapped[str | None] = fields.phone(label=_l("Phone"))
    email: Mapped[str | None] = fields.email(label=_l("Email"))
    wechat: Mapped[str | None] = fields.text(60, label=_l("WeChat"))
    gender: Mapped[str | None] = fields.choice(Gender, label=_l("Gender"))
    birthday: Mapped[date | None] = fields.day(label=_l("Birthday"))
    tags: Mapped[list[str]] = fields.tags(label=_l("Tags"))
    note: Mapped[str | None] = fields.multiline(label=_l("Remark"))


class Influence(fields.Choice):
    """What a contact's word counts for at a customer."""

    DECISION_MAKER = "decision_maker", _l("Decision maker"), "ok"
    INFLUENCER = "influencer", _l("Influencer"), "info"
    CHAMPION = "champion", _l("Champion"), "violet"
    USER = "user", _lp("influence", "User"), "mute"
    GATEKEEPER = "gatekeeper", _l("Gatekeeper"), "warn"
    OPPONENT = "opponent", _l("Opponent"), "bad"


class CustomerContact(Record):
    """What a contact is at a customer, and from when to when."""

    __tablename__ = "customer_customer_contact"
    __table_args__ = (CheckConstraint("left_on >= joined_on", "left_after_joined"),)

    customer_id: Mapped[int] = fields.link("customer.customer", label=_l("Customer"), on_delete="CASCADE")
    contact_id: Mapped[int] = fields.link("customer.contact", label=_l("Contact"), on_delete="CASCADE")
    role: Mapped[str | None] = fields.pick(80, label=_lp("contact", "Role"), index=False)
    influence: Mapped[str | None] = fields.choice(Influence, label=_l("Influence"))
    joined_on: Mapped[date | None] = fields.day(label=_l("Joined on"))
    left_on: Mapped[date | None] = fields.day(label=_l("Left on"))
