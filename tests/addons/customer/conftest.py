"""Makers of valid rows; each takes what matters to the test as keywords."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.kernel import Kernel
from core.resources.gateway import Gateway

Make = Callable[..., int]


def _maker(kernel: Kernel, session: Session, operator: Actor, resource: str, /, **usual: Any) -> Make:
    def make(*, actor: Actor = operator, **values: Any) -> int:
        service = kernel.resources[resource].service
        return service.create(session, [{**usual, **values}], actor=actor)[0]

    return make


@pytest.fixture
def make_unit(kernel: Kernel, session: Session, operator: Actor) -> Make:
    return _maker(kernel, session, operator, "core.unit")


@pytest.fixture
def make_customer(kernel: Kernel, session: Session, operator: Actor) -> Make:
    return _maker(kernel, session, operator, "customer.customer", name="Harbour Works")


@pytest.fixture
def make_contact(kernel: Kernel, session: Session, operator: Actor) -> Make:
    return _maker(kernel, session, operator, "customer.contact", name="Lin Yue")


@pytest.fixture
def make_activity(kernel: Kernel, session: Session, operator: Actor) -> Make:
    return _maker(kernel, session, operator, "customer.activity", subject="Talk about prices", kind="call")


@pytest.fixture
def make_lead(kernel: Kernel, session: Session, operator: Actor) -> Make:
    return _maker(kernel, session, operator, "customer.lead", company="Lotus Tea", name="Lin Yue")


@pytest.fixture
def make_standard(kernel: Kernel, session: Session, operator: Actor) -> Make:
    criteria = [
        {"text": "Has a budget", "weight": 30, "required": True},
        {"text": "Decides this year", "weight": 20},
        {"text": "Fits our machines", "weight": 50},
    ]
    return _maker(
        kernel, session, operator, "customer.standard", name="Usual", threshold=60, criteria=criteria
    )


@pytest.fixture
def read(kernel: Kernel, session: Session, operator: Actor) -> Callable[[str, int], dict[str, Any]]:
    """A record as the operator sees it: ``read("customer.customer", 7)``."""
    return lambda name, number: Gateway(session, operator).get(kernel.resources[name], number)


def instant(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
