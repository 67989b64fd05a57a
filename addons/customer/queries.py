"""Reads that join or count: groups of customers, somebody's day, what changed last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, literal, or_, select, true
from sqlalchemy.orm import Session

from addons.customer.models import Activity, ActivityState, Contact, Customer, CustomerContact
from core.access.actor import Actor
from core.db.session import tenant_of
from core.resources.declaration import resource_of
from core.resources.filters import All, AnyOf, Condition, Node
from core.resources.gateway import Gateway, Page
from core.resources.query import MAX_PER_PAGE, Order, Query

#: How far "coming up" reaches.
DAYS_AHEAD: Final = 7
#: So many customers directly below another are named; the rest is counted.
MAX_MEMBERS: Final = 20
#: So far up a group is climbed.
MAX_HEIGHT: Final = 50

_customer = Customer.__table__
_contact = Contact.__table__
_link = CustomerContact.__table__
_activity = Activity.__table__


@dataclass(frozen=True, slots=True)
class RollUp:
    """What hangs on a customer and all customers below it, as far as the reader sees it."""

    #: Customers below, at any depth.
    customers: int = 0
    #: Different people who have not left.
    contacts: int = 0
    open_activities: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A customer as part of its group."""

    id: int
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Group:
    """The group around a customer."""

    #: The customers above, the head of the group first.
    above: Sequence[Member]
    #: The first of those directly below, by name.
    below: Sequence[Member]
    #: By customer: itself and those named below it; empty when there are none.
    totals: Mapping[int, RollUp]
    #: How many are directly below in all.
    count: int


@dataclass(frozen=True, slots=True)
class MyDay:
    """Planned and finished activities of one person, by calendar days of the tenant."""

    overdue: Sequence[Mapping[str, Any]]
    today: Sequence[Mapping[str, Any]]
    upcoming: Sequence[Mapping[str, Any]]
    undated: Sequence[Mapping[str, Any]]
    done: Sequence[Mapping[str, Any]]
    #: The midnight at which today began, in the tenant's zone.
    began: datetime
    #: More is planned than is shown.
    is_cut: bool = False


def roll_up(session: Session, actor: Actor, customer_ids: Sequence[int]) -> dict[int, RollUp]:
    """Count what hangs on customers with all below them, at any depth, in one statement.

    Archived records are not counted; what hangs on a customer the reader may not see neither.

    Returns:
        ``{customer id: its counts}``, for each of ``customer_ids``.
    """
    gateway = Gateway(session, actor)
    below = (
        select(_customer.c.id.label("top"), _customer.c.id.label("id"))
        .where(_customer.c.id.in_(customer_ids))
        .cte("below", recursive=True)
    )
    below = below.union(select(below.c.top, _customer.c.id).where(_customer.c.parent_id == below.c.id))
    reached = (
        select(below.c.top, below.c.id)
        .join(_customer, _customer.c.id == below.c.id)
        .where(_customer.c.archived_at.is_(None), _within(gateway, Customer))
        .cte("reached")
    )
    customers = select(
        reached.c.top, func.count().filter(reached.c.id != reached.c.top).label("count")
    ).group_by(reached.c.top)
    contacts = (
        select(reached.c.top, func.count(_link.c.contact_id.distinct()).label("count"))
        .join(_link, and_(_link.c.customer_id == reached.c.id, _link.c.left_on.is_(None)))
        .join(_contact, and_(_contact.c.id == _link.c.contact_id, _contact.c.archived_at.is_(None)))
        .where(_within(gateway, Contact))
        .group_by(reached.c.top)
    )
    open_ = (
        select(reached.c.top, func.count().label("count"))
        .join(_activity, _activity.c.customer_id == reached.c.id)
        .where(
            _activity.c.state == ActivityState.PLANNED.value,
            _activity.c.archived_at.is_(None),
            _within(gateway, Activity),
        )
        .group_by(reached.c.top)
    )
    parts = [
        select(part.c.top, literal(position).label("position"), part.c.count)
        for position, part in enumerate(each.subquery() for each in (customers, contacts, open_))
    ]
    counts: dict[int, list[int]] = {each: [0, 0, 0] for each in customer_ids}
    for top, position, count in session.execute(parts[0].union_all(*parts[1:])):
        counts[top][position] = count
    return {top: RollUp(*found) for top, found in counts.items()}


def group_of(session: Session, actor: Actor, customer_id: int) -> Group:
    """The group around a customer the actor reaches: those above, those directly below, and the counts.

    Customers out of reach are left out, also from between two that are within.
    """
    gateway = Gateway(session, actor)
    up = (
        select(_customer.c.id, _customer.c.parent_id, literal(0).label("depth"))
        .where(_customer.c.id == customer_id)
        .cte("up", recursive=True)
    )
    # The depth ends a climb that would go round in a circle.
    up = up.union_all(
        select(_customer.c.id, _customer.c.parent_id, up.c.depth + 1)
        .where(_customer.c.id == up.c.parent_id)
        .where(up.c.depth < MAX_HEIGHT)
    )
    columns = (_customer.c.id, _customer.c.name, _customer.c.number)
    above = (
        select(*columns, up.c.depth, literal(0).label("siblings"), literal("").label("place"))
        .join(up, up.c.id == _customer.c.id)
        .where(up.c.depth > 0, _within(gateway, Customer))
    )
    below = (
        select(*columns, literal(-1), func.count().over(), _customer.c.name_key)
        .where(
            _customer.c.parent_id == customer_id,
            _customer.c.archived_at.is_(None),
            _within(gateway, Customer),
        )
        .order_by(_customer.c.name_key, _customer.c.id)
        .limit(MAX_MEMBERS)
    )
    both = above.union_all(select(below.subquery())).subquery()
    rows = session.execute(select(both).order_by(both.c.depth.desc(), both.c.place, both.c.id)).all()
    children = [row for row in rows if row.depth < 0]
    members = [Member(row.id, row.name, row.number) for row in children]
    return Group(
        above=[Member(row.id, row.name, row.number) for row in rows if row.depth > 0],
        below=members,
        totals=roll_up(session, actor, [customer_id, *(member.id for member in members)]) if members else {},
        count=children[0].siblings if children else 0,
    )


def my_day(session: Session, actor: Actor, *, now: datetime) -> MyDay:
    """What ``actor`` has to do, and has done today.

    Args:
        session: bound to one tenant, whose zone says where a day begins.
        actor: whose day.
        now: an instant with a zone.
    """
    zone = ZoneInfo(tenant_of(session).timezone)
    today = now.astimezone(zone).date()
    began, ended, horizon = (
        datetime.combine(today + timedelta(days=days), time.min, zone) for days in (0, 1, 1 + DAYS_AHEAD)
    )
    gateway, resource = Gateway(session, actor), resource_of(Activity)
    mine = Condition("owner", "eq", actor.user_id)
    fields = ("id", "subject", "kind", "customer", "contact", "lead", "due_at", "done_at")
    planned = gateway.page(
        resource,
        Query(
            where=All(
                (
                    mine,
                    Condition("state", "eq", ActivityState.PLANNED.value),
                    AnyOf((Condition("due_at", "lt", horizon), Condition("due_at", "isnull", True))),
                )
            ),
            sort=(Order("due_at"),),
            fields=fields,
            per_page=MAX_PER_PAGE,
            count=False,
        ),
    )
    finished = gateway.page(
        resource,
        Query(
            where=All((mine, Condition("done_at", "gte", began), Condition("done_at", "lt", ended))),
            sort=(Order("done_at", descending=True),),
            fields=fields,
            per_page=MAX_PER_PAGE,
            count=False,
        ),
    )
    records = planned.records()
    dated = [record for record in records if record["due_at"] is not None]
    return MyDay(
        overdue=[record for record in dated if record["due_at"] < began],
        today=[record for record in dated if began <= record["due_at"] < ended],
        upcoming=[record for record in dated if ended <= record["due_at"]],
        undated=[record for record in records if record["due_at"] is None],
        done=finished.records(),
        began=began,
        is_cut=planned.next_cursor is not None,
    )


def recent_customers(session: Session, actor: Actor, limit: int = 8) -> list[dict[str, Any]]:
    """The customers changed last, within the actor's reach."""
    query = Query(
        sort=(Order("updated_at", descending=True),),
        fields=("id", "name", "number", "kind", "city", "updated_at"),
        per_page=limit,
        count=False,
    )
    return Gateway(session, actor).page(resource_of(Customer), query).records()


def customers_by_kind(session: Session, actor: Actor) -> dict[str, int]:
    """How many customers the actor owns: ``{kind: count}``, without those that are archived."""
    query = Query(where=Condition("owner", "eq", actor.user_id))
    rows = Gateway(session, actor).aggregate(resource_of(Customer), query, ("kind",), ("count",))
    return {row["kind"]: row["count"] for row in rows}


def contacts_at(session: Session, actor: Actor, customer_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """The people at a customer who have not left: ``{id, name, role, influence, phone, job_title}``.

    Only contacts within reach; ``phone`` is None where the reader may not see it.
    """
    gateway, resource = Gateway(session, actor), resource_of(Contact)
    wanted = ("id", "name", "job_title", "phone")
    shown = [field for field in gateway.resolver.visible(resource) if field.name in wanted]
    statement: Select[Any] = (
        select(*(_contact.c[field.key] for field in shown), _link.c.role, _link.c.influence)
        .join(_link, _link.c.contact_id == _contact.c.id)
        .where(
            _link.c.customer_id == customer_id,
            _link.c.left_on.is_(None),
            _contact.c.archived_at.is_(None),
            _within(gateway, Contact),
        )
        .order_by(_link.c.id)
        .limit(limit)
    )
    return [dict.fromkeys(wanted) | dict(row) for row in session.execute(statement).mappings()]


def customers_of(session: Session, actor: Actor, contact_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """Where a contact is or was: ``{id, name, role, influence, joined_on, left_on}``, present ones first."""
    gateway = Gateway(session, actor)
    statement = (
        select(
            _customer.c.id,
            _customer.c.name,
            _link.c.role,
            _link.c.influence,
            _link.c.joined_on,
            _link.c.left_on,
        )
        .join(_link, _link.c.customer_id == _customer.c.id)
        .where(_link.c.contact_id == contact_id, _within(gateway, Customer))
        .order_by(_link.c.left_on.desc().nulls_first(), _link.c.id)
        .limit(limit)
    )
    return [dict(row) for row in session.execute(statement).mappings()]


def planned_at(
    session: Session,
    actor: Actor,
    *,
    customer_id: int | None = None,
    contact_id: int | None = None,
    lead_ids: Sequence[int] = (),
    limit: int = 6,
) -> list[dict[str, Any]]:
    """The next planned activities with a customer or a contact, and with the leads they come from."""
    query = Query(
        where=All(
            (_whose(customer_id, contact_id, lead_ids), Condition("state", "eq", ActivityState.PLANNED.value))
        ),
        sort=(Order("due_at"),),
        fields=("id", "subject", "kind", "contact", "lead", "owner", "due_at", "done_at", "outcome"),
        per_page=limit,
        count=False,
    )
    return Gateway(session, actor).page(resource_of(Activity), query).records()


def done_at(
    session: Session,
    actor: Actor,
    *,
    customer_id: int | None = None,
    contact_id: int | None = None,
    lead_ids: Sequence[int] = (),
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[dict[str, Any]]:
    """The last finished activities with a customer or a contact, and with their leads, newest first.

    Those from ``since`` on and before ``until``: ``limit`` of them, and all further ones of the very
    instant of the last.
    """
    gateway, resource = Gateway(session, actor), resource_of(Activity)
    done: list[Node] = [
        _whose(customer_id, contact_id, lead_ids),
        Condition("state", "eq", ActivityState.DONE.value),
        *([Condition("done_at", "gte", since)] if since is not None else ()),
        *([Condition("done_at", "lt", until)] if until is not None else ()),
    ]

    def page(where: Sequence[Node], per_page: int) -> Page:
        query = Query(
            where=All(tuple(where)),
            sort=(Order("done_at", descending=True),),
            fields=(
                *("id", "subject", "kind", "direction", "customer", "contact"),
                *("done_at", "minutes", "outcome", "body", "owner"),
            ),
            per_page=per_page,
            count=False,
        )
        return gateway.page(resource, query)

    found = page(done, limit)
    records = found.records()
    if found.next_cursor is None:
        return records
    last = records[-1]["done_at"]
    same = page([*done, Condition("done_at", "eq", last)], MAX_PER_PAGE).records()
    return [*(record for record in records if record["done_at"] != last), *same]


def _whose(customer_id: int | None, contact_id: int | None, lead_ids: Sequence[int]) -> Node:
    named: list[Node] = []
    if contact_id is not None:
        named.append(Condition("contact", "eq", contact_id))
    elif customer_id is not None:
        named.append(Condition("customer", "eq", customer_id))
    if lead_ids:
        named.append(Condition("lead", "in", list(lead_ids)))
    return named[0] if len(named) == 1 else AnyOf(tuple(named))


def _within(gateway: Gateway, model: type[Any]) -> Any:
    """The condition that keeps a table to what the reader reaches."""
    resource = resource_of(model)
    if not gateway.actor.may(resource.name, "read"):
        return or_(False)
    scope = gateway.scope(resource, resource.table)
    return true() if scope is None else scope
