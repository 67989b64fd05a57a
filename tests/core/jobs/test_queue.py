"""The queue under a tenant's role: in the transaction, never for another, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.db.embedded import APP_LOGIN
from core.db.migrate import History, downgrade, use_schema
from core.db.provision import create_tenant, delete_tenant, prepare, upgrade_tenant
from core.db.queue import prepare_queue
from core.db.tenancy import Platform, Tenant
from core.db.urls import Urls
from core.jobs import enqueue
from core.jobs.queue import cancel, retry, states_of
from core.jobs.registry import JobKind
from core.kernel import Kernel

Committed = Callable[[], AbstractContextManager[Session]]


@pytest.fixture(autouse=True)
def kinds(kernel: Kernel) -> Iterator[None]:
    """Two kinds of jobs, for the length of a test."""
    kernel.jobs.add(JobKind("core.probe", "Probe", lambda work: None, "default", 3, "", "core"))  # type: ignore[arg-type]
    kernel.jobs.add(JobKind("core.haul", "Haul", lambda work: None, "bulk", 3, "", "core"))  # type: ignore[arg-type]
    yield
    for name in ("core.probe", "core.haul"):
        kernel.jobs._kinds.pop(name)


def _entries(owner: Engine) -> list[Any]:
    with owner.begin() as connection:
        statement = "select queue_name, priority, args, status from queue.procrastinate_jobs order by id"
        return list(connection.execute(text(statement)))


def test_enqueued_work_appears_with_the_commit_and_not_before(
    committed: Committed, owner_engine: Engine, tenant: Tenant
) -> None:
    with committed() as session:
        number = enqueue(session, "core.probe", {"a": [1, "ö"]}, actor=OPERATOR, label="About", at=None)
        assert _entries(owner_engine) == []
    [entry] = _entries(owner_engine)
    assert (entry.queue_name, entry.status) == ("default", "todo")
    assert entry.args == {"tenant": tenant.id, "job": number, "kind": "core.probe"}
    with committed() as session:
        row = session.execute(text("select * from core_job")).mappings().one()
    assert (row["id"], row["kind"], row["state"], row["label"]) == (number, "core.probe", "waiting", "About")
    assert row["arguments"] == {"a": [1, "ö"]}


def test_a_rollback_leaves_no_job(committed: Committed, owner_engine: Engine) -> None:
    def fail() -> None:
        with committed() as session:
            enqueue(session, "core.probe", actor=OPERATOR)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _entries(owner_engine) == []
    with committed() as session:
        assert session.scalar(text("select count(*) from core_job")) == 0


def test_a_savepoint_that_is_undone_leaves_no_job(committed: Committed, owner_engine: Engine) -> None:
    with committed() as session:
        savepoint = session.begin_nested()
        enqueue(session, "core.probe", actor=OPERATOR)
        savepoint.rollback()
        kept = enqueue(session, "core.probe", actor=OPERATOR)
    assert [entry.args["job"] for entry in _entries(owner_engine)] == [kept]


def test_enqueueing_takes_one_statement(
    session: Session, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    session.connection()
    with statements() as sent:
        enqueue(session, "core.probe", actor=OPERATOR, key="one")
    assert len(sent) == 1


def test_of_one_key_only_one_waits(committed: Committed, owner_engine: Engine) -> None:
    with committed() as session:
        first = enqueue(session, "core.probe", actor=OPERATOR, key="customers")
        assert enqueue(session, "core.probe", actor=OPERATOR, key="customers") == first
        assert enqueue(session, "core.probe", actor=OPERATOR, key="contacts") != first
        assert enqueue(session, "core.haul", actor=OPERATOR, key="customers") != first
    assert len(_entries(owner_engine)) == 3
    with committed() as session:
        session.execute(text("update core_job set state = 'running' where id = :id"), {"id": first})
    with committed() as session:
        # What runs may have looked already: later changes need a run of their own.
        assert enqueue(session, "core.probe", actor=OPERATOR, key="customers") != first


def test_an_unknown_job_is_refused(session: Session) -> None:
    with pytest.raises(LookupError, match=r"core\.nothing"):
        enqueue(session, "core.nothing", actor=OPERATOR)


@pytest.mark.parametrize("role", ["main", "bare"])
def test_a_job_cannot_be_forged_for_another_tenant(
    kernel: Kernel, tenants: dict[str, Tenant], owner_engine: Engine, role: str
) -> None:
    """Not even by one who got hold of the right to write the table itself."""
    other = next(tenant for slug, tenant in tenants.items() if slug != role)
    with owner_engine.connect() as connection:
        connection.execute(text(f"grant all on all tables in schema queue to {tenants[role].role}"))
        connection.execute(text(f"grant all on all sequences in schema queue to {tenants[role].role}"))
        connection.execute(text("set local search_path to queue"))
        connection.execute(text(f"set local role {tenants[role].role}"))
        insert = text(
            "insert into procrastinate_jobs (queue_name, task_name, args)"
            " values ('default', 'guanxi', jsonb_build_object('tenant', cast(:tenant as bigint), 'job', 1))"
        )
        connection.execute(insert, {"tenant": tenants[role].id})
        for forged in (other.id, None):
            with pytest.raises(DBAPIError, match="own tenant only"), connection.begin_nested():
                connection.execute(insert, {"tenant": forged})
        change = text("update procrastinate_jobs set args = jsonb_build_object('tenant', :tenant)")
        with pytest.raises(DBAPIError, match="own tenant only"), connection.begin_nested():
            connection.execute(change, {"tenant": other.id})
        connection.rollback()


_WALK = """
    select format('%I.%I', n.nspname, p.proname) as name, p.proname,
        p.prorettype::regtype::text as gives,
        array(select format_type(t, null) from unnest(p.proargtypes) t) as takes
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'queue'
"""


def _refused(connection: Connection, statement: str) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(text(statement))
    except ProgrammingError as error:
        return "permission denied" in str(error) or "only a tenant" in str(error)
    except DBAPIError as error:
        # A trigger's function cannot be called by anybody.
        return "can only be called as triggers" in str(error)
    return False


def test_tenants_and_the_login_can_do_nothing_else_with_the_queue(
    kernel: Kernel, tenants: dict[str, Tenant], owner_engine: Engine
) -> None:
    with owner_engine.connect() as owner:
        functions = owner.execute(text(_WALK)).all()
        listed = text(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'queue'"
        )
        tables = owner.scalars(listed).all()
    assert len(functions) > 20
    assert len(tables) >= 6
    calls = {
        each.proname: f"select {each.name}({', '.join(f'cast(null as {kind})' for kind in each.takes)})"
        for each in functions
        if each.gives != "trigger"
    }
    for binding, allowed in (
        (tenants["main"], {"enqueue", "customised"}),
        (Platform(), {"overview", "workers"}),
    ):
        with kernel.database.session(binding) as session:
            connection = session.connection()
            for table in tables:
                assert _refused(connection, f"select * from {table}"), table
                assert _refused(connection, f"delete from {table}"), table
            let_through = {name for name, call in calls.items() if not _refused(connection, call)}
            assert let_through == allowed


def test_the_login_alone_cannot_enqueue(kernel: Kernel) -> None:
    with kernel.database.session(Platform()) as session, pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text("select queue.enqueue('core.probe', 'default', 1, null)"))


def test_the_owner_himself_enqueues_for_no_tenant(owner_engine: Engine, tenants: dict[str, Tenant]) -> None:
    with owner_engine.connect() as connection, pytest.raises(DBAPIError, match="only a tenant"):
        connection.execute(text("select queue.enqueue('core.probe', 'default', 1, null)"))


def test_tenants_take_turns(
    committed: Committed, kernel: Kernel, tenants: dict[str, Tenant], owner_engine: Engine
) -> None:
    with committed() as session:
        for _ in range(5):
            enqueue(session, "core.probe", actor=OPERATOR)
    with kernel.database.unit_of_work(tenants["bare"]) as session:
        for _ in range(2):
            enqueue(session, "core.probe", actor=OPERATOR)
    with owner_engine.begin() as connection:
        order = []
        while (
            row := connection.execute(text("select args from queue.take('default', null, 9)")).first()
        ) is not None:
            order.append(row.args["tenant"])
    main, bare = tenants["main"].id, tenants["bare"].id
    assert order == [main, bare, main, bare, main, main, main]


def test_a_tenant_that_keeps_coming_does_not_keep_others_waiting_for_ever(
    committed: Committed, kernel: Kernel, tenants: dict[str, Tenant], owner_engine: Engine
) -> None:
    with committed() as session:
        for _ in range(30):
            enqueue(session, "core.probe", actor=OPERATOR)
    order = []
    for _ in range(12):
        with kernel.database.unit_of_work(tenants["bare"]) as session:
            enqueue(session, "core.probe", actor=OPERATOR)
        with owner_engine.begin() as connection:
            order.append(
                connection.execute(text("select args from queue.take('default', null, 99)"))
                .one()
                .args["tenant"]
            )
    assert 4 <= order.count(tenants["main"].id) <= 8


def test_a_job_for_later_is_not_taken_before(committed: Committed, owner_engine: Engine) -> None:
    with committed() as session:
        enqueue(session, "core.probe", actor=OPERATOR, at=datetime.now(UTC) + timedelta(hours=1))
    with owner_engine.begin() as connection:
        assert connection.execute(text("select id from queue.take('default', null, 9)")).first() is None


def test_cancelling_what_waits_and_trying_again_what_is_parked(
    committed: Committed, run_jobs: Callable[..., Any]
) -> None:
    with committed() as session:
        number = enqueue(session, "core.probe", actor=OPERATOR)
    with committed() as session:
        assert cancel(session, number)
        assert not retry(session, number)
    assert [each.state for each in run_jobs()] == ["cancelled"]
    with committed() as session:
        assert not cancel(session, number)
        session.execute(
            text("update core_job set state = 'parked', attempts = 3, error = 'Why.', cancel_asked_at = null")
        )
    with committed() as session:
        assert retry(session, number)
        row = session.execute(text("select state, attempts, error from core_job")).one()
        assert tuple(row) == ("waiting", 0, None)
    assert [(each.id, each.state) for each in run_jobs()] == [(number, "done")]


def test_a_state_nobody_knows_is_refused_by_the_table(session: Session) -> None:
    with pytest.raises(IntegrityError):
        session.execute(text("insert into core_job (kind, state) values ('core.probe', 'lost')"))


def test_states_are_those_of_the_tenants_own_jobs(
    committed: Committed, kernel: Kernel, tenants: dict[str, Tenant]
) -> None:
    with committed() as session:
        number = enqueue(session, "core.probe", actor=OPERATOR)
    with kernel.database.session(tenants["bare"]) as session:
        assert states_of(session, [number]) == {}
    with committed() as session:
        assert states_of(session, [number, number + 1]) == {number: "waiting"}


# Preparing and upgrading


@pytest.fixture
def empty(own_database: Urls) -> Iterator[Connection]:
    """A connection of the owner to a database with nothing in it; undone afterwards."""
    engine = create_engine(own_database.require_owner())
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


_SECURED = """
    select prosecdef, proconfig from pg_proc
    where oid = 'queue.enqueue(text, text, bigint, timestamptz)'::regprocedure
"""
_OPEN_TO_ALL = """
    select count(*) from pg_proc p, aclexplode(p.proacl) a
    where a.grantee = 0 and p.pronamespace = 'queue'::regnamespace
"""


def test_the_door_keeps_its_rights_after_procrastinate_has_written_its_functions_anew(
    empty: Connection,
) -> None:
    prepare(empty, APP_LOGIN)
    before = empty.execute(text(_SECURED)).one()
    assert tuple(before) == (True, ["search_path=queue, pg_temp"])
    # As a migration of procrastinate may leave it: made anew, with the rights that functions have by birth.
    empty.execute(text("alter function queue.enqueue security invoker reset all"))
    empty.execute(text("grant execute on all functions in schema queue to public"))
    prepare_queue(empty, APP_LOGIN)
    assert tuple(empty.execute(text(_SECURED)).one()) == tuple(before)
    assert empty.scalar(text(_OPEN_TO_ALL)) == 0


def test_a_queue_grown_through_all_migrations_works_like_a_new_one(empty: Connection, kernel: Kernel) -> None:
    prepare(empty, APP_LOGIN)
    new = _shape(empty)
    empty.execute(text("drop schema queue cascade"))
    empty.execute(text("create schema queue"))
    empty.execute(text("create table queue.migration (name text primary key)"))
    empty.execute(text("insert into queue.migration values ('00.00.00_00_nothing.sql')"))
    prepare_queue(empty, APP_LOGIN)
    assert new <= _shape(empty)
    tenant = create_tenant(empty, APP_LOGIN, "grown", name="Grown", histories=kernel.histories)
    empty.execute(text("select set_config('role', :role, true)"), {"role": tenant.role})
    assert empty.scalar(text("select queue.enqueue('core.probe', 'default', 1, null)")) == 1


def _shape(connection: Connection) -> set[tuple[str, str]]:
    """The columns of the tables and the functions of the queue."""
    rows = connection.execute(
        text(
            "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = 'queue'::regnamespace and c.relkind = 'r' and a.attnum > 0"
            " union all select 'function', proname from pg_proc where pronamespace = 'queue'::regnamespace"
        )
    )
    return {(row[0], row[1]) for row in rows if "dropped" not in row[1]}


def test_an_installation_without_a_queue_gets_one_with_its_upgrade(empty: Connection, kernel: Kernel) -> None:
    prepare(empty, APP_LOGIN)
    tenant = create_tenant(empty, APP_LOGIN, "old", name="Old", histories=kernel.histories)
    [core] = [history for history in kernel.histories(frozenset()) if history.name == "core"]
    use_schema(empty, tenant.schema)
    downgrade(empty, tenant.schema, core, "0002")
    empty.execute(text("drop schema queue cascade"))
    use_schema(empty, "platform")
    downgrade(empty, "platform", History("platform", _platform()), "0002")

    prepare(empty, APP_LOGIN)
    upgrade_tenant(empty, tenant, kernel.histories(frozenset()))
    empty.execute(text("select set_config('role', :role, true)"), {"role": tenant.role})
    assert empty.scalar(text("select queue.enqueue('core.probe', 'default', 1, null)")) == 1
    empty.execute(text("select set_config('role', 'none', true)"))
    assert empty.scalar(text("select count(*) from t_old.core_job")) == 0

    delete_tenant(empty, tenant)
    assert empty.scalar(text("select count(*) from queue.procrastinate_jobs")) == 0


def _platform() -> Any:
    from core.db.migrate import PLATFORM

    return PLATFORM.folder
