"""Views as programs read them: their own and shared ones, each as far as the reader may ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.access.actor import OPERATOR
from core.db.fields import Sensitivity
from core.kernel import Kernel
from core.resources.filters import All, Condition
from core.resources.query import Order
from core.resources.views.query import ViewQuery
from core.resources.views.services import Audience, create_view

QUERY = ViewQuery(
    where=All((Condition("city", "eq", "上海"), Condition("kind", "eq", "active"))),
    sort=(Order("employees", True),),
    columns=("city", "kind"),
)


@pytest.fixture
def keep(committed: Callable[[], Any], kernel: Kernel) -> Callable[..., int]:
    """Keeps a view of customers: ``keep("Hot", audience=Audience.SHARED)``."""

    def keep(name: str, **options: Any) -> int:
        with committed() as session:
            customers = kernel.resources["customer.customer"]
            return create_view(session, customers, name, QUERY, actor=OPERATOR, **options)

    return keep


def test_views_are_told_with_what_they_show(api: Any, keep: Any) -> None:
    caller = api("account_manager")
    shared = keep("Shanghai", audience=Audience.SHARED)
    keep("Managers", audience=Audience.ROLE, role="account_manager")
    keep("Analysts", audience=Audience.ROLE, role="analyst")
    answer = caller.get("customer/customers/views")
    assert answer.status_code == 200
    items = answer.get_json()["items"]
    assert [(each["name"], each["audience"], each["role"], each["default"]) for each in items] == [
        ("Shanghai", "shared", None, False),
        ("Managers", "role", "account_manager", True),
    ]
    assert items[0] == {
        "id": shared,
        "name": "Shanghai",
        "audience": "shared",
        "role": None,
        "default": False,
        "query": {
            "filter": {
                "and": [
                    {"field": "city", "op": "eq", "value": "上海"},
                    {"field": "kind", "op": "eq", "value": "active"},
                ]
            },
            "sort": ["-employees"],
            "columns": ["city", "kind"],
        },
        "missing": {"columns": 0, "conditions": 0, "settings": 0},
    }


def test_what_a_view_says_is_what_a_list_takes(api: Any, keep: Any) -> None:
    caller = api()
    for name, city in (("Acme", "上海"), ("Baltic", "北京")):
        caller.post("customer/customers", json={"name": name, "city": city, "kind": "active"})
    keep("Shanghai", audience=Audience.SHARED)
    [view] = caller.get("customer/customers/views").get_json()["items"]
    asked = {"filter": json.dumps(view["query"]["filter"]), "sort": ",".join(view["query"]["sort"])}
    found = caller.get("customer/customers", query_string=asked).get_json()["items"]
    assert [each["name"] for each in found] == ["Acme"]


def test_hidden_parts_are_counted_and_not_named(
    api: Any, keep: Any, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = api("analyst")
    keep("Shanghai", audience=Audience.SHARED)
    for name in ("city", "employees"):
        field = kernel.resources["customer.customer"].fields[name]
        monkeypatch.setattr(field, "word", replace(field.word, sensitivity=Sensitivity.SECRET))
    answer = caller.get("customer/customers/views")
    [view] = answer.get_json()["items"]
    assert view["missing"] == {"columns": 1, "conditions": 1, "settings": 1}
    assert view["query"] == {
        "filter": {"and": [{"field": "kind", "op": "eq", "value": "active"}, {"or": []}]},
        "columns": ["kind"],
    }
    assert "city" not in answer.text
    assert "上海" not in answer.text


def test_views_of_what_one_may_not_read_are_not_there(api: Any) -> None:
    assert api("maintainer").get("customer/customers/views").status_code == 404
    assert api(tenant="bare").get("customer/customers/views").status_code == 404
    assert api().get("customer/customers/views?colour=red").status_code == 422
