"""Makers of added fields and of customers that hold them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.customising.definitions import Definition
from core.customising.services import add_field
from core.kernel import Kernel
from core.resources.gateway import Gateway

AddField = Callable[..., Definition]
Make = Callable[..., int]
CUSTOMER = "customer.customer"


@pytest.fixture
def add(kernel: Kernel, session: Session, operator: Actor) -> AddField:
    """Adds a field to customers: ``add("day", "Visited on", "到访日期")``."""

    def add(kind: str, label_en: str, label_zh: str = "", **more: Any) -> Definition:
        resource = more.pop("resource", CUSTOMER)
        values = {"kind": kind, "label_en": label_en, "label_zh": label_zh, **more}
        return add_field(session, kernel.resources, resource, values, actor=operator)

    return add


@pytest.fixture
def make(kernel: Kernel, session: Session, operator: Actor) -> Make:
    """Makes a customer."""

    def make(name: str = "Harbour Works", *, actor: Actor = operator, **values: Any) -> int:
        service = kernel.resources[CUSTOMER].service
        return service.create(session, [{"name": name, **values}], actor=actor)[0]

    return make


@pytest.fixture
def gateway(session: Session, operator: Actor) -> Gateway:
    """Reads as the operator."""
    return Gateway(session, operator)
