from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from addons.customer.queries import (
    RollUp,
    contacts_at,
    customers_of,
    done_at,
    group_of,
    my_day,
    planned_at,
    recent_customers,
    roll_up,
)
from addons.customer.services import complete_activities
from core.access.actor import Actor
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.testing.plugin import MakeActor

Make = Callable[..., int]


@pytest.fixture
def statements(kernel: Kernel) -> Iterator[list[str]]:
    """What is asked of the database from here on."""
    asked: list[str] = []
    note: Any = lambda *args: asked.append(args[2])  # noqa: E731
    event.listen(kernel.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(kernel.database.engine, "before_cursor_execute", note)


# Groups


def test_a_group_rolls_up_at_any_depth(
    session: Session,
    operator: Actor,
    kernel: Kernel,
    make_customer: Make,
    make_contact: Make,
    make_activity: Make,
    statements: list[str],
) -> None:
    top = make_customer(name="Top")
    left, right = make_customer(name="Left", parent=top), make_customer(name="Right", parent=top)
    deep = make_customer(name="Deep", parent=make_customer(name="Middle", parent=left))
    shared = make_contact(customers=[{"customer": deep}, {"customer": right}])
    make_contact(customer=left)
    make_contact(customers=[{"customer": top, "joined_on": "2020-01-01", "left_on": "2021-01-01"}])
    make_activity(customer=deep)
    make_activity(customer=top)
    make_activity(customer=top, done_at="2025-03-01T10:00:00Z")
    gone = make_customer(name="Gone", parent=right)
    make_activity(customer=gone)
    kernel.resources["customer.customer"].service.archive(session, [gone], actor=operator)
    statements.clear()
    totals = roll_up(session, operator, [top, left, right, deep])
    assert len(statements) == 1
    assert totals == {
        top: RollUp(customers=4, contacts=2, open_activities=2),
        left: RollUp(customers=2, contacts=2, open_activities=1),
        right: RollUp(customers=0, contacts=1, open_activities=0),
        deep: RollUp(customers=0, contacts=1, open_activities=1),
    }
    assert shared


def test_a_group_counts_only_what_its_reader_sees(
    session: Session, make_customer: Make, make_contact: Make, make_activity: Make, actor_as: MakeActor
) -> None:
    seller, other = actor_as("account_manager", name="Seller"), actor_as("account_manager", name="Other")
    top = make_customer(name="Top", owner=seller.user_id)
    hidden = make_customer(name="Hidden", owner=other.user_id, parent=top)
    deep = make_customer(name="Deep", owner=seller.user_id, parent=hidden)
    make_contact(customer=hidden, owner=seller.user_id)
    make_contact(customer=deep, owner=other.user_id)
    make_activity(customer=hidden)
    make_activity(customer=deep)
    assert roll_up(session, seller, [top])[top] == RollUp(customers=1, contacts=1, open_activities=1)
    assert roll_up(session, actor_as("maintainer"), [top])[top] == RollUp()
    assert [each.name for each in group_of(session, seller, deep).above] == ["Top"]


def test_a_group_names_those_above_and_below(session: Session, operator: Actor, make_customer: Make) -> None:
    top = make_customer(name="总部")
    middle = make_customer(name="华东公司", parent=top)
    for name in ("苏州", "杭州", "安庆"):
        make_customer(name=name, parent=middle)
    group = group_of(session, operator, middle)
    assert [each.name for each in group.above] == ["总部"]
    assert [each.name for each in group.below] == ["安庆", "杭州", "苏州"]
    assert group.count == 3
    assert group.totals[middle].customers == 3


def test_a_circle_that_slipped_in_ends(
    session: Session, operator: Actor, kernel: Kernel, make_customer: Make
) -> None:
    table = kernel.resources["customer.customer"].table
    one = make_customer(name="One")
    two = make_customer(name="Two", parent=one)
    session.execute(table.update().where(table.c.id == one).values(parent_id=two))
    assert roll_up(session, operator, [one])[one].customers == 1
    assert group_of(session, operator, one).count == 1


# My day


@pytest.mark.parametrize(
    ("timezone", "began", "today"),
    [
        ("Asia/Shanghai", "2026-03-01T16:00", {"b", "c"}),
        ("America/New_York", "2026-03-01T05:00", {"a", "b"}),
        ("UTC", "2026-03-01T00:00", {"a", "b"}),
    ],
)
def test_my_day_begins_at_the_tenants_midnight(
    session: Session,
    tenant: Tenant,
    make_activity: Make,
    actor_as: MakeActor,
    timezone: str,
    began: str,
    today: set[str],
) -> None:
    """Noon in London on the first of March is the second in no zone, but 20:00 UTC is in Shanghai."""
    actor = actor_as("account_manager")
    for name, due in (
        ("a", "2026-03-01T12:00:00Z"),
        ("b", "2026-03-01T20:00:00Z"),
        ("c", "2026-03-02T12:00:00Z"),
        ("old", "2026-02-27T12:00:00Z"),
        ("soon", "2026-03-05T12:00:00Z"),
        ("far", "2026-04-05T12:00:00Z"),
    ):
        make_activity(actor=actor, subject=name, due_at=due)
    make_activity(actor=actor, subject="some day")
    make_activity(subject="of others", due_at="2026-03-01T20:00:00Z", owner=actor_as("executive").user_id)
    session.info["binding"] = replace(tenant, timezone=timezone)
    day = my_day(session, actor, now=datetime(2026, 3, 1, 21, tzinfo=UTC))
    names = {each["subject"] for each in day.today}
    assert names == today
    assert day.began.astimezone(UTC) == datetime.fromisoformat(began).replace(tzinfo=UTC)
    assert {each["subject"] for each in day.overdue} == {"old", "a", "b"} - names
    assert {each["subject"] for each in day.upcoming} == {"soon", "c"} - names
    assert [each["subject"] for each in day.undated] == ["some day"]
    assert not day.is_cut


def test_what_was_done_today_is_shown(
    session: Session, make_activity: Make, make_customer: Make, actor_as: MakeActor, statements: list[str]
) -> None:
    actor = actor_as("account_manager")
    customer = make_customer(actor=actor, name="Harbour Works")
    call = make_activity(actor=actor, customer=customer)
    make_activity(actor=actor, done_at="2025-03-01T10:00:00Z", subject="Long ago")
    complete_activities(session, [call], actor=actor)
    statements.clear()
    day = my_day(session, actor, now=datetime.now(UTC))
    assert [each["subject"] for each in day.done] == ["Talk about prices"]
    assert day.done[0]["customer"] == {"id": customer, "label": "Harbour Works"}
    assert len(statements) == 2


# Pages


def test_recent_customers_are_within_reach_and_newest_first(
    session: Session, kernel: Kernel, make_customer: Make, actor_as: MakeActor
) -> None:
    seller = actor_as("account_manager")
    table = kernel.resources["customer.customer"].table
    for day, name in ((1, "Oldest"), (3, "Newest"), (2, "Middle")):
        number = make_customer(actor=seller, name=name)
        changed = datetime(2026, 3, day, tzinfo=UTC)
        session.execute(table.update().where(table.c.id == number).values(updated_at=changed))
    make_customer(name="Of others")
    assert [each["name"] for each in recent_customers(session, seller)] == ["Newest", "Middle", "Oldest"]


def test_contacts_at_a_customer_come_with_role_and_phone(
    session: Session, operator: Actor, make_customer: Make, make_contact: Make
) -> None:
    present, former = make_contact(name="Lin", phone="13800138000"), make_contact(name="Gone")
    customer = make_customer(
        contacts=[
            {"contact": present, "role": "采购经理", "influence": "decision_maker"},
            {"contact": former, "joined_on": "2020-01-01", "left_on": "2021-01-01"},
        ]
    )
    [found] = contacts_at(session, operator, customer)
    assert (found["name"], found["role"], found["phone"]) == ("Lin", "采购经理", "+8613800138000")
    [here] = customers_of(session, operator, former)
    assert here["id"] == customer
    assert here["left_on"].isoformat() == "2021-01-01"


def test_activities_at_a_customer_are_the_next_planned_and_the_last_done(
    session: Session, operator: Actor, make_customer: Make, make_activity: Make
) -> None:
    customer = make_customer()
    make_activity(customer=customer, subject="Later", due_at="2030-02-01T10:00:00Z")
    make_activity(customer=customer, subject="Sooner", due_at="2030-01-01T10:00:00Z")
    make_activity(customer=customer, subject="Old", done_at="2024-01-01T10:00:00Z")
    make_activity(customer=customer, subject="Last", done_at="2025-01-01T10:00:00Z")
    planned = planned_at(session, operator, customer_id=customer)
    done = done_at(session, operator, customer_id=customer, since=None, until=None, limit=6)
    assert [each["subject"] for each in planned] == ["Sooner", "Later"]
    assert [each["subject"] for each in done] == ["Last", "Old"]
