"""Orders: each product has its own fields, a booth is sold once, an actor sees his own."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from addons.industry_tradefair.services.orders import FIELDS_OF, NEEDED
from core.access.actor import OPERATOR
from core.errors import Invalid
from core.i18n import speaking
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.testing.plugin import MakeActor
from tests.addons.industry_tradefair.conftest import Make

_FULL: dict[str, dict[str, Any]] = {
    "web_design": {"domain": "lotus.example", "pages": 8, "needs_hosting": True},
    "web_advertising": {"site": "Trade Weekly", "runs_from": "2026-03-01", "runs_until": "2026-03-31"},
    "periodical": {"periodical": "Spirits", "issue": "5", "placement": "back"},
    "outdoor": {
        "place": "North gate",
        "size": "12 x 6 m",
        "runs_from": "2026-03-01",
        "runs_until": "2026-03-31",
    },
}


@pytest.fixture
def orders(kernel: Kernel) -> Resource:
    """The resource."""
    return kernel.resources["industry_tradefair.order"]


def _said(refused: pytest.ExceptionInfo[Invalid], name: str) -> str:
    with speaking("zh"):
        return " ".join(str(each) for each in refused.value.errors[name])


@pytest.mark.parametrize("product", _FULL)
def test_a_product_keeps_to_its_own_fields(
    orders: Resource, session: Session, make: Make, product: str
) -> None:
    number = make("order", product=product, state="confirmed", **_FULL[product])
    stored = Gateway(session, OPERATOR).get(orders, number)
    assert {name: str(stored[name]) for name in _FULL[product]} == {
        name: str(value) for name, value in _FULL[product].items()
    }
    with pytest.raises(Invalid) as refused:
        orders.service.update(session, number, {"fair": make("fair")}, actor=OPERATOR)
    assert _said(refused, "fair") == "该产品的订单没有此项。"
    for name in NEEDED[product]:
        with pytest.raises(Invalid) as refused:
            orders.service.update(session, number, {name: None}, actor=OPERATOR)
        assert _said(refused, name) == "订单确认后此项必填。"
    assert Gateway(session, OPERATOR).get(orders, number) == stored

    orders.service.update(session, number, {"product": "booth", "state": "draft"}, actor=OPERATOR)
    now = Gateway(session, OPERATOR).get(orders, number)
    assert {name: now[name] for name in FIELDS_OF[product]} == FIELDS_OF[product]


def test_a_booth_is_sold_once_and_free_again_when_the_order_is_cancelled(
    orders: Resource, session: Session, make: Make
) -> None:
    booth = make("booth")
    first, second = (make("order", booth=booth) for _each in range(2))
    fair = Gateway(session, OPERATOR).get(orders, first)["fair"]
    assert fair["label"] == "Spring fair"  # told by the booth
    orders.service.perform(session, "confirm", [first], {}, actor=OPERATOR)
    with pytest.raises(Invalid) as refused:
        orders.service.perform(session, "confirm", [second], {}, actor=OPERATOR)
    assert _said(refused, "booth") == "该展位已售出。"
    third, fourth = (
        make("order", booth=make("booth", number=f"B0{each}", fair=fair["id"])) for each in (1, 2)
    )
    same = make("booth", number="C01", fair=fair["id"])
    with pytest.raises(Invalid):  # two of one batch
        orders.service.update_many(
            session, {each: {"booth": same, "state": "confirmed"} for each in (third, fourth)}, actor=OPERATOR
        )
    orders.service.perform(session, "cancel", [first], {}, actor=OPERATOR)
    orders.service.perform(session, "confirm", [second], {}, actor=OPERATOR)
    with pytest.raises(Invalid) as refused:
        make("order", booth=same, fair=make("fair", name="Autumn fair"))
    assert _said(refused, "booth") == "该展位不属于此展会。"


def test_confirming_says_when_it_was_ordered_unless_somebody_has(
    orders: Resource, session: Session, make: Make
) -> None:
    new = make("order", product="web_design", domain="a.example")
    old = make("order", product="web_design", domain="b.example", ordered_on="2025-01-02")
    orders.service.perform(session, "confirm", [new, old], {}, actor=OPERATOR)
    found = [Gateway(session, OPERATOR).get(orders, each) for each in (new, old)]
    assert [each["state"] for each in found] == ["confirmed", "confirmed"]
    assert found[0]["ordered_on"].year >= 2026
    assert str(found[1]["ordered_on"]) == "2025-01-02"


def test_it_does_not_end_before_it_begins(make: Make) -> None:
    with pytest.raises(Invalid) as refused:
        make("order", product="outdoor", runs_from="2026-03-02", runs_until="2026-03-01")
    assert list(refused.value.errors) == ["runs_until"]
    with pytest.raises(Invalid) as refused:
        make("order", amount=-1)
    assert list(refused.value.errors) == ["amount"]


def test_an_account_manager_sees_his_own_orders_and_all_fairs(
    kernel: Kernel, orders: Resource, session: Session, actor_as: MakeActor, make: Make
) -> None:
    manager = actor_as("account_manager")
    make("order")
    mine = make("order", owner=manager.user_id)
    make("fair")
    gateway = Gateway(session, manager)
    assert [each["id"] for each in gateway.page(orders, Query()).records()] == [mine]
    assert len(list(gateway.page(kernel.resources["industry_tradefair.fair"], Query()).records())) == 1
    assert not manager.may("industry_tradefair.fair", "create")
