"""Where the addon joins in: the menu, the home page, the pages of records, the demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from flask import g
from sqlalchemy.orm import Session

from addons.customer import lead_panels, lead_queries, panels, queries, samples
from addons.customer.models import Contact, Customer, Lead, LeadState
from addons.customer.services.qualification import versions_for
from core.access.actor import Actor
from core.addons.hookspecs import hookimpl, part
from core.i18n import _, _l, _lp
from core.menus import MenuGroup, MenuItem
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.web.view_models import ActionView, Panel, TimelineEntry

Record = Mapping[str, Any]

_CUSTOMER: Final = "customer.customer"
_CONTACT: Final = "customer.contact"
_LEAD: Final = "customer.lead"
_PEOPLE: Final = (_CUSTOMER, _CONTACT)
_ALL: Final = (*_PEOPLE, _LEAD)


@hookimpl
def menu_items() -> Sequence[MenuItem | MenuGroup]:
    """My day on top, the lists below; what qualifies leads stands with the settings."""
    lists = "customer.lists"
    return (
        MenuItem(
            name="my-day",
            title=_l("My day"),
            icon="checkbox",
            resource="customer.activity",
            url="/customer/my-day",
        ),
        MenuGroup("lists", _l("Customers")),
        MenuItem(name="customers", title=_l("Customers"), icon="building", group=lists, resource=_CUSTOMER),
        MenuItem(name="contacts", title=_l("Contacts"), icon="users", group=lists, resource=_CONTACT),
        MenuItem(name="leads", title=_l("Leads"), icon="target-arrow", group=lists, resource=_LEAD),
        MenuItem(
            name="activities",
            title=_l("Activities"),
            icon="calendar",
            group=lists,
            resource="customer.activity",
        ),
        MenuItem(
            name="standards",
            title=_l("Qualification standards"),
            icon="clipboard-check",
            group="core.settings",
            resource="customer.standard",
            verb="update",
        ),
    )


# The home page


@part("home_cards", "my-day", title=_l("My day"))
def my_day(session: Session, actor: Actor) -> Panel | None:
    """What is due for the reader."""
    if not actor.may("customer.activity", "read") or actor.user_id is None:
        return None
    return panels.day_card(queries.my_day(session, actor, now=datetime.now(UTC)), actor)


@part("home_cards", "my-customers", title=_l("My customers"))
def my_customers(session: Session, actor: Actor) -> Panel | None:
    """The reader's customers in numbers."""
    if not actor.may(_CUSTOMER, "read") or actor.user_id is None:
        return None
    return panels.mine_card(queries.customers_by_kind(session, actor), actor)


@part("home_cards", "my-leads", title=_l("My leads"))
def my_leads(session: Session, actor: Actor) -> Panel | None:
    """The reader's open leads in numbers."""
    if not actor.may(_LEAD, "update") or actor.user_id is None:
        return None
    return lead_panels.leads_card(lead_queries.leads_by_state(session, actor), actor)


@part("home_cards", "recent-customers", title=_l("Recently changed customers"))
def recent_customers(session: Session, actor: Actor) -> Panel | None:
    """What changed last."""
    if not actor.may(_CUSTOMER, "read"):
        return None
    return panels.recent_card(queries.recent_customers(session, actor), actor)


# Beside a record


@part("record_panels", "conversion", title=_l("What became of it"), on=_LEAD, after="core.details")
def conversion(session: Session, actor: Actor, record: Record) -> Panel | None:
    """What a converted lead has become."""
    if record["state"] != LeadState.CONVERTED:
        return None
    found = lead_queries.conversion_of(session, record["id"])
    return lead_panels.conversion_panel(found, Gateway(session, actor)) if found is not None else None


@part(
    "record_panels",
    "contacts",
    title=_l("Contacts"),
    on=_CUSTOMER,
    after="core.details",
    replace="customer.customer.contacts",
)
def contacts(session: Session, actor: Actor, record: Record) -> Panel:
    """The people at a customer."""
    return panels.contacts_panel(queries.contacts_at(session, actor, record["id"]))


@part(
    "record_panels",
    "employers",
    title=_l("Customers"),
    on=_CONTACT,
    after="core.details",
    replace="customer.contact.customers",
)
def employers(session: Session, actor: Actor, record: Record) -> Panel:
    """Where a contact is or was."""
    return panels.customers_panel(queries.customers_of(session, actor, record["id"]))


@part("record_panels", "check-list", title=_l("Check list of a lead"), on=_LEAD, after="core.details")
def check_list(session: Session, actor: Actor, record: Record) -> Panel | None:
    """What a lead is asked, and what is known."""
    checks = lead_queries.check_list(session, record["id"], record["product_line"])
    return lead_panels.check_panel(checks, record, actor) if checks is not None else None


@part("record_panels", "to-do", title=_l("To do"), on=_ALL, after="core.details")
def to_do(session: Session, actor: Actor, resource: Resource, record: Record) -> Panel | None:
    """What is planned with a customer, a contact or a lead."""
    if not actor.may("customer.activity", "read"):
        return None
    number = record["id"]
    if resource.model is Lead:
        planned = queries.planned_at(session, actor, lead_ids=[number])
        is_open = record["state"] != LeadState.CONVERTED
        shown = planned or is_open
        return panels.planned_panel(planned, actor, lead_id=number, may_add=is_open) if shown else None
    about = {"customer_id": number}
    if resource.model is Contact:
        about = {"customer_id": (record["customer"] or {}).get("id"), "contact_id": number}
    leads = [lead["id"] for lead in _leads_behind(session, actor, resource, number)]
    return panels.planned_panel(queries.planned_at(session, actor, **about, lead_ids=leads), actor, **about)


@part("record_panels", "group", title=_lp("customer", "Group"), on=_CUSTOMER)
def group(session: Session, actor: Actor, record: Record) -> Panel | None:
    """The group around a customer."""
    return panels.group_panel(queries.group_of(session, actor, record["id"]), record["id"])


@part("record_panels", "origin", title=_l("Came from a lead"), on=_PEOPLE)
def origin(session: Session, actor: Actor, resource: Resource, record: Record) -> Panel | None:
    """The leads a customer or a contact has come from."""
    return lead_panels.origin_panel(_leads_behind(session, actor, resource, record["id"]))


@part(
    "record_panels",
    "addresses",
    title=_l("Addresses"),
    on=_CUSTOMER,
    replace="customer.customer.addresses",
)
def addresses(record: Record) -> Panel | None:
    """The addresses, as the reader writes them."""
    return panels.addresses_panel(record["addresses"])


def _leads_behind(session: Session, actor: Actor, resource: Resource, number: int) -> list[dict[str, Any]]:
    """The leads behind a customer or a contact; several parts of a page ask for them."""
    known: dict[tuple[str, int], list[dict[str, Any]]] = g.setdefault("customer_leads_behind", {})
    if (resource.name, number) not in known:
        whose = {"customer_id" if resource.model is Customer else "contact_id": number}
        known[resource.name, number] = lead_queries.leads_behind(session, actor, **whose)
    return known[resource.name, number]


# At the head of a record


@part("record_actions", "log-contact", title=_l("Log a contact"), on=_ALL)
def log_contact(actor: Actor, resource: Resource, record: Record) -> ActionView | None:
    """Log a talk."""
    query = _about(actor, resource, record)
    if query is None:
        return None
    url = f"/customer/log?{query}"
    return ActionView("log_contact", _("Log a contact"), url, "phone-call", dialog=True)


@part("record_actions", "plan-task", title=_l("Plan a task"), on=_ALL)
def plan_task(actor: Actor, resource: Resource, record: Record) -> ActionView | None:
    """Plan a task."""
    query = _about(actor, resource, record)
    if query is None:
        return None
    url = f"/customer/plan?{query}"
    return ActionView("plan_task", _("Plan a task"), url, "calendar-plus", dialog=True)


def _about(actor: Actor, resource: Resource, record: Record) -> str | None:
    """What a dialog about a record is asked with; None where nothing is to be planned any more."""
    is_closed = resource.model is Lead and record["state"] == LeadState.CONVERTED
    if record["archived_at"] is not None or is_closed or not actor.may("customer.activity", "create"):
        return None
    return panels.about(resource, record)


@part("record_actions", "undo-conversion", title=_l("Undo the conversion"), on=_LEAD)
def undo_conversion(actor: Actor, record: Record) -> ActionView | None:
    """Take the conversion of a lead back."""
    is_converted = record["state"] == LeadState.CONVERTED and record["archived_at"] is None
    if not is_converted or not actor.may(_LEAD, "convert"):
        return None
    url = f"{_url(record)}/undo-conversion"
    return ActionView("undo_conversion", _("Undo the conversion"), url, "arrow-back-up", post=True)


@part("record_actions", "check", title=_l("Fill in the check list"), on=_LEAD)
def check(session: Session, actor: Actor, record: Record) -> ActionView | None:
    """Fill in the check list of a lead that has one."""
    if not _may_change(actor, record) or not versions_for(session, [record["product_line"]]):
        return None
    title, url = _("Fill in the check list"), f"{_url(record)}/check"
    return ActionView("check", title, url, "list-check", dialog=True, more=True)


@part("record_actions", "disqualify", title=_l("Disqualify…"), on=_LEAD)
def disqualify(actor: Actor, record: Record) -> ActionView | None:
    """Give a lead up."""
    if not _may_change(actor, record) or record["state"] == LeadState.DISQUALIFIED:
        return None
    url = f"{_url(record)}/disqualify"
    return ActionView("disqualify", _("Disqualify…"), url, "circle-x", dialog=True, more=True)


@part("record_actions", "convert", title=_l("Convert"), on=_LEAD)
def convert(actor: Actor, record: Record) -> ActionView | None:
    """Make a customer of a lead: its next step, once it is qualified."""
    is_ready = record["state"] == LeadState.QUALIFIED and record["archived_at"] is None
    if not is_ready or not actor.may(_LEAD, "convert"):
        return None
    url = f"{_url(record)}/convert"
    return ActionView("convert", _("Convert"), url, "transfer", dialog=True, primary=True)


def _may_change(actor: Actor, record: Record) -> bool:
    is_open = record["state"] != LeadState.CONVERTED and record["archived_at"] is None
    return is_open and actor.may(_LEAD, "update")


def _url(record: Record) -> str:
    return f"/customer/leads/{record['id']}"


@part("form_actions", "card", title=_l("Read a business card"), on=_ALL)
def card(resource: Resource) -> ActionView:
    """Read a business card into the form of a lead, a contact or a customer."""
    url = f"/customer/card/{resource.plural_name}"
    return ActionView("card", _("Read a business card"), url, "id-badge-2", dialog=True)


# Elsewhere


@hookimpl
def timeline_entries(
    session: Session,
    actor: Actor,
    resource: Resource,
    record_id: int,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[TimelineEntry] | None:
    """What was done with a customer, a contact or a lead; what is planned stands in a card.

    Customers and contacts show what was done with the leads they come from, and notes and files there.
    """
    if resource.model not in (Customer, Contact, Lead):
        return None
    found: list[TimelineEntry] = []
    customer = record_id if resource.model is Customer else None
    contact = record_id if resource.model is Contact else None
    about = [record_id]
    if resource.model is not Lead:
        leads = {lead["id"]: lead for lead in _leads_behind(session, actor, resource, record_id)}
        about = list(leads)
        if leads:
            notes = lead_queries.notes_of(session, about, since=since, until=until, limit=limit)
            found += [lead_panels.note_entry(each, leads[each["record_id"]]) for each in notes]
    if actor.may("customer.activity", "read"):
        done = queries.done_at(
            session,
            actor,
            customer_id=customer,
            contact_id=contact,
            lead_ids=about,
            since=since,
            until=until,
            limit=limit,
        )
        found += [panels.activity_entry(each, at=resource) for each in done]
    return found


@hookimpl
def load_samples(session: Session, actor: Actor) -> None:
    """A company's customers in both languages, with talks of the last weeks and plans for the next."""
    samples.load(session, actor)
