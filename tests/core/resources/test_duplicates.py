"""Records that look like one somebody is about to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.errors import NotFound
from core.kernel import Kernel
from core.resources.duplicates import MAX_SHOWN, Duplicate, find_duplicates
from core.resources.gateway import Gateway
from core.testing.plugin import ApiClient, Browser, MakeActor

Make = Callable[..., int]


@pytest.fixture
def make(kernel: Kernel, session: Session) -> Make:
    def made(*, resource: str = "customer.customer", **values: Any) -> int:
        service = kernel.resources[resource].service
        return service.create(session, [{"name": "Harbour Works", **values}], actor=OPERATOR)[0]

    return made


@pytest.fixture
def like(kernel: Kernel, session: Session) -> Callable[..., list[Duplicate]]:
    def found(actor: Actor = OPERATOR, *, without: int | None = None, **values: Any) -> list[Duplicate]:
        resource = kernel.resources["customer.customer"]
        return find_duplicates(Gateway(session, actor), resource, values, without=without)

    return found


Like = Callable[..., list[Duplicate]]


def test_a_company_is_recognised_by_its_bare_name(make: Make, like: Like) -> None:
    number = make(name="华东精密制造（上海）有限公司")
    [found] = like(name="华东精密制造(上海)股份有限公司")
    assert (found.id, found.alike) == (number, {"name": "same"})
    assert found.label == "华东精密制造（上海）有限公司"
    assert found.hint.startswith("C-")


def test_what_only_sounds_alike_comes_after_what_is_the_same(make: Make, like: Like) -> None:
    sounding, same = make(name="章三"), make(name="张三")
    later_sounding = make(name="彰三")
    found = like(name="张三")
    assert [(each.id, each.alike["name"]) for each in found] == [
        (same, "same"),
        (later_sounding, "sounds"),
        (sounding, "sounds"),
    ]


def test_a_beginning_is_told_while_one_still_types(make: Make, like: Like) -> None:
    number = make(name="华东精密制造有限公司")
    [found] = like(name="华东精密")
    assert (found.id, found.alike) == (number, {"name": "begins"})
    assert like(name="华东") == []


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ({"phone": "138 0013 8000"}, {"phone": "+86-138-0013-8000"}),
        ({"phones": [{"number": "021 5555 1234", "label": "fax"}]}, {"phone": "(021)55551234"}),
        ({"phone": "021 5555 1234"}, {"phone": "021-55551234 转 88"}),
        ({"email": "Lin.Yue@Example.com"}, {"email": "lin.yue@example.com"}),
        ({"emails": [{"address": "Bills@lotus.example"}]}, {"email": "bills@LOTUS.example"}),
        ({"tax_number": "91310000 ma1f l7x22k"}, {"tax_number": "91310000MA1FL7X22K"}),
    ],
)
def test_numbers_and_addresses_are_compared_as_they_are_meant(
    make: Make, like: Like, stored: dict[str, Any], typed: dict[str, Any]
) -> None:
    number = make(**stored)
    make(name="Another", phone="139 0013 9000", email="other@example.com", tax_number="123")
    [found] = like(**typed)
    assert (found.id, found.alike) == (number, dict.fromkeys(typed, "same"))


def test_several_values_of_one_field_are_looked_for(make: Make, like: Like) -> None:
    first, second = make(phone="13800138000"), make(phone="13900139000")
    assert {each.id for each in like(phone=["13800138000", "139 0013 9000", "nonsense"])} == {first, second}


def test_who_is_alike_in_more_comes_first(make: Make, like: Like) -> None:
    by_name = make(name="Lotus Tea")
    by_all = make(name="Lotus Tea GmbH", phone="13800138000", email="tea@lotus.example")
    by_phone = make(name="Somebody else", phone="13800138000")
    found = like(name="Lotus Tea", phone="13800138000", email="tea@lotus.example")
    assert [each.id for each in found] == [by_all, by_phone, by_name]
    assert found[0].alike == {"phone": "same", "email": "same", "name": "same"}


def test_archived_records_are_told_last(kernel: Kernel, session: Session, make: Make, like: Like) -> None:
    archived, present = make(name="Lotus Tea", phone="13800138000"), make(name="Lotus Tea")
    kernel.resources["customer.customer"].service.archive(session, [archived], actor=OPERATOR)
    found = like(name="Lotus Tea", phone="13800138000")
    assert [(each.id, each.is_archived) for each in found] == [(present, False), (archived, True)]


def test_the_record_itself_is_left_out(make: Make, like: Like) -> None:
    number = make(name="Lotus Tea")
    assert like(name="Lotus Tea", without=number) == []


def test_only_so_many_are_told(make: Make, like: Like) -> None:
    for _ in range(MAX_SHOWN + 3):
        make(name="Lotus Tea")
    assert len(like(name="Lotus Tea")) == MAX_SHOWN


@pytest.mark.parametrize(
    "values", [{}, {"name": ""}, {"name": "  "}, {"name": "---"}, {"phone": "abc"}, {"email": "x"}]
)
def test_what_cannot_be_read_yet_finds_nothing(make: Make, like: Like, values: dict[str, str]) -> None:
    make()
    assert like(**values) == []


def test_changed_names_are_recognised_anew(kernel: Kernel, session: Session, make: Make, like: Like) -> None:
    number = make(name="Lotus Tea")
    kernel.resources["customer.customer"].service.update(session, number, {"name": "云栈"}, actor=OPERATOR)
    assert like(name="Lotus Tea") == []
    assert [each.id for each in like(name="云栈有限公司")] == [number]


# Rights


def test_records_out_of_reach_are_not_told(make: Make, like: Like, actor_as: MakeActor) -> None:
    manager, colleague = actor_as("account_manager"), actor_as("account_manager")
    values = {"name": "Lotus Tea", "phone": "13800138000", "email": "tea@lotus.example", "tax_number": "X1"}
    make(**values, owner=colleague.user_id, phones=[{"number": "13900139000"}])
    mine = make(**values, owner=manager.user_id)
    assert [each.id for each in like(manager, **values)] == [mine]
    assert like(manager, phone="13900139000") == []
    assert like(manager, without=mine, **values) == []


def test_what_is_asked_of_the_database_does_not_depend_on_records_out_of_reach(
    session: Session, make: Make, like: Like, actor_as: MakeActor
) -> None:
    manager, colleague = actor_as("account_manager"), actor_as("account_manager")
    make(name="Lotus Tea", owner=colleague.user_id)
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert like(manager, name="Lotus Tea") == []
        with_match = len(asked)
        assert like(manager, name="Nobody of that name") == []
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert with_match == 1
    assert len(asked) == 2


def test_who_may_not_read_learns_nothing(make: Make, like: Like, actor_as: MakeActor) -> None:
    make(name="Lotus Tea")
    with pytest.raises(NotFound):
        like(actor_as("maintainer"), name="Lotus Tea")


# Speed


@pytest.mark.parametrize(
    ("values", "index"),
    [
        ({"name": "华东精密制造"}, "ix_customer_customer_name_match"),
        ({"phone": "13800138000"}, "ix_customer_customer_phone"),
        ({"email": "a@example.com"}, "ix_customer_customer_email_lower"),
        ({"tax_number": "X1"}, "ix_customer_customer_tax_number"),
    ],
)
def test_every_look_goes_through_an_index(
    session: Session, like: Like, values: dict[str, str], index: str
) -> None:
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "UNION ALL" in statement or "LIMIT" in statement:
            cursor.execute("explain " + statement, parameters)
            plans.extend(row[0] for row in cursor.fetchall())

    engine = session.get_bind()
    session.execute(text("set local enable_seqscan = off"))
    event.listen(engine, "before_cursor_execute", explain)
    try:
        like(**values)
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    plan = "\n".join(plans)
    assert index in plan
    assert "Seq Scan" not in plan


# Doors


def test_the_api_tells_duplicates(api: Callable[..., ApiClient]) -> None:
    caller = api()
    body = {"name": "华东精密制造有限公司", "phone": "021 5555 1234"}
    number = caller.post("customer/customers", json=body).get_json()["id"]
    answer = caller.get("customer/customers/duplicates?name=华东精密制造&phone=021-55551234")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "items": [
            {
                "resource": "customer.customer",
                "id": number,
                "label": "华东精密制造有限公司",
                "hint": "C-000001",
                "archived": False,
                "alike": {"phone": "same", "name": "same"},
            }
        ]
    }
    assert caller.get(f"customer/customers/duplicates?name=华东精密制造&without={number}").get_json() == {
        "items": []
    }


@pytest.mark.parametrize("query", ["city=上海", "nonsense=1", "name=x&without=y"])
def test_the_api_refuses_what_it_does_not_know(api: Callable[..., ApiClient], query: str) -> None:
    assert api().get(f"customer/customers/duplicates?{query}").status_code == 422


def test_the_form_asks_by_the_fields_it_shows(client: Callable[..., Browser]) -> None:
    browser = client()
    browser.post("/customer/customers/new", {"name": "Lotus Tea", "phone": "13800138000"})
    page = browser.get("/customer/customers/new").text
    assert 'data-duplicates="/customer/customers/duplicates"' in page
    assert "data-duplicates" in browser.get("/customer/customers/quick?name=Lotus").text
    assert (
        'data-duplicates="/customer/customers/duplicates?without=1"'
        in browser.get("/customer/customers/1/edit").text
    )
    assert "data-duplicates" not in browser.get("/customer/activities/new").text
    answer = browser.get(
        "/customer/customers/duplicates?name=lotus+tea+ltd&phone=1&phone=138-0013-8000"
    ).get_json()
    assert answer == {
        "items": [
            {
                "id": 1,
                "label": "Lotus Tea",
                "hint": "C-000001",
                "url": "/customer/customers/1",
                "kind": "",
                "field": "phone",
                "why": ["same phone", "same name"],
            }
        ]
    }


def test_saving_is_never_stopped(client: Callable[..., Browser]) -> None:
    browser = client()
    for _ in range(2):
        assert browser.post("/customer/customers/new", {"name": "Lotus Tea"}).status_code == 303
    assert len(browser.get("/customer/customers/duplicates?name=Lotus+Tea").get_json()["items"]) == 2
