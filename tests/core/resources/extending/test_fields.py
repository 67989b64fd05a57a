"""Fields of another addon in lists, filters, orders, groups, forms and imports: as if they were native."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.base import metadata
from core.db.tenancy import Tenant
from core.errors import Invalid
from core.resources import change_sets, timeline
from core.resources.declaration import Resource, resource_named
from core.resources.filters import All, Condition, Not
from core.resources.gateway import Gateway
from core.resources.query import Order, Query
from core.resources.reindexing import incomplete, rebuild
from core.resources.resolver import UnknownField
from tests.core.conftest import Statements
from tests.core.resources.extending.conftest import Site

_STAND: Mapping[str, Any] = {
    "booth_size": "24",
    "hall": "北厅",
    "stage": "booked",
    "is_vip": "yes",
    "visited_on": "2026-03-01",
    "themes": "steel, glass",
    "contract": "C-1",
    "grape": "Riesling",
    "bottles": 12,
}


def _make(session: Session, *values: Mapping[str, Any]) -> list[int]:
    """Customers through the service an addon has: that of the process."""
    inputs = [{"name": f"Customer {place}", **each} for place, each in enumerate(values)]
    return resource_named("customer.customer").service.create(session, inputs, actor=OPERATOR)


def _rows_beside(session: Session, table: str = "fair_customer") -> int:
    return session.scalar(select(func.count()).select_from(metadata.tables[table])) or 0


def _found(gateway: Gateway, customer: Resource, path: str, op: str, value: Any) -> set[str]:
    page = gateway.page(customer, Query(where=Condition(path, op, value), fields=("name",)))
    return {record["name"] for record in page.records()}


def test_what_is_written_comes_back_with_its_types(
    both: Session, gateway: Gateway, customer: Resource
) -> None:
    [number] = _make(both, _STAND)
    record = gateway.get(customer, number)
    shown = {name: record[name] for name in _STAND}
    assert shown == {
        **_STAND,
        "booth_size": 24,
        "is_vip": True,
        "visited_on": date(2026, 3, 1),
        "themes": ["steel", "glass"],
    }
    assert gateway.page(customer, Query(fields=("grape", "agent"))).records() == [
        {"grape": "Riesling", "agent": None}
    ]


def test_a_record_has_no_row_until_something_is_written(
    both: Session, gateway: Gateway, customer: Resource
) -> None:
    [number] = _make(both, {})
    assert (_rows_beside(both), _rows_beside(both, "wine_customer")) == (0, 0)
    record = gateway.get(customer, number)
    assert [record[name] for name in ("booth_size", "stage", "is_vip", "themes", "bottles")] == [
        None, "asked", False, [], 6,
    ]  # fmt: skip
    customer.service.update(both, number, {"hall": "A"}, actor=OPERATOR)
    assert (_rows_beside(both), _rows_beside(both, "wine_customer")) == (1, 0)
    customer.service.update(both, number, {"bottles": None}, actor=OPERATOR)
    record = gateway.get(customer, number)
    assert [record[name] for name in ("hall", "stage", "is_vip", "bottles")] == ["A", "asked", False, None]
    assert record["version"] == 3


def test_many_are_written_at_once(both: Session, gateway: Gateway, customer: Resource) -> None:
    numbers = _make(both, *({"booth_size": place or None, "themes": ["a"]} for place in range(40)))
    assert _rows_beside(both) == 40
    changed = {number: {"booth_size": 7, "stage": "booked", "hall": "B"} for number in numbers[:30]}
    customer.service.update_many(both, changed, actor=OPERATOR)
    found = gateway.aggregate(customer, Query(), ("stage",), ("count", "booth_size:sum"))
    assert found == [
        {"stage": "asked", "count": 10, "booth_size:sum": sum(range(30, 40))},
        {"stage": "booked", "count": 30, "booth_size:sum": 210},
    ]


@pytest.mark.parametrize(
    ("path", "op", "value", "names"),
    [
        ("booth_size", "gte", 24, {"full"}),
        ("booth_size", "isnull", True, {"bare"}),
        ("booth_size", "isnull", False, {"full", "half"}),
        ("booth_size", "eq", None, {"bare"}),
        ("booth_size", "ne", 24, {"bare", "half"}),
        ("booth_size", "in", [24, 5], {"full", "half"}),
        ("hall", "contains", "北", {"full"}),
        ("stage", "eq", "asked", {"bare", "half"}),
        ("stage", "ne", "asked", {"full"}),
        ("is_vip", "eq", False, {"bare", "half"}),
        ("is_vip", "eq", True, {"full"}),
        ("themes", "contains", "steel", {"full"}),
        ("themes", "isnull", True, {"bare", "half"}),
        ("visited_on", "lt", "2026-03-02", {"full"}),
        ("bottles", "eq", 6, {"bare", "half"}),
        ("bottles", "isnull", True, set()),
        ("parent.booth_size", "eq", 24, {"half"}),
        ("parent.booth_size", "isnull", True, {"full", "bare"}),
        ("parent.is_vip", "eq", False, set()),
        ("phones.at_stand", "eq", True, {"full"}),
        ("phones.at_stand", "eq", False, {"half"}),
        ("stands.place", "eq", "A1", {"full"}),
    ],
)
def test_every_operator_knows_records_without_a_row(
    both: Session, gateway: Gateway, customer: Resource, path: str, op: str, value: Any, names: set[str]
) -> None:
    full = {"phones": [{"number": "13800138000", "at_stand": True}], "stands": [{"place": "A1"}]}
    [number, _bare] = _make(both, {**_STAND, "name": "full", **full}, {"name": "bare"})
    _make(both, {"name": "half", "booth_size": 5, "parent": number, "phones": [{"number": "13900139000"}]})
    assert _found(gateway, customer, path, op, value) == names
    assert gateway.count(customer, Query(where=Condition(path, op, value))) == len(names)
    others = gateway.page(customer, Query(where=Not(Condition(path, op, value)), fields=("name",)))
    assert {each["name"] for each in others.records()} == {"full", "bare", "half"} - names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        # Texts with an order of their own are ordered by that, which is empty where they are.
        ("hall", ["none", "bei", "nan"]),
        ("-hall", ["nan", "bei", "none"]),
        ("booth_size", ["nan", "bei", "none"]),
        ("-stage", ["bei", "nan", "none"]),
        ("agent", ["nan", "bei", "none"]),
    ],
)
def test_lists_are_sorted_and_paged(
    both: Session, gateway: Gateway, customer: Resource, order: str, names: list[str]
) -> None:
    user = resource_named("core.user").service.create(
        both,
        [{"name": "Ada", "email": "ada@example.com"}, {"name": "Bob", "email": "b@example.com"}],
        actor=OPERATOR,
    )
    _make(
        both,
        {"name": "nan", "hall": "南厅", "booth_size": 3, "agent": user[0]},
        {"name": "none"},
        {"name": "bei", "hall": "北厅", "booth_size": 9, "stage": "booked", "agent": user[1]},
    )
    # A choice is ordered by what is stored; equals by their number, in the same direction.
    names = ["bei", "none", "nan"] if order == "-stage" else names
    query, found = Query(sort=(Order.read(order),), fields=("name",), per_page=1), []
    cursor = None
    while True:
        page = gateway.page(customer, Query(query.where, "", query.sort, query.fields, 1, 1, cursor))
        found += [record["name"] for record in page.records()]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == names


def test_a_link_beside_leads_on(both: Session, gateway: Gateway, customer: Resource) -> None:
    [user] = resource_named("core.user").service.create(
        both, [{"name": "Ada", "email": "ada@example.com"}], actor=OPERATOR
    )
    [number, _other] = _make(both, {"agent": user, "hall": "A"}, {})
    assert gateway.get(customer, number, ("agent",))["agent"] == {"id": user, "label": "Ada"}
    assert _found(gateway, customer, "agent.name", "eq", "Ada") == {"Customer 0"}
    assert _found(gateway, customer, "agent.name", "isnull", True) == {"Customer 1"}
    page = gateway.page(customer, Query(sort=(Order("agent.name"),), fields=("id",), per_page=1))
    assert page.records() == [{"id": number}]
    assert gateway.aggregate(customer, Query(), ("agent",), ("count",)) == [
        {"agent": {"id": user, "label": "Ada"}, "count": 1},
        {"agent": None, "count": 1},
    ]
    with pytest.raises(Invalid):
        customer.service.update(both, number, {"agent": 99}, actor=OPERATOR)
    assert gateway.get(customer, number)["agent"]["id"] == user


def test_suggestions_labels_and_groups_of_days(both: Session, gateway: Gateway, customer: Resource) -> None:
    _make(
        both, {"grape": "Riesling", "themes": ["steel", "glass"]}, {"grape": "Riesling"}, {"grape": "Pinot"}
    )
    assert gateway.suggestions(customer, "grape", "") == ["Riesling", "Pinot"]
    assert gateway.suggestions(customer, "themes", "gl") == ["glass"]
    _make(both, {"visited_on": "2026-03-04"})
    assert gateway.aggregate(customer, Query(), ("visited_on:month",), ("count",)) == [
        {"visited_on:month": "2026-03", "count": 1},
        {"visited_on:month": None, "count": 3},
    ]


def test_search_finds_them_and_forgets_former_values(
    both: Session, gateway: Gateway, customer: Resource
) -> None:
    numbers = _make(both, {"hall": "Zeppelin"}, *({"hall": f"Hall {place}"} for place in range(25)))
    assert [each["id"] for each in gateway.lookup(customer, "zepp")] == [numbers[0]]
    assert gateway.count(customer, Query(q="zeppelin")) == 1
    customer.service.update(both, numbers[0], {"hall": "Concorde"}, actor=OPERATOR)
    assert gateway.count(customer, Query(q="zeppelin")) == 0
    assert gateway.count(customer, Query(q="concorde")) == 1


def test_rules_of_the_addon_see_every_batch(both: Session, gateway: Gateway, customer: Resource) -> None:
    with pytest.raises(Invalid) as refused:
        _make(both, {"stage": "booked"})
    assert list(refused.value.errors) == ["hall"]
    [number] = _make(both, {"booth_size": 0, "stage": "booked", "hall": "A"})
    assert gateway.get(customer, number)["booth_size"] is None
    with pytest.raises(Invalid):
        customer.service.update(both, number, {"hall": ""}, actor=OPERATOR)
    assert gateway.get(customer, number)["hall"] == "A"


def test_an_action_of_the_addon_is_one_of_the_record(
    both: Session, gateway: Gateway, customer: Resource
) -> None:
    [number] = _make(both, {})
    customer.service.perform(both, "book", [number], {}, actor=OPERATOR)
    assert gateway.get(customer, number)["stage"] == "booked"


def test_what_is_unique_is_refused_at_its_field(both: Session, gateway: Gateway, customer: Resource) -> None:
    _make(both, {"contract": "C-1"})
    with pytest.raises(Invalid) as refused:
        _make(both, {"contract": "C-1"})
    assert list(refused.value.errors) == ["contract"]
    assert gateway.count(customer, Query()) == 1


def test_history_and_undo_know_them(both: Session, gateway: Gateway, customer: Resource) -> None:
    [number] = _make(both, {"hall": "A", "booth_size": 3})
    set_id = change_sets.open_set(both, "bulk", customer, actor=OPERATOR, label="edit")
    with change_sets.collecting(both, set_id):
        changed = {"hall": "B", "bottles": 1, "name": "New", "visited_on": "2026-01-02"}
        customer.service.update(both, number, changed, actor=OPERATOR)
    [entry, _made] = timeline.entries(gateway, customer, number)
    assert entry["changes"] == {
        "hall": ["A", "B"],
        "bottles": [6, 1],
        "name": ["Customer 0", "New"],
        "visited_on": [None, "2026-01-02"],
    }
    assert change_sets.undo(both, set_id, actor=OPERATOR).restored == 1
    record = gateway.get(customer, number)
    assert [record[name] for name in ("hall", "bottles", "name", "booth_size", "visited_on")] == [
        "A", 6, "Customer 0", 3, None,
    ]  # fmt: skip


def test_lines_and_their_fields_are_written_with_the_record(
    both: Session, gateway: Gateway, customer: Resource
) -> None:
    phones = [{"number": "13800138000", "at_stand": True}, {"number": "13900139000"}]
    [number] = _make(both, {"phones": phones, "stands": [{"place": "A1"}]})
    record = gateway.get(customer, number)
    assert [line["at_stand"] for line in record["phones"]] == [True, False]
    lines = [{"id": line["id"], "at_stand": not line["at_stand"]} for line in record["phones"]]
    customer.service.update(both, number, {"phones": lines, "stands": []}, actor=OPERATOR)
    record = gateway.get(customer, number)
    assert [line["at_stand"] for line in record["phones"]] == [False, True]
    assert record["stands"] == []


def test_a_deleted_record_takes_its_rows_along(both: Session, customer: Resource) -> None:
    [number] = _make(both, {**_STAND, "stands": [{"place": "A1"}]})
    customer.service.delete(both, [number], actor=OPERATOR)
    assert (_rows_beside(both), _rows_beside(both, "wine_customer"), _rows_beside(both, "fair_stand")) == (
        0,
        0,
        0,
    )


def test_statements_do_not_grow_with_records(
    both: Session, gateway: Gateway, customer: Resource, statements: Statements
) -> None:
    _make(both, *({"hall": f"H{place}", "grape": "G"} for place in range(30)))
    wanted = Query(where=All((Condition("hall", "startswith", "H"),)), sort=(Order("grape"),))
    # Those with a grape come first, and fill a page or are followed by the others.
    for per_page, most in ((2, 1), (29, 1), (30, 2)):
        with statements() as seen:
            page = gateway.page(
                customer, Query(wanted.where, sort=wanted.sort, per_page=per_page, count=False)
            )
        assert (len(page.rows), len(seen)) == (per_page, most)
    with statements() as seen:
        assert gateway.page(customer, Query(fields=("name",), count=False)).rows
    assert "fair_" not in seen[0]
    assert "wine_" not in seen[0]


def test_where_the_addon_is_off_there_is_nothing(site: Site, both: Session, gateway: Gateway) -> None:
    [number] = _make(both, {**_STAND, "stands": [{"place": "A1"}]})
    both.flush()
    plain = site.tenants["plain"]
    both.info["binding"] = plain  # the same rows, with less on
    resource, reader = site.resource(plain), Gateway(both, OPERATOR)
    assert resource is site.kernel.resources["customer.customer"]
    assert not {*_STAND, "agent", "stands"} & reader.get(resource, number).keys()
    for path in ("hall", "phones.at_stand", "stands.place", "parent.hall"):
        with pytest.raises(UnknownField):
            reader.page(resource, Query(where=Condition(path, "isnull", True)))
    with pytest.raises(UnknownField):
        reader.page(resource, Query(sort=(Order("hall"),)))
    with pytest.raises(Invalid):
        resource.service.update(both, number, {"hall": "B"}, actor=OPERATOR)
    resource.service.update(both, number, {"name": "Changed"}, actor=OPERATOR)
    assert both.scalar(text("select hall from fair_customer")) == "北厅"
    both.info["binding"] = site.tenants["both"]
    assert Gateway(both, OPERATOR).get(resource, number)["hall"] == "北厅"


def test_search_documents_are_made_anew_where_an_addon_comes_or_goes(site: Site, both: Session) -> None:
    _make(both, {"hall": "Zeppelin"})
    own, plain = site.tenants["both"], site.tenants["plain"]
    resources = site.kernel.resources

    def open_(tenant: Tenant) -> list[str]:
        return [each.name for each in incomplete(both, [resources.named(tenant, "customer.customer")])]

    assert open_(plain) == open_(own) == ["customer.customer"]

    @contextmanager
    def unit() -> Iterator[Session]:
        yield both

    for tenant, other, found in ((own, plain, 1), (plain, own, 0), (own, plain, 1)):
        assert list(rebuild(unit, resources.named(tenant, "customer.customer"))) == [(1, 1)]
        assert open_(tenant) == []
        assert open_(other) == ["customer.customer"]
        document = resources.named(own, "customer.customer")
        assert Gateway(both, OPERATOR).count(document, Query(q="zeppelin")) == found
