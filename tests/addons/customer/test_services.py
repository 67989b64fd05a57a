from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from addons.customer.models import Activity, Contact, Customer
from addons.customer.services import (
    cancel_activities,
    complete_activities,
    log_contact,
    plan_task,
    reopen_activities,
)
from core.access.actor import Actor
from core.errors import Forbidden, Invalid, NotFound
from core.kernel import Kernel
from core.testing.plugin import MakeActor

Make = Callable[..., int]
Read = Callable[[str, int], dict[str, Any]]


@pytest.fixture
def change(kernel: Kernel, session: Session, operator: Actor) -> Callable[..., None]:
    """``change("customer.customer", 7, parent=8)``."""

    def change(resource: str, number: int, /, *, actor: Actor = operator, **values: Any) -> None:
        kernel.resources[resource].service.update(session, number, values, actor=actor)

    return change


def refused(error: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return set(error.value.errors)


# Customers


def test_new_customers_get_rising_numbers(make_customer: Make, read: Read) -> None:
    first, second = (read("customer.customer", make_customer())["number"] for _ in range(2))
    assert first.startswith("C-")
    assert int(second[2:]) == int(first[2:]) + 1
    assert len(first) == 8


def test_a_new_customer_is_a_potential_organisation_of_its_maker(
    make_customer: Make, actor_as: MakeActor, make_unit: Make, read: Read
) -> None:
    unit = make_unit(code="S", name="South")
    actor = actor_as("account_manager", unit=unit)
    record = read("customer.customer", make_customer(actor=actor))
    assert (record["kind"], record["type"]) == ("potential", "organisation")
    assert record["owner"]["id"] == actor.user_id
    assert record["unit"]["id"] == unit


def test_a_customer_cannot_stand_above_itself(make_customer: Make, change: Callable[..., None]) -> None:
    top = make_customer(name="Top")
    middle = make_customer(name="Middle", parent=top)
    leaf = make_customer(name="Leaf", parent=middle)
    for parent in (top, middle, leaf):
        with pytest.raises(Invalid) as error:
            change("customer.customer", top, parent=parent)
        assert refused(error) == {"parent"}


def test_two_moves_in_one_batch_cannot_close_a_circle(
    kernel: Kernel, session: Session, operator: Actor, make_customer: Make
) -> None:
    one, two = make_customer(name="One"), make_customer(name="Two")
    service = kernel.resources["customer.customer"].service
    batch = service.prepare_update(
        session, {one: {"parent": two}, two: {"parent": one}}, actor=operator, versions={}
    )
    assert all("parent" in each.errors for each in batch.changes)


def test_a_move_and_its_way_out_fit_in_one_batch(
    kernel: Kernel, session: Session, operator: Actor, make_customer: Make, read: Read
) -> None:
    top = make_customer(name="Top")
    below = make_customer(name="Below", parent=top)
    service = kernel.resources["customer.customer"].service
    service.update_many(session, {top: {"parent": below}, below: {"parent": None}}, actor=operator)
    assert read("customer.customer", top)["parent"]["id"] == below
    assert read("customer.customer", below)["parent"] is None


def test_parents_of_a_batch_are_checked_in_one_query(
    kernel: Kernel, session: Session, operator: Actor, make_customer: Make
) -> None:
    tops = [make_customer(name=f"Top {number}") for number in range(20)]
    leaves = [make_customer(name=f"Leaf {number}") for number in range(20)]
    asked: list[str] = []
    engine = kernel.database.engine
    note: Any = lambda *args: asked.append(args[2])  # noqa: E731
    event.listen(engine, "before_cursor_execute", note)
    try:
        service = kernel.resources["customer.customer"].service
        inputs = {leaf: {"parent": top} for leaf, top in zip(leaves, tops, strict=True)}
        service.prepare_update(session, inputs, actor=operator, versions={})
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert sum("RECURSIVE" in each for each in asked) == 1
    assert len(asked) <= 5


@pytest.mark.parametrize(("field", "value"), [("employees", 3), ("founded_year", 1990)])
def test_a_person_has_nothing_that_only_organisations_have(
    make_customer: Make, change: Callable[..., None], field: str, value: int
) -> None:
    with pytest.raises(Invalid) as error:
        make_customer(type="person", **{field: value})
    assert refused(error) == {field}
    organisation = make_customer(**{field: value})
    with pytest.raises(Invalid) as error:
        change("customer.customer", organisation, type="person")
    assert refused(error) == {field}


def test_a_person_heads_no_group(make_customer: Make, change: Callable[..., None]) -> None:
    person = make_customer(type="person", name="Ada")
    with pytest.raises(Invalid) as error:
        make_customer(parent=person)
    assert refused(error) == {"parent"}
    head = make_customer(name="Head")
    make_customer(name="Below", parent=head)
    with pytest.raises(Invalid) as error:
        change("customer.customer", head, type="person")
    assert refused(error) == {"type"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("example.com", "https://example.com"),
        ("http://example.com/a?b=c", "http://example.com/a?b=c"),
        (" www.例子.公司 ", "https://www.例子.公司"),
    ],
)
def test_a_website_becomes_an_address(make_customer: Make, read: Read, written: str, kept: str) -> None:
    assert read("customer.customer", make_customer(website=written))["website"] == kept


@pytest.mark.parametrize(
    "written", ["javascript:alert(1)", "ftp://example.com", "here", "https://[", "a b.com"]
)
def test_what_is_no_web_address_is_refused(make_customer: Make, written: str) -> None:
    with pytest.raises(Invalid) as error:
        make_customer(website=written)
    assert refused(error) == {"website"}


@pytest.mark.parametrize(
    ("field", "value"), [("employees", -1), ("founded_year", 2999), ("founded_year", 12)]
)
def test_implausible_numbers_are_refused(make_customer: Make, field: str, value: int) -> None:
    with pytest.raises(Invalid) as error:
        make_customer(**{field: value})
    assert refused(error) == {field}


def test_lines_are_written_changed_and_removed(
    make_customer: Make, change: Callable[..., None], read: Read
) -> None:
    customer = make_customer(
        phones=[{"number": "021 5588 2101"}, {"number": "13800138000", "label": "mobile"}],
        emails=[{"address": "info@Example.COM"}],
        addresses=[{"province": "上海", "city": "上海", "district": "浦东新区", "street": "世纪大道 8 号"}],
    )
    record = read("customer.customer", customer)
    assert [(each["number"], each["label"]) for each in record["phones"]] == [
        ("+862155882101", "work"),
        ("+8613800138000", "mobile"),
    ]
    assert record["emails"][0]["address"] == "info@example.com"
    assert record["addresses"][0]["district"] == "浦东新区"
    kept = record["phones"][1]["id"]
    change("customer.customer", customer, phones=[{"id": kept, "number": "13800138000", "label": "other"}])
    record = read("customer.customer", customer)
    assert [(each["id"], each["label"]) for each in record["phones"]] == [(kept, "other")]
    assert len(record["addresses"]) == 1


# Contacts


def test_the_main_customer_of_a_contact_becomes_one_of_its_customers(
    make_customer: Make, make_contact: Make, read: Read
) -> None:
    customer = make_customer()
    record = read("customer.contact", make_contact(customer=customer))
    assert [each["customer"]["id"] for each in record["customers"]] == [customer]


def test_the_first_customer_of_a_contact_becomes_its_main_one(
    make_customer: Make, make_contact: Make, read: Read
) -> None:
    one, two = make_customer(name="One"), make_customer(name="Two")
    contact = make_contact(customers=[{"customer": one}, {"customer": two}])
    assert read("customer.contact", contact)["customer"]["id"] == one


def test_a_contact_who_leaves_belongs_to_the_customer_he_still_has(
    make_customer: Make, make_contact: Make, change: Callable[..., None], read: Read
) -> None:
    one, two = make_customer(name="One"), make_customer(name="Two")
    contact = make_contact(customers=[{"customer": one}, {"customer": two}])
    lines = read("customer.contact", contact)["customers"]
    change(
        "customer.contact",
        contact,
        customers=[
            {"id": lines[0]["id"], "customer": one, "joined_on": "2020-01-01", "left_on": "2024-05-31"},
            {"id": lines[1]["id"], "customer": two},
        ],
    )
    assert read("customer.contact", contact)["customer"]["id"] == two


def test_a_contact_named_in_a_customer_knows_it(
    make_customer: Make, make_contact: Make, change: Callable[..., None], read: Read
) -> None:
    contact = make_contact()
    customer = make_customer(
        contacts=[{"contact": contact, "role": "采购经理", "influence": "decision_maker"}]
    )
    assert read("customer.contact", contact)["customer"]["id"] == customer
    change("customer.customer", customer, contacts=[])
    record = read("customer.contact", contact)
    assert record["customer"] is None
    assert record["customers"] == []


def test_nobody_leaves_before_he_has_joined(make_customer: Make, make_contact: Make) -> None:
    contact = make_contact()
    with pytest.raises(Invalid) as error:
        make_customer(contacts=[{"contact": contact, "joined_on": "2024-02-02", "left_on": "2024-02-01"}])
    assert refused(error) == {"contacts.0.left_on"}


def test_a_contact_stands_at_a_customer_once(make_customer: Make, make_contact: Make) -> None:
    contact = make_contact()
    with pytest.raises(Invalid) as error:
        make_customer(contacts=[{"contact": contact}, {"contact": contact}])
    assert refused(error) == {"contacts.1.contact"}
    former = {"contact": contact, "joined_on": "2019-01-01", "left_on": "2020-01-01"}
    assert make_customer(contacts=[former, {"contact": contact, "joined_on": "2022-01-01"}])


def test_a_birthday_lies_in_the_past(make_contact: Make) -> None:
    with pytest.raises(Invalid) as error:
        make_contact(birthday=(date.today() + timedelta(days=30)).isoformat())  # noqa: DTZ011
    assert refused(error) == {"birthday"}


# Activities


def test_completing_sets_the_time_and_the_customers_last_contact(
    session: Session, operator: Actor, make_customer: Make, make_activity: Make, read: Read
) -> None:
    customer = make_customer()
    call = make_activity(customer=customer)
    assert read("customer.customer", customer)["last_contacted_at"] is None
    before = datetime.now(UTC)
    complete_activities(session, [call], actor=operator, outcome="Interested")
    done = read("customer.activity", call)
    assert done["state"] == "done"
    assert done["outcome"] == "Interested"
    assert before <= done["done_at"] <= datetime.now(UTC)
    assert read("customer.customer", customer)["last_contacted_at"] == done["done_at"]


def test_completing_twice_changes_nothing_more(
    session: Session, operator: Actor, make_activity: Make, read: Read
) -> None:
    call = make_activity()
    complete_activities(session, [call], actor=operator)
    once = read("customer.activity", call)
    complete_activities(session, [call], actor=operator)
    assert read("customer.activity", call) == once


@pytest.mark.parametrize("kind", ["note", "task"])
def test_notes_and_tasks_are_no_talks(
    session: Session, operator: Actor, make_customer: Make, make_activity: Make, read: Read, kind: str
) -> None:
    customer = make_customer()
    complete_activities(session, [make_activity(customer=customer, kind=kind)], actor=operator)
    assert read("customer.customer", customer)["last_contacted_at"] is None


def test_an_older_talk_does_not_turn_the_clock_back(
    make_customer: Make, make_activity: Make, read: Read
) -> None:
    customer = make_customer()
    make_activity(customer=customer, done_at="2025-03-02T10:00:00Z")
    make_activity(customer=customer, done_at="2025-03-01T10:00:00Z")
    assert read("customer.customer", customer)["last_contacted_at"] == datetime(2025, 3, 2, 10, tzinfo=UTC)


def test_reopening_takes_the_last_contact_back(
    session: Session, operator: Actor, make_customer: Make, make_activity: Make, read: Read
) -> None:
    customer = make_customer()
    make_activity(customer=customer, done_at="2025-03-01T10:00:00Z")
    late = make_activity(customer=customer, done_at="2025-03-02T10:00:00Z")
    reopen_activities(session, [late], actor=operator)
    record = read("customer.activity", late)
    assert (record["state"], record["done_at"]) == ("planned", None)
    assert read("customer.customer", customer)["last_contacted_at"] == datetime(2025, 3, 1, 10, tzinfo=UTC)


def test_a_cancelled_activity_is_not_done(
    session: Session, operator: Actor, make_activity: Make, change: Callable[..., None], read: Read
) -> None:
    call = make_activity()
    cancel_activities(session, [call], actor=operator)
    assert read("customer.activity", call)["state"] == "cancelled"
    with pytest.raises(Invalid) as error:
        change("customer.activity", call, done_at="2025-03-01T10:00:00Z")
    assert refused(error) == {"done_at"}


def test_a_time_of_doing_makes_it_done_and_its_removal_open(
    make_activity: Make, change: Callable[..., None], read: Read
) -> None:
    call = make_activity(done_at="2025-03-01T10:00:00Z")
    assert read("customer.activity", call)["state"] == "done"
    change("customer.activity", call, done_at=None)
    assert read("customer.activity", call)["state"] == "planned"


def test_nothing_is_done_in_the_future(make_activity: Make) -> None:
    with pytest.raises(Invalid) as error:
        make_activity(done_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert refused(error) == {"done_at"}


def test_an_activity_with_a_contact_is_about_his_customer(
    make_customer: Make, make_contact: Make, make_activity: Make, read: Read
) -> None:
    customer = make_customer()
    call = make_activity(contact=make_contact(customer=customer))
    assert read("customer.activity", call)["customer"]["id"] == customer


def test_many_activities_are_completed_in_a_few_statements(
    kernel: Kernel, session: Session, operator: Actor, make_customer: Make
) -> None:
    customers = [make_customer(name=f"Customer {number}") for number in range(30)]
    calls = kernel.resources["customer.activity"].service.create(
        session,
        [{"subject": "Call", "kind": "call", "customer": each} for each in customers],
        actor=operator,
    )
    asked: list[str] = []
    note: Any = lambda *args: asked.append(args[2])  # noqa: E731
    event.listen(kernel.database.engine, "before_cursor_execute", note)
    try:
        complete_activities(session, calls, actor=operator)
    finally:
        event.remove(kernel.database.engine, "before_cursor_execute", note)
    assert len(asked) <= 12
    done = session.scalars(select(Customer.__table__.c.last_contacted_at)).all()
    assert None not in done
    assert len(done) == 30


def test_a_talk_and_its_next_step_are_logged_in_one_work(
    session: Session, make_customer: Make, make_contact: Make, actor_as: MakeActor, read: Read
) -> None:
    seller = actor_as("account_manager")
    customer = make_customer(actor=seller)
    contact = make_contact(actor=seller, customer=customer)
    talk, task = log_contact(
        session,
        [customer],
        actor=seller,
        kind="visit",
        contact=contact,
        body="Wants a quote",
        next_on=date(2030, 1, 7),
        next_subject="Send the quote",
    )
    done, planned = read("customer.activity", talk), read("customer.activity", task)
    assert (done["kind"], done["state"], done["subject"]) == ("visit", "done", "Visit")
    assert done["owner"]["id"] == seller.user_id
    assert (planned["kind"], planned["state"], planned["subject"]) == ("task", "planned", "Send the quote")
    assert planned["contact"]["id"] == contact
    # Nine in the morning of the tenant's zone, Asia/Shanghai.
    assert planned["due_at"] == datetime(2030, 1, 7, 1, tzinfo=UTC)
    assert read("customer.customer", customer)["last_contacted_at"] == done["done_at"]


def test_a_talk_is_read_in_the_tenants_zone(
    session: Session, operator: Actor, make_customer: Make, read: Read
) -> None:
    [talk] = log_contact(session, [make_customer()], actor=operator, kind="call", done_at="2025-03-01T09:00")
    assert read("customer.activity", talk)["done_at"] == datetime(2025, 3, 1, 1, tzinfo=UTC)


def test_a_planned_task_is_the_actors(
    session: Session, make_customer: Make, actor_as: MakeActor, read: Read
) -> None:
    seller = actor_as("account_manager")
    customer = make_customer(actor=seller)
    [task] = plan_task(session, [customer], actor=seller, subject="Visit the fair", kind="visit")
    record = read("customer.activity", task)
    assert (record["kind"], record["state"], record["owner"]["id"]) == ("visit", "planned", seller.user_id)


def test_a_customer_with_a_history_is_archived_rather_than_deleted(
    kernel: Kernel, session: Session, operator: Actor, make_customer: Make, make_contact: Make, read: Read
) -> None:
    service = kernel.resources["customer.customer"].service
    customer = make_customer(phones=[{"number": "021 5588 2101"}])
    contact = make_contact(customer=customer)
    service.archive(session, [customer], actor=operator, reason="Moved away")
    assert read("customer.customer", customer)["archived_reason"] == "Moved away"
    service.restore(session, [customer], actor=operator)
    assert read("customer.customer", customer)["archived_at"] is None
    service.delete(session, [customer], actor=operator)
    assert read("customer.contact", contact)["customer"] is None


# Who may


def test_account_managers_keep_to_their_own(
    session: Session,
    kernel: Kernel,
    make_customer: Make,
    make_activity: Make,
    actor_as: MakeActor,
    change: Callable[..., None],
    read: Read,
) -> None:
    mine, theirs = actor_as("account_manager", name="Mine"), actor_as("account_manager", name="Theirs")
    customer = make_customer(actor=theirs)
    call = make_activity(actor=theirs, customer=customer)
    with pytest.raises(NotFound):
        change("customer.customer", customer, actor=mine, name="Taken over")
    with pytest.raises(NotFound):
        complete_activities(session, [call], actor=mine)
    with pytest.raises(Invalid):
        log_contact(session, [customer], actor=mine, kind="call")
    assert read("customer.customer", customer)["name"] == "Harbour Works"
    assert read("customer.activity", call)["state"] == "planned"


def test_an_activity_is_read_by_whoever_reads_its_customer(
    session: Session, make_customer: Make, make_activity: Make, actor_as: MakeActor
) -> None:
    seller = actor_as("account_manager", name="Seller")
    other = actor_as("customer_service", name="Other")
    call = make_activity(customer=make_customer(actor=seller), owner=other.user_id)
    with pytest.raises(Forbidden):
        complete_activities(session, [call], actor=seller)


def test_supervisors_reach_their_unit_and_below(
    make_unit: Make, make_customer: Make, actor_as: MakeActor, change: Callable[..., None], read: Read
) -> None:
    top = make_unit(code="T", name="Top")
    below = make_unit(code="B", name="Below", parent=top)
    beside = make_unit(code="X", name="Beside")
    boss = actor_as("sales_supervisor", unit=top)
    for unit, reached in ((top, True), (below, True), (beside, False)):
        customer = make_customer(actor=actor_as("account_manager", unit=unit))
        if reached:
            change("customer.customer", customer, actor=boss, level="A")
        else:
            with pytest.raises(NotFound):
                change("customer.customer", customer, actor=boss, level="A")
        assert (read("customer.customer", customer)["level"] == "A") is reached


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("executive", Forbidden),
        ("analyst", Forbidden),
        ("marketer", Forbidden),
        ("customer_service", Forbidden),
        ("service_engineer", NotFound),
        ("maintainer", NotFound),
    ],
)
def test_the_other_roles_change_no_customer_of_others(
    make_customer: Make,
    actor_as: MakeActor,
    change: Callable[..., None],
    read: Read,
    role: str,
    expected: type[Exception],
) -> None:
    customer = make_customer()
    with pytest.raises(expected):
        change("customer.customer", customer, actor=actor_as(role), name="Changed")
    assert read("customer.customer", customer)["name"] == "Harbour Works"


def test_database_refuses_what_slips_past_the_rules(
    session: Session, make_activity: Make, make_contact: Make
) -> None:
    make_activity()
    table = Activity.__table__
    with pytest.raises(Exception, match="done_has_its_time"), session.begin_nested():
        session.execute(update(table).values(state="done"))
    assert session.scalars(select(Contact.__table__.c.id)).all() == []
