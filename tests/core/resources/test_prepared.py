"""Prepared statements: one text serves all questions of a form, and none runs without what it needs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import ARRAY, BigInteger, String, bindparam, column, event, literal, select
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.messages import send
from core.db.prepared import Prepared
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.filters import AnyOf, Condition, Not
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.testing.plugin import MakeActor
from tests.core.conftest import Make

Where = Any


@pytest.fixture
def forms(session: Session, customers: Resource) -> Any:
    """The forms and the operands of filters."""
    gateway = Gateway(session, OPERATOR)

    def forms(*filters: Where) -> list[tuple[Any, dict[str, Any]]]:
        found = []
        for each in filters:
            operands: dict[str, Any] = {}
            found.append((gateway.form(each, customers, operands), operands))
        return found

    return forms


def test_a_statement_keeps_its_own_values_and_takes_the_rest(session: Session) -> None:
    open_ = bindparam("number", type_=BigInteger(), required=True)
    statement: Any = select(literal("own %"), open_, literal(["a"], ARRAY(String)))
    prepared = Prepared(statement, session.connection().dialect)
    for number in (1, 2):
        assert [list(row) for row in prepared.rows(session.connection(), {"number": number})] == [
            ["own %", number, ["a"]]
        ]


def test_a_statement_without_what_it_needs_fails(session: Session) -> None:
    open_ = bindparam("number", type_=BigInteger(), required=True)
    prepared = Prepared(select(open_), session.connection().dialect)
    with pytest.raises(KeyError, match="number"):
        prepared.rows(session.connection(), {})


def test_a_statement_whose_text_depends_on_its_values_is_none(session: Session) -> None:
    with pytest.raises(AssertionError):
        Prepared(select(column("a").in_([1, 2])), session.connection().dialect)


def test_filters_that_differ_in_values_alone_have_one_form(forms: Any) -> None:
    (one, first), (two, second) = forms(
        AnyOf((Condition("city", "eq", "上海"), Not(Condition("employees", "in", ["1", "2"])))),
        AnyOf((Condition("city", "eq", "北京"), Not(Condition("employees", "in", ["3"])))),
    )
    assert one == two
    assert first == {"asked_0": "上海", "asked_1": [1, 2]}
    assert second == {"asked_0": "北京", "asked_1": [3]}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (Condition("city", "eq", "a"), Condition("name", "eq", "a")),
        (Condition("city", "eq", "a"), Condition("city", "ne", "a")),
        (Condition("city", "eq", "a"), Condition("city", "eq", None)),
        (Condition("city", "in", ["a"]), Condition("city", "in", [])),
        (Condition("city", "isnull", "true"), Condition("city", "isnull", "false")),
        (Condition("tags", "isnull", "true"), Condition("city", "isnull", "true")),
        (Condition("phone", "contains", "1"), Condition("phone", "contains", "x")),
        (Condition("city", "eq", "a"), Not(Condition("city", "eq", "a"))),
        (Condition("parent.city", "isnull", "true"), Condition("parent.city", "eq", None)),
    ],
)
def test_filters_with_different_sql_have_different_forms(forms: Any, one: Where, two: Where) -> None:
    (first, _), (second, _) = forms(one, two)
    assert first != second


def test_lists_of_one_form_share_a_text_and_each_gets_its_own_rows(
    session: Session, kernel: Kernel, customers: Resource, make: Make
) -> None:
    for city, names in (("上海", "ab"), ("北京", "cde")):
        for name in names:
            make("customer.customer", name=name, city=city)
    send(session.connection())
    texts: list[str] = []

    def note(*given: Any) -> None:
        texts.append(given[2])

    event.listen(kernel.database.engine, "before_cursor_execute", note)
    try:
        found = {}
        for city, per_page, page in (("上海", 5, 1), ("北京", 5, 1), ("北京", 2, 2), ("%", 5, 1)):
            query = Query(
                Condition("city", "eq", city), fields=("name",), per_page=per_page, page=page, count=False
            )
            records = Gateway(session, OPERATOR).page(customers, query).records()
            found[city, per_page, page] = "".join(each["name"] for each in records)
    finally:
        event.remove(kernel.database.engine, "before_cursor_execute", note)
    assert list(found.values()) == ["ab", "cde", "e", ""]
    assert len(set(texts)) == 1


def test_readers_of_one_kind_share_a_text_and_each_gets_his_own_reach(
    session: Session, customers: Resource, make: Make, actor_as: MakeActor
) -> None:
    ann, ben = actor_as("account_manager", name="Ann"), actor_as("account_manager", name="Ben")
    assert ann.kind == ben.kind
    for owner in (ann, ben, ben):
        make("customer.customer", name=f"of {owner.name}", owner=owner.user_id, city="上海")
    query = Query(Condition("city", "eq", "上海"), fields=("name",))
    for reader, count in ((ann, 1), (ben, 2), (ann, 1)):
        page = Gateway(session, reader).page(customers, query)
        assert [each["name"] for each in page.records()] == [f"of {reader.name}"] * count
        assert page.total == count
