"""Questions as they come in: query parameters and filter trees, read or refused with a sentence."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GuanxiError, Invalid
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
from core.resources.query import MAX_PER_PAGE, Order, Query, read_query

PATHS = st.sampled_from(["name", "parent.name", "contacts.contact.phone", "kind"])
LEAVES = st.builds(
    Condition,
    PATHS,
    st.sampled_from(["eq", "ne", "contains", "isnull", "in"]),
    st.one_of(st.text(alphabet="ab好%_\\'\"", max_size=5), st.integers(-5, 5), st.booleans(), st.none()),
)
TREES: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=8,
)


def depth(node: Node) -> int:
    match node:
        case All(parts) | AnyOf(parts):
            return 1 + max((depth(part) for part in parts), default=0)
        case Not(part):
            return 1 + depth(part)
        case _:
            return 0


@given(TREES.filter(lambda tree: depth(tree) <= MAX_DEPTH))
def test_a_tree_written_and_read_again_is_the_same(tree: Node) -> None:
    assert from_text(orjson.dumps(to_json(tree)).decode()) == tree


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["and", "or", "not", "field", "op", "value", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_a_filter_or_refused_as_none(data: Any) -> None:
    refusal: BadFilter | None = None
    try:
        tree: Node = from_json(data)
    except BadFilter as error:
        refusal, tree = error, All()
    assert from_json(to_json(tree)) == tree
    assert refusal is None or refusal.detail.startswith("This filter cannot be used")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not written in JSON"),
        ("", "not written in JSON"),
        ("[]", "must be an object"),
        ('"name"', "must be an object"),
        ("{}", "a part is"),
        ('{"field": 5}', "must be texts"),
        ('{"field": "name", "op": 5}', "must be texts"),
        ('{"field": "name", "extra": 1}', "a part is"),
        ('{"and": {"field": "name"}}', "take a list"),
        ('{"and": [], "or": []}', "a part is"),
        ('{"not": []}', "must be an object"),
        ("[" * 5000 + "]" * 5000, "not written in JSON"),
    ],
)
def test_what_is_no_filter_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(BadFilter) as caught:
        from_text(text)
    assert reason in caught.value.detail
    assert list(caught.value.errors) == ["filter"]


def test_a_filter_200_groups_deep_is_refused() -> None:
    deep: dict[str, Any] = {"field": "name", "value": "a"}
    for _level in range(200):
        deep = {"not": deep}
    with pytest.raises(BadFilter, match="nested too deeply"):
        from_json(deep)


def test_a_filter_may_be_as_deep_and_as_large_as_the_limits_and_no_further() -> None:
    leaf = {"field": "name", "value": "a"}
    deep: dict[str, Any] = leaf
    for _level in range(MAX_DEPTH):
        deep = {"not": deep}
    assert depth(from_json(deep)) == MAX_DEPTH
    with pytest.raises(BadFilter, match="nested too deeply"):
        from_json({"not": deep})
    assert len(list(conditions(from_json({"or": [leaf] * MAX_CONDITIONS})))) == MAX_CONDITIONS
    with pytest.raises(BadFilter, match="more than 100"):
        from_json({"or": [leaf] * (MAX_CONDITIONS + 1)})


def test_an_operator_left_out_means_is() -> None:
    assert from_json({"field": "name", "value": "a"}) == Condition("name", "eq", "a")


def test_parameters_are_conditions_that_all_hold() -> None:
    query = read_query(
        {
            "city": ["上海"],
            "employees.gte": ["5"],
            "employees.lt": ["9"],
            "kind.in": ["active, lost"],
            "parent.name.contains": ["a"],
            "filter": ['{"field": "phone", "op": "isnull", "value": false}'],
            "q": ["  ada  "],
            "sort": ["-employees, name"],
            "fields": ["name,city,name"],
            "page": ["3"],
            "per_page": ["20"],
            "count": ["no"],
        }
    )
    assert query == Query(
        where=All(
            (
                Condition("phone", "isnull", False),
                Condition("city", "eq", "上海"),
                Condition("employees", "gte", "5"),
                Condition("employees", "lt", "9"),
                Condition("kind", "in", ("active", "lost")),
                Condition("parent.name", "contains", "a"),
            )
        ),
        q="ada",
        sort=(Order("employees", True), Order("name")),
        fields=("name", "city"),
        page=3,
        per_page=20,
        count=False,
    )


def test_a_parameter_given_twice_is_two_conditions() -> None:
    query = read_query({"tags.contains": ["vip", "new"]})
    assert query.where == All((Condition("tags", "contains", "vip"), Condition("tags", "contains", "new")))


def test_nothing_asked_is_the_first_page_of_everything() -> None:
    assert read_query({}) == Query()
    assert read_query({"q": [""], "sort": [""], "page": [""], "filter": [""], "cursor": [""]}) == Query()


@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "1e3", "²", "１", "9" * 400, "10000000"])
def test_a_page_that_is_none_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_query({name: [value]})
    assert list(caught.value.errors) == [name]


def test_a_million_rows_a_page_are_refused_with_the_limit() -> None:
    assert read_query({"per_page": [str(MAX_PER_PAGE)]}).per_page == MAX_PER_PAGE
    with pytest.raises(Invalid) as caught:
        read_query({"per_page": ["1000000"], "page": ["0"]})
    assert set(caught.value.errors) == {"page", "per_page"}
    assert str(caught.value.errors["per_page"][0]) == "Write a number from 1 to 500."


@given(
    st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=12), min_size=1, max_size=2), max_size=4)
)
def test_whatever_the_address_holds_is_read_or_refused(args: dict[str, list[str]]) -> None:
    status = 200
    try:
        read_query(args)
    except GuanxiError as error:
        status = error.status
    assert status in (200, 422)
