from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.errors import Forbidden, NotFound
from core.kernel import Kernel
from core.resources import change_sets, timeline
from core.resources.change_sets import Undone, collecting, open_set, undo, undoing
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.models import ChangeSetRow
from core.testing.plugin import MakeActor
from tests.core.conftest import Make, Statements

Stored = Callable[[str, int], dict[str, Any]]
CUSTOMER = "customer.customer"


@pytest.fixture
def set_id(session: Session, customers: Resource) -> int:
    return open_set(session, "import", customers, actor=OPERATOR, label="customers.csv")


def _state(session: Session, resource: Resource) -> list[tuple[Any, ...]]:
    """Everything of a resource but what any change moves forward."""
    moving = ("version", "updated_at", "updated_by_id")
    columns = [column for column in resource.table.c if column.name not in moving]
    return [tuple(row) for row in session.execute(select(*columns).order_by(resource.table.c.id))]


def _later(session: Session, resource: Resource, number: int) -> None:
    """Let a record have come an hour after everything else; a test is one transaction."""
    moment = datetime.now(UTC) + timedelta(hours=1)
    values = {"created_at": moment, "updated_at": moment}
    session.execute(resource.table.update().where(resource.table.c.id == number).values(values))


def test_created_records_go_and_changed_ones_are_as_they_were(
    session: Session, customers: Resource, make: Make, stored: Stored, set_id: int
) -> None:
    old = make(
        CUSTOMER, name="Old", city="Rome", tags=["a", "b"], parent=make(CUSTOMER, name="Head"),
        phones=[{"number": "+8613800138000", "note": "x"}, {"number": "+8613800138001"}],
    )  # fmt: skip
    before, lines = _state(session, customers), stored(CUSTOMER, old)["phones"]
    with collecting(session, set_id):
        new = customers.service.create(session, [{"name": "New", "phone": "13800138002"}], actor=OPERATOR)
        changed = {"name": "Newer", "city": None, "tags": ["c"], "parent": new[0]}
        given = {**changed, "phones": [{"id": lines[1]["id"], "number": "+8613900139000"}]}
        customers.service.update(session, old, given, actor=OPERATOR)
        customers.service.update(session, old, {"city": "Oslo"}, actor=OPERATOR)
    assert change_sets.size(session, set_id) == 2
    assert undo(session, set_id, actor=OPERATOR) == Undone(restored=1, removed=1, left=0)
    assert _state(session, customers) == before
    now = stored(CUSTOMER, old)
    assert [(line["number"], line["note"]) for line in now["phones"]] == [
        ("+8613800138001", None),
        ("+8613800138000", "x"),
    ]
    assert change_sets.size(session, set_id) == 0
    assert undo(session, set_id, actor=OPERATOR) == Undone(restored=1, removed=1, left=0)
    assert stored(CUSTOMER, old)["version"] == now["version"]


def test_what_is_not_collected_is_not_undone(
    session: Session, customers: Resource, make: Make, set_id: int
) -> None:
    with collecting(session, set_id):
        pass
    make(CUSTOMER)
    before = _state(session, customers)
    assert undo(session, set_id, actor=OPERATOR) == Undone(0, 0, 0)
    assert _state(session, customers) == before


def test_a_record_changed_since_stays(
    session: Session, customers: Resource, make: Make, stored: Stored, set_id: int
) -> None:
    old = make(CUSTOMER, name="Old", city="Rome")
    with collecting(session, set_id):
        kept, gone = customers.service.create(session, [{"name": "A"}, {"name": "B"}], actor=OPERATOR)
        customers.service.update(session, old, {"city": "Oslo"}, actor=OPERATOR)
    customers.service.update(session, old, {"level": "A"}, actor=OPERATOR)
    customers.service.update(session, kept, {"level": "A"}, actor=OPERATOR)
    assert undo(session, set_id, actor=OPERATOR) == Undone(restored=0, removed=1, left=2)
    assert stored(CUSTOMER, old)["city"] == "Oslo"
    assert stored(CUSTOMER, kept)["name"] == "A"
    with pytest.raises(NotFound):
        stored(CUSTOMER, gone)
    left = select(ChangeSetRow.record_id).where(ChangeSetRow.set_id == set_id, ChangeSetRow.is_left)
    assert set(session.scalars(left)) == {old, kept}


def test_a_record_people_have_worked_with_stays(
    session: Session, kernel: Kernel, customers: Resource, make: Make, set_id: int
) -> None:
    with collecting(session, set_id):
        noted, called, linked, plain = customers.service.create(
            session, [{"name": name} for name in ("noted", "called", "linked", "plain")], actor=OPERATOR
        )
    timeline.add_note(Gateway(session, OPERATOR), customers, noted, "They asked for a quote.")
    make("customer.activity", customer=called)
    contact = make("customer.contact", customer=linked)
    _later(session, kernel.resources["customer.customer_contact"], 1)
    _later(session, kernel.resources["customer.contact"], contact)
    session.execute(text("update customer_customer_contact set updated_at = now() + interval '1 hour'"))
    assert undo(session, set_id, actor=OPERATOR) == Undone(restored=0, removed=1, left=3)
    there = set(session.scalars(select(customers.table.c.id)))
    assert {noted, called, linked} <= there
    assert plain not in there


def test_notes_of_the_set_go_with_it(
    session: Session, customers: Resource, make: Make, stored: Stored, set_id: int
) -> None:
    gateway = Gateway(session, OPERATOR)
    old = make(CUSTOMER, name="Old")
    timeline.add_note(gateway, customers, old, "mine")
    with collecting(session, set_id):
        [new] = customers.service.create(session, [{"name": "A"}], actor=OPERATOR)
        notes = timeline.add_notes(gateway, customers, {old: "theirs", new: "theirs"})
        change_sets.record_notes(session, customers, notes)
    assert undo(session, set_id, actor=OPERATOR) == Undone(restored=1, removed=1, left=0)
    bodies = [each["body"] for each in timeline.entries(gateway, customers, old, kinds=["note"])]
    assert bodies == ["mine"]
    assert stored(CUSTOMER, old)["version"] == 1


def test_archived_records_come_back(
    session: Session, customers: Resource, make: Make, stored: Stored, set_id: int
) -> None:
    away, back = make(CUSTOMER), make(CUSTOMER)
    customers.service.archive(session, [back], actor=OPERATOR, reason="closed")
    with collecting(session, set_id):
        customers.service.archive(session, [away], actor=OPERATOR, reason="gone")
        customers.service.restore(session, [back], actor=OPERATOR)
    assert undo(session, set_id, actor=OPERATOR) == Undone(restored=2, removed=0, left=0)
    assert stored(CUSTOMER, away)["archived_at"] is None
    assert stored(CUSTOMER, away)["archived_reason"] is None
    assert stored(CUSTOMER, back)["archived_reason"] == "closed"


def test_lines_the_service_added_go_too(
    session: Session, kernel: Kernel, make: Make, stored: Stored, set_id: int
) -> None:
    first, second = make(CUSTOMER, name="First"), make(CUSTOMER, name="Second")
    contacts = kernel.resources["customer.contact"]
    contact = make("customer.contact", customer=first)
    links = kernel.resources["customer.customer_contact"].table
    session.execute(links.update().values(created_at=func.now() - timedelta(days=1)))
    with collecting(session, set_id):
        contacts.service.update(session, contact, {"customer": second}, actor=OPERATOR)
    assert len(stored("customer.contact", contact)["customers"]) == 2
    undo(session, set_id, actor=OPERATOR)
    now = stored("customer.contact", contact)
    assert now["customer"]["id"] == first
    assert [line["customer"]["id"] for line in now["customers"]] == [first]


def test_a_group_that_came_in_together_goes_together(
    session: Session, customers: Resource, set_id: int
) -> None:
    with collecting(session, set_id):
        head, child = customers.service.create(session, [{"name": "Head"}, {"name": "Child"}], actor=OPERATOR)
        # The younger stands above the older, so neither order of the numbers is right by itself.
        customers.service.update(session, head, {"parent": child}, actor=OPERATOR)
    assert undo(session, set_id, actor=OPERATOR) == Undone(restored=0, removed=2, left=0)


def test_undoing_goes_on_where_it_stopped(
    session: Session, customers: Resource, set_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "PART", 2)
    with collecting(session, set_id):
        customers.service.create(session, [{"name": f"N{each}"} for each in range(7)], actor=OPERATOR)
    assert undo(session, set_id, actor=OPERATOR, limit=3) == Undone(0, 3, 0, is_done=False)
    assert change_sets.size(session, set_id) == 4
    assert undo(session, set_id, actor=OPERATOR, limit=3) == Undone(0, 6, 0, is_done=False)
    assert undo(session, set_id, actor=OPERATOR, limit=3) == Undone(0, 7, 0)
    assert _state(session, customers) == []


def test_only_its_maker_and_administrators_take_a_set_back(
    session: Session, customers: Resource, actor_as: MakeActor
) -> None:
    maker, other = actor_as("account_manager"), actor_as("account_manager")
    set_id = open_set(session, "import", customers, actor=maker, label="a.csv")
    with collecting(session, set_id):
        [number] = customers.service.create(session, [{"name": "A"}], actor=maker)
    for stranger, refusal in ((other, Forbidden), (actor_as("maintainer"), NotFound)):
        with pytest.raises(refusal):
            undo(session, set_id, actor=stranger)
    assert change_sets.size(session, set_id) == 1
    # He may not delete customers otherwise.
    with pytest.raises(Forbidden):
        customers.service.delete(session, [number], actor=maker)
    assert undo(session, set_id, actor=maker) == Undone(0, 1, 0)
    with pytest.raises(NotFound):
        undo(session, 10**6, actor=OPERATOR)


def test_a_thousand_records_are_recorded_by_one_statement(
    session: Session, customers: Resource, set_id: int, statements: Statements
) -> None:
    inputs = [{"name": f"N{each}"} for each in range(1000)]
    with statements() as sent, collecting(session, set_id):
        customers.service.create(session, inputs, actor=OPERATOR)
    assert len([each for each in sent if "core_change_set_row" in each]) == 1
    assert change_sets.size(session, set_id) == 1000
