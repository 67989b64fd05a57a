"""Where the addon joins in: the menu, the home page, the pages of records, the demo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from addons.customer import panels, queries, samples
from addons.customer.models import Contact, Customer
from core.access.actor import Actor
from core.addons.hookspecs import hookimpl
from core.i18n import _, _l
from core.menus import MenuItem
from core.resources.declaration import Resource
from core.web.view_models import ActionView, Panel, TimelineEntry


@hookimpl
def menu_items() -> Sequence[MenuItem]:
    """My day on top, the three lists below."""
    section = _l("Customers")
    return (
        MenuItem(_l("My day"), "checkbox", order=10, resource="customer.activity", url="/customer/my-day"),
        MenuItem(_l("Customers"), "building", section, 100, "customer.customer"),
        MenuItem(_l("Contacts"), "users", section, 110, "customer.contact"),
        MenuItem(_l("Activities"), "calendar", section, 120, "customer.activity"),
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
    return cards


@hookimpl
def record_panels(session: Session, actor: Actor, resource: Resource, record: Any) -> list[Panel] | None:
    """Who is there, the group around, and what is to do."""
    number = record["id"]
    if resource.model is Customer:
        found = [
            panels.contacts_panel(queries.contacts_at(session, actor, number)),
            panels.addresses_panel(record["addresses"]),
            panels.group_panel(queries.group_of(session, actor, number), number),
        ]
        if actor.may("customer.activity", "read"):
            planned = queries.planned_at(session, actor, customer_id=number)
            found.append(panels.planned_panel(planned, actor, customer_id=number))
        return [panel for panel in found if panel is not None]
    if resource.model is Contact:
        found = [panels.customers_panel(queries.customers_of(session, actor, number))]
        if actor.may("customer.activity", "read"):
            customer = (record["customer"] or {}).get("id")
            planned = queries.planned_at(session, actor, contact_id=number)
            found.append(panels.planned_panel(planned, actor, customer_id=customer, contact_id=number))
        return [panel for panel in found if panel is not None]
    return None


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
    """What was done with a customer or a contact; what is planned stands in a card."""
    if resource.model not in (Customer, Contact) or not actor.may("customer.activity", "read"):
        return None
    whose = {"customer_id" if resource.model is Customer else "contact_id": record_id}
    done = queries.done_at(session, actor, **whose, since=since, until=until, limit=limit)
    return [panels.activity_entry(each, at=resource) for each in done]


@hookimpl
def record_actions(actor: Actor, resource: Resource, record: Any) -> list[ActionView] | None:
    """Log a talk and plan a task, on customers and their contacts."""
    if record["archived_at"] is not None or not actor.may("customer.activity", "create"):
        return None
    query = panels.about(resource, record)
    if query is None:
        return None
    return [
        ActionView("log_contact", _("Log a contact"), f"/customer/log?{query}", "phone-call", dialog=True),
        ActionView("plan_task", _("Plan a task"), f"/customer/plan?{query}", "calendar-plus", dialog=True),
    ]


@hookimpl
def load_samples(session: Session, actor: Actor) -> None:
    """A company's customers in both languages, with talks of the last weeks and plans for the next."""
    samples.load(session, actor)
