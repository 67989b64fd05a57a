"""Where the addon joins in: the menu, the home page, the pages of records, the demo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from addons.customer import lead_panels, lead_queries, panels, queries, samples
from addons.customer.models import Contact, Customer, Lead, LeadState
from addons.customer.services.qualification import versions_for
from core.access.actor import Actor
from core.addons.hookspecs import hookimpl
from core.i18n import _, _l
from core.menus import MenuItem
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.web.view_models import ActionView, Panel, TimelineEntry


@hookimpl
def menu_items() -> Sequence[MenuItem]:
    """My day on top, the lists below; what qualifies leads stands with the settings."""
    section = _l("Customers")
    return (
        MenuItem(_l("My day"), "checkbox", order=10, resource="customer.activity", url="/customer/my-day"),
        MenuItem(_l("Customers"), "building", section, 100, "customer.customer"),
        MenuItem(_l("Contacts"), "users", section, 110, "customer.contact"),
        MenuItem(_l("Leads"), "target-arrow", section, 115, "customer.lead"),
        MenuItem(_l("Activities"), "calendar", section, 120, "customer.activity"),
        MenuItem(
            _l("Qualification standards"),
            "clipboard-check",
            _l("Settings"),
            930,
            "customer.standard",
            verb="update",
        ),
    )


@hookimpl
def home_cards(session: Session, actor: Actor) -> list[Panel] | None:
    """What is due for the reader, his customers in numbers, and what changed last."""
    cards = []
    if actor.may("customer.activity", "read") and actor.user_id is not None:
        cards.append(panels.day_card(queries.my_day(session, actor, now=datetime.now(UTC)), actor))
    if actor.may("customer.customer", "read"):
        if actor.user_id is not None:
            cards.append(panels.mine_card(queries.customers_by_kind(session, actor), actor))
        cards.append(panels.recent_card(queries.recent_customers(session, actor), actor))
    if actor.may("customer.lead", "update") and actor.user_id is not None:
        cards.append(lead_panels.leads_card(lead_queries.leads_by_state(session, actor), actor))
    return cards


@hookimpl
def record_panels(session: Session, actor: Actor, resource: Resource, record: Any) -> list[Panel] | None:
    """Who is there, the group around, and what is to do."""
    number = record["id"]
    found: list[Panel | None] = []
    if resource.model is Customer:
        found = [
            panels.contacts_panel(queries.contacts_at(session, actor, number)),
            panels.addresses_panel(record["addresses"]),
            panels.group_panel(queries.group_of(session, actor, number), number),
        ]
        about = {"customer_id": number}
    elif resource.model is Contact:
        found = [panels.customers_panel(queries.customers_of(session, actor, number))]
        about = {"customer_id": (record["customer"] or {}).get("id"), "contact_id": number}
    elif resource.model is Lead:
        return _lead_panels(session, actor, record)
    else:
        return None
    leads = _leads_behind(session, actor, resource, number)
    found.append(lead_panels.origin_panel(leads))
    if actor.may("customer.activity", "read"):
        planned = queries.planned_at(session, actor, **about, lead_ids=[lead["id"] for lead in leads])
        found.append(panels.planned_panel(planned, actor, **about))
    return [panel for panel in found if panel is not None]


def _lead_panels(session: Session, actor: Actor, record: Any) -> list[Panel]:
    """The check list, what became of the lead, and what is to do."""
    found = []
    checks = lead_queries.check_list(session, record["id"], record["product_line"])
    if checks is not None:
        found.append(lead_panels.check_panel(checks, record, actor))
    is_open = record["state"] != LeadState.CONVERTED
    conversion = None if is_open else lead_queries.conversion_of(session, record["id"])
    if conversion is not None:
        found.append(lead_panels.conversion_panel(conversion, Gateway(session, actor)))
    if actor.may("customer.activity", "read"):
        planned = queries.planned_at(session, actor, lead_ids=[record["id"]])
        if planned or is_open:
            found.append(panels.planned_panel(planned, actor, lead_id=record["id"], may_add=is_open))
    return found


def _leads_behind(session: Session, actor: Actor, resource: Resource, number: int) -> list[dict[str, Any]]:
    whose = {"customer_id" if resource.model is Customer else "contact_id": number}
    return lead_queries.leads_behind(session, actor, **whose)


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
def record_actions(
    session: Session, actor: Actor, resource: Resource, record: Any
) -> list[ActionView] | None:
    """Log a talk and plan a task, on customers, their contacts and leads; convert leads."""
    if record["archived_at"] is not None:
        return None
    found = []
    query = panels.about(resource, record)
    is_closed = resource.model is Lead and record["state"] == LeadState.CONVERTED
    if query is not None and not is_closed and actor.may("customer.activity", "create"):
        found += [
            ActionView(
                "log_contact", _("Log a contact"), f"/customer/log?{query}", "phone-call", dialog=True
            ),
            ActionView(
                "plan_task", _("Plan a task"), f"/customer/plan?{query}", "calendar-plus", dialog=True
            ),
        ]
    if resource.model is Lead:
        found += _lead_actions(session, actor, record)
    return found


def _lead_actions(session: Session, actor: Actor, record: Any) -> list[ActionView]:
    url, state = f"/customer/leads/{record['id']}", record["state"]
    found = []
    if state == LeadState.CONVERTED:
        if actor.may("customer.lead", "convert"):
            undo = f"{url}/undo-conversion"
            found.append(
                ActionView("undo_conversion", _("Undo the conversion"), undo, "arrow-back-up", post=True)
            )
        return found
    if actor.may("customer.lead", "update"):
        check = ActionView(
            "check", _("Fill in the check list"), f"{url}/check", "list-check", dialog=True, more=True
        )
        give_up = ActionView(
            "disqualify", _("Disqualify…"), f"{url}/disqualify", "circle-x", dialog=True, more=True
        )
        asks = bool(versions_for(session, [record["product_line"]]))
        found += [
            *([check] if asks else []),
            *([give_up] if state != LeadState.DISQUALIFIED else []),
        ]
    if state == LeadState.QUALIFIED and actor.may("customer.lead", "convert"):
        found.append(
            ActionView("convert", _("Convert"), f"{url}/convert", "transfer", dialog=True, primary=True)
        )
    return found


@hookimpl
def form_actions(actor: Actor, resource: Resource) -> list[ActionView] | None:
    """Read a business card into the form of a lead, a contact or a customer."""
    if resource.model not in (Lead, Contact, Customer):
        return None
    url = f"/customer/card/{resource.plural_name}"
    return [ActionView("card", _("Read a business card"), url, "id-badge-2", dialog=True)]


@hookimpl
def load_samples(session: Session, actor: Actor, size: str) -> None:
    """Check lists of the sample leads, customers made of some, and thousands more where many are wanted."""
    samples.load(session, actor, size)
