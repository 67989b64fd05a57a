"""Customers, contacts, leads and activities, and the lines that hang on them."""

from __future__ import annotations

from addons.customer.models.activities import Activity, ActivityKind, ActivityState, Direction
from addons.customer.models.contacts import Contact, CustomerContact, Gender, Influence
from addons.customer.models.customers import (
    AddressLabel,
    Customer,
    CustomerAddress,
    CustomerEmail,
    CustomerKind,
    CustomerPhone,
    CustomerType,
    EmailLabel,
    PhoneLabel,
)
from addons.customer.models.leads import Conversion, Lead, LeadState
from addons.customer.models.qualification import Answer, Assessment, Criterion, Standard, StandardVersion

__all__ = [
    "Activity",
    "ActivityKind",
    "ActivityState",
    "AddressLabel",
    "Answer",
    "Assessment",
    "Contact",
    "Conversion",
    "Criterion",
    "Customer",
    "CustomerAddress",
    "CustomerContact",
    "CustomerEmail",
    "CustomerKind",
    "CustomerPhone",
    "CustomerType",
    "Direction",
    "EmailLabel",
    "Gender",
    "Influence",
    "Lead",
    "LeadState",
    "PhoneLabel",
    "Standard",
    "StandardVersion",
]
