"""The one way to write: what is kept, what is refused, and that a refusal leaves everything as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.errors import Forbidden, GuanxiError, Invalid, NotFound, StaleVersion
from core.kernel import Kernel
from core.resources import timeline
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.models import TimelineEntry
from core.resources.query import Query
from core.resources.service import InUse
from core.testing.plugin import MakeActor
from tests.core.conftest import Make, Statements

Stored = Callable[[str, int], dict[str, Any]]
CUSTOMER = "customer.customer"


@pytest.fixture
def update(session: Session, customers: Resource) -> Callable[..., None]:
    """Changes a customer: ``update(7, name="Acme")``."""

    def update(number: int, *, actor: Actor = OPERATOR, version: int | None = None, **values: Any) -> None:
        customers.service.update(session, number, values, actor=actor, version=version)

    return update


@pytest.fixture
def history(session: Session, customers: Resource) -> Callable[[int], list[Mapping[str, Any]]]:
    """What happened to a customer, oldest first."""
    return lambda number: timeline.entries(Gateway(session, OPERATOR), customers, number)[::-1]


def refused(work: Callable[[], object]) -> dict[str, str]:
    """The first sentence for each field of a refusal."""
    with pytest.raises(Invalid) as caught:
        work()
    return {name: str(messages[0]) for name, messages in caught.value.errors.items()}


def count(session: Session, resource: Resource) -> int:
    return session.scalar(select(func.count()).select_from(resource.table)) or 0


# Create


def test_a_new_record_has_its_defaults_its_number_and_its_maker(
    make: Make, stored: Stored, actor_as: MakeActor
) -> None:
    unit = make("core.unit", code="north")
    ann = actor_as("account_manager", name="Ann", unit=unit)
    record = stored(CUSTOMER, make(CUSTOMER, actor=ann, name="  Acme  "))
    assert record["name"] == "Acme"
    assert (record["kind"], record["type"], record["tags"]) == ("potential", "organisation", [])
    assert record["number"].startswith("C-")
    assert record["owner"] == {"id": ann.user_id, "label": "Ann"}
    assert record["unit"] == {"id": unit, "label": "North"}
    assert record["created_by"]["id"] == record["updated_by"]["id"] == ann.user_id
    assert record["version"] == 1
    assert abs((datetime.now(UTC) - record["created_at"]).total_seconds()) < 60


def test_a_record_belongs_to_the_unit_of_its_owner_unless_told_otherwise(
    make: Make, stored: Stored, actor_as: MakeActor
) -> None:
    north, south = make("core.unit", code="north"), make("core.unit", code="south")
    ann = actor_as("account_manager", unit=north)
    assert stored(CUSTOMER, make(CUSTOMER, owner=ann.user_id))["unit"]["id"] == north
    assert stored(CUSTOMER, make(CUSTOMER, owner=ann.user_id, unit=south))["unit"]["id"] == south
    assert stored(CUSTOMER, make(CUSTOMER))["unit"] is None


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {"name": "This is needed."}),
        ({"name": " "}, {"name": "This is needed."}),
        ({"name": None}, {"name": "This is needed."}),
        ({"name": "x" * 1_000_000}, {"name": "At most 200 characters fit here."}),
        (
            {"name": "a\x00b"},
            {"name": "This holds characters that cannot be stored (a line break or a control character)."},
        ),
        ({"name": "A", "colour": "red"}, {"colour": "Unknown field."}),
        ({"name": "A", "number": "C-1"}, {"number": "Unknown field."}),
        ({"name": "A", "id": 5}, {"id": "Unknown field."}),
        ({"name": "A", "version": 5}, {"version": "Unknown field."}),
        ({"name": "A", "archived_at": "2026-01-01"}, {"archived_at": "Unknown field."}),
        ({"name": "A", "kind": "purple"}, {"kind": "“purple” is not one of: potential, active, lost."}),
        ({"name": "A", "employees": "9" * 30}, {"employees": "“" + "9" * 30 + "” is no whole number."}),
        ({"name": "A", "email": "a\x00@b.cn"}, {"email": "“a\x00@b.cn” is no mail address."}),
        ({"name": "A", "phones": {}}, {"phones": "This must be a list."}),
        ({"name": "A", "phones": None}, {"phones": "This must be a list."}),
        ({"name": "A", "phones": ["138"]}, {"phones.0": "This must be an object with named fields."}),
        ({"name": "A", "phones": [{}]}, {"phones.0.number": "This is needed."}),
        (
            {"name": "A", "phones": [{"number": "13800138000"}, {"number": "x", "hue": 1}]},
            {"phones.1.number": "“x” is no telephone number.", "phones.1.hue": "Unknown field."},
        ),
        (
            {"name": "A", "phones": [{"number": "13800138000"}] * 201},
            {"phones": "At most 200 lines fit here."},
        ),
        (
            {"name": "A", "phones": [{"number": "13800138000", "id": 1}]},
            {"phones.0.id": "There is no such line in this record."},
        ),
        (
            {"name": "A", "phones": [{"number": "13800138000", "customer": 1}]},
            {"phones.0.customer": "Unknown field."},
        ),
        ({"name": "A", "parent": 10**12}, {"parent": "There is no such record, or you may not see it."}),
        (
            {"name": "A", "contacts": [{"contact": 10**12}]},
            {"contacts.0.contact": "There is no such record, or you may not see it."},
        ),
    ],
)
def test_bad_input_is_refused_by_the_name_of_the_field_and_nothing_is_stored(
    session: Session, customers: Resource, values: dict[str, Any], errors: dict[str, str]
) -> None:
    assert refused(lambda: customers.service.create(session, [values], actor=OPERATOR)) == errors
    assert count(session, customers) == 0
    assert session.scalar(select(func.count()).select_from(TimelineEntry)) == 0


def test_one_bad_row_keeps_the_whole_batch_out(session: Session, customers: Resource) -> None:
    rows = [{"name": "A"}, {"name": ""}, {"name": "C"}]
    assert refused(lambda: customers.service.create(session, rows, actor=OPERATOR)) == {
        "name": "This is needed."
    }
    assert count(session, customers) == 0


def test_records_are_made_for_oneself_only_where_the_role_reaches_oneself_only(
    session: Session, make: Make, actor_as: MakeActor, customers: Resource
) -> None:
    ann, ben = actor_as("account_manager", name="Ann"), actor_as("account_manager", name="Ben")
    service = customers.service
    own = service.create(session, [{"name": "A"}, {"name": "B", "owner": ann.user_id}], actor=ann)
    assert len(own) == 2
    for owner in (ben.user_id, None):
        errors = refused(partial(service.create, session, [{"name": "C", "owner": owner}], actor=ann))
        assert errors == {"owner": "You may not create records for this owner or unit."}
    assert count(session, customers) == 2


def test_a_supervisor_makes_records_for_his_units_only(
    session: Session, make: Make, actor_as: MakeActor, customers: Resource
) -> None:
    north, south = make("core.unit", code="north"), make("core.unit", code="south")
    team = make("core.unit", code="team", parent=north)
    chief = actor_as("sales_supervisor", unit=north)
    assert make(CUSTOMER, actor=chief, unit=team)
    assert "owner" in refused(lambda: make(CUSTOMER, actor=chief, unit=south))


@pytest.mark.parametrize(
    ("role", "kind"), [("analyst", Forbidden), ("marketer", Forbidden), ("maintainer", NotFound)]
)
def test_who_may_not_create_is_refused(
    session: Session, actor_as: MakeActor, customers: Resource, role: str, kind: type[GuanxiError]
) -> None:
    with pytest.raises(kind):
        customers.service.create(session, [{"name": "A"}], actor=actor_as(role))
    assert count(session, customers) == 0


def test_a_link_out_of_reach_is_refused_like_one_that_is_not_there(
    session: Session, make: Make, actor_as: MakeActor, stored: Stored, update: Callable[..., None]
) -> None:
    ann, ben = actor_as("account_manager", name="Ann"), actor_as("account_manager", name="Ben")
    secret = make(CUSTOMER, owner=ben.user_id)
    contact = make("customer.contact", owner=ben.user_id)
    hers = make(CUSTOMER, actor=ann)
    expected = "There is no such record, or you may not see it."
    for number in (secret, 10**12):
        assert refused(partial(make, CUSTOMER, actor=ann, parent=number)) == {"parent": expected}
        assert refused(partial(update, hers, actor=ann, parent=number)) == {"parent": expected}
    for number in (contact, 10**12):
        lines = [{"contact": number}]
        assert refused(partial(update, hers, actor=ann, contacts=lines)) == {"contacts.0.contact": expected}
    assert stored(CUSTOMER, hers)["parent"] is None
    assert stored(CUSTOMER, hers)["contacts"] == []


def test_a_link_out_of_reach_that_is_there_already_may_stay(
    make: Make, actor_as: MakeActor, stored: Stored, update: Callable[..., None]
) -> None:
    ann = actor_as("account_manager")
    secret = make(CUSTOMER, name="Group")
    hers = make(CUSTOMER, owner=ann.user_id, parent=secret)
    update(hers, actor=ann, parent=str(secret), city="上海")
    assert (stored(CUSTOMER, hers)["parent"]["id"], stored(CUSTOMER, hers)["city"]) == (secret, "上海")


def test_what_must_be_unique_is_refused_by_its_field_and_the_transaction_lives_on(
    session: Session, kernel: Kernel, make: Make, stored: Stored
) -> None:
    make("core.unit", code="north")
    south = make("core.unit", code="south")
    units = kernel.resources["core.unit"].service
    expected = {"code": "This is in use already; it must be unique."}
    assert refused(lambda: make("core.unit", code="north")) == expected
    assert refused(lambda: units.update(session, south, {"code": "north"}, actor=OPERATOR)) == expected
    assert stored("core.unit", south)["code"] == "south"
    assert make("core.unit", code="west")


def test_two_thousand_records_take_as_many_statements_as_two(
    session: Session, customers: Resource, kernel: Kernel, statements: Statements
) -> None:
    parent = customers.service.create(session, [{"name": "Group"}], actor=OPERATOR)[0]
    contact = kernel.resources["customer.contact"].service.create(session, [{"name": "P"}], actor=OPERATOR)[0]

    def rows(number: int) -> list[dict[str, Any]]:
        return [
            {
                "name": f"客户 {n}",
                "parent": parent,
                "phones": [{"number": "13800138000"}, {"number": "010-65529988"}],
                "contacts": [{"contact": contact, "role": "buyer"}],
            }
            for n in range(number)
        ]

    sent: dict[int, list[str]] = {}
    for number in (2, 200, 2000):
        with statements() as sent[number]:
            created = customers.service.create(session, rows(number), actor=OPERATOR)
        assert len(set(created)) == number
    # Many rows travel by COPY, few by INSERT; a long INSERT would travel in pages of a thousand rows.
    kinds = {n: {re.sub(r"_\d+$", "", each[:60]) for each in lines} for n, lines in sent.items()}
    assert kinds[200] == kinds[2000], kinds
    assert len(sent[2000]) <= len(sent[2]) + 8, (len(sent[2]), len(sent[2000]))


# Update


def test_only_what_is_named_changes(make: Make, stored: Stored, update: Callable[..., None]) -> None:
    number = make(CUSTOMER, name="Acme", city="上海", tags=["vip"], phones=[{"number": "13800138000"}])
    before = stored(CUSTOMER, number)
    update(number, city="北京")
    after = stored(CUSTOMER, number)
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"city", "version", "updated_at", "updated_by"}
    assert (after["city"], after["version"]) == ("北京", 2)
    update(number, city=None, tags=[])
    assert (stored(CUSTOMER, number)["city"], stored(CUSTOMER, number)["tags"]) == (None, [])


def test_a_change_that_changes_nothing_leaves_no_trace(
    make: Make, stored: Stored, update: Callable[..., None], history: Callable[[int], list[Mapping[str, Any]]]
) -> None:
    number = make(
        CUSTOMER, name="Acme", phone="13800138000", phones=[{"number": "010-65529988", "note": "front desk"}]
    )
    before = stored(CUSTOMER, number)
    [line] = before["phones"]
    again = {"id": line["id"], "number": "(010) 6552 9988", "label": "work", "note": "front desk"}
    update(number, name="Acme ", phone="138 0013 8000", phones=[again], emails=[], addresses=[], contacts=[])
    assert stored(CUSTOMER, number) == before
    assert [entry["kind"] for entry in history(number)] == ["created"]


def test_lines_become_those_of_the_input(make: Make, stored: Stored, update: Callable[..., None]) -> None:
    number = make(
        CUSTOMER, phones=[{"number": "13800138001"}, {"number": "13800138002"}, {"number": "13800138003"}]
    )
    first, second, third = stored(CUSTOMER, number)["phones"]
    update(
        number,
        phones=[
            {"id": third["id"], "number": "13800138003"},
            {"id": first["id"], "number": "13800138009", "label": "fax"},
            {"number": "13800138004"},
        ],
    )
    lines = {line["id"]: line for line in stored(CUSTOMER, number)["phones"]}
    assert second["id"] not in lines
    assert lines[third["id"]] == third
    assert (lines[first["id"]]["number"], lines[first["id"]]["label"]) == ("+8613800138009", "fax")
    assert len(lines) == 3
    update(number, name="Other")
    assert len(stored(CUSTOMER, number)["phones"]) == 3
    update(number, phones=[])
    assert stored(CUSTOMER, number)["phones"] == []


def test_lines_of_another_record_or_named_twice_are_refused_by_their_place(
    session: Session, make: Make, stored: Stored, update: Callable[..., None]
) -> None:
    number, other = (make(CUSTOMER, phones=[{"number": "13800138000"}]) for _ in range(2))
    own, foreign = stored(CUSTOMER, number)["phones"][0]["id"], stored(CUSTOMER, other)["phones"][0]["id"]
    taken = [{"id": own, "number": "13800138001"}, {"id": foreign, "number": "13800138002"}]
    twice = [{"id": own, "number": "13800138001"}, {"id": own, "number": "13800138002"}]
    for lines in (taken, twice):
        errors = refused(partial(update, number, city="X", phones=lines))
        assert errors == {"phones.1.id": "There is no such line in this record."}
    for each in (number, other):
        assert [line["number"] for line in stored(CUSTOMER, each)["phones"]] == ["+8613800138000"]
    assert stored(CUSTOMER, number)["city"] is None


def test_a_new_line_needs_what_it_needs_also_in_a_change(
    make: Make, stored: Stored, update: Callable[..., None]
) -> None:
    number = make(CUSTOMER, phones=[{"number": "13800138000"}])
    lines = [{"number": "13800138001"}, {"label": "work"}]
    assert refused(partial(update, number, phones=lines)) == {"phones.1.number": "This is needed."}
    assert [line["number"] for line in stored(CUSTOMER, number)["phones"]] == ["+8613800138000"]


def test_a_rule_of_a_line_is_told_by_its_place_and_undoes_the_rest(
    make: Make, stored: Stored, update: Callable[..., None]
) -> None:
    person = make("customer.contact")
    number = make(CUSTOMER, name="Acme")
    wrong = {"contact": person, "joined_on": "2026-02-01", "left_on": "2026-01-01"}
    errors = refused(
        lambda: update(number, name="Other", phones=[{"number": "13800138000"}], contacts=[wrong])
    )
    assert errors == {"contacts.0.left_on": "This day lies before the day of joining."}
    record = stored(CUSTOMER, number)
    assert (record["name"], record["phones"], record["contacts"], record["version"]) == ("Acme", [], [], 1)


def test_of_two_people_the_second_to_save_is_refused(
    make: Make, stored: Stored, update: Callable[..., None]
) -> None:
    number = make(CUSTOMER, name="Acme")
    update(number, version=1, city="上海")
    with pytest.raises(StaleVersion):
        update(number, version=1, city="北京")
    assert stored(CUSTOMER, number)["city"] == "上海"
    update(number, version=2, city="北京")
    update(number, city="南京")
    assert (stored(CUSTOMER, number)["city"], stored(CUSTOMER, number)["version"]) == ("南京", 4)


def test_changed_lines_alone_count_as_a_new_version(
    make: Make, stored: Stored, update: Callable[..., None]
) -> None:
    number = make(CUSTOMER)
    update(number, phones=[{"number": "13800138000"}], version=1)
    assert stored(CUSTOMER, number)["version"] == 2
    with pytest.raises(StaleVersion):
        update(number, phones=[], version=1)
    assert len(stored(CUSTOMER, number)["phones"]) == 1


def test_who_reads_but_may_not_change_is_refused_and_who_may_not_read_finds_nothing(
    make: Make, stored: Stored, actor_as: MakeActor, update: Callable[..., None]
) -> None:
    number = make(CUSTOMER, name="Acme")
    for role, kind in (
        ("analyst", Forbidden),
        ("customer_service", Forbidden),
        ("account_manager", NotFound),
    ):
        with pytest.raises(kind):
            update(number, actor=actor_as(role), name="Taken")
    assert (stored(CUSTOMER, number)["name"], stored(CUSTOMER, number)["version"]) == ("Acme", 1)


def test_many_records_change_together_or_not_at_all(
    session: Session, make: Make, stored: Stored, customers: Resource, statements: Statements
) -> None:
    numbers = [make(CUSTOMER, name=f"n{n}", employees=n) for n in range(30)]
    with statements() as sent:
        customers.service.update_many(session, {n: {"city": "上海"} for n in numbers}, actor=OPERATOR)
    assert len(sent) <= 6, sent
    assert {stored(CUSTOMER, number)["city"] for number in numbers} == {"上海"}
    inputs: dict[int, dict[str, Any]] = {number: {"city": "北京"} for number in numbers}
    inputs[numbers[-1]] = {"employees": -1}
    assert "employees" in refused(lambda: customers.service.update_many(session, inputs, actor=OPERATOR))
    with pytest.raises(NotFound):
        customers.service.update_many(session, {numbers[0]: {"city": "X"}, 10**12: {}}, actor=OPERATOR)
    assert {stored(CUSTOMER, number)["city"] for number in numbers} == {"上海"}


# Archive, restore, delete


def test_an_archived_record_is_out_of_lists_and_back_when_restored(
    session: Session,
    make: Make,
    stored: Stored,
    customers: Resource,
    history: Callable[[int], list[Mapping[str, Any]]],
) -> None:
    number = make(CUSTOMER)
    service, gateway = customers.service, Gateway(session, OPERATOR)
    service.archive(session, [number], actor=OPERATOR, reason="  closed\x00 down ")
    service.archive(session, [number], actor=OPERATOR, reason="again")
    record = stored(CUSTOMER, number)
    assert record["archived_at"] is not None
    assert record["version"] == 2
    assert not gateway.page(customers, Query()).rows
    service.restore(session, [number], actor=OPERATOR)
    service.restore(session, [number], actor=OPERATOR)
    assert stored(CUSTOMER, number)["archived_at"] is None
    assert len(gateway.page(customers, Query()).rows) == 1
    told = [(entry["kind"], entry["body"]) for entry in history(number)]
    assert told == [("created", None), ("archived", "closed down"), ("restored", None)]


def test_a_reason_is_kept_and_may_not_be_endless(
    session: Session, make: Make, stored: Stored, customers: Resource
) -> None:
    number = make(CUSTOMER)
    errors = refused(lambda: customers.service.archive(session, [number], actor=OPERATOR, reason="x" * 301))
    assert errors == {"reason": "At most 300 characters fit here."}
    assert stored(CUSTOMER, number)["archived_at"] is None


def test_archiving_needs_the_right_to_change(
    session: Session, make: Make, stored: Stored, actor_as: MakeActor, customers: Resource
) -> None:
    number, own = make(CUSTOMER), 0
    service_clerk = actor_as("customer_service")
    own = make(CUSTOMER, owner=service_clerk.user_id)
    with pytest.raises(Forbidden):
        customers.service.archive(session, [own, number], actor=service_clerk)
    for each in (own, number):
        assert stored(CUSTOMER, each)["archived_at"] is None
    customers.service.archive(session, [own], actor=service_clerk)
    assert stored(CUSTOMER, own)["archived_at"] is not None


def test_deleting_takes_lines_and_history_along(
    session: Session, make: Make, kernel: Kernel, customers: Resource
) -> None:
    number = make(CUSTOMER, phones=[{"number": "13800138000"}])
    timeline.add_note(Gateway(session, OPERATOR), customers, number, "hello")
    customers.service.delete(session, [number], actor=OPERATOR)
    with pytest.raises(NotFound):
        Gateway(session, OPERATOR).get(customers, number)
    assert count(session, kernel.resources["customer.customer_phone"]) == 0
    left = select(func.count()).where(TimelineEntry.record_id == number, TimelineEntry.resource == CUSTOMER)
    assert session.scalar(left) == 0


def test_a_record_others_refer_to_is_not_deleted(
    session: Session, make: Make, stored: Stored, customers: Resource
) -> None:
    group = make(CUSTOMER, name="Group", phones=[{"number": "13800138000"}])
    make(CUSTOMER, name="Child", parent=group)
    with pytest.raises(InUse) as caught:
        customers.service.delete(session, [group], actor=OPERATOR)
    assert caught.value.status == 409
    assert len(stored(CUSTOMER, group)["phones"]) == 1


def test_deleting_needs_the_right_to_delete(
    session: Session, make: Make, stored: Stored, actor_as: MakeActor, customers: Resource
) -> None:
    ann = actor_as("account_manager")
    number = make(CUSTOMER, actor=ann)
    with pytest.raises(Forbidden):
        customers.service.delete(session, [number], actor=ann)
    assert stored(CUSTOMER, number)["id"] == number


@pytest.mark.parametrize("name", ["explode", "create", "", "read"])
def test_an_action_that_is_none_is_not_found(
    session: Session, make: Make, customers: Resource, name: str
) -> None:
    with pytest.raises(NotFound):
        customers.service.perform(session, name, [make(CUSTOMER)], {}, actor=OPERATOR)


def test_an_action_refuses_unknown_members(session: Session, make: Make, customers: Resource) -> None:
    number = make(CUSTOMER)
    for name in ("archive", "restore", "delete"):
        errors = refused(
            partial(customers.service.perform, session, name, [number], {"colour": 1}, actor=OPERATOR)
        )
        assert errors == {"colour": "Unknown field."}


# What only the database notices


def test_what_a_constraint_of_the_table_refuses_is_told_and_nothing_is_lost(
    session: Session, make: Make, customers: Resource, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = make(CUSTOMER, name="Acme")
    monkeypatch.setattr(type(customers.service), "rules", lambda self, batch: None)
    with pytest.raises(Invalid):
        customers.service.update(session, number, {"employees": -1, "name": "Other"}, actor=OPERATOR)
    assert stored(CUSTOMER, number)["name"] == "Acme"


def test_a_link_whose_record_is_deleted_meanwhile_is_refused_by_its_field(
    session: Session, make: Make, customers: Resource, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = make(CUSTOMER, name="Acme")
    monkeypatch.setattr(Gateway, "reached", lambda self, resource, numbers: set(numbers))
    monkeypatch.setattr(type(customers.service), "rules", lambda self, batch: None)
    errors = refused(lambda: customers.service.update(session, number, {"parent": 10**12}, actor=OPERATOR))
    assert errors == {"parent": "There is no such record, or you may not see it."}
    assert stored(CUSTOMER, number)["parent"] is None


def test_the_order_of_a_name_follows_every_change_of_it(
    session: Session, make: Make, update: Callable[..., None]
) -> None:
    number = make(CUSTOMER, name="张三")
    key = text("select name_key from customer_customer where id = :id")
    assert session.scalar(key, {"id": number}) == "zhang san"
    update(number, name="李四")
    assert session.scalar(key, {"id": number}) == "li si"
