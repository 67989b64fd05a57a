"""What follows a commit: events to subscribers the tenant has on, wake-ups to browsers that listen."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from core.addons.hookspecs import hookimpl
from core.db.session import after_commit
from core.db.tenancy import Platform, Tenant
from core.events import notify, publish
from core.events.wakes import CHANNEL, payloads
from core.kernel import Kernel

Committed = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Happened:
    """An event."""

    number: int


@pytest.fixture
def heard(kernel: Kernel) -> Iterator[list[tuple[str, int]]]:
    """What the subscribers of two addons were told; the second fails each time."""
    told: list[tuple[str, int]] = []

    @hookimpl
    def on_event(session: Session, event: Happened) -> None:
        told.append(("first", event.number))
        session.execute(
            text("insert into core_unit (code, name) values (:code, 'x')"), {"code": f"u{event.number}"}
        )

    first = on_event

    @hookimpl  # type: ignore[no-redef]
    def on_event(session: Session, event: Happened) -> None:
        told.append(("second", event.number))
        session.execute(text("insert into core_unit (code, name) values ('lost', 'x')"))
        raise ValueError

    hooks = kernel.hooks
    hooks.register("first", {"on_event": first})
    hooks.register("second", {"on_event": on_event})
    yield told
    for name in ("first", "second"):
        hooks.unregister(name)


def _with(tenant: Tenant, *addons: str) -> Tenant:
    values = {name: getattr(tenant, name) for name in tenant.__dataclass_fields__}
    return Tenant(**{**values, "addons": tenant.addons | set(addons)})


def test_subscribers_are_told_after_the_commit_each_by_itself(
    kernel: Kernel, tenant: Tenant, committed: Committed, heard: list[tuple[str, int]]
) -> None:
    with kernel.database.unit_of_work(_with(tenant, "first", "second")) as session:
        publish(session, Happened(1))
        assert heard == []
    assert sorted(heard) == [("first", 1), ("second", 1)]
    assert kernel.hooks.failures["second"] == 1
    with committed() as session:
        assert session.scalars(text("select code from core_unit")).all() == ["u1"]


def test_nobody_hears_of_what_was_rolled_back(
    kernel: Kernel, tenant: Tenant, committed: Committed, heard: list[tuple[str, int]]
) -> None:
    with kernel.database.session(_with(tenant, "first")) as session:
        publish(session, Happened(1))
        session.rollback()
    assert heard == []


def test_an_addon_that_is_off_hears_nothing(
    kernel: Kernel, tenant: Tenant, committed: Committed, heard: list[tuple[str, int]]
) -> None:
    with kernel.database.unit_of_work(_with(tenant, "second")) as session:
        publish(session, Happened(2))
    assert heard == [("second", 2)]


def test_the_work_stands_whatever_the_subscribers_do(
    kernel: Kernel, tenant: Tenant, committed: Committed, heard: list[tuple[str, int]]
) -> None:
    done = []
    with kernel.database.unit_of_work(_with(tenant, "second")) as session:
        session.execute(text("insert into core_unit (code, name) values ('mine', 'x')"))
        publish(session, Happened(3))
        after_commit(session, lambda: done.append(True))
    assert done == [True]
    with committed() as session:
        assert session.scalars(text("select code from core_unit")).all() == ["mine"]


# Wake-ups


@pytest.fixture
def listening(kernel: Kernel, tenant: Tenant) -> Iterator[Callable[[float], list[object]]]:
    """Says in the database that a browser of the main tenant listens; gives what arrives in some seconds."""
    url = make_url(kernel.database.engine.url)
    connection = psycopg2.connect(
        host=url.query["host"], port=url.query["port"], user=url.username, dbname=url.database
    )
    connection.autocommit = True
    connection.cursor().execute(f"listen {CHANNEL}")
    with kernel.database.unit_of_work(Platform()) as session:
        values = {"tenants": [tenant.id]}
        session.execute(
            text("insert into platform.listener values ('test', :tenants, now() + interval '1 min')"), values
        )
    kernel.database.deliveries.wakes.listened()

    def arrived(seconds: float) -> list[object]:
        found: list[object] = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            select.select([connection], [], [], left)
            connection.poll()
            found += [json.loads(each.payload) for each in connection.notifies]
            if connection.notifies:
                end = min(end, time.monotonic() + 0.3)
            connection.notifies.clear()
        return found

    yield arrived
    connection.close()
    with kernel.database.unit_of_work(Platform()) as session:
        session.execute(text("delete from platform.listener"))


def test_topics_of_a_transaction_travel_in_one_message_after_its_commit(
    committed: Committed, tenant: Tenant, listening: Callable[[float], list[object]]
) -> None:
    with committed() as session:
        notify(session, "list:customer.customer")
        notify(session, "job:5", to=7)
        notify(session, "list:customer.customer")
        assert listening(0.2) == []
    assert listening(5) == [[tenant.id, [["job:5", 7], ["list:customer.customer", None]]]]


def test_topics_of_a_rollback_go_nowhere(
    committed: Committed, kernel: Kernel, tenant: Tenant, listening: Callable[[float], list[object]]
) -> None:
    with kernel.database.session(tenant) as session:
        notify(session, "user:7")
        session.rollback()
    with committed() as session:
        notify(session, "user:8")
    assert listening(5) == [[tenant.id, [["user:8", None]]]]


def test_nothing_is_sent_for_a_tenant_nobody_listens_for(
    kernel: Kernel,
    tenants: dict[str, Tenant],
    committed: Committed,
    listening: Callable[[float], list[object]],
) -> None:
    with kernel.database.unit_of_work(tenants["bare"]) as session:
        notify(session, "user:1")
    assert listening(0.6) == []


def test_a_business_transaction_is_not_burdened(
    committed: Committed, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    with committed() as session:
        session.connection()
        with statements() as sent:
            notify(session, "user:1")
        assert sent == []


def test_many_topics_become_a_word_for_all_and_long_ones_several_messages() -> None:
    assert list(payloads(3, {(f"job:{number}", None) for number in range(500)})) == ['[3,[["*",null]]]']
    found = list(payloads(3, {(f"list:{'x' * 90}{number}", number) for number in range(300)}))
    assert len(found) > 1
    assert all(len(each.encode()) < 8000 for each in found)
    assert sum(len(json.loads(each)[1]) for each in found) == 300
