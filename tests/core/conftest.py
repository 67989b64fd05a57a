"""What tests of the core share: makers of rows, and a count of what is sent to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.gateway import Gateway

#: Gives the statements sent inside its block.
Statements = Callable[[], AbstractContextManager[list[str]]]


class Make(Protocol):
    """Makes one record: ``make("customer.customer", name="Acme")``."""

    def __call__(self, resource: str, /, *, actor: Actor = ..., **values: Any) -> int: ...


#: What a row needs at least, by resource.
_USUAL: Mapping[str, Mapping[str, Any]] = {
    "core.unit": {"name": "North"},
    "customer.customer": {"name": "Harbour Works"},
    "customer.contact": {"name": "Lin Yue"},
    "customer.activity": {"subject": "Talk about prices", "kind": "call"},
}


@pytest.fixture
def make(kernel: Kernel, session: Session) -> Make:
    """Makes records within ``session``, as the operator unless told otherwise."""

    def make(resource: str, /, *, actor: Actor = OPERATOR, **values: Any) -> int:
        service = kernel.resources[resource].service
        [number] = service.create(session, [{**_USUAL.get(resource, {}), **values}], actor=actor)
        return number

    return make


@pytest.fixture
def customers(kernel: Kernel) -> Resource:
    """The declaration the tests of the engine use most."""
    return kernel.resources["customer.customer"]


@pytest.fixture
def stored(kernel: Kernel, session: Session) -> Callable[[str, int], dict[str, Any]]:
    """A record as the database holds it now: ``stored("customer.customer", 7)``."""
    return lambda name, number: Gateway(session, OPERATOR).get(kernel.resources[name], number)


@pytest.fixture
def statements(kernel: Kernel) -> Statements:
    """Listens to the database: ``with statements() as sent: ...``."""

    @contextmanager
    def listening() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            sent.append(statement)

        event.listen(kernel.database.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(kernel.database.engine, "before_cursor_execute", note)

    return listening
