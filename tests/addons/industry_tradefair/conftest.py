"""A tenant of an agency: the addon is off for new tenants, so that of the other tests has it not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.provision import create_tenant, delete_tenant, find_tenant
from core.db.tenancy import Tenant
from core.kernel import Kernel

#: Makes a record of a resource and gives its number: ``make("fair", name="Spring fair")``.
Make = Callable[..., int]

_LEAST: dict[str, dict[str, Any]] = {
    "customer.customer": {"name": "Lotus Spirits"},
    "industry_tradefair.fair": {"name": "Spring fair", "begins_on": "2026-03-20", "ends_on": "2026-03-22"},
    "industry_tradefair.booth": {"number": "A01"},
    "industry_tradefair.order": {"title": "First order"},
}


@pytest.fixture(scope="module")
def tenants(tenants: dict[str, Tenant], kernel: Kernel, owner_engine: Engine) -> Iterator[dict[str, Tenant]]:
    """The tenants of all tests, and for these ``agency`` with this addon on."""
    with owner_engine.begin() as connection:
        create_tenant(
            connection,
            "guanxi_app",
            "agency",
            name="Agency",
            histories=kernel.histories,
            language="en",
            addons=frozenset({"customer", "industry_tradefair"}),
        )
        agency = find_tenant(connection, "agency")
    yield {**tenants, "agency": agency}
    with owner_engine.begin() as connection:
        delete_tenant(connection, agency)


@pytest.fixture(scope="module")
def tenant(tenants: dict[str, Tenant]) -> Tenant:
    """The agency."""
    return tenants["agency"]


@pytest.fixture
def make(kernel: Kernel, session: Session) -> Make:
    """Makes records with what they need at least; orders and booths get what they stand on."""

    def make(kind: str, **values: Any) -> int:
        name = "customer.customer" if kind == "customer" else f"industry_tradefair.{kind}"
        if kind == "order":
            values.setdefault("customer", make("customer", owner=values.get("owner")))
        if kind == "booth":
            values.setdefault("fair", make("fair"))
        filled = {**_LEAST[name], **values}
        return kernel.resources[name].service.create(session, [filled], actor=OPERATOR)[0]

    return make
