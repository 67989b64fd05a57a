"""Fairs and booths, the reminder before a fair, and what is known of firms."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from addons.industry_tradefair import samples
from addons.industry_tradefair.queries import Occupancy, occupancy
from addons.industry_tradefair.services import remind_of_fairs
from core.access.actor import OPERATOR
from core.db.session import tenant_of
from core.errors import Invalid
from core.i18n import speaking
from core.kernel import Kernel
from core.resources.filters import Condition
from core.resources.gateway import Gateway
from core.resources.query import Query
from tests.addons.industry_tradefair.conftest import Make


def test_days_and_numbers_are_plausible(kernel: Kernel, session: Session, make: Make) -> None:
    for values, name in (
        ({"ends_on": "2026-03-19"}, "ends_on"),
        ({"build_up_on": "2026-03-21"}, "build_up_on"),
    ):
        with pytest.raises(Invalid) as refused:
            make("fair", **values)
        assert list(refused.value.errors) == [name]
    fair = make("fair")
    make("booth", fair=fair, number="a 01")
    booths = kernel.resources["industry_tradefair.booth"].service
    for number, name, value in (("A01", "area", 9), ("A02", "area", 0), ("A03", "price", -1)):
        with pytest.raises(Invalid):
            make("booth", fair=fair, number=number, **{name: value})
    with pytest.raises(Invalid), speaking("zh"):
        booths.create(
            session, [{"number": "B1", "fair": fair}, {"number": "B1", "fair": fair}], actor=OPERATOR
        )
    make("booth", number="A01")  # at another fair
    assert occupancy(session, [fair]) == {fair: Occupancy(booths=1, sold=0)}


def test_whoever_sold_a_booth_is_reminded_once(kernel: Kernel, session: Session, make: Make) -> None:
    today = datetime.now(ZoneInfo(tenant_of(session).timezone)).date()
    soon, late = (
        make("fair", name=name, begins_on=today + timedelta(days=days), ends_on=today + timedelta(days=days))
        for name, days in (("Spring fair", 14), ("Autumn fair", 15))
    )
    ordered = make("order", booth=make("booth", fair=soon), state="confirmed")
    make("order", booth=make("booth", fair=late), state="confirmed")
    make("order", booth=make("booth", fair=soon, number="A02"))  # a draft
    assert (remind_of_fairs(session, actor=OPERATOR), remind_of_fairs(session, actor=OPERATOR)) == (1, 0)
    gateway = Gateway(session, OPERATOR)
    tasks = list(gateway.page(kernel.resources["customer.activity"], Query()).records())
    assert [(each["subject"], each["state"]) for each in tasks] == [
        ("Prepare Spring fair: First order", "planned")
    ]
    assert gateway.get(kernel.resources["industry_tradefair.order"], ordered)["reminded_on"] == today


def test_firms_are_found_by_their_kind_and_only_service_firms_offer_services(
    kernel: Kernel, session: Session, make: Make
) -> None:
    maker = make("customer", firm_kind="maker", traded_goods=["spirits"])
    builder = make("customer", firm_kind="service", service_offered="Booths", name="Builders")
    make("customer", name="Others")
    customers = kernel.resources.named(tenant_of(session), "customer.customer")
    gateway = Gateway(session, OPERATOR)

    def found(name: str, operator: str, value: object) -> list[int]:
        wanted = Query(where=Condition(name, operator, value))
        return [each["id"] for each in gateway.page(customers, wanted).records()]

    assert found("firm_kind", "eq", "maker") == [maker]
    assert found("traded_goods", "contains", "spirits") == [maker]
    make("order", customer=builder, title="Of builders")
    orders = kernel.resources["industry_tradefair.order"]
    through = Query(where=Condition("customer.firm_kind", "eq", "service"))
    assert [each["title"] for each in gateway.page(orders, through).records()] == ["Of builders"]
    with pytest.raises(Invalid) as refused:
        make("customer", firm_kind="trader", service_offered="Booths")
    assert list(refused.value.errors) == ["service_offered"]
    customers.service.update(session, builder, {"firm_kind": "trader"}, actor=OPERATOR)
    assert gateway.get(customers, builder)["service_offered"] is None


def test_the_samples_are_whole(kernel: Kernel, session: Session, make: Make) -> None:
    make("customer")
    samples.load(session, OPERATOR)
    gateway = Gateway(session, OPERATOR)
    found = list(gateway.page(kernel.resources["industry_tradefair.order"], Query()).records())
    assert {each["product"] for each in found} == {
        "booth", "web_design", "web_advertising", "periodical", "outdoor"
    }  # fmt: skip
    assert len(list(gateway.page(kernel.resources["industry_tradefair.booth"], Query()).records())) == 36
