"""Fields that are filtered by often have an index, made and dropped by a job on the owner's login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, text

from core.access.actor import OPERATOR
from core.customising import services
from core.customising.definitions import definitions
from core.db.base import ENGINE_INDEX
from core.db.embedded import Server
from core.db.migrate import differences, use_schema
from core.db.tenancy import Tenant
from core.jobs import enqueue
from core.jobs.running import run_job
from core.kernel import Kernel
from core.testing.plugin import RunJobs
from tests.core.customising.conftest import CUSTOMER

KINDS = ("text", "choice", "pick", "integer", "flag", "day", "instant", "phone", "email", "url")


def test_indexes_come_and_go_with_what_definitions_say(
    kernel: Kernel, server: Server, owner_engine: Engine, tenant: Tenant, committed: Callable[[], Any]
) -> None:
    worker = replace(kernel, owner_url=server.owner_url)

    def change(what: Callable[[Any], object]) -> dict[str, str]:
        with committed() as session:
            what(session)
            job = enqueue(session, services.INDEX, {}, actor=OPERATOR, key="index")
        run_job(worker, tenant.id, job)
        with owner_engine.connect() as connection:
            listed = text(
                "select indexname, indexdef from pg_indexes"
                " where schemaname = :schema and starts_with(indexname, :prefix)"
            )
            found = connection.execute(listed, {"schema": tenant.schema, "prefix": ENGINE_INDEX}).all()
            use_schema(connection, tenant.schema)
            assert differences(connection, tenant.schema, {"core", *tenant.addons}) == []
        return dict(found)

    def add(session: Any) -> None:
        for kind in KINDS:
            options = [{"en": "A"}] if kind == "choice" else []
            values = {"kind": kind, "label_en": f"A {kind}", "options": options, "is_frequent": True}
            services.add_field(session, kernel.resources, CUSTOMER, values, actor=OPERATOR)

    def give_up(session: Any, first: int) -> None:
        for each in definitions(session)[first:]:
            values = {"is_frequent": False}
            services.change_field(session, kernel.resources, CUSTOMER, each.name, values, actor=OPERATOR)

    made = change(add)
    assert len(made) == len(KINDS) + 1, "a text has one more, of its order"
    assert all("customer_customer" in each for each in made.values())
    assert change(lambda _session: None) == made
    kept = change(lambda session: give_up(session, 1))
    assert sorted(kept) == [f"{ENGINE_INDEX}1_0", f"{ENGINE_INDEX}1_1"]
    assert change(lambda session: give_up(session, 0)) == {}


def test_without_the_owners_login_the_job_says_so(
    kernel: Kernel, run_jobs: RunJobs, committed: Callable[[], Any]
) -> None:
    with committed() as session:
        values = {"kind": "text", "label_en": "Booth", "is_frequent": True}
        services.add_field(session, kernel.resources, CUSTOMER, values, actor=OPERATOR)
    [ran] = run_jobs()
    assert (ran.kind, ran.state) == (services.INDEX, "parked")
    assert "operator" in (ran.error or "")
