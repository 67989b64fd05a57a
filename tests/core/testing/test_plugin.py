"""What the pytest plugin gives to tests of addons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.session import tenant_of
from core.db.tenancy import Tenant
from core.errors import Invalid
from core.kernel import Kernel
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.testing.plugin import ApiClient, Browser, Factory, Freeze, Switch


def test_a_factory_fills_what_is_required_and_keeps_what_is_said(
    kernel: Kernel, session: Session, make: Factory
) -> None:
    customers, first = kernel.resources["customer.customer"], make("customer.customer", city="上海")
    found = Gateway(session, OPERATOR).get(customers, first)
    assert (found["city"], found["industry"]) == ("上海", None)
    second = make("customer.customer")
    assert Gateway(session, OPERATOR).get(customers, second)["name"] != found["name"]


def test_every_resource_can_be_made_short_and_full(kernel: Kernel, session: Session, make: Factory) -> None:
    gateway = Gateway(session, OPERATOR)
    for resource in kernel.resources.visible(tenant_of(session)):
        number, full = make(resource.name), make.full(resource.name)
        assert gateway.reached(resource, [number, full]) == {number, full}
        short, whole = (gateway.get(resource, each) for each in (number, full))
        assert sum(value is not None for value in whole.values()) >= sum(
            value is not None for value in short.values()
        )


def test_a_factory_goes_through_the_rules(make: Factory) -> None:
    with pytest.raises(Invalid):
        make("customer.customer", phone="no number")


def test_what_it_makes_in_a_test_that_commits_is_there_for_pages(
    make: Factory, client_as: Callable[..., Browser]
) -> None:
    number = make("customer.customer", name="Lotus Tea")
    assert "Lotus Tea" in client_as("executive").get(f"/customer/customers/{number}").text


def test_an_addon_is_off_for_a_test_and_on_again(
    addon_off: Switch, addon_on: Switch, api: Callable[..., ApiClient], tenants: dict[str, Tenant]
) -> None:
    program = api()
    assert program.get("customer/customers").status_code == 200
    assert addon_off("customer").addons == frozenset()
    assert program.get("customer/customers").status_code == 404
    assert "customer" in addon_on("customer").addons
    assert api(tenant="bare").get("customer/customers").status_code == 200


def test_it_is_as_it_was_after_a_test(tenants: dict[str, Tenant], kernel: Kernel) -> None:
    with kernel.database.session(tenants["main"]) as session:
        assert Gateway(session, OPERATOR).count(kernel.resources["customer.customer"], Query()) == 0
    assert tenants["main"].addons
    assert not tenants["bare"].addons


def test_the_clock_of_the_program_stands_still(frozen: Freeze) -> None:
    pytest.importorskip("time_machine")
    assert frozen("2026-02-10T09:00+08:00") == datetime(2026, 2, 10, 1, tzinfo=UTC)
    assert datetime.now(UTC) == datetime(2026, 2, 10, 1, tzinfo=UTC)
    frozen("2027-01-01")
    assert datetime.now(UTC).year == 2027
