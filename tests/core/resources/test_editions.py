"""Editions: what a tenant sees of a resource to which something is added for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.gateway import Gateway


class Nicknames:
    """A layer that calls a customer's city by another word too, for tenants of one slug."""

    def key(self, tenant: Tenant) -> str | None:
        """Those called main."""
        return "nicknames" if tenant.slug == "main" else None

    def add(self, tenant: Tenant, resources: Mapping[str, Resource]) -> None:
        """Add the field."""
        customer = resources["customer.customer"]
        customer.fields["nickname"] = replace(customer.fields["city"], name="nickname")
        customer.list_columns = (*customer.list_columns, "nickname")


@pytest.fixture
def nicknames(kernel: Kernel) -> Iterator[None]:
    """The layer, while a test runs."""
    editions = kernel.resources.editions
    editions.add_layer(Nicknames())
    yield
    editions._layers.pop()
    editions.forget()


def test_who_has_no_additions_sees_the_resources_themselves(kernel: Kernel, tenant: Tenant) -> None:
    assert kernel.resources.named(tenant, "customer.customer") is kernel.resources["customer.customer"]


def test_an_edition_is_one_object_for_all_who_see_the_same(
    kernel: Kernel, tenant: Tenant, nicknames: None
) -> None:
    seen = kernel.resources.named(tenant, "customer.customer")
    assert seen is kernel.resources.named(replace(tenant, id=99), "customer.customer")
    assert seen is kernel.resources.at(tenant, "customer", "customers")
    other = kernel.resources.named(replace(tenant, slug="other"), "customer.customer")
    assert other is kernel.resources["customer.customer"] is not seen
    assert "nickname" in seen.fields
    assert "nickname" not in other.fields


def test_links_and_lines_lead_to_the_same_edition(kernel: Kernel, tenant: Tenant, nicknames: None) -> None:
    contact = kernel.resources.named(tenant, "customer.contact")
    customer = kernel.resources.named(tenant, "customer.customer")
    assert contact.fields["customer"].target is customer
    lines = customer.lines_fields["phones"]
    assert lines.resource is customer
    assert lines.target.service.resource is lines.target
    assert (lines.via.resource, lines.via.target) == (lines.target, customer)


def test_gateway_and_service_of_the_process_work_with_the_edition_of_the_tenant(
    kernel: Kernel, session: Session, nicknames: None
) -> None:
    customer = kernel.resources["customer.customer"]
    [number] = customer.service.create(session, [{"name": "Acme", "nickname": "York"}], actor=OPERATOR)
    gateway = Gateway(session, OPERATOR)
    assert gateway.get(customer, number)["nickname"] == "York"
    assert gateway.resolver.predicate(customer, "parent.nickname").leaf.name == "nickname"
