"""Rules of activities, and the works on them beyond create and update."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from addons.customer.models import Activity, ActivityKind, ActivityState, Contact, Customer, Lead
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

_customer = Customer.__table__
_contact = Contact.__table__
_activity = Activity.__table__
_lead = Lead.__table__


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
        done = [
            at
            for change in batch.changes
            for at in (change.stored, change.now)
            if at(self.resource, "done_at") is not None
        ]
        customers, leads = (
            {at(self.resource, name) for at in done} - {None} for name in ("customer", "lead")
        )
        keep_last_contacted(batch.session, customers | _customers_of(batch.session, leads))

    def delete(self, session: Session, record_ids: Sequence[int], *, actor: Actor) -> None:
        """Delete, and keep up when the customers were last talked to."""
        rows = session.execute(
            select(_activity.c.customer_id, _activity.c.lead_id).where(_activity.c.id.in_(record_ids))
        ).all()
        super().delete(session, record_ids, actor=actor)
        customers, leads = ({row[place] for row in rows} - {None} for place in (0, 1))
        keep_last_contacted(session, customers | _customers_of(session, leads))

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
    session: Session, customer_ids: Sequence[int | None], *, actor: Actor, kind: str, **values: Any
) -> list[int]:
    """Write down a talk with customers that has been had, and plan the next step.

    Args:
        session: bound to one tenant; the caller commits.
        customer_ids: with whom, one activity each; None leaves it to the contact.
        actor: who talked; becomes the owner.
        kind: of the activity.
        values: further fields of the activity (body, contact, lead, minutes, direction, outcome), and
            ``subject``, the name of the kind when left out; ``done_at``, now when left out, text
            without a zone is in the tenant's; ``next_on``, a task is planned for the morning of this
            day; ``next_subject``, what to do then.

    Returns:
        The numbers of the activities: the talks, then the tasks.

    Raises:
        Forbidden: the actor may not create activities.
        Invalid: a value is not right, or a customer is out of reach.
    """
    return _log(session, [{"customer": each} for each in customer_ids], actor, kind, **values)


def log_lead_contact(
    session: Session, lead_ids: Sequence[int], *, actor: Actor, kind: str, **values: Any
) -> list[int]:
    """Write down a talk with leads; see `log_contact`."""
    return _log(session, [{"lead": each} for each in lead_ids], actor, kind, **values)


def _log(
    session: Session,
    whom: Sequence[Mapping[str, int | None]],
    actor: Actor,
    kind: str,
    *,
    subject: str | None = None,
    done_at: str | datetime | None = None,
    next_on: date | None = None,
    next_subject: str | None = None,
    **values: Any,
) -> list[int]:
    said = subject or str(KINDS.get(kind, kind))
    done = {"kind": kind, "subject": said, "state": ActivityState.DONE.value}
    talks = [{**values, **each, **done, "done_at": done_at or datetime.now(UTC)} for each in whom]
    tasks: list[dict[str, Any]] = []
    if next_on is not None or next_subject:
        day = next_on or datetime.now(ZoneInfo(tenant_of(session).timezone)).date() + timedelta(days=1)
        about: dict[str, Any] = {name: values[name] for name in ("contact", "lead") if name in values}
        follow_up: dict[str, Any] = {
            "kind": ActivityKind.TASK.value,
            "subject": next_subject or str(_l("Follow up: %(subject)s", subject=said))[:200],
            "due_at": morning_of(session, day),
        }
        tasks = [{**about, **each, **follow_up} for each in whom]
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


def plan_lead_task(
    session: Session,
    lead_ids: Sequence[int],
    *,
    actor: Actor,
    subject: str,
    kind: str | None = None,
    **values: Any,
) -> list[int]:
    """Plan something to do with leads, one activity each; see `log_contact`."""
    planned = [
        {**values, "lead": each, "subject": subject, "kind": kind or ActivityKind.TASK.value}
        for each in lead_ids
    ]
    return resource_of(Activity).service.create(session, planned, actor=actor)


# What hangs together


def keep_last_contacted(session: Session, customer_ids: Iterable[int]) -> None:
    """Set when these customers, or the leads they come from, were last talked to."""
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
    talks = _activity.c.kind.in_([kind.value for kind in TALKS])
    at_customer = select(func.max(_activity.c.done_at)).where(_activity.c.customer_id == locked.c.id, talks)
    at_lead = (
        select(func.max(_activity.c.done_at))
        .join(_lead, _lead.c.id == _activity.c.lead_id)
        .where(_lead.c.customer_id == locked.c.id, talks)
    )
    last = func.greatest(at_customer.scalar_subquery(), at_lead.scalar_subquery())
    found = select(locked.c.id, last.label("at")).subquery()
    session.execute(
        update(_customer)
        .where(_customer.c.id == found.c.id, _customer.c.last_contacted_at.is_distinct_from(found.c.at))
        .values(last_contacted_at=found.c.at)
    )


def _customers_of(session: Session, lead_ids: set[int]) -> set[int]:
    """The customers that some leads have become."""
    if not lead_ids:
        return set()
    statement = select(_lead.c.customer_id).where(_lead.c.id.in_(lead_ids), _lead.c.customer_id.is_not(None))
    return set(session.scalars(statement))
