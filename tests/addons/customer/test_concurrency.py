from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.access.actor import OPERATOR
from core.db.session import commit
from core.db.tenancy import Tenant
from core.errors import Invalid
from core.kernel import Kernel


def test_two_moves_at_once_close_no_circle(
    kernel: Kernel, tenant: Tenant, committed: Callable[[], Any]
) -> None:
    """One waits for the other, then sees what it did."""
    service = kernel.resources["customer.customer"].service
    with committed() as session:
        one, two = service.create(session, [{"name": "One"}, {"name": "Two"}], actor=OPERATOR)

    def move() -> None:
        with committed() as other:
            service.update(other, two, {"parent": one}, actor=OPERATOR)

    with ThreadPoolExecutor() as threads, kernel.database.session(tenant) as session:
        service.update(session, one, {"parent": two}, actor=OPERATOR)
        waiting = threads.submit(move)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)
        commit(session)
        with pytest.raises(Invalid) as error:
            waiting.result(timeout=10)
    assert set(error.value.errors) == {"parent"}


def test_a_customer_being_edited_does_not_hold_up_his_activities(
    kernel: Kernel, tenant: Tenant, committed: Callable[[], Any]
) -> None:
    with committed() as session:
        [customer] = kernel.resources["customer.customer"].service.create(
            session, [{"name": "Harbour Works"}], actor=OPERATOR
        )

    def note() -> list[int]:
        with committed() as other:
            values = {"subject": "Plan", "customer": customer}
            made: list[int] = kernel.resources["customer.activity"].service.create(
                other, [values], actor=OPERATOR
            )
            return made

    with ThreadPoolExecutor() as threads, kernel.database.session(tenant) as session:
        kernel.resources["customer.customer"].service.update(
            session, customer, {"level": "A"}, actor=OPERATOR
        )
        assert threads.submit(note).result(timeout=5)
        commit(session)
