"""Addons: coming on for an empty tenant, going off, and what the gate costs each time it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import create_engine

from core.addons.switch import is_on
from core.addons.switching import switch_off, switch_on
from core.db.provision import create_tenant, delete_tenant
from core.db.tenancy import Platform, Tenant
from tests.bench.context import Bench
from tests.bench.figures import Figure, Times

TITLE = "Addons"

_ADDON: Final = "customer"
#: Questions to the gate in one measurement.
_ASKED: Final = 100_000


def measure(bench: Bench) -> list[Figure]:
    """Switch an addon on and off again for new tenants, one after the other; the gate in a loop."""
    on, off = Times(), Times()
    for number in range(3 if bench.quick else 10):
        tenant = _made(bench, f"bench-switch-{number}")
        try:
            on.values.append(_seconds(lambda: _on(bench, tenant)))  # noqa: B023 - called at once
            off.values.append(_seconds(lambda: _off(bench, tenant)))  # noqa: B023 - called at once
        finally:
            _owner(bench, lambda connection: delete_tenant(connection, tenant))  # noqa: B023 - the same
    return [
        Figure(f"{_ADDON} on for an empty tenant, median", on.median, "ms", 3000, ours=str(on)),
        Figure(f"{_ADDON} off, median", off.median, "ms", 100, ours=str(off)),
        Figure("the gate, asked once", _gate(bench), "µs", 50),
    ]


def _made(bench: Bench, slug: str) -> Tenant:
    made: Tenant = _owner(
        bench,
        lambda connection: create_tenant(
            connection, bench.urls.app_login, slug, name=slug, histories=bench.kernel.histories
        ),
    )
    return made


def _on(bench: Bench, tenant: Tenant) -> None:
    _owner(bench, lambda connection: switch_on(bench.kernel, connection, tenant.slug, _ADDON))


def _off(bench: Bench, tenant: Tenant) -> None:
    with bench.kernel.database.unit_of_work(Platform()) as session:
        switch_off(bench.kernel.catalogue, session.connection(), tenant, _ADDON)


def _owner(bench: Bench, work: Callable[[Any], Any]) -> Any:
    """Do something in one transaction of the owner, on a connection of its own as a worker has it."""
    engine = create_engine(bench.urls.require_owner(), pool_size=1)
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


def _gate(bench: Bench) -> float:
    """Microseconds for one question."""
    began = time.perf_counter()
    for _ in range(_ASKED):
        is_on(bench.tenant, _ADDON)
    return (time.perf_counter() - began) / _ASKED * 1e6


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
