"""Conversion: leads become customers, contacts and sales; and back again.

Nothing that was there before is changed: an existing customer or contact is linked, never written
over, and what the lead knew beyond that stays readable at the lead, which the customer's page shows.
Activities, notes and files stay where they are and are read from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from addons.customer.events import LeadConverted
from addons.customer.hookspecs import Made
from addons.customer.models import Contact, Conversion, Customer, CustomerType, Lead, LeadState
from addons.customer.services.activities import keep_last_contacted
from addons.customer.services.contacts import add_missing_links
from addons.customer.services.qualification import Judgement, LeadIsConverted, judge
from core.access.actor import Actor
from core.db.session import tenant_of
from core.errors import Conflict, Invalid
from core.events import hooks_of, publish
from core.i18n import _l
from core.resources.channels import through
from core.resources.declaration import Resource, resource_named, resource_of
from core.resources.gateway import Gateway
from core.search.names import name_match

HOOK: Final = "convert_lead"
_LINK: Final = "customer.customer_contact"

_lead = Lead.__table__
_conversion = Conversion.__table__

Row = Mapping[str, Any]


class LeadNotQualified(Conflict):
    """Only qualified leads are converted."""

    code = "customer.lead-not-qualified"
    message = _l("“%(title)s” is not qualified yet. Fill in its check list first.")


@dataclass(slots=True)
class _Plan:
    """What becomes of one lead."""

    row: Row
    customer_id: int | None = None
    contact_id: int | None = None
    #: As `Conversion.records` keeps them.
    records: list[dict[str, Any]] = field(default_factory=list)

    def note(self, resource: str, number: int, *, made: bool) -> None:
        """Remember a record that was made or linked."""
        self.records.append({"resource": resource, "id": number, "made": made})


def makes_sales(session: Session) -> bool:
    """Whether an addon that is on for this tenant makes a possible sale of a lead."""
    hooks = hooks_of(session)
    return hooks is not None and hooks.has(HOOK, tenant_of(session).addons)


def convert_leads(
    session: Session,
    ids: Sequence[int],
    *,
    actor: Actor,
    create_customer: bool = True,
    customer: int | None = None,
    create_contact: bool = True,
    contact: int | None = None,
    create_sale: bool = False,
    sale_title: str | None = None,
) -> None:
    """Make customers, contacts and possible sales of qualified leads, all or none.

    Leads of one company that are converted together become one customer.

    Args:
        session: bound to one tenant; the caller commits.
        ids: the leads.
        actor: who converts; needs the right to create what is created.
        create_customer: make a customer where none is named.
        customer: an existing customer for all of them.
        create_contact: make a contact of each lead that names a person, unless he is the customer.
        contact: an existing contact; for one lead only.
        create_sale: ask the other addons for a possible sale.
        sale_title: what it is called; the lead's need or name when left out.

    Raises:
        NotFound, Forbidden: a lead is out of reach, or the actor may not convert it or create what is asked.
        LeadIsConverted, LeadNotQualified: it is not the time.
        Invalid: a named record is out of reach, or what would be created breaks a rule.
    """
    service: Any = resource_of(Lead).service
    with session.begin_nested(), through(session, "conversion"):
        rows = service.permitted(session, ids, actor, "convert")
        _check(session, rows.values())
        plans = [_Plan(rows[number]) for number in dict.fromkeys(ids)]
        if create_sale and not makes_sales(session):
            raise Invalid({"create_sale": [_l("No addon that is on makes a sale of a lead.")]})
        _see_to_customers(session, plans, actor, customer, create=create_customer)
        _see_to_contacts(session, plans, actor, contact, create=create_contact)
        if create_sale:
            _see_to_sales(session, plans, actor, sale_title)
        _keep(session, plans, actor)
        now = datetime.now(UTC)
        values = {
            plan.row["id"]: {
                "state": LeadState.CONVERTED.value,
                "converted_at": now,
                "customer": plan.customer_id,
                "contact": plan.contact_id,
            }
            for plan in plans
        }
        service.set_values(session, values, actor=actor, verb="convert")
        keep_last_contacted(session, {plan.customer_id for plan in plans if plan.customer_id is not None})
    for plan in plans:
        publish(session, LeadConverted(plan.row["id"], plan.customer_id, plan.contact_id))


def _check(session: Session, rows: Sequence[Row] | Any) -> None:
    rows = list(rows)
    judgements = judge(session, [(row["id"], row["product_line"]) for row in rows])
    for row, judgement in zip(rows, judgements, strict=True):
        if row["state"] == LeadState.CONVERTED:
            raise LeadIsConverted
        if row["state"] != LeadState.QUALIFIED or judgement is Judgement.OPEN:
            raise LeadNotQualified(title=row["title"])


def _see_to_customers(
    session: Session, plans: Sequence[_Plan], actor: Actor, customer: int | None, *, create: bool
) -> None:
    if customer is not None:
        if customer not in Gateway(session, actor).reached(resource_of(Customer), [customer]):
            raise Invalid({"customer": [_l("There is no such record, or you may not see it.")]})
        for plan in plans:
            plan.customer_id = customer
            plan.note("customer.customer", customer, made=False)
        return
    if not create:
        return
    alike: dict[str, list[_Plan]] = {}
    for plan in plans:
        company = plan.row["company"]
        alike.setdefault(name_match(company) or f"lead {plan.row['id']}", []).append(plan)
    inputs = [_customer_of(group[0].row) for group in alike.values()]
    numbers = resource_of(Customer).service.create(session, inputs, actor=actor)
    for number, group in zip(numbers, alike.values(), strict=True):
        for plan in group:
            plan.customer_id = number
            plan.note("customer.customer", number, made=True)


def _customer_of(row: Row) -> dict[str, Any]:
    """What a lead knows of its company, or of the person who is the customer."""
    is_person = not row["company"]
    reach = {"phone": row["phone"], "email": row["email"]} if is_person or not row["name"] else {}
    place = {name: row[name] for name in ("country", "province", "city")}
    return {
        "name": row["company"] or row["name"],
        "type": (CustomerType.PERSON if is_person else CustomerType.ORGANISATION).value,
        "source": row["source"],
        "website": row["website"],
        "description": row["description"],
        "tags": list(row["tags"]),
        "owner": row["owner_id"],
        "unit": row["unit_id"],
        **reach,
        **place,
        "addresses": [{**place, "street": row["street"]}] if row["street"] else [],
    }


def _see_to_contacts(
    session: Session, plans: Sequence[_Plan], actor: Actor, contact: int | None, *, create: bool
) -> None:
    if contact is not None:
        if len(plans) > 1:
            raise Invalid({"contact": [_l("A contact can be named for one lead at a time.")]})
        if contact not in Gateway(session, actor).reached(resource_of(Contact), [contact]):
            raise Invalid({"contact": [_l("There is no such record, or you may not see it.")]})
        [plan] = plans
        plan.contact_id = contact
        plan.note("customer.contact", contact, made=False)
        if plan.customer_id is not None:
            _link(session, plan, contact, actor)
        return
    if not create:
        return
    named = [plan for plan in plans if plan.row["name"] and (plan.row["company"] or plan.customer_id is None)]
    inputs = [_contact_of(plan.row) | {"customer": plan.customer_id} for plan in named]
    numbers = resource_of(Contact).service.create(session, inputs, actor=actor) if inputs else []
    for number, plan in zip(numbers, named, strict=True):
        plan.contact_id = number
        plan.note("customer.contact", number, made=True)


def _contact_of(row: Row) -> dict[str, Any]:
    names = ("name", "job_title", "department", "phone", "email", "wechat")
    return {name: row[name] for name in names} | {"owner": row["owner_id"], "unit": row["unit_id"]}


def _link(session: Session, plan: _Plan, contact: int, actor: Actor) -> None:
    """Put the customer into the lines of a contact that is there already.

    Raises:
        Forbidden: the actor may not change the contact.
    """
    assert plan.customer_id is not None
    resource_of(Contact).service.update(session, contact, {}, actor=actor)
    for number in add_missing_links(session, [(plan.customer_id, contact)]):
        plan.note(_LINK, number, made=True)


def _see_to_sales(session: Session, plans: Sequence[_Plan], actor: Actor, title: str | None) -> None:
    hooks = hooks_of(session)
    assert hooks is not None
    for plan in plans:
        row = plan.row
        called = title or (row["description"] or "").partition("\n")[0][:120] or row["title"]
        made: list[Made] = hooks.call(
            tenant_of(session).addons,
            HOOK,
            session=session,
            actor=actor,
            lead=row,
            customer_id=plan.customer_id,
            contact_id=plan.contact_id,
            title=called,
        )
        for each in made:
            plan.note(each.resource, each.id, made=True)


def _keep(session: Session, plans: Sequence[_Plan], actor: Actor) -> None:
    """Remember what was made, with its version: what has another one later was changed since."""
    wanted: dict[str, set[int]] = {}
    for record in (record for plan in plans for record in plan.records if record["made"]):
        wanted.setdefault(record["resource"], set()).add(record["id"])
    versions = {
        (name, row.id): row.version
        for name, numbers in wanted.items()
        for row in session.execute(_versions(resource_named(name), numbers))
    }
    rows = [
        {
            "lead_id": plan.row["id"],
            "before": {"state": plan.row["state"]},
            "records": [
                record | {"version": versions.get((record["resource"], record["id"]))}
                for record in plan.records
            ],
            "created_by_id": actor.user_id,
        }
        for plan in plans
    ]
    session.execute(insert(_conversion), rows)


def _versions(resource: Resource, numbers: set[int]) -> Any:
    table = resource.table
    return select(table.c.id, table.c.version).where(table.c.id.in_(numbers))
