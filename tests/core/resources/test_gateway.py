"""The scoped gateway: every kind of question, and that nothing out of reach answers through any of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.errors import Forbidden, GuanxiError, Invalid, Malformed, NotFound
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.filters import OPERATORS, All, AnyOf, Condition, Node, Not, from_json
from core.resources.gateway import Gateway
from core.resources.query import Order, Query
from core.resources.resolver import UnknownField
from core.resources.values import Habits
from core.testing.plugin import MakeActor
from tests.core.conftest import Make, Statements

Find = Callable[..., list[str]]


@pytest.fixture
def gateway(session: Session) -> Gateway:
    """Reads as the operator, who reaches everything."""
    return Gateway(session, OPERATOR)


@pytest.fixture
def find(gateway: Gateway, customers: Resource) -> Find:
    """The first words of the names a filter selects: ``find(("city", "eq", "上海"))``."""

    def find(where: Any = None, *, q: str = "", actor: Actor = OPERATOR, sort: str = "name") -> list[str]:
        node = All() if where is None else _node(where)
        reader = Gateway(gateway.session, actor)
        page = reader.page(customers, Query(where=node, q=q, sort=(Order.read(sort),), fields=("name",)))
        return [str(record["name"]).split()[0] for record in page.records()]

    return find


def _node(where: Any) -> Node:
    if isinstance(where, Condition | All | AnyOf | Not):
        return where
    return from_json(where) if isinstance(where, dict) else Condition(*where)


@pytest.fixture
def world(make: Make) -> Mapping[str, int]:
    """A few customers who differ in everything."""
    acme = make(
        "customer.customer",
        name="Acme 上海",
        kind="active",
        level="A",
        industry="Steel",
        city="上海",
        phone="13800138000",
        email="ada@acme.example",
        employees=10,
        tags=["vip", "new"],
        description="pays 100%\nalways",
        phones=[{"number": "010-65529988转12", "label": "fax"}],
    )
    baltic = make(
        "customer.customer",
        name="Baltic",
        kind="potential",
        industry="Shipping",
        city="北京",
        employees=20,
        tags=["vip"],
        parent=acme,
        email="b@Baltic.example",
        founded_year=1901,
    )
    corner = make(
        "customer.customer", name="Corner_Shop", kind="lost", type="person", city="北京", parent=acme
    )
    delta = make("customer.customer", name="delta 100%", kind="active", parent=baltic, level="B")
    return {"acme": acme, "baltic": baltic, "corner": corner, "delta": delta}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        # text
        (("name", "eq", "Baltic"), "Baltic"),
        (("name", "ne", "Baltic"), "Acme Corner_Shop delta"),
        (("name", "contains", "ACME"), "Acme"),
        (("name", "contains", "海"), "Acme"),
        (("name", "contains", "%"), "delta"),
        (("name", "contains", "_"), "Corner_Shop"),
        (("name", "contains", "\\"), ""),
        (("name", "startswith", "corner_"), "Corner_Shop"),
        (("name", "in", ["Baltic", "delta 100%", "nobody"]), "Baltic delta"),
        (("name", "in", []), ""),
        (("name", "isnull", True), ""),
        # several lines
        (("description", "contains", "100%"), "Acme"),
        (("description", "isnull", "false"), "Acme"),
        # words that grow by use
        (("city", "eq", "北京"), "Baltic Corner_Shop"),
        (("city", "ne", "北京"), "Acme delta"),
        (("industry", "startswith", "s"), "Acme Baltic"),
        (("industry", "contains", "ship"), "Baltic"),
        (("level", "in", ("A", "B")), "Acme delta"),
        (("level", "isnull", True), "Baltic Corner_Shop"),
        # closed lists
        (("kind", "eq", "active"), "Acme delta"),
        (("kind", "ne", "active"), "Baltic Corner_Shop"),
        (("kind", "in", ["lost", "potential"]), "Baltic Corner_Shop"),
        (("type", "isnull", "1"), ""),
        # phones and mail addresses, however they are written
        (("phone", "eq", "138 0013 8000"), "Acme"),
        (("phone", "eq", "+8613800138000"), "Acme"),
        (("phone", "contains", "0013-80"), "Acme"),
        (("phone", "contains", "１３８"), "Acme"),
        (("phone", "contains", "call"), ""),
        (("phone", "startswith", "+86138"), "Acme"),
        (("phone", "in", ["13800138000", "13900139000"]), "Acme"),
        (("phone", "ne", "13800138000"), "Baltic Corner_Shop delta"),
        (("phone", "isnull", False), "Acme"),
        (("email", "eq", "b@BALTIC.EXAMPLE"), "Baltic"),
        (("email", "contains", "ACME"), "Acme"),
        # numbers
        (("employees", "eq", "10"), "Acme"),
        (("employees", "ne", 10), "Baltic Corner_Shop delta"),
        (("employees", "gt", 10), "Baltic"),
        (("employees", "gte", 10), "Acme Baltic"),
        (("employees", "lt", 20), "Acme"),
        (("employees", "lte", "20"), "Acme Baltic"),
        (("employees", "in", ["20", 30]), "Baltic"),
        (("employees", "isnull", "0"), "Acme Baltic"),
        # tags
        (("tags", "contains", "vip"), "Acme Baltic"),
        (("tags", "in", ["new", "old"]), "Acme"),
        (("tags", "isnull", True), "Corner_Shop delta"),
        (("tags", "isnull", False), "Acme Baltic"),
        # links, some steps away
        (("parent", "isnull", True), "Acme"),
        (("parent.name", "eq", "Acme 上海"), "Baltic Corner_Shop"),
        (("parent.parent.name", "contains", "acme"), "delta"),
        (("parent.employees", "gte", 10), "Baltic Corner_Shop delta"),
        (("parent.city", "isnull", True), "Acme"),
        (("parent.city", "isnull", False), "Baltic Corner_Shop delta"),
        # nested lines
        (("phones.number", "eq", "+861065529988;ext=12"), "Acme"),
        (("phones.label", "eq", "fax"), "Acme"),
        (("parent.phones.label", "eq", "fax"), "Baltic Corner_Shop"),
        (("phones.label", "isnull", True), "Baltic Corner_Shop delta"),
        # groups of conditions
        ({"and": []}, "Acme Baltic Corner_Shop delta"),
        ({"or": []}, ""),
        ({"not": {"or": []}}, "Acme Baltic Corner_Shop delta"),
        ({"not": {"field": "employees", "op": "gt", "value": 10}}, "Acme Corner_Shop delta"),
        ({"not": {"field": "city", "value": "北京"}}, "Acme delta"),
        (
            {
                "or": [
                    {"field": "kind", "value": "lost"},
                    {
                        "and": [
                            {"field": "tags", "op": "contains", "value": "vip"},
                            {"not": {"field": "tags", "op": "contains", "value": "new"}},
                        ]
                    },
                ]
            },
            "Baltic Corner_Shop",
        ),
    ],
)
@pytest.mark.usefixtures("world")
def test_a_filter_selects_what_it_says(find: Find, where: Any, expected: str) -> None:
    assert find(where) == expected.split()


@pytest.mark.usefixtures("world")
def test_every_operator_of_every_kind_runs_or_refuses_its_value(kernel: Kernel, gateway: Gateway) -> None:
    tried = 0
    for name in ("customer.customer", "customer.contact", "customer.activity", "core.user", "core.unit"):
        resource = kernel.resources[name]
        for field in resource.fields.values():
            for op in OPERATORS[field.word.kind]:
                for value in ("1", "true", None, 5, ["1"], "2026-01-31", {"a": 1}):
                    status = 200
                    try:
                        gateway.page(resource, Query(where=Condition(field.name, op, value), count=False))
                    except GuanxiError as error:
                        status = error.status
                    assert status in (200, 422), (name, field.name, op, value)
                    tried += status == 200
    assert tried > 200


@pytest.mark.parametrize("op", ["gt", "like", "", "contains", "and"])
@pytest.mark.usefixtures("world")
def test_an_operator_that_does_not_fit_is_refused_by_the_fields_name(find: Find, op: str) -> None:
    with pytest.raises(Invalid) as caught:
        find(("kind", op, "active"))
    assert "does not fit this field; there are eq, ne, in, isnull." in str(caught.value.errors["kind"][0])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("employees", "many"),
        ("kind", "purple"),
        ("parent", "Acme"),
        ("parent.employees", []),
        ("id", "x"),
        ("id", "²"),
        ("created_at", "soon"),
        ("phone", "no"),
        ("owner", "them"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_fields_name(find: Find, path: str, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        find((path, "eq", value))
    assert list(caught.value.errors) == [path]


@pytest.mark.parametrize(
    "path",
    [
        "colour",
        "name.first",
        "parent.colour",
        "phones",
        "phones.customer.colour",
        "name_key",
        "version",
        "parent." * 6 + "name",
        ".",
        "",
        "parent.",
        "owner.password_hash",
        "owner.theme.x",
    ],
)
def test_an_unknown_field_is_refused_wherever_it_is_named(
    gateway: Gateway, customers: Resource, path: str
) -> None:
    for query in (
        Query(where=Condition(path, "eq", "1")),
        Query(sort=(Order(path),)),
        Query(fields=(path or "?",)),
    ):
        with pytest.raises(UnknownField):
            gateway.page(customers, query)
    with pytest.raises(UnknownField):
        gateway.aggregate(customers, Query(), [path], ["count"])
    with pytest.raises(UnknownField):
        gateway.aggregate(customers, Query(), ["kind"], [f"{path}:sum"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("acme", "Acme"),
        ("上海", "Acme"),
        ("100%", "delta"),
        ("_", ""),
        ("corner shop", "Corner_Shop"),
        ("cornersh", "Corner_Shop"),
        ("13800138000", "Acme"),
        ("138 0013", "Acme"),
        ("138-0013-8000", "Acme"),
        ("ada@", "Acme"),
        ("C-0", "Acme Baltic Corner_Shop delta"),
        ("acme 上海", "Acme"),
        ("acme 北京", ""),
        ("a\x00c", "Acme"),
        ("\\", ""),
        ("１３８００１３８０００", "Acme"),
    ],
)
@pytest.mark.usefixtures("world")
def test_the_quick_search_finds_every_word_somewhere(find: Find, words: str, expected: str) -> None:
    assert find(q=words) == expected.split()


def test_archived_records_are_left_out_unless_asked_for(
    find: Find, world: Mapping[str, int], session: Session, customers: Resource
) -> None:
    customers.service.archive(session, [world["baltic"]], actor=OPERATOR)
    assert "Baltic" not in find()
    assert find(("archived_at", "isnull", False)) == ["Baltic"]
    assert find(("parent.name", "eq", "Baltic")) == ["delta"]


# Order and pages


@pytest.mark.usefixtures("world")
def test_empty_values_come_last_in_either_direction(find: Find) -> None:
    assert find(sort="employees")[:2] == ["Acme", "Baltic"]
    assert find(sort="-employees")[:2] == ["Baltic", "Acme"]
    assert set(find(sort="-employees")[2:]) == {"Corner_Shop", "delta"}


def test_chinese_names_stand_among_latin_ones_by_their_sound(make: Make, find: Find) -> None:
    for name in ("李四", "Bob", "张三", "安娜", "linda", "王五", "Zoe"):
        make("customer.contact", name=name)
        make("customer.customer", name=name)
    assert find(sort="name") == ["安娜", "Bob", "李四", "linda", "王五", "张三", "Zoe"]


@pytest.mark.usefixtures("world")
def test_a_list_is_sorted_by_the_name_behind_a_link(find: Find) -> None:
    assert find(sort="parent")[:3] in (["Baltic", "Corner_Shop", "delta"], ["Corner_Shop", "Baltic", "delta"])
    assert find(sort="-parent")[0] == "delta"
    assert find(sort="-parent.employees")[0] == "delta"


def test_a_list_cannot_be_sorted_by_tags_or_lines(gateway: Gateway, customers: Resource) -> None:
    with pytest.raises(Invalid):
        gateway.page(customers, Query(sort=(Order("tags"),)))
    with pytest.raises(UnknownField):
        gateway.page(customers, Query(sort=(Order("phones.number"),)))


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "A", "安", "b", "王", "_", "%"]),
        st.one_of(st.none(), st.integers(0, 2)),
        st.one_of(st.none(), st.sampled_from(["x", "y"])),
        st.sampled_from(["active", "lost"]),
    ),
    max_size=12,
)
ORDERS = st.lists(
    st.sampled_from(
        [
            "name",
            "-name",
            "employees",
            "-employees",
            "level",
            "-level",
            "kind",
            "-kind",
            "parent",
            "-parent",
            "-parent.employees",
            "created_at",
            "-last_contacted_at",
            "id",
            "-id",
        ]
    ),
    max_size=3,
    unique_by=lambda order: order.removeprefix("-"),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, orders=ORDERS, per_page=st.integers(1, 5))
def test_paging_by_cursor_and_by_page_walk_the_same_list(
    session: Session, customers: Resource, rows: list[Any], orders: list[str], per_page: int
) -> None:
    savepoint = session.begin_nested()
    inputs = [
        {"name": name, "employees": employees, "level": level, "kind": kind}
        for name, employees, level, kind in rows
    ]
    numbers = customers.service.create(session, inputs, actor=OPERATOR) if inputs else []
    for number in numbers[1::2]:
        customers.service.update(session, number, {"parent": numbers[0]}, actor=OPERATOR)
    gateway = Gateway(session, OPERATOR)
    sort = tuple(Order.read(each) for each in orders)
    whole = [each["id"] for each in gateway.page(customers, Query(sort=sort, fields=("id",))).records()]
    by_page: list[int] = []
    by_cursor: list[int] = []
    cursor: str | None = None
    for number in range(1, len(rows) // per_page + 2):
        page = gateway.page(customers, Query(sort=sort, fields=("id",), page=number, per_page=per_page))
        by_page += [each["id"] for each in page.records()]
        assert page.total == len(rows)
        if number == 1 or cursor is not None:
            ask = Query(sort=sort, fields=("id",), cursor=cursor, per_page=per_page, count=False)
            page = gateway.page(customers, ask)
            by_cursor += [each["id"] for each in page.records()]
            cursor = page.next_cursor
            assert page.total is None
    savepoint.rollback()
    assert sorted(whole) == sorted(numbers)
    assert by_page == whole == by_cursor
    assert cursor is None


def _cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "🙂",
        "AAAA",
        "=",
        _cursor(),
        _cursor(5),
        _cursor("name,id"),
        _cursor("name,id", "a"),
        _cursor("name,id", "a", "b"),
        _cursor("name,id", "a", None),
        _cursor("name,id", 5, 5),
        _cursor("-name,-id", "a", 5),
        _cursor("name,id", "a\x00", 5),
        _cursor("name,id", "a", 2**63),
        _cursor("name,id", "a", True),
        _cursor("name,id", "a", 1.5),
        _cursor("name,id", ["a"], 5),
        _cursor("name,id", {"a": 1}, 5),
        base64.urlsafe_b64encode(b'{"name,id":1}').decode(),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
    ],
)
def test_a_cursor_that_was_tampered_with_is_refused(
    gateway: Gateway, customers: Resource, cursor: str
) -> None:
    with pytest.raises(Malformed) as caught:
        gateway.page(customers, Query(sort=(Order("name"),), cursor=cursor))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("employees", True),
        ("employees", "5"),
        ("created_at", "soon"),
        ("created_at", 5),
        ("kind", 5),
        ("created_at", None),
        ("parent", 5),
        ("id", None),
    ],
)
def test_a_cursor_with_a_value_of_another_kind_is_refused(
    gateway: Gateway, customers: Resource, sort: str, value: Any
) -> None:
    values = [value] if sort == "id" else [value, 5]
    with pytest.raises(Malformed):
        gateway.page(
            customers,
            Query(sort=(Order(sort),), cursor=_cursor(",".join(dict.fromkeys((sort, "id"))), *values)),
        )


@pytest.mark.usefixtures("world")
def test_a_cursor_of_another_order_is_refused(gateway: Gateway, customers: Resource) -> None:
    first = gateway.page(customers, Query(sort=(Order("name"),), per_page=1))
    assert first.next_cursor is not None
    with pytest.raises(Malformed):
        gateway.page(customers, Query(sort=(Order("city"),), cursor=first.next_cursor))


@pytest.mark.usefixtures("world")
def test_a_page_behind_the_last_is_empty_and_keeps_the_count(gateway: Gateway, customers: Resource) -> None:
    page = gateway.page(customers, Query(page=1_000_000, per_page=500))
    assert (page.rows, page.total, page.next_cursor) == ([], 4, None)


# Reach: a salesman, his colleague, and a customer of each


@pytest.fixture
def ann(actor_as: MakeActor) -> Actor:
    """Sells; reaches what is hers."""
    return actor_as("account_manager", name="Ann")


@pytest.fixture
def ben(actor_as: MakeActor) -> Actor:
    """Sells too."""
    return actor_as("account_manager", name="Ben")


@pytest.fixture
def scoped(make: Make, ann: Actor, ben: Actor) -> Mapping[str, int]:
    """Ann's child of Ben's secret group, with a contact who is Ben's, and one of her own to compare."""
    secret = make(
        "customer.customer",
        name="Secret Group",
        owner=ben.user_id,
        city="Hidden",
        employees=99,
        industry="Spying",
        tags=["covert"],
        phone="13911112222",
    )
    person = make("customer.contact", name="Mole", owner=ben.user_id, customer=secret, job_title="Director")
    child = make(
        "customer.customer",
        name="Child",
        owner=ann.user_id,
        parent=secret,
        city="Open",
        contacts=[{"contact": person, "role": "agent"}],
    )
    alone = make("customer.customer", name="Alone", owner=ann.user_id, city="Open")
    return {"secret": secret, "person": person, "child": child, "alone": alone}


@pytest.mark.usefixtures("scoped")
def test_only_records_within_reach_are_listed_and_counted(
    session: Session, ann: Actor, customers: Resource
) -> None:
    page = Gateway(session, ann).page(customers, Query(per_page=1))
    assert page.total == 2
    assert [each["name"] for each in page.records()] == ["Alone"]


def test_a_record_out_of_reach_answers_like_none(
    session: Session, ann: Actor, customers: Resource, scoped: Mapping[str, int]
) -> None:
    gateway = Gateway(session, ann)
    for number in (scoped["secret"], 10**15, -1):
        with pytest.raises(NotFound):
            gateway.get(customers, number)
        assert gateway.labels(customers, [number]) == {}
        assert gateway.reached(customers, [number]) == set()
        assert gateway.locked(customers, [number]) == {}


def test_a_link_out_of_reach_shows_its_number_without_its_name(
    session: Session, ann: Actor, customers: Resource, scoped: Mapping[str, int]
) -> None:
    gateway = Gateway(session, ann)
    hidden = {"id": scoped["secret"], "label": None}
    assert gateway.get(customers, scoped["child"])["parent"] == hidden
    [line] = gateway.get(customers, scoped["child"])["contacts"]
    assert line["contact"] == {"id": scoped["person"], "label": None}
    [child] = [each for each in gateway.page(customers, Query()).records() if each["name"] == "Child"]
    assert child["parent"] == hidden
    for _shape, rows in gateway.rows(customers, Query(fields=("parent",))):
        assert "Secret Group" not in str(rows)


@pytest.mark.parametrize(
    "where",
    [
        ("parent.name", "contains", "Secret"),
        ("parent.name", "ne", "x"),
        ("parent.city", "eq", "Hidden"),
        ("parent.city", "in", ["Hidden"]),
        ("parent.employees", "gt", 1),
        ("parent.tags", "contains", "covert"),
        ("parent.phone", "startswith", "+86139"),
        ("parent.owner.name", "eq", "Ben"),
        ("parent.city", "isnull", False),
        ("parent.contacts.contact", "isnull", False),
        ("parent.contacts.contact.name", "eq", "Mole"),
        ("contacts.contact.customer.name", "contains", "Secret"),
    ],
)
@pytest.mark.usefixtures("scoped")
def test_a_filter_through_a_record_out_of_reach_finds_nothing(find: Find, ann: Actor, where: Any) -> None:
    assert find(where)
    assert find(where, actor=ann) == []
    assert find(Not(Condition(*where)), actor=ann) == find(actor=ann) == ["Alone", "Child"]


@pytest.mark.parametrize(
    "path", ["parent", "parent.name", "parent.employees", "parent.city", "parent.owner.name"]
)
def test_an_order_through_a_record_out_of_reach_says_nothing_of_it(
    session: Session, ann: Actor, ben: Actor, customers: Resource, scoped: Mapping[str, int], path: str
) -> None:
    gateway = Gateway(session, ann)

    def order(descending: bool) -> list[str]:
        page = gateway.page(customers, Query(sort=(Order(path, descending),), fields=("name",), per_page=1))
        assert "Secret" not in base64.urlsafe_b64decode((page.next_cursor or "") + "===").decode()
        rest = Query(sort=(Order(path, descending),), fields=("name",), cursor=page.next_cursor)
        return [each["name"] for each in (*page.records(), *gateway.page(customers, rest).records())]

    before = order(False), order(True)
    assert all(sorted(each) == ["Alone", "Child"] for each in before)
    unlike = {"name": "Zzz", "employees": 1, "city": "Aaa", "owner": OPERATOR.user_id}
    customers.service.update(session, scoped["secret"], unlike, actor=OPERATOR)
    assert (order(False), order(True)) == before


@pytest.mark.usefixtures("scoped")
def test_a_group_through_a_record_out_of_reach_is_the_empty_one(
    session: Session, ann: Actor, customers: Resource, scoped: Mapping[str, int]
) -> None:
    gateway = Gateway(session, ann)
    paths = ("parent.city", "parent.employees", "parent.kind", "parent.created_at:month", "parent.owner")
    for path in paths:
        assert gateway.aggregate(customers, Query(), [path], ["count"]) == [{path: None, "count": 2}]
    groups = gateway.aggregate(customers, Query(), ["parent"], ["count"])
    assert {"parent": {"id": scoped["secret"], "label": None}, "count": 1} in groups
    assert gateway.aggregate(customers, Query(), [], ["count", "employees:max"]) == [
        {"count": 2, "employees:max": None}
    ]


@pytest.mark.usefixtures("scoped")
def test_look_ups_and_suggestions_offer_only_what_is_within_reach(
    session: Session, ann: Actor, kernel: Kernel, customers: Resource
) -> None:
    gateway = Gateway(session, ann)
    assert gateway.lookup(customers, "Secret") == []
    assert [each["label"] for each in gateway.lookup(customers, "")] == ["Alone", "Child"]
    assert gateway.suggestions(customers, "city", "") == ["Open"]
    assert gateway.suggestions(customers, "tags", "") == []
    assert gateway.suggestions(customers, "industry", "spy") == []
    for resource, path in (
        ("customer.contact", "customer.phone"),
        ("customer.contact", "customer.industry"),
        ("customer.customer", "parent.industry"),
        ("customer.customer", "phone"),
        ("core.user", "email"),
        ("customer.customer", "description"),
        ("customer.customer", "id"),
    ):
        with pytest.raises(UnknownField):
            gateway.suggestions(kernel.resources[resource], path, "")


def test_a_contact_is_read_through_its_customer_but_not_beyond(
    session: Session, ann: Actor, make: Make, kernel: Kernel, scoped: Mapping[str, int]
) -> None:
    theirs = make("customer.contact", name="Through", customer=scoped["child"], owner=None)
    contacts = kernel.resources["customer.contact"]
    gateway = Gateway(session, ann)
    assert gateway.get(contacts, theirs)["name"] == "Through"
    assert gateway.labels(contacts, [theirs, scoped["person"]]) == {theirs: "Through"}
    with pytest.raises(Forbidden):
        contacts.service.update(session, theirs, {"name": "Taken"}, actor=ann)


def test_a_supervisor_reaches_his_unit_and_those_below(
    session: Session, make: Make, actor_as: MakeActor, customers: Resource
) -> None:
    top = make("core.unit", code="top")
    north, south = (make("core.unit", code=code, parent=top) for code in ("north", "south"))
    team = make("core.unit", code="team", parent=north)
    for name, unit in (("T", top), ("N", north), ("S", south), ("D", team)):
        make("customer.customer", name=name, unit=unit)
    make("customer.customer", name="nobody's")
    chief = actor_as("sales_supervisor", unit=north)
    page = Gateway(session, chief).page(customers, Query(fields=("name",)))
    assert [each["name"] for each in page.records()] == ["D", "N"]
    lost = actor_as("sales_supervisor")
    assert Gateway(session, lost).page(customers, Query()).records() == []


def test_who_may_not_read_a_resource_is_told_nothing_of_it(
    session: Session, make: Make, actor_as: MakeActor, customers: Resource
) -> None:
    number = make("customer.customer")
    gateway = Gateway(session, actor_as("maintainer"))
    asks: Sequence[Callable[[], object]] = (
        lambda: gateway.page(customers, Query()),
        lambda: gateway.get(customers, number),
        lambda: list(gateway.rows(customers, Query())),
        lambda: gateway.lookup(customers, ""),
        lambda: gateway.suggestions(customers, "city", ""),
        lambda: gateway.aggregate(customers, Query(), [], ["count"]),
        lambda: gateway.require(customers, "create"),
    )
    for ask in asks:
        with pytest.raises(NotFound):
            ask()


# Look-ups


def test_a_look_up_puts_names_that_begin_so_first_and_hints_at_each(
    make: Make, gateway: Gateway, customers: Resource
) -> None:
    make("customer.customer", name="The Baltic Star", city="Riga")
    begins = make("customer.customer", name="Baltic Wood", industry="Timber", city="Tallinn")
    gone = make("customer.customer", name="Baltic Gone")
    customers.service.archive(gateway.session, [gone], actor=OPERATOR)
    found = gateway.lookup(customers, "baltic")
    assert [each["label"] for each in found] == ["Baltic Wood", "The Baltic Star"]
    assert found[0]["id"] == begins
    record = gateway.get(customers, begins)
    assert found[0]["hint"] == " · ".join(record[name] for name in customers.subtitle)
    assert [each["label"] for each in gateway.lookup(customers, "", limit=1)] == ["Baltic Wood"]


def test_suggestions_put_what_is_used_most_first(make: Make, gateway: Gateway, customers: Resource) -> None:
    for city in ("上海", "北京", "上海", None, "南京"):
        make("customer.customer", city=city, tags=["vip", city or "x"])
    assert gateway.suggestions(customers, "city", "")[0] == "上海"
    assert set(gateway.suggestions(customers, "city", "京")) == {"北京", "南京"}
    assert gateway.suggestions(customers, "city", "%") == []
    assert gateway.suggestions(customers, "tags", "")[0] == "vip"
    assert gateway.suggestions(customers, "city", "", limit=1) == ["上海"]


# Groups and measures


def test_groups_are_counted_and_measured(
    gateway: Gateway, customers: Resource, world: Mapping[str, int]
) -> None:
    measures = ["count", "employees:sum", "employees:avg", "employees:min", "employees:max"]
    assert gateway.aggregate(customers, Query(), ["kind"], measures)[0] == {
        "kind": "active",
        "count": 2,
        "employees:sum": 10,
        "employees:avg": 10,
        "employees:min": 10,
        "employees:max": 10,
    }
    two = gateway.aggregate(customers, Query(), ["parent.city", "type"], ["count"])
    assert {"parent.city": "上海", "type": "person", "count": 1} in two
    assert sum(each["count"] for each in two) == 4
    linked = gateway.aggregate(customers, Query(where=Condition("kind", "ne", "lost")), ["parent"], ["count"])
    assert {"parent": {"id": world["acme"], "label": "Acme 上海"}, "count": 1} in linked
    assert gateway.aggregate(customers, Query(q="nothing"), [], ["count"]) == [{"count": 0}]
    assert gateway.aggregate(customers, Query(q="nothing"), ["kind"], ["count"]) == []


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("day", ["2025-12-31", "2026-01-01", "2026-01-02"]),
        ("week", ["2026-W01"]),
        ("month", ["2025-12", "2026-01"]),
        ("quarter", ["2025-Q4", "2026-Q1"]),
        ("year", ["2025", "2026"]),
    ],
)
def test_instants_fall_into_the_days_of_the_tenants_zone(
    make: Make, gateway: Gateway, kernel: Kernel, bucket: str, expected: list[str]
) -> None:
    # Shanghai is eight hours ahead: midnight there is 16:00 of the day before in UTC.
    for moment in (
        "2025-12-31T15:59:59Z",
        "2025-12-31T16:00:00Z",
        "2026-01-01T15:59:00Z",
        "2026-01-01T16:00:00Z",
    ):
        make("customer.activity", due_at=moment)
    activities = kernel.resources["customer.activity"]
    groups = gateway.aggregate(activities, Query(), [f"due_at:{bucket}"], ["count"])
    assert [each[f"due_at:{bucket}"] for each in groups] == expected
    assert sum(each["count"] for each in groups) == 4


def test_the_zone_of_buckets_is_the_tenants_and_not_the_servers(
    make: Make, gateway: Gateway, kernel: Kernel
) -> None:
    make("customer.activity", due_at="2025-12-31T16:30:00Z")
    gateway.__dict__["habits"] = Habits(timezone="America/New_York")
    activities = kernel.resources["customer.activity"]
    assert gateway.aggregate(activities, Query(), ["due_at"], []) == [{"due_at": "2025-12-31"}]


def test_days_are_grouped_without_a_zone(make: Make, gateway: Gateway, kernel: Kernel) -> None:
    make("customer.contact", birthday="1990-01-31")
    contacts = kernel.resources["customer.contact"]
    assert gateway.aggregate(contacts, Query(), ["birthday:month"], ["count"]) == [
        {"birthday:month": "1990-01", "count": 1}
    ]


@pytest.mark.parametrize("group", ["kind:month", "created_at:hour", "created_at:", "name:day"])
def test_a_bucket_that_does_not_fit_is_refused(gateway: Gateway, customers: Resource, group: str) -> None:
    if group == "created_at:":
        assert gateway.aggregate(customers, Query(), [group], ["count"]) == []
        return
    with pytest.raises(Invalid, match="input is not right") as caught:
        gateway.aggregate(customers, Query(), [group], ["count"])
    assert list(caught.value.errors) == ["group"]


@pytest.mark.parametrize(
    "measure",
    ["employees", "employees:median", "name:sum", "created_at:sum", "parent.employees:sum", "kind:max"],
)
def test_a_measure_that_does_not_fit_is_refused(gateway: Gateway, customers: Resource, measure: str) -> None:
    with pytest.raises(Invalid) as caught:
        gateway.aggregate(customers, Query(), [], [measure])
    assert list(caught.value.errors) == ["measures"]


def test_moments_are_compared_as_moments(make: Make, gateway: Gateway, kernel: Kernel) -> None:
    activities = kernel.resources["customer.activity"]
    number = make("customer.activity", due_at="2026-01-31T09:30")
    assert gateway.get(activities, number)["due_at"] == datetime(2026, 1, 31, 1, 30, tzinfo=UTC)
    for op, value, found in (
        ("eq", "2026-01-31T01:30:00Z", True),
        ("gte", "2026-01-31T09:30", True),
        ("lt", "2026-01-31T01:30:00Z", False),
        ("lte", "2026-01-31", False),
        ("gt", "2026-01-31", True),
        ("in", ["2026-01-31T09:30"], True),
        ("ne", "2026-01-31T09:30", False),
    ):
        page = gateway.page(activities, Query(where=Condition("due_at", op, value)))
        assert bool(page.rows) is found, (op, value)


def test_me_is_whoever_asks(make: Make, find: Find, ann: Actor) -> None:
    make("customer.customer", name="Hers", owner=ann.user_id)
    make("customer.customer", name="Nobody's")
    assert find(("owner", "eq", "me"), actor=ann) == ["Hers"]
    assert find(("owner", "ne", "me")) == ["Hers"]


def test_all_matching_records_are_streamed_in_batches(
    make: Make, gateway: Gateway, customers: Resource
) -> None:
    customers.service.create(gateway.session, [{"name": f"n{n:02}"} for n in range(25)], actor=OPERATOR)
    sizes, names = [], []
    for shape, rows in gateway.rows(customers, Query(fields=("name",)), batch=10):
        sizes.append(len(rows))
        names += [shape.record(row)["name"] for row in rows]
    assert sizes == [10, 10, 5]
    assert names == sorted(names)


def test_the_number_of_statements_does_not_grow_with_the_rows(
    gateway: Gateway, customers: Resource, statements: Statements
) -> None:
    counts = []
    for _round in range(2):
        inputs = [{"name": f"n{n}", "phones": [{"number": "13800138000"}]} for n in range(40)]
        customers.service.create(gateway.session, inputs, actor=OPERATOR)
        with statements() as sent:
            gateway.page(customers, Query(page=1, per_page=20))
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 2
