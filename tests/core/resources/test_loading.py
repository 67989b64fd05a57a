"""A loader says what the schema says, about everything."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from core.access.actor import OPERATOR
from core.kernel import Kernel
from core.resources.loading import UNSURE, Loader, input_loader
from core.resources.resolver import Resolver
from core.resources.schemas import flat_errors, input_schema
from core.resources.values import Habits

_TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="1357890+-() 转#", max_size=15),
    st.from_regex(r"1\d{10}", fullmatch=True),
    st.from_regex(r"\+?86 ?1\d{10}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9._]{1,5}@[A-Za-z0-9.]{1,8}", fullmatch=True),
    st.from_regex(r"[12]\d{3}-[01]\d-[0-3]\d", fullmatch=True),
    st.sampled_from(
        ["active", " active ", "Active", "person", "", " ", "e\u0301", "a\u200bb", "a\tb", "a\nb"]
    ),
    st.sampled_from(["91110000600037341L", "9111 0000", "ａｂｃ", "12345678901234567890", "x" * 300]),
)
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), _TEXTS, st.lists(_TEXTS, max_size=3)
)
_NAMES = (
    "name", "kind", "type", "level", "industry", "phone", "email", "website", "tax_number", "employees",
    "founded_year", "parent", "owner", "description", "tags", "nonsense",
)  # fmt: skip
_LINES = st.lists(
    st.dictionaries(st.sampled_from(("id", "number", "label", "note", "customer")), _VALUES, max_size=3),
    max_size=2,
)
_INPUTS = st.one_of(
    st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6),
    st.fixed_dictionaries({"name": _TEXTS, "phones": _LINES}),
    _VALUES,
)


def _said(load: Any, raw: Any, partial: bool) -> Any:
    try:
        values = load(raw, partial=partial)
    except ValidationError as error:
        return {name: [str(each) for each in found] for name, found in flat_errors(error).items()}
    return {name: (type(value), value) for name, value in values.items()}


@settings(max_examples=600, deadline=None)
@given(raw=_INPUTS, partial=st.booleans(), country=st.sampled_from(["CN", "DE"]))
def test_it_gives_what_the_schema_gives(kernel: Kernel, raw: Any, partial: bool, country: str) -> None:
    resource = kernel.resources["customer.customer"]
    resolver, habits = Resolver(OPERATOR), Habits(country=country)
    loader = input_loader(resource, resolver, habits)
    schema = input_schema(resource, resolver, habits)
    assert _said(loader.load, raw, partial) == _said(schema.load, raw, partial)


def test_every_mobile_number_is_read_as_the_library_reads_it(kernel: Kernel) -> None:
    resource = kernel.resources["customer.customer"]
    schema = input_schema(resource, Resolver(OPERATOR), Habits())
    loader = Loader(schema)
    seed = random.Random(3)
    for prefix in range(130, 200):
        for form in ("{}", "+86{}"):
            number = form.format(f"{prefix}{seed.randrange(10**8):08d}")
            quick = loader.quick({"phone": number}, partial=True)
            if quick is not UNSURE:
                assert quick == schema.load({"phone": number}, partial=True)


@pytest.mark.parametrize(
    "raw",
    [
        {"name": "北京华信", "phone": "13800138000", "email": "Info@Example.COM", "employees": "120"},
        {"name": " Acme ", "kind": "active", "tags": "a, b", "tax_number": "91110000600037341l"},
        {"name": "A", "phones": [{"number": "13800138000", "label": "mobile"}], "parent": 7},
        {"name": "A", "city": None, "industry": ""},
    ],
)
def test_what_is_common_is_read_quickly(kernel: Kernel, raw: dict[str, Any]) -> None:
    schema = input_schema(kernel.resources["customer.customer"], Resolver(OPERATOR), Habits())
    assert Loader(schema).quick(raw, partial=False) == schema.load(raw)


def test_lists_are_not_shared_between_records(kernel: Kernel) -> None:
    loader = Loader(input_schema(kernel.resources["customer.customer"], Resolver(OPERATOR), Habits()))
    first, second = (loader.load({"tags": "a, b"}, partial=True)["tags"] for _ in range(2))
    first.append("c")
    assert second == ["a", "b"]
