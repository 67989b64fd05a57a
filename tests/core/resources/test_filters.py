"""Filters: any tree survives JSON, means in SQL what it means in Python, or is refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.errors import Invalid
from core.kernel import Kernel
from core.resources.filters import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    All,
    AnyOf,
    BadFilter,
    Condition,
    Node,
    Not,
    conditions,
    from_json,
    from_text,
    to_json,
)
from core.resources.gateway import Gateway
from core.resources.query import Query

Row = Mapping[str, Any]
RELAXED = settings(
    max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

# A small world: customers with every kind of value, blanks, traps for LIKE, and links three steps deep.

_NOON = datetime(2026, 1, 31, 4, 0, tzinfo=UTC)
CUSTOMERS: Sequence[dict[str, Any]] = (
    {"name": "Acme", "kind": "active", "city": "上海", "employees": 10, "tags": ["vip", "old"]},
    {"name": "acme 100%", "kind": "lost", "city": "Shang_hai", "employees": 0, "phone": "+8613800138000"},
    {
        "name": "Birch",
        "kind": "potential",
        "employees": 2_147_483_647,
        "email": "a@example.com",
        "tags": ["vip"],
    },
    {"name": "明德科技", "kind": "active", "city": "上海", "employees": 10, "email": "B@example.com"},
    {"name": "明德_科技\\n", "kind": "lost", "city": "", "phone": "+8613900139000"},
)
PARENTS = {1: 0, 2: 1, 3: 0}
ACTIVITIES: Sequence[dict[str, Any]] = (
    {"subject": "one", "due_at": _NOON.isoformat(), "minutes": 5},
    {"subject": "two", "due_at": (_NOON + timedelta(days=1)).isoformat()},
    {"subject": "three"},
)


class World:
    """The stored records, in the database and as plain rows."""

    def __init__(self, kernel: Kernel, session: Session) -> None:
        customers, activities = kernel.resources["customer.customer"], kernel.resources["customer.activity"]
        ids = customers.service.create(
            session, [{**each, "type": "organisation"} for each in CUSTOMERS], actor=OPERATOR
        )
        for child, parent in PARENTS.items():
            customers.service.update(session, ids[child], {"parent": ids[parent]}, actor=OPERATOR)
        wanted = [{**each, "customer": ids[number]} for number, each in enumerate(ACTIVITIES)]
        activities.service.create(session, wanted, actor=OPERATOR)
        self.resources = {"customer": customers, "activity": activities}
        self.gateway = Gateway(session, OPERATOR)
        self.rows = {
            name: {row["id"]: row for row in self.gateway.page(resource, Query(per_page=500)).records()}
            for name, resource in self.resources.items()
        }

    def found(self, name: str, tree: Node) -> set[int]:
        """The numbers of the records the compiled filter selects."""
        query = Query(where=tree, fields=("id",), per_page=500)
        return {row["id"] for row in self.gateway.page(self.resources[name], query).records()}

    def expected(self, name: str, tree: Node) -> set[int]:
        """The same, worked out row by row."""
        return {number for number, row in self.rows[name].items() if self.holds(tree, row)}

    def holds(self, tree: Node, row: Row) -> bool:
        match tree:
            case All(parts):
                return all(self.holds(part, row) for part in parts)
            case AnyOf(parts):
                return any(self.holds(part, row) for part in parts)
            case Not(part):
                return not self.holds(part, row)
            case Condition(path, op, value):
                at: Row | None = row
                *links, last = path.split(".")
                for link in links:
                    target = at[link] if at is not None else None
                    at = self.rows["customer"][target["id"]] if target is not None else None
                if at is None:
                    return op == "isnull" and value is True
                found = at[last]
                return _test(found["id"] if isinstance(found, dict) else found, op, value)


def _test(stored: Any, op: str, value: Any) -> bool:
    if isinstance(stored, list):
        tests: dict[str, Callable[[], bool]] = {
            "contains": lambda: value in stored,
            "in": lambda: bool(set(value) & set(stored)),
            "isnull": lambda: (not stored) is value,
        }
        return tests[op]()
    if op == "isnull":
        return (stored is None) is value
    if op == "ne":
        return bool(stored != value)
    if stored is None:
        return op == "eq" and value is None
    if op in ("contains", "startswith"):
        needle, hay = value.lower(), stored.lower()
        return needle in hay if op == "contains" else bool(hay.startswith(needle))
    if isinstance(stored, datetime):
        value = datetime.fromisoformat(value)
    comparisons: dict[str, Callable[[], bool]] = {
        "eq": lambda: stored == value,
        "in": lambda: stored in value,
        "gt": lambda: stored > value,
        "gte": lambda: stored >= value,
        "lt": lambda: stored < value,
        "lte": lambda: stored <= value,
    }
    return comparisons[op]()


@pytest.fixture
def world(kernel: Kernel, session: Session) -> World:
    return World(kernel, session)


# Trees that mean something

_TEXTS = st.sampled_from(
    [
        "Acme",
        "acme",
        "a",
        "明",
        "科技",
        "上海",
        "%",
        "_",
        "\\",
        "100%",
        "Shang_hai",
        "example",
        "vip",
        "x" * 50,
    ]
)
_NUMBERS = st.sampled_from([0, 1, 9, 10, 11, -1, 2_147_483_647])
_FLAGS = st.booleans()
_INSTANTS = st.sampled_from([(_NOON + timedelta(hours=hours)).isoformat() for hours in (-1, 0, 1, 24, 25)])
_ORDER = ("eq", "ne", "gt", "gte", "lt", "lte")


def _condition(path: str, ops: Sequence[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Node]:
    def with_value(op: str) -> st.SearchStrategy[Node]:
        if op == "isnull":
            return _FLAGS.map(lambda value: Condition(path, op, value))
        if op == "in":
            return st.lists(values, max_size=3).map(lambda many: Condition(path, op, tuple(many)))
        return values.map(lambda value: Condition(path, op, value))

    return st.sampled_from((*ops, "in", "isnull")).flatmap(with_value)


def _customer_conditions(prefix: str = "") -> st.SearchStrategy[Node]:
    text_ops = ("eq", "ne", "contains", "startswith")
    return st.one_of(
        _condition(f"{prefix}name", text_ops, _TEXTS),
        _condition(f"{prefix}city", text_ops, _TEXTS),
        _condition(f"{prefix}kind", ("eq", "ne"), st.sampled_from(["active", "lost", "potential"])),
        _condition(f"{prefix}employees", _ORDER, _NUMBERS),
        _condition(f"{prefix}tags", ("contains",), _TEXTS),
        _condition(f"{prefix}id", _ORDER, st.integers(0, 10)),
        st.sampled_from(["eq", "ne"]).map(lambda op: Condition(f"{prefix}city", op, None)),
    )


def _trees(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def grow(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        many = st.lists(parts, max_size=3).map(tuple)
        return st.one_of(many.map(All), many.map(AnyOf), parts.map(Not))

    return st.recursive(leaves, grow, max_leaves=8)


CUSTOMER_TREES = _trees(
    st.one_of(_customer_conditions(), _customer_conditions("parent."), _customer_conditions("parent.parent."))
)
ACTIVITY_TREES = _trees(
    st.one_of(
        _condition("due_at", _ORDER, _INSTANTS),
        _condition("minutes", _ORDER, _NUMBERS),
        _customer_conditions("customer."),
        _customer_conditions("customer.parent."),
    )
)


@RELAXED
@given(tree=CUSTOMER_TREES)
def test_a_filter_of_customers_means_in_sql_what_it_means_in_python(world: World, tree: Node) -> None:
    assert world.found("customer", tree) == world.expected("customer", tree)


@RELAXED
@given(tree=ACTIVITY_TREES)
def test_a_filter_through_links_means_in_sql_what_it_means_in_python(world: World, tree: Node) -> None:
    assert world.found("activity", tree) == world.expected("activity", tree)


@given(tree=st.one_of(CUSTOMER_TREES, ACTIVITY_TREES))
def test_a_tree_survives_json(tree: Node) -> None:
    written = orjson.dumps(to_json(tree)).decode()
    read = from_text(written)
    assert to_json(read) == to_json(tree)
    assert [each.path for each in conditions(read)] == [each.path for each in conditions(tree)]


# Trees that mean nothing

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=8),
)
_MEMBERS = st.sampled_from(["and", "or", "not", "field", "op", "value", "x"])
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(_MEMBERS, inner, max_size=3),
    ),
    max_leaves=12,
)
_PATHS = st.sampled_from(
    [
        "name",
        "city",
        "kind",
        "employees",
        "tags",
        "id",
        "owner",
        "parent",
        "parent.name",
        "phones.number",
        "phones",
        "due_at",
        "created_at",
        "last_contacted_at",
        "archived_at",
        "email",
        "phone",
        "version",
        "name_key",
        "custom",
        "owner.password_hash",
        ".",
        "name.",
        ".name",
        "parent.parent.parent.parent.parent.parent.name",
        "contacts.contact.name",
        "contacts.left_on",
    ]
)
_OPS = st.sampled_from([*_ORDER, "in", "isnull", "contains", "startswith", "", "like", "EQ"])
_CONDITIONS = st.builds(
    lambda path, op, value: {"field": path, "op": op, "value": value}, _PATHS, _OPS, _JSON
)


@settings(RELAXED, max_examples=400)
@given(data=st.one_of(_JSON, _CONDITIONS, st.builds(lambda part: {"not": part}, _CONDITIONS)))
def test_any_json_is_a_filter_or_is_refused_with_a_sentence(world: World, data: Any) -> None:
    refusal: Invalid | None = None
    try:
        world.found("customer", from_json(data))
    except Invalid as error:
        refusal = error
    assert refusal is None or (refusal.errors and refusal.detail)


@given(text=st.text(max_size=40))
def test_any_text_is_a_filter_or_a_bad_filter(text: str) -> None:
    with suppress(BadFilter):
        assert conditions(from_text(text)) is not None


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 200, 900])
@pytest.mark.parametrize("word", ["and", "or", "not"])
def test_a_filter_nested_too_deeply_is_refused(depth: int, word: str) -> None:
    tree: Any = {"field": "name", "value": "x"}
    for _ in range(depth):
        tree = {word: tree if word == "not" else [tree]}
    with pytest.raises(BadFilter):
        from_json(tree)


def test_the_limits_themselves_are_allowed(world: World) -> None:
    tree: Any = {"field": "name", "op": "ne", "value": "x"}
    for _ in range(MAX_DEPTH):
        tree = {"and": [tree]}
    assert world.found("customer", from_json(tree)) == set(world.rows["customer"])
    wide = {"or": [{"field": "id", "value": number} for number in range(MAX_CONDITIONS)]}
    assert world.found("customer", from_json(wide)) == world.expected("customer", from_json(wide))
    with pytest.raises(BadFilter):
        from_json({"or": [*wide["or"], {"field": "id", "value": 1}]})


def test_a_filter_never_reaches_records_out_of_scope(world: World, actor_as: Callable[..., Actor]) -> None:
    seller = actor_as("account_manager")
    mine = Gateway(world.gateway.session, seller)
    everything: Sequence[Node] = (All(), Not(AnyOf(())), AnyOf((Condition("id", "gte", 0), All())))
    for tree in everything:
        assert mine.page(world.resources["customer"], Query(where=tree)).rows == []
