"""Rules of customers, contacts, leads and activities, and the works beyond create and update."""

from __future__ import annotations

from addons.customer.services.activities import (
    KINDS,
    NEXT_STEP_AT,
    TALKS,
    ActivityService,
    cancel_activities,
    complete_activities,
    keep_last_contacted,
    log_contact,
    log_lead_contact,
    morning_of,
    plan_lead_task,
    plan_task,
    reopen_activities,
)
from addons.customer.services.contacts import ContactService, CustomerContactService, keep_main_customers
from addons.customer.services.conversion import convert_leads, makes_sales
from addons.customer.services.customers import CustomerService
from addons.customer.services.leads import LeadService, disqualify_leads, reopen_leads
from addons.customer.services.qualification import (
    CriterionService,
    StandardService,
    assess_lead,
    assess_leads,
)
from addons.customer.services.reversal import undo_conversions

__all__ = [
    "KINDS",
    "NEXT_STEP_AT",
    "TALKS",
    "ActivityService",
    "ContactService",
    "CriterionService",
    "CustomerContactService",
    "CustomerService",
    "LeadService",
    "StandardService",
    "assess_lead",
    "assess_leads",
    "cancel_activities",
    "complete_activities",
    "convert_leads",
    "disqualify_leads",
    "keep_last_contacted",
    "keep_main_customers",
    "log_contact",
    "log_lead_contact",
    "makes_sales",
    "morning_of",
    "plan_lead_task",
    "plan_task",
    "reopen_activities",
    "reopen_leads",
    "undo_conversions",
]
