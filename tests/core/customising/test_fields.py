"""Added fields are like any others: written, read, filtered, sorted, grouped, kept in the history."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.fields import Kind
from core.errors import Invalid
from core.kernel import Kernel
from core.resources import timeline
from core.resources.filters import OPERATORS, Condition
from core.resources.gateway import Gateway
from core.resources.query import Order, Query
from core.resources.resolver import UnknownField
from core.testing.plugin import MakeActor
from tests.core.customising.conftest import CUSTOMER, AddField, Make

GRADES = [{"en": "Gold", "zh": "金"}, {"en": "Silver", "zh": "银", "tone": "info"}]
#: Kind, what comes in, what is read back.
VALUES: dict[str, tuple[Any, Any]] = {
    "text": (" Dock 7 ", "Dock 7"),
    "multiline": ("a\nb", "a\nb"),
    "choice": ("gold", "gold"),
    "pick": ("Shipping", "Shipping"),
    "integer": ("12", 12),
    "flag": ("yes", True),
    "day": ("2026-01-31", date(2026, 1, 31)),
    "instant": ("2026-01-31T09:30:15.25Z", datetime(2026, 1, 31, 9, 30, 15, 250_000, tzinfo=UTC)),
    "phone": ("13800138000", "+8613800138000"),
    "email": ("a@Example.com", "a@example.com"),
    "url": ("example.com", "https://example.com"),
    "tags": ("red, blue", ["red", "blue"]),
}


@pytest.fixture
def names(add: AddField) -> dict[str, str]:
    """A field of each kind: ``{kind: name}``."""
    return {
        kind: add(kind, f"A {kind}", options=GRADES if kind == "choice" else [], is_frequent=True).name
        for kind in VALUES
    }


def _ids(gateway: Gateway, kernel: Kernel, path: str, op: str, value: Any) -> list[int]:
    query = Query(Condition(path, op, value), sort=(Order("id"),))
    return [each["id"] for each in gateway.page(kernel.resources[CUSTOMER], query).records()]


def test_every_kind_is_written_read_filtered_and_sorted(
    kernel: Kernel, session: Session, gateway: Gateway, names: dict[str, str], make: Make
) -> None:
    customers = kernel.resources[CUSTOMER]
    full = make(**{names[kind]: given for kind, (given, _read) in VALUES.items()})
    empty = make("Empty Hall")
    found, blank = gateway.get(customers, full), gateway.get(customers, empty)
    assert {kind: found[name] for kind, name in names.items()} == {
        kind: read for kind, (_given, read) in VALUES.items()
    }
    assert {kind: blank[name] for kind, name in names.items()} == dict.fromkeys(VALUES) | {
        "flag": False,
        "tags": [],
    }
    for kind, name in names.items():
        given = "red" if kind == "tags" else VALUES[kind][0].strip()
        op = "contains" if kind in ("multiline", "tags") else "eq"
        assert _ids(gateway, kernel, name, op, given) == [full], kind
        if kind != "flag" and "isnull" in OPERATORS[Kind(kind)]:
            assert _ids(gateway, kernel, name, "isnull", "true") == [empty], kind
        if kind != "tags":
            for sign in ("", "-"):
                shown = gateway.page(customers, Query(sort=(Order.read(sign + name), Order("id")))).records()
                wanted = [empty, full] if kind == "flag" and not sign else [full, empty]
                assert [each["id"] for each in shown] == wanted, (kind, sign)
    assert _ids(gateway, kernel, names["integer"], "gte", 12) == [full]
    assert _ids(gateway, kernel, names["day"], "lt", "2026-02-01") == [full]
    assert _ids(gateway, kernel, names["instant"], "gt", "2026-01-31T09:30:15Z") == [full]
    assert _ids(gateway, kernel, names["text"], "contains", "dock") == [full]
    assert _ids(gateway, kernel, names["flag"], "eq", "false") == [empty]
    assert _ids(gateway, kernel, f"parent.{names['text']}", "isnull", "true") == [full, empty]


def test_a_change_touches_its_own_key_and_empty_values_leave_nothing(
    kernel: Kernel, session: Session, operator: Actor, gateway: Gateway, names: dict[str, str], make: Make
) -> None:
    customers = kernel.resources[CUSTOMER]
    number = make(**{names["text"]: "上海", names["integer"]: 3})
    customers.service.update(
        session, number, {names["integer"]: None, names["day"]: "2026-01-31"}, actor=operator
    )
    stored = session.scalar(text("select custom from customer_customer where id = :id"), {"id": number})
    assert stored == {
        names["text"]: "上海",
        f"{names['text']}~order": "shang hai",
        names["day"]: "2026-01-31",
        names["flag"]: False,
    }
    [entry] = [each for each in timeline.entries(gateway, customers, number) if each["kind"] == "updated"]
    assert entry["changes"] == {names["integer"]: [3, None], names["day"]: [None, "2026-01-31"]}


def test_records_are_grouped_and_measured_by_added_fields(
    kernel: Kernel, gateway: Gateway, names: dict[str, str], make: Make
) -> None:
    for grade, size, day in (
        ("gold", 1, "2026-01-05"),
        ("gold", 2, "2026-01-09"),
        ("silver", 4, "2026-02-01"),
    ):
        make(**{names["choice"]: grade, names["integer"]: size, names["day"]: day})
    customers = kernel.resources[CUSTOMER]
    by_grade = gateway.aggregate(customers, Query(), [names["choice"]], ["count", f"{names['integer']}:sum"])
    assert [tuple(each.values()) for each in by_grade] == [("gold", 2, 3), ("silver", 1, 4)]
    by_month = gateway.aggregate(customers, Query(), [f"{names['day']}:month"], ["count"])
    assert [tuple(each.values()) for each in by_month] == [("2026-01", 2), ("2026-02", 1)]


def test_many_records_are_written_as_few_are(
    kernel: Kernel, session: Session, operator: Actor, gateway: Gateway, names: dict[str, str]
) -> None:
    customers = kernel.resources[CUSTOMER]
    inputs = [
        {"name": f"No. {each}"} | ({names["text"]: f"t{each}", names["tags"]: ["x"]} if each % 2 else {})
        for each in range(40)
    ]
    numbers = customers.service.create(session, inputs, actor=operator)
    page = gateway.page(customers, Query(fields=("id", names["text"], names["tags"]), sort=(Order("id"),)))
    assert [(each["id"], each[names["text"]], each[names["tags"]]) for each in page.records()] == [
        (number, f"t{each}" if each % 2 else None, ["x"] if each % 2 else [])
        for each, number in enumerate(numbers)
    ]


def test_a_link_is_labelled_checked_and_followed(
    kernel: Kernel, gateway: Gateway, add: AddField, make: Make
) -> None:
    sponsor = add("link", "Sponsor", target=CUSTOMER).name
    first = make("Aster")
    second = make("Birch", **{sponsor: first})
    assert gateway.get(kernel.resources[CUSTOMER], second)[sponsor] == {"id": first, "label": "Aster"}
    assert _ids(gateway, kernel, f"{sponsor}.name", "eq", "Aster") == [second]
    with pytest.raises(Invalid) as refused:
        make("Cedar", **{sponsor: 999_999})
    assert set(refused.value.errors) == {sponsor}
    grouped = gateway.aggregate(kernel.resources[CUSTOMER], Query(), [sponsor], ["count"])
    assert {"id": first, "label": "Aster"} in [each[sponsor] for each in grouped]


def test_wrong_values_are_refused_and_nothing_is_kept(
    kernel: Kernel, session: Session, names: dict[str, str], make: Make
) -> None:
    for kind, wrong in {
        "integer": "many", "day": "tomorrow", "choice": "bronze", "email": "nobody", "phone": "x",
        "flag": "perhaps", "text": "x" * 301, "instant": "2026", "url": "not one", "tags": 5,
    }.items():  # fmt: skip
        with pytest.raises(Invalid) as refused:
            make(**{names[kind]: wrong})
        assert set(refused.value.errors) == {names[kind]}
    assert session.scalar(text("select count(*) from customer_customer")) == 0


def test_a_needed_value_is_asked_for_and_a_default_fills_in(
    kernel: Kernel, session: Session, operator: Actor, gateway: Gateway, add: AddField, make: Make
) -> None:
    old = make("Before")
    needed = add("text", "Region", is_required=True).name
    grade = add("choice", "Grade", options=GRADES, default="silver").name
    with pytest.raises(Invalid) as refused:
        make("After")
    assert set(refused.value.errors) == {needed}
    new = make("After", **{needed: "North"})
    customers = kernel.resources[CUSTOMER]
    assert gateway.get(customers, new)[grade] == "silver"
    customers.service.update(session, old, {"name": "Still here"}, actor=operator)
    assert gateway.get(customers, old)[needed] is None


def test_a_secret_field_is_unknown_to_others(
    kernel: Kernel, session: Session, add: AddField, make: Make, actor_as: MakeActor
) -> None:
    secret = add("text", "Margin", sensitivity="secret", in_list=True, is_frequent=True).name
    number = make(**{secret: "12 %"})
    customers = kernel.resources[CUSTOMER]
    reader = Gateway(session, actor_as("executive"))
    assert secret not in reader.get(customers, number)
    for query in (
        Query(Condition(secret, "eq", "12 %")),
        Query(sort=(Order(secret),)),
        Query(fields=(secret,)),
    ):
        with pytest.raises(UnknownField):
            reader.page(customers, query)
    with pytest.raises(UnknownField):
        reader.aggregate(customers, Query(), [secret], ["count"])
    administrator = Gateway(session, actor_as("administrator"))
    assert administrator.get(customers, number)[secret] == "12 %"


def test_a_searched_field_finds_its_record(
    kernel: Kernel, gateway: Gateway, add: AddField, make: Make
) -> None:
    code = add("text", "Dock", is_searched=True).name
    number = make(**{code: "Pier 39"})
    make("Other")
    found = gateway.page(kernel.resources[CUSTOMER], Query(q="pier")).records()
    assert [each["id"] for each in found] == [number]
