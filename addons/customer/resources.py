"""How customers, contacts and activities are shown."""

from __future__ import annotations

from addons.customer import models, services, synonyms
from addons.customer.schemas import (
    AssessLead,
    CompleteActivity,
    ConvertLead,
    DisqualifyLead,
    LogContact,
    PlanTask,
)
from core.i18n import _l, _lp
from core.resources.declaration import Action, Elsewhere, Lines, Resource, Same, SameName, Section


class CustomerResource(Resource):
    """Who buys from us, may buy, or has bought."""

    name = "customer.customer"
    model = models.Customer
    title, title_plural = _l("Customer"), _l("Customers")
    icon = "building"
    subtitle = ("number",)
    tags = ("kind", "type")
    list_columns = ("name", "kind", "level", "industry", "city", "phone", "owner", "last_contacted_at")
    quick_filters = ("kind", "type")
    form = (
        Section(
            _l("Basics"),
            "name",
            "type",
            "kind",
            "level",
            "industry",
            "source",
            "owner",
            "unit",
            "tags",
            id="basics",
        ),
        Section(_l("Reach"), "phone", "email", "website", "country", "province", "city", id="reach"),
        Section(
            _lp("customer", "Company"),
            "parent",
            "tax_number",
            "employees",
            "founded_year",
            "description",
            id="company",
        ),
    )
    quick_create = ("name", "type", "kind", "phone", "city", "source")
    has_communication = True
    lines = (
        Lines("contacts", "customer.customer_contact", "customer", _l("Contacts"), _l("Add a contact")),
        Lines("phones", "customer.customer_phone", "customer", _l("Further phones"), _l("Add a phone")),
        Lines("emails", "customer.customer_email", "customer", _l("Further emails"), _l("Add an email")),
        Lines("addresses", "customer.customer_address", "customer", _l("Addresses"), _l("Add an address")),
    )
    actions = (
        Action(
            "log_contact",
            _l("Log a contact"),
            services.log_contact,
            verb="read",
            icon="phone-call",
            schema=LogContact,
        ),
        Action(
            "plan_task",
            _l("Plan a task"),
            services.plan_task,
            verb="read",
            icon="calendar-plus",
            schema=PlanTask,
        ),
    )
    sort = ("name",)
    duplicates = (
        SameName("name"),
        Same("phone", also=("phones.number",)),
        Same("email", also=("emails.address",)),
        Same("tax_number"),
    )
    synonyms = synonyms.CUSTOMER
    service_class = services.CustomerService


class CustomerPhoneResource(Resource):
    """Further telephone numbers."""

    name = "customer.customer_phone"
    model = models.CustomerPhone
    title, title_plural = _l("Phone"), _l("Further phones")
    icon = "phone"
    label = "number"
    is_nested = True


class CustomerEmailResource(Resource):
    """Further mail addresses."""

    name = "customer.customer_email"
    model = models.CustomerEmail
    title, title_plural = _l("Email"), _l("Further emails")
    icon = "mail"
    label = "address"
    is_nested = True


class CustomerAddressResource(Resource):
    """Addresses."""

    name = "customer.customer_address"
    model = models.CustomerAddress
    title, title_plural = _l("Address"), _l("Addresses")
    icon = "map-pin"
    label = "street"
    is_nested = True


class CustomerContactResource(Resource):
    """Who is what at a customer."""

    name = "customer.customer_contact"
    model = models.CustomerContact
    title, title_plural = _l("Contact"), _l("Contacts")
    icon = "users"
    label = "role"
    is_nested = True
    service_class = services.CustomerContactService


class ContactResource(Resource):
    """The people we talk to."""

    name = "customer.contact"
    model = models.Contact
    title, title_plural = _l("Contact"), _l("Contacts")
    icon = "users"
    subtitle = ("customer",)
    list_columns = ("name", "job_title", "department", "phone", "email", "owner", "updated_at")
    quick_filters = ("gender",)
    form = (
        Section(
            _l("Basics"), "name", "customer", "job_title", "department", "owner", "unit", "tags", id="basics"
        ),
        Section(_l("Reach"), "phone", "email", "wechat", id="reach"),
        Section(_l("Personal"), "gender", "birthday", "note", id="personal"),
    )
    quick_create = ("name", "customer", "job_title", "phone", "email")
    has_communication = True
    lines = (
        Lines("customers", "customer.customer_contact", "contact", _l("Customers"), _l("Add a customer")),
    )
    sort = ("name",)
    duplicates = (Same("phone"), Same("email"), SameName("name"))
    readable_through = "customer"
    synonyms = synonyms.CONTACT
    service_class = services.ContactService


class LeadResource(Resource):
    """Who may become a customer."""

    name = "customer.lead"
    model = models.Lead
    title, title_plural = _l("Lead"), _l("Leads")
    icon = "target-arrow"
    label = "title"
    subtitle = ("number", "source")
    tags = ("state",)
    list_columns = ("title", "state", "score", "product_line", "source", "phone", "next_on", "owner")
    quick_filters = ("state",)
    form = (
        Section(_l("Who"), "company", "name", "job_title", "department", id="who"),
        Section(
            _l("Reach"),
            "phone",
            "email",
            "wechat",
            "website",
            "country",
            "province",
            "city",
            "street",
            id="reach",
        ),
        Section(_l("Interest"), "product_line", "source", "description", id="interest"),
        Section(
            _l("Progress"),
            "state",
            "lost_reason",
            "next_step",
            "next_on",
            "owner",
            "unit",
            "tags",
            "score",
            id="progress",
        ),
    )
    quick_create = ("company", "name", "phone", "email", "product_line", "source", "description")
    example = {"company": "Alder & Finch", "name": "Lin Yue"}
    has_communication = True
    duplicates = (SameName("company"), Same("phone"), Same("email"))
    elsewhere = (
        Elsewhere("customer.customer", {"name": "company", "phone": "phone", "email": "email"}),
        Elsewhere("customer.contact", {"name": "name", "phone": "phone", "email": "email"}),
    )
    actions = (
        Action("assess", _l("Check"), services.assess_leads, icon="list-check", schema=AssessLead),
        Action(
            "convert",
            _l("Convert"),
            services.convert_leads,
            verb="convert",
            icon="transfer",
            schema=ConvertLead,
        ),
        Action(
            "undo_conversion",
            _l("Undo the conversion"),
            services.undo_conversions,
            verb="convert",
            icon="arrow-back-up",
            offered=lambda lead: False,  # the page's own button says what stays
        ),
        Action(
            "disqualify",
            _l("Disqualify"),
            services.disqualify_leads,
            icon="circle-x",
            schema=DisqualifyLead,
        ),
        Action(
            "reopen",
            _l("Take up again"),
            services.reopen_leads,
            icon="refresh",
            offered=lambda lead: lead["state"] == models.LeadState.DISQUALIFIED,
        ),
        Action(
            "log_contact",
            _l("Log a contact"),
            services.log_lead_contact,
            verb="read",
            icon="phone-call",
            schema=LogContact,
        ),
        Action(
            "plan_task",
            _l("Plan a task"),
            services.plan_lead_task,
            verb="read",
            icon="calendar-plus",
            schema=PlanTask,
        ),
    )
    sort = ("-id",)
    readable_through = "customer"
    synonyms = synonyms.LEAD
    service_class = services.LeadService


class StandardResource(Resource):
    """By what leads are qualified."""

    name = "customer.standard"
    model = models.Standard
    title, title_plural = _l("Qualification standard"), _l("Qualification standards")
    icon = "clipboard-check"
    subtitle = ("product_line",)
    list_columns = ("name", "product_line", "threshold", "revision", "is_active", "updated_at")
    form = (Section(_l("Basics"), "name", "product_line", "threshold", "is_active", "revision", id="basics"),)
    lines = (Lines("criteria", "customer.criterion", "standard", _l("Criteria"), _l("Add a criterion")),)
    example = {"threshold": 60, "criteria": [{"text": "The budget is approved", "weight": 20}]}
    sort = ("name",)
    service_class = services.StandardService


class CriterionResource(Resource):
    """The questions of a standard."""

    name = "customer.criterion"
    model = models.Criterion
    title, title_plural = _l("Criterion"), _l("Criteria")
    plural = "criteria"
    icon = "list-check"
    label = "text"
    is_nested = True
    service_class = services.CriterionService


class ActivityResource(Resource):
    """What was done and what is to do."""

    name = "customer.activity"
    model = models.Activity
    title, title_plural = _l("Activity"), _l("Activities")
    plural = "activities"
    icon = "checkbox"
    label = "subject"
    subtitle = ("customer",)
    tags = ("kind", "state")
    list_columns = ("subject", "kind", "state", "contact", "due_at", "done_at", "owner")
    quick_filters = ("kind", "state")
    form = (
        Section(
            _l("Basics"),
            "subject",
            "kind",
            "state",
            "customer",
            "contact",
            "lead",
            "owner",
            "unit",
            id="basics",
        ),
        Section(_lp("activity", "Time"), "due_at", "done_at", "minutes", id="time"),
        Section(_lp("activity", "Content"), "direction", "outcome", "body", id="content"),
    )
    quick_create = ("subject", "kind", "customer", "contact", "due_at")
    actions = (
        Action(
            "complete",
            _l("Mark as done"),
            services.complete_activities,
            icon="circle-check",
            schema=CompleteActivity,
        ),
        Action("reopen", _l("Plan again"), services.reopen_activities, icon="arrow-back-up"),
        Action("cancel", _lp("activity", "Cancel"), services.cancel_activities, icon="circle-x"),
    )
    sort = ("-due_at",)
    readable_through = ("customer", "lead")
    synonyms = synonyms.ACTIVITY
    service_class = services.ActivityService
