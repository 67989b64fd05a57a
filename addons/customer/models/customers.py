"""Customers, and the phones, mails and addresses that hang on them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, func, literal_column
from sqlalchemy.orm import Mapped

from core.db import fields
from core.db.base import Owned, Record
from core.i18n import _l, _lp


class CustomerKind(fields.Choice):
    """How far the relationship is."""

    POTENTIAL = "potential", _lp("customer", "Potential"), "info"
    ACTIVE = "active", _lp("customer", "Active"), "ok"
    LOST = "lost", _lp("customer", "Lost"), "bad"


class CustomerType(fields.Choice):
    """An organisation, or one person."""

    ORGANISATION = "organisation", _l("Organisation"), "mute"
    PERSON = "person", _l("Person"), "violet"


class Customer(Record, Owned):
    """An organisation or a person that buys from us, may buy, or has bought."""

    __tablename__ = "customer_customer"
    __table_args__ = (
        CheckConstraint("parent_id <> id", "parent_not_itself"),
        CheckConstraint("employees >= 0", "employees_not_negative"),
        CheckConstraint("founded_year between 1000 and 9999", "founded_year_has_four_digits"),
        Index(None, "name_key", "id"),
        Index(None, "kind", "name_key", "id"),
        Index(None, "city", "name_key", "id"),
        Index(None, "updated_at", "id"),
        Index(None, "name_match"),
        Index("ix_customer_customer_email_lower", func.lower(literal_column("email"))),
    )

    number: Mapped[str] = fields.series("C-", "customer_customer_number_seq", label=_lp("customer", "Number"))
    name: Mapped[str] = fields.text(
        200, label=_lp("customer", "Name"), search=True, sort_by="name_key", match_by="name_match"
    )
    name_key: Mapped[str] = fields.sort_key()
    name_match: Mapped[str] = fields.match_key()
    kind: Mapped[str] = fields.choice(
        CustomerKind, label=_lp("customer", "Kind"), default=CustomerKind.POTENTIAL
    )
    type: Mapped[str] = fields.choice(CustomerType, label=_l("Type"), default=CustomerType.ORGANISATION)
    level: Mapped[str | None] = fields.pick(20, label=_lp("customer", "Level"), index=False)
    industry: Mapped[str | None] = fields.pick(80, label=_l("Industry"))
    source: Mapped[str | None] = fields.pick(
        80, label=_lp("customer", "Source"), help=_l("How this customer came to us."), index=False
    )
    phone: Mapped[str | None] = fields.phone(label=_l("Phone"))
    email: Mapped[str | None] = fields.email(label=_l("Email"))
    website: Mapped[str | None] = fields.url(label=_l("Website"))
    country: Mapped[str | None] = fields.pick(80, label=_l("Country or region"), index=False)
    province: Mapped[str | None] = fields.pick(80, label=_l("Province"), index=False)
    city: Mapped[str | None] = fields.pick(80, label=_l("City"), index=False)
    tax_number: Mapped[str | None] = fields.code(
        40, label=_l("Tax number"), help=_l("In China the unified social credit code."), search=True
    )
    employees: Mapped[int | None] = fields.integer(label=_l("Employees"))
    founded_year: Mapped[int | None] = fields.integer(label=_l("Founded in"), grouped=False)
    parent_id: Mapped[int | None] = fields.link(
        "customer.customer",
        label=_l("Parent customer"),
        help=_l("The group or company it belongs to."),
    )
    description: Mapped[str | None] = fields.multiline(label=_l("Description"))
    tags: Mapped[list[str]] = fields.tags(label=_l("Tags"))
    #: Moves forward with every call, visit, meeting, mail or chat that is done.
    last_contacted_at: Mapped[datetime | None] = fields.instant(label=_l("Last contacted"), readonly=True)


class PhoneLabel(fields.Choice):
    """What a telephone number is for."""

    MOBILE = "mobile", _l("Mobile")
    WORK = "work", _lp("phone", "Work")
    HOME = "home", _lp("phone", "Home")
    FAX = "fax", _l("Fax")
    OTHER = "other", _l("Other")


class CustomerPhone(Record):
    """A further telephone number of a customer."""

    __tablename__ = "customer_customer_phone"

    customer_id: Mapped[int] = fields.link("customer.customer", label=_l("Customer"), on_delete="CASCADE")
    number: Mapped[str] = fields.phone(label=_l("Phone"))
    label: Mapped[str] = fields.choice(PhoneLabel, label=_lp("phone", "For"), default=PhoneLabel.WORK)
    note: Mapped[str | None] = fields.text(100, label=_l("Remark"))


class EmailLabel(fields.Choice):
    """What a mail address is for."""

    WORK = "work", _lp("email", "Work")
    BILLING = "billing", _lp("email", "Billing")
    PRIVATE = "private", _lp("email", "Private")
    OTHER = "other", _l("Other")


class CustomerEmail(Record):
    """A further mail address of a customer."""

    __tablename__ = "customer_customer_email"
    __table_args__ = (
        Index("ix_customer_customer_email_address_lower", func.lower(literal_column("address"))),
    )

    customer_id: Mapped[int] = fields.link("customer.customer", label=_l("Customer"), on_delete="CASCADE")
    address: Mapped[str] = fields.email(label=_l("Email"))
    label: Mapped[str] = fields.choice(EmailLabel, label=_lp("email", "For"), default=EmailLabel.WORK)
    note: Mapped[str | None] = fields.text(100, label=_l("Remark"))


class AddressLabel(fields.Choice):
    """What an address is for."""

    OFFICE = "office", _lp("address", "Office")
    BILLING = "billing", _lp("address", "Billing")
    SHIPPING = "shipping", _lp("address", "Shipping")
    HOME = "home", _lp("address", "Home")


class CustomerAddress(Record):
    """An address of a customer, in parts; how it is written depends on the reader."""

    __tablename__ = "customer_customer_address"

    customer_id: Mapped[int] = fields.link("customer.customer", label=_l("Customer"), on_delete="CASCADE")
    label: Mapped[str] = fields.choice(AddressLabel, label=_lp("address", "For"), default=AddressLabel.OFFICE)
    country: Mapped[str | None] = fields.pick(80, label=_l("Country or region"), index=False)
    province: Mapped[str | None] = fields.pick(80, label=_l("Province"), index=False)
    city: Mapped[str | None] = fields.pick(80, label=_l("City"), index=False)
    district: Mapped[str | None] = fields.pick(80, label=_l("District"), index=False)
    street: Mapped[str | None] = fields.text(200, label=_l("Street and number"))
    postcode: Mapped[str | None] = fields.text(20, label=_l("Postcode"))
