"""Rules of customers, contacts and activities, and the works beyond create and update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from addons.customer.models import (
    Activity,
    ActivityKind,
    ActivityState,
    Contact,
    Customer,
    CustomerContact,
    CustomerType,
)
from core.access.actor import Actor
from core.db.session import tenant_of
from core.i18n import _l
from core.resources.batch import Batch, Change
from core.resources.declaration import resource_of
from core.resources.gateway import Gateway
from core.resources.service import Service

#: The kinds of activity that count as having talked with a customer.
TALKS: Final = (
    ActivityKind.CALL,
    ActivityKind.VISIT,
    ActivityKind.MEETING,
    ActivityKind.MAIL,
    ActivityKind.WECHAT,
)
#: What each kind of activity is called, by its stored value.
KINDS: Final = {each.value: each.label for each in ActivityKind}
#: The hour, in the tenant's zone, at which a next step that names only its day is due.
NEXT_STEP_AT: Final = time(9)
#: How far a clock may run ahead of ours before "done" lies in the future.
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_ONLY_ORGANISATIONS: Final = ("employees", "founded_year")

_customer = Customer.__table__
_contact = Contact.__table__
_link = CustomerContact.__table__
_activity = Activity.__table__


class CustomerService(Service):
    """Writes of customers."""

    def rules(self, batch: Batch) -> None:
        """See to groups without circles, to what only organisations have, and to plausible values."""
        this_year = datetime.now(UTC).year
        for change in batch.changes:
            self._refuse_for_persons(change)
            if (change.values.get("employees") or 0) < 0:
                change.refuse("employees", _l("This cannot be less than zero."))
            founded = change.values.get("founded_year")
            if founded is not None and not 1000 <= founded <= this_year:
                change.refuse("founded_year", _l("Write a year from 1000 to %(year)s.", year=this_year))
            _refuse_twice(change, "contacts", "contact")
        self._check_parents(batch)
        self._check_children(batch)

    def write(self, batch: Batch) -> None:
        """Write, and let the contacts in the lines know their main customer."""
        named = [change for change in batch.good if "contacts" in change.lines]
        affected = _linked_contacts(batch.session, [change.id for change in named if change.id is not None])
        super().write(batch)
        if named:
            affected |= {line["contact"] for change in named for line in change.lines["contacts"]}
            keep_main_customers(batch.session, affected)

    def delete(self, session: Session, record_ids: Sequence[int], *, actor: Actor) -> None:
        """Delete, and let contacts turn to another of their customers."""
        affected = _linked_contacts(session, record_ids)
        super().delete(session, record_ids, actor=actor)
        keep_main_customers(session, affected)

    def _refuse_for_persons(self, change: Change) -> None:
        if change.now(self.resource, "type") == CustomerType.PERSON:
            for name in _ONLY_ORGANISATIONS:
                if change.now(self.resource, name) is not None:
                    change.refuse(name, _l("Only an organisation has this; leave it empty for a person."))

    def _check_parents(self, batch: Batch) -> None:
        """A parent is an organisation, and nobody stands above himself."""
        moved = [change for change in batch.good if change.values.get("parent") is not None]
        if not moved:
            return
        if batch.kind == "updated":
            # Two moves at once could close a circle that neither sees.
            key = func.hashtextextended("customer.parent", tenant_of(batch.session).id)
            batch.session.execute(select(func.pg_advisory_xact_lock(key)))
        above = _parents_above(batch.session, {change.values["parent"] for change in moved})
        becoming = {change.id: change for change in batch.changes if change.id is not None}
        for change in moved:
            at = change.values["parent"]
            turned = becoming.get(at)
            kind = turned.now(self.resource, "type") if turned else above[at][1]
            if kind == CustomerType.PERSON:
                change.refuse("parent", _l("A person cannot be the head of a group."))
                continue
            seen: set[int] = set()
            while at is not None and at not in seen and at != change.id:
                seen.add(at)
                further = becoming.get(at)
                at = further.now(self.resource, "parent") if further else above[at][0]
            if at is not None and change.id is not None:
                change.refuse("parent", _l("This would put the customer above itself."))

    def _check_children(self, batch: Batch) -> None:
        """The head of a group stays an organisation."""
        turned = {
            change.id: change
            for change in batch.good
            if change.id is not None and change.values.get("type") == CustomerType.PERSON
        }
        if turned:
            heads = select(_customer.c.parent_id).where(_customer.c.parent_id.in_(turned)).distinct()
            for head in batch.session.scalars(heads):
                turned[head].refuse("type", _l("Other customers belong to it, so it stays an organisation."))


class ContactService(Service):
    """Writes of contacts."""

    def rules(self, batch: Batch) -> None:
        """See to a birthday that has been, and to lines that name each customer once."""
        today = datetime.now(UTC).date() + timedelta(days=1)
        for change in batch.changes:
            birthday = change.values.get("birthday")
            if birthday is not None and birthday > today:
                change.refuse("birthday", _l("A birthday cannot lie in the future."))
            _refuse_twice(change, "customers", "customer")

    def write(self, batch: Batch) -> None:
        """Write, and make the main customer one of the contact's customers."""
        super().write(batch)
        _add_missing_links(
            batch.session,
            [
                (change.values["customer"], change.id)
                for change in batch.changes
                if change.id is not None and change.values.get("customer") is not None
            ],
        )
        touched = {
            change.id
            for change in batch.changes
            if change.id is not None and ("customer" in change.values or "customers" in change.lines)
        }
        keep_main_customers(batch.session, touched)


class CustomerContactService(Service):
    """Writes of what a contact is at a customer."""

    def rules(self, batch: Batch) -> None:
        """Nobody leaves before he has joined."""
        for change in batch.changes:
            joined, left = change.now(self.resource, "joined_on"), change.now(self.resource, "left_on")
            if joined is not None and left is not None and left < joined:
                change.refuse("left_on", _l("This day lies before the day of joining."))


class ActivityService(Service):
    """Writes of activities."""

    def rules(self, batch: Batch) -> None:
        """Keep state and time of doing together, and take the customer over from the contact."""
        now = datetime.now(UTC)
        for change in batch.changes:
            self._settle(change, now)
            if (change.values.get("minutes") or 0) < 0:
                change.refuse("minutes", _l("This cannot be less than zero."))
        self._follow_contacts(batch)

    def write(self, batch: Batch) -> None:
        """Write, and keep up when the customers were last talked to."""
        super().write(batch)
        touched = {
            at(self.resource, "customer")
            for change in batch.changes
            for at in (change.stored, change.now)
            if at(self.resource, "done_at") is not None
        }
        keep_last_contacted(batch.session, touched - {None})

    def delete(self, session: Session, record_ids: Sequence[int], *, actor: Actor) -> None:
        """Delete, and keep up when the customers were last talked to."""
        touched = session.scalars(select(_activity.c.customer_id).where(_activity.c.id.in_(record_ids))).all()
        super().delete(session, record_ids, actor=actor)
        keep_last_contacted(session, {customer for customer in touched if customer is not None})

    def _settle(self, change: Change, now: datetime) -> None:
        state, done_at = change.now(self.resource, "state"), change.now(self.resource, "done_at")
        says_when = change.values.get("done_at") is not None
        if says_when and state == ActivityState.PLANNED:
            change.values["state"] = ActivityState.DONE.value
        elif says_when and state == ActivityState.CANCELLED:
            change.refuse("done_at", _l("What was cancelled was not done."))
        elif state == ActivityState.DONE and done_at is None:
            if "state" in change.values:
                change.values["done_at"] = now
            else:
                change.values["state"] = ActivityState.PLANNED.value
        elif state != ActivityState.DONE and done_at is not None:
            change.values["done_at"] = None
        if says_when and change.values["done_at"] > now + _CLOCKS_DIFFER:
            change.refuse("done_at", _l("What is done cannot lie in the future."))

    def _follow_contacts(self, batch: Batch) -> None:
        """An activity with a contact and no customer is about the contact's main customer."""
        open_ = [
            change
            for change in batch.good
            if change.values.get("contact") is not None and change.now(self.resource, "customer") is None
        ]
        if not open_:
            return
        wanted = {change.values["contact"] for change in open_}
        statement = select(_contact.c.id, _contact.c.customer_id).where(_contact.c.id.in_(wanted))
        mains = dict(batch.session.execute(statement.where(_contact.c.customer_id.is_not(None))).all())
        known = (
            Gateway(batch.session, batch.actor).reached(resource_of(Customer), mains.values())
            if mains
            else ()
        )
        for change in open_:
            main = mains.get(change.values["contact"])
            if main in known:
                change.values["customer"] = main


# Works beyond create and update


def complete_activities(
    session: Session, ids: Sequence[int], *, actor: Actor, outcome: str | None = None
) -> None:
    """Mark activities as done now; those done already stay as they are.

    Args:
        session: bound to one tenant; the caller commits.
        ids: the activities.
        actor: who does it.
        outcome: what came of them.

    Raises:
        NotFound: one is not there or out of reach.
        Forbidden: the actor may read but not change one.
    """
    values: dict[str, Any] = {"state": ActivityState.DONE.value}
    if outcome is not None:
        values["outcome"] = outcome
    resource_of(Activity).service.update_many(session, dict.fromkeys(ids, values), actor=actor)


def reopen_activities(session: Session, ids: Sequence[int], *, actor: Actor) -> None:
    """Plan done or cancelled activities again; see `complete_activities`."""
    values = {"state": ActivityState.PLANNED.value}
    resource_of(Activity).service.update_many(session, dict.fromkeys(ids, values), actor=actor)


def cancel_activities(session: Session, ids: Sequence[int], *, actor: Actor) -> None:
    """Give up planned activities without deleting them; see `complete_activities`."""
    values = {"state": ActivityState.CANCELLED.value}
    resource_of(Activity).service.update_many(session, dict.fromkeys(ids, values), actor=actor)


def log_contact(
    session: Session,
    customer_ids: Sequence[int | None],
    *,
    actor: Actor,
    kind: str,
    subject: str | None = None,
    done_at: str | datetime | None = None,
    next_on: date | None = None,
    next_subject: str | None = None,
    **values: Any,
) -> list[int]:
    """Write down a talk with customers that has been had, and plan the next step.

    Args:
        session: bound to one tenant; the caller commits.
        customer_ids: with whom, one activity each; None leaves it to the contact.
        actor: who talked; becomes the owner.
        kind: of the activity.
        subject: what it was about; the name of the kind when left out.
        done_at: when; now when left out. Text without a zone is in the tenant's.
        next_on: a task is planned for the morning of this day when given.
        next_subject: what to do then.
        values: further fields of the activity (body, contact, minutes, direction, outcome).

    Returns:
        The numbers of the activities: the talks, then the tasks.

    Raises:
        Forbidden: the actor may not create activities.
        Invalid: a value is not right, or a customer is out of reach.
    """
    said = subject or str(KINDS.get(kind, kind))
    talks = [
        {
            **values,
            "customer": customer_id,
            "kind": kind,
            "subject": said,
            "state": ActivityState.DONE.value,
            "done_at": done_at or datetime.now(UTC),
        }
        for customer_id in customer_ids
    ]
    tasks: list[dict[str, Any]] = []
    if next_on is not None or next_subject:
        day = next_on or datetime.now(ZoneInfo(tenant_of(session).timezone)).date() + timedelta(days=1)
        tasks = [
            {
                "customer": customer_id,
                "contact": values.get("contact"),
                "kind": ActivityKind.TASK.value,
                "subject": next_subject or str(_l("Follow up: %(subject)s", subject=said))[:200],
                "due_at": morning_of(session, day),
            }
            for customer_id in customer_ids
        ]
    return resource_of(Activity).service.create(session, [*talks, *tasks], actor=actor)


def morning_of(session: Session, day: date) -> datetime:
    """When something is due that names only its day."""
    return datetime.combine(day, NEXT_STEP_AT, ZoneInfo(tenant_of(session).timezone))


def plan_task(
    session: Session,
    customer_ids: Sequence[int | None],
    *,
    actor: Actor,
    subject: str,
    kind: str | None = None,
    **values: Any,
) -> list[int]:
    """Plan something to do for customers, one activity each; see `log_contact`."""
    planned = [
        {**values, "customer": each, "subject": subject, "kind": kind or ActivityKind.TASK.value}
        for each in customer_ids
    ]
    return resource_of(Activity).service.create(session, planned, actor=actor)


# What hangs together


def keep_last_contacted(session: Session, customer_ids: Iterable[int]) -> None:
    """Set when these customers were last talked to from the talks that are done."""
    wanted = sorted(set(customer_ids))
    if not wanted:
        return
    locked = (
        select(_customer.c.id)
        .where(_customer.c.id.in_(wanted))
        .order_by(_customer.c.id)
        .with_for_update(key_share=True)
        .cte("locked")
    )
    last = (
        select(func.max(_activity.c.done_at))
        .where(_activity.c.customer_id == locked.c.id, _activity.c.kind.in_([kind.value for kind in TALKS]))
        .scalar_subquery()
    )
    found = select(locked.c.id, last.label("at")).subquery()
    session.execute(
        update(_customer)
        .where(_customer.c.id == found.c.id, _customer.c.last_contacted_at.is_distinct_from(found.c.at))
        .values(last_contacted_at=found.c.at)
    )


def keep_main_customers(session: Session, contact_ids: Iterable[int]) -> None:
    """Make the main customer of these contacts one of those in their lines, if there are any.

    A present one stays; otherwise it becomes the first they have not left, else the first.
    """
    wanted = sorted(set(contact_ids))
    if not wanted:
        return
    other = _link.alias()
    main = (
        select(other.c.customer_id)
        .where(other.c.contact_id == _contact.c.id)
        .order_by(
            func.coalesce(
                and_(other.c.customer_id == _contact.c.customer_id, other.c.left_on.is_(None)), False
            ).desc(),
            other.c.left_on.is_(None).desc(),
            (other.c.customer_id.is_not_distinct_from(_contact.c.customer_id)).desc(),
            other.c.id,
        )
        .limit(1)
        .scalar_subquery()
    )
    session.execute(
        update(_contact)
        .where(_contact.c.id.in_(wanted), _contact.c.customer_id.is_distinct_from(main))
        .values(customer_id=main)
    )


def _add_missing_links(session: Session, pairs: Sequence[tuple[int, int]]) -> None:
    """Put customers into the lines of contacts where they are missing: ``(customer, contact)``."""
    if not pairs:
        return
    there = set(
        session.execute(
            select(_link.c.customer_id, _link.c.contact_id).where(
                tuple_(_link.c.customer_id, _link.c.contact_id).in_(pairs)
            )
        ).all()
    )
    missing = [
        {"customer_id": pair[0], "contact_id": pair[1]} for pair in dict.fromkeys(pairs) if pair not in there
    ]
    if missing:
        session.execute(insert(_link), missing)


def _linked_contacts(session: Session, customer_ids: Sequence[int]) -> set[int]:
    if not customer_ids:
        return set()
    return set(session.scalars(select(_link.c.contact_id).where(_link.c.customer_id.in_(customer_ids))))


def _parents_above(session: Session, customer_ids: set[int]) -> dict[int, tuple[int | None, str]]:
    """Customers and all above them: ``{id: (parent, type)}``; ends also where there is a circle."""
    columns = (_customer.c.id, _customer.c.parent_id, _customer.c.type)
    above = select(*columns).where(_customer.c.id.in_(customer_ids)).cte("above", recursive=True)
    above = above.union(select(*columns).where(_customer.c.id == above.c.parent_id))
    return {row.id: (row.parent_id, row.type) for row in session.execute(select(above))}


def _refuse_twice(change: Change, lines: str, link: str) -> None:
    """Refuse a second line for somebody who has not left."""
    seen: set[int] = set()
    for number, line in enumerate(change.lines.get(lines, ())):
        if line.get("left_on") is not None or line.get(link) is None:
            continue
        if line[link] in seen:
            change.refuse(f"{lines}.{number}.{link}", _l("This stands in another line already."))
        seen.add(line[link])
