"""Switching addons for the length of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from core.addons.switching import switch_on
from core.db.provision import find_tenant, set_addons
from core.db.tenancy import Tenant
from core.kernel import Kernel

#: Switches an addon and gives the tenant as it is then: ``addon_off("gifts")``.
Switch = Callable[..., Tenant]


@pytest.fixture
def addon_on(
    kernel: Kernel, owner_engine: Engine, tenants: dict[str, Tenant], committed: object
) -> Iterator[Switch]:
    """Switches an addon on with what it needs, its tables made: ``addon_on("gifts", tenant="bare")``.

    As it was before is how it is again after the test; the tables stay.
    """
    with _restored(owner_engine, tenants):

        def on(name: str, *, tenant: str = "bare") -> Tenant:
            with owner_engine.begin() as connection:
                needs = kernel.catalogue.needs(name)
                tenants[tenant] = switch_on(kernel, connection, tenant, name, agreed=needs)
            return tenants[tenant]

        yield on


@pytest.fixture
def addon_off(
    kernel: Kernel, owner_engine: Engine, tenants: dict[str, Tenant], committed: object
) -> Iterator[Switch]:
    """Switches an addon off, and what needs it: ``addon_off("gifts")``; its data stays.

    As it was before is how it is again after the test.
    """
    with _restored(owner_engine, tenants):

        def off(name: str, *, tenant: str = "main") -> Tenant:
            with owner_engine.begin() as connection:
                present = find_tenant(connection, tenant)
                left = present.addons - {name, *kernel.catalogue.dependents(name)}
                set_addons(connection, present, left)
                tenants[tenant] = find_tenant(connection, tenant)
            return tenants[tenant]

        yield off


@contextmanager
def _restored(owner: Engine, tenants: dict[str, Tenant]) -> Iterator[None]:
    before = dict(tenants)
    try:
        yield
    finally:
        for slug, was in before.items():
            if tenants[slug].addons != was.addons:
                with owner.begin() as connection:
                    set_addons(connection, find_tenant(connection, slug), was.addons)
        tenants.update(before)
