from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from psycopg2 import errors as pg
from sqlalchemy import Connection, Engine, event, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from core.db import platform, session
from core.db.embedded import APP_LOGIN, Server
from core.db.provision import create_tenant, delete_tenant, set_state
from core.db.session import BoundSession, Database, answer, commit, tenant_of
from core.db.tenancy import (
    Binding,
    ByHost,
    Platform,
    Question,
    Tenant,
    TenantClosed,
    UnboundSession,
    UnknownHost,
    host_binding,
)
from core.kernel import Kernel

#: Who the connection is, and the schemas it looks into and may use.
_WHERE = text("select current_user::text, array_to_string(current_schemas(false), ',')")


def _where(session: Session) -> tuple[str, str]:
    role, path = session.execute(_WHERE).one()
    return role, path


def _bound_to(tenant: Tenant) -> tuple[str, str]:
    return tenant.role, tenant.schema


@pytest.fixture
def one_connection(server: Server) -> Iterator[Database]:
    """A pool with a single connection, so that every session gets the same one."""
    database = Database(server.app_url, pool_size=1)
    database.engine.pool._max_overflow = 0  # type: ignore[attr-defined]
    yield database
    database.close()


# Binding


def test_a_session_without_a_binding_raises(kernel: Kernel) -> None:
    with BoundSession(kernel.database.engine) as session, pytest.raises(UnboundSession):
        session.execute(text("select 1"))


def test_the_platform_is_no_tenant(kernel: Kernel) -> None:
    with kernel.database.session(Platform()) as session, pytest.raises(UnboundSession):
        tenant_of(session)


def test_a_binding_holds_through_rollback_commit_and_a_failing_savepoint(
    kernel: Kernel, tenant: Tenant
) -> None:
    with kernel.database.session(tenant) as session:
        assert _where(session) == _bound_to(tenant)
        session.rollback()
        assert _where(session) == _bound_to(tenant)
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text("select 1 / 0"))
        assert _where(session) == _bound_to(tenant)
        commit(session)
        assert _where(session) == _bound_to(tenant)


def test_a_session_found_by_host_stays_with_that_tenant(kernel: Kernel, tenant: Tenant) -> None:
    with kernel.database.session(ByHost("main.localhost", "main")) as session:
        assert _where(session) == _bound_to(tenant)
        session.rollback()
        assert _where(session) == _bound_to(tenant)
        assert tenant_of(session).id == tenant.id


def test_the_next_user_of_a_connection_finds_nothing_of_the_last(
    one_connection: Database, tenants: dict[str, Tenant]
) -> None:
    with one_connection.session(tenants["main"]) as session:
        process = session.scalar(text("select pg_backend_pid()"))
        commit(session)
    with one_connection.engine.connect() as connection:
        assert connection.scalar(text("select pg_backend_pid()")) == process
        assert connection.execute(_WHERE).one() == (APP_LOGIN, "")
    with one_connection.session(tenants["bare"]) as session:
        assert session.scalar(text("select pg_backend_pid()")) == process
        assert _where(session) == _bound_to(tenants["bare"])


def test_a_connection_is_retired_after_its_number_of_tenants(
    one_connection: Database, tenants: dict[str, Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "TENANTS_PER_CONNECTION", 2)

    def process(tenant: Tenant) -> int:
        with one_connection.session(tenant) as session:
            return int(session.scalar(text("select pg_backend_pid()")) or 0)

    first = process(tenants["main"])
    assert process(tenants["main"]) == first, "the same tenant again wears nothing out"
    assert process(tenants["bare"]) == first
    second = process(tenants["main"])
    assert second != first
    assert process(tenants["main"]) == second, "the new connection begins to count anew"


def test_work_after_a_commit_is_done_once_and_never_after_a_rollback(kernel: Kernel, tenant: Tenant) -> None:
    done: list[str] = []
    with kernel.database.session(tenant) as bound:
        session.after_commit(bound, lambda: done.append("undone"))
        session.rollback(bound)
        session.after_commit(bound, lambda: done.append("kept"))
        commit(bound)
        commit(bound)
    assert done == ["kept"]


def test_a_unit_of_work_that_raises_leaves_nothing(kernel: Kernel, tenant: Tenant) -> None:
    done: list[str] = []

    def work() -> None:
        with kernel.database.unit_of_work(tenant) as bound:
            bound.execute(text("insert into core_unit (code, name) values ('x', 'X')"))
            session.after_commit(bound, lambda: done.append("told"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with kernel.database.session(tenant) as bound:
        assert bound.scalar(text("select count(*) from core_unit where code = 'x'")) == 0
    assert done == []


def test_psycopg2_drives_every_connection(kernel: Kernel) -> None:
    assert kernel.database.engine.dialect.driver == "psycopg2"


# Finding a tenant by its host


@pytest.fixture
def found(kernel: Kernel, owner_engine: Engine, tenants: dict[str, Tenant]) -> Iterator[dict[str, Tenant]]:
    """A tenant with a host of its own, and the default one; both without tables."""
    made = {}
    for slug, hosts, is_default in (("hosted", ["crm.acme.example"], False), ("fallback", [], True)):
        with owner_engine.begin() as connection:
            made[slug] = create_tenant(
                connection,
                APP_LOGIN,
                slug,
                name=slug,
                histories=lambda addons: [],
                hosts=hosts,
                is_default=is_default,
            )
    yield made
    with owner_engine.begin() as connection:
        for tenant in made.values():
            delete_tenant(connection, tenant)


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("hosted.localhost", "hosted"),
        ("HOSTED.localhost:8000", "hosted"),
        ("hosted.localhost.", "hosted"),
        ("crm.acme.example", "hosted"),
        ("CRM.Acme.Example:443", "hosted"),
        ("localhost:8000", "fallback"),
        ("127.0.0.1:8000", "fallback"),
        ("nobody.example", "fallback"),
        ("[::1]:8000", "fallback"),
    ],
)
def test_a_host_leads_to_its_tenant(kernel: Kernel, found: dict[str, Tenant], host: str, slug: str) -> None:
    with kernel.database.session(host_binding(host, "localhost")) as session:
        assert tenant_of(session).slug == slug


@pytest.mark.parametrize("host", ["hostde.localhost", "a.hosted.localhost", "t_hosted.localhost"])
def test_an_unknown_name_below_the_base_domain_leads_nowhere(
    kernel: Kernel, found: dict[str, Tenant], host: str
) -> None:
    with (
        kernel.database.session(host_binding(host, "localhost")) as session,
        pytest.raises(UnknownHost) as refused,
    ):
        tenant_of(session)
    assert host in refused.value.detail


@pytest.mark.usefixtures("tenants")
def test_without_a_default_tenant_an_unknown_host_leads_nowhere(kernel: Kernel) -> None:
    with (
        kernel.database.session(host_binding("nobody.example", "localhost")) as session,
        pytest.raises(UnknownHost),
    ):
        tenant_of(session)


@pytest.mark.parametrize("state", ["suspended", "failed"])
def test_a_closed_tenant_is_not_bound_however_often_it_is_asked_for(
    kernel: Kernel, owner_engine: Engine, found: dict[str, Tenant], state: str
) -> None:
    with owner_engine.begin() as connection:
        set_state(connection, found["hosted"], state)
    for question in (None, _ASKED):
        with kernel.database.session(host_binding("hosted.localhost", "localhost", question)) as session:
            for _ in range(2):
                with pytest.raises(TenantClosed):
                    tenant_of(session)
                assert "answer" not in session.info
                session.rollback()


# A question sent along with the binding

#: Where the question itself is answered, and a value that came with it.
_ASKED = Question(
    "current_user::text as role, array_to_string(current_schemas(false), ',') as path, %(key)s as key",
    "(select) as nothing",
    {"key": "x"},
)


def _statements(database: Database) -> list[str]:
    """What is sent from now on."""
    sent: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    return sent


def test_a_question_is_answered_by_the_tenant_in_the_message_that_binds_it(
    one_connection: Database, tenants: dict[str, Tenant]
) -> None:
    sent = _statements(one_connection)
    for slug in ("main", "bare", "main"):
        sent.clear()
        with one_connection.session(ByHost(f"{slug}.localhost", slug, _ASKED)) as session:
            found, row = tenant_of(session), answer(session, _ASKED)
            assert len(sent) == 1
            # Other tests switch addons, which counts the version on.
            same = replace(found, version=tenants[slug].version)
            assert same == tenants[slug], "the tenant is found whole, not only its binding"
            assert (row["role"], row["path"], row["key"]) == (*_bound_to(tenants[slug]), "x")
            assert _where(session) == _bound_to(tenants[slug])


def test_a_question_reads_the_tables_of_its_own_tenant(
    one_connection: Database, owner_engine: Engine, tenants: dict[str, Tenant]
) -> None:
    counted = Question("count(*) as units", "core_unit", {})
    table = f'"{tenants["bare"].schema}".core_unit'
    with owner_engine.begin() as connection:
        connection.execute(text(f"insert into {table} (code, name) values ('x', 'X')"))
    try:
        for slug, units in (("main", 0), ("bare", 1), ("main", 0)):
            with one_connection.session(ByHost(f"{slug}.localhost", slug, counted)) as session:
                assert answer(session, counted)["units"] == units
    finally:
        with owner_engine.begin() as connection:
            connection.execute(text(f"delete from {table}"))


def test_an_answer_is_for_its_transaction_and_its_question_alone(
    one_connection: Database, tenants: dict[str, Tenant]
) -> None:
    moment = Question("now() as moment", "(select) as nothing", {})
    other = Question("now() as moment, 1 as one", "(select) as nothing", {})
    with one_connection.session(ByHost("main.localhost", "main", moment)) as session:
        tenant_of(session)
        assert "one" in answer(session, other)
        first = answer(session, moment)["moment"]
        session.rollback()
        assert answer(session, moment)["moment"] > first


def test_a_question_leaves_nothing_in_its_connection(
    one_connection: Database, tenants: dict[str, Tenant]
) -> None:
    kept = text("select current_setting('guanxi.tenant', true)")
    with one_connection.session(ByHost("main.localhost", "main", _ASKED)) as session:
        assert '"main"' in str(session.scalar(kept))
        commit(session)
    with one_connection.engine.connect() as connection:
        assert connection.scalar(kept) in (None, "")
        assert connection.execute(_WHERE).one() == (APP_LOGIN, "")


def test_a_question_where_no_tenant_is_found_is_never_answered(
    one_connection: Database, owner_engine: Engine, tenants: dict[str, Tenant]
) -> None:
    """Not even what the login alone could answer, nor for the tenant this connection has served before."""
    with one_connection.session(ByHost("main.localhost", "main", _ASKED)) as session:
        tenant_of(session)
    for question in (_ASKED, Question("count(*) as units", "core_unit", {})):
        binding = host_binding("nobody.localhost", "localhost", question)
        with one_connection.session(binding) as session:
            for _ in range(2):
                with pytest.raises(UnknownHost):
                    answer(session, question)
                assert "answer" not in session.info
                session.rollback()


def test_a_question_the_tables_cannot_answer_is_asked_again_where_it_is_needed(
    one_connection: Database, tenants: dict[str, Tenant]
) -> None:
    asked = Question("nothing", "core_nothing", {})
    with one_connection.session(ByHost("main.localhost", "main", asked)) as session:
        assert tenant_of(session).slug == "main"
        assert _where(session) == _bound_to(tenants["main"])
        with pytest.raises(ProgrammingError, match="core_nothing"):
            answer(session, asked)


# What a tenant's role, and the login alone, can reach

_SCHEMAS = """
    select 'schema', nspname, '', privilege from pg_namespace, unnest(array['USAGE', 'CREATE']) privilege
    where has_schema_privilege(:role, oid, privilege)
"""
_TABLES = """
    select 'table', relnamespace::regnamespace::text, relname, privilege from pg_class,
        unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
    where relkind in ('r', 'v', 'm', 'p', 'f') and has_table_privilege(:role, oid, privilege)
"""
_COLUMNS = """
    select 'column', relnamespace::regnamespace::text, relname, privilege from pg_class,
        unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) privilege
    where relkind in ('r', 'v', 'm', 'p', 'f') and has_any_column_privilege(:role, oid, privilege)
"""
_SEQUENCES = """
    select 'sequence', relnamespace::regnamespace::text, relname, privilege from pg_class,
        unnest(array['USAGE', 'SELECT', 'UPDATE']) privilege
    where relkind = 'S' and has_sequence_privilege(:role, oid, privilege)
"""
_FUNCTIONS = """
    select 'function', pronamespace::regnamespace::text, oid::text, 'EXECUTE' from pg_proc
    where has_function_privilege(:role, oid, 'EXECUTE') and has_schema_privilege(:role, pronamespace, 'USAGE')
"""
_DATABASES = """
    select 'database', datname, '', privilege from pg_database, unnest(array['CREATE', 'TEMPORARY']) privilege
    where datname = current_database() and has_database_privilege(:role, oid, privilege)
"""
_OWNED = """
    select 'owned', classid::regclass::text, objid::text, deptype::text from pg_shdepend
    where refclassid = 'pg_authid'::regclass and deptype = 'o'
      and refobjid = (select oid from pg_roles where rolname = :role)
"""
_MEMBER = """
    select 'member', roleid::regrole::text, '', '' from pg_auth_members
    where member = (select oid from pg_roles where rolname = :role)
"""
_REACH = " union all ".join(
    (_SCHEMAS, _TABLES, _COLUMNS, _SEQUENCES, _FUNCTIONS, _DATABASES, _OWNED, _MEMBER)
)


def _reach(connection: Connection, role: str) -> set[tuple[str, str, str, str]]:
    """All that a role may do in this database: ``{(kind, schema, name, privilege)}``."""
    return {tuple(row) for row in connection.execute(text(_REACH), {"role": role})}


def _of_the_queue(
    connection: Connection, reach: set[tuple[str, str, str, str]]
) -> tuple[set[tuple[str, str, str]], set[tuple[str, str, str, str]]]:
    """What of it lies in the queue, functions by name: ``{(kind, name, privilege)}``; and all else."""
    queue = {row for row in reach if row[1] == "queue"}
    names = {
        str(row.oid): row.proname for row in connection.execute(text("select oid, proname from pg_proc"))
    }
    return {(kind, names.get(name, name), privilege) for kind, _, name, privilege in queue}, reach - queue


@pytest.fixture
def everybody(
    owner_engine: Engine, tenants: dict[str, Tenant]
) -> Iterator[tuple[Connection, set[tuple[str, str, str, str]]]]:
    """A connection of the owner, and what a role that was given nothing can reach."""
    with owner_engine.connect() as connection:
        connection.execute(text("create role nobody_at_all nologin"))
        yield connection, _reach(connection, "nobody_at_all")
        connection.rollback()


def test_everybody_reaches_the_system_catalogues_alone(
    everybody: tuple[Connection, set[tuple[str, str, str, str]]],
) -> None:
    _, reach = everybody
    assert {schema for _, schema, _, _ in reach} == {"pg_catalog", "information_schema"}
    assert {
        row for row in reach if row[3] not in ("USAGE", "SELECT", "EXECUTE") and row[2] != "pg_settings"
    } == set()


def test_a_tenants_role_reaches_nothing_but_its_schema_and_the_door_of_the_queue(
    everybody: tuple[Connection, set[tuple[str, str, str, str]]], tenants: dict[str, Tenant]
) -> None:
    connection, reach = everybody
    for tenant in tenants.values():
        queue, own = _of_the_queue(connection, _reach(connection, tenant.role) - reach)
        assert queue == {
            ("schema", "", "USAGE"),
            ("function", "enqueue", "EXECUTE"),
            ("function", "customised", "EXECUTE"),
        }
        assert {schema.strip('"') for _, schema, _, _ in own} == {tenant.schema}
        assert {privilege for kind, _, _, privilege in own if kind == "schema"} == {"USAGE"}
        assert {kind for kind, *_ in own} <= {"schema", "table", "column", "sequence", "function"}
        assert {privilege for kind, _, _, privilege in own if kind == "table"} == {
            "SELECT",
            "INSERT",
            "UPDATE",
            "DELETE",
        }
        versions = {row for row in own if row[0] == "table" and row[2].startswith("mig_")}
        assert {privilege for *_, privilege in versions} == {"SELECT"}


def test_a_tenants_role_has_no_power_of_its_own(owner_engine: Engine, tenants: dict[str, Tenant]) -> None:
    powers = "rolsuper or rolcreaterole or rolcreatedb or rolcanlogin or rolreplication or rolbypassrls"
    roles = [tenant.role for tenant in tenants.values()]
    with owner_engine.connect() as connection:
        statement = text(f"select rolname, {powers} from pg_roles where rolname = any(:roles)")
        assert dict(connection.execute(statement, {"roles": roles}).all()) == dict.fromkeys(roles, False)


def test_the_login_alone_reaches_no_tenant(
    everybody: tuple[Connection, set[tuple[str, str, str, str]]], tenants: dict[str, Tenant]
) -> None:
    connection, reach = everybody
    queue, own = _of_the_queue(connection, _reach(connection, APP_LOGIN) - reach)
    assert queue == {
        ("schema", "", "USAGE"),
        ("function", "overview", "EXECUTE"),
        ("function", "workers", "EXECUTE"),
    }
    assert {schema for kind, schema, _, _ in own if kind not in ("member", "database")} == {"platform"}
    assert {tenant.role for tenant in tenants.values()} <= {
        schema for kind, schema, *_ in own if kind == "member"
    }
    written = {name for kind, _, name, privilege in own if kind == "table" and privilege != "SELECT"}
    assert written == {"administrator_session", "sign_in_failure", "listener", "hook_tally"}


def test_another_tenants_tables_cannot_be_read(
    kernel: Kernel, owner_engine: Engine, tenants: dict[str, Tenant]
) -> None:
    statement = text(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in (:bare, 'platform')"
    )
    with owner_engine.connect() as connection:
        others = connection.scalars(statement, {"bare": tenants["bare"].schema}).all()
    assert len(others) > 10
    with kernel.database.session(tenants["main"]) as session:
        for table in others:
            with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
                session.execute(text(f"select 1 from {table}"))


_NEEDS_THE_OWNER = (
    "create schema mine",
    "create table mine (id int)",
    "create table public.mine (id int)",
    "create table platform.mine (id int)",
    "create temporary table mine (id int)",
    "create role mine",
    "create function mine() returns int language sql as 'select 1'",
    "alter table platform.tenant add column mine int",
    "drop table platform.tenant",
    "update platform.tenant set state = 'active'",
    "insert into platform.administrator (email, password_hash) values ('a', 'b')",
    "delete from platform.tenant_host",
    "truncate platform.administrator_session",
    "alter role guanxi_app inherit",
    "grant guanxi_owner to guanxi_app",
    "set role guanxi_owner",
)


@pytest.mark.parametrize("statement", _NEEDS_THE_OWNER)
@pytest.mark.usefixtures("tenants")
def test_the_web_process_cannot_change_what_is_there(kernel: Kernel, statement: str) -> None:
    with (
        kernel.database.session(Platform()) as session,
        pytest.raises(DBAPIError, match=r"permission denied|must be"),
    ):
        session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine (id int)",
        "create temporary table mine (id int)",
        "alter table core_user add column mine int",
        "drop table core_unit",
        "truncate core_unit",
        "update mig_core set version_num = '0000'",
        "select * from platform.tenant",
    ],
)
def test_a_bound_session_cannot_change_its_tables(session: Session, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        session.execute(text(statement))


def test_a_forged_binding_reaches_only_tenants(kernel: Kernel, tenant: Tenant) -> None:
    forged = replace(tenant, role="guanxi_owner")
    with kernel.database.session(forged) as session, pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text("select 1"))


def test_the_control_tables_are_found_by_the_platform(kernel: Kernel, tenants: dict[str, Tenant]) -> None:
    with kernel.database.session(Platform()) as session:
        slugs = session.scalars(select(platform.tenant.c.slug)).all()
    assert {"main", "bare"} <= set(slugs)


def test_a_tenant_is_deleted_with_the_jobs_it_has_waiting(kernel: Kernel, owner_engine: Engine) -> None:
    with owner_engine.begin() as connection:
        gone = create_tenant(connection, APP_LOGIN, "gone", name="Gone", histories=kernel.histories)
    with kernel.database.unit_of_work(gone) as session:
        session.execute(text("select queue.enqueue('core.nothing', 'default', 1, null)"))
    waiting = text("select count(*) from queue.procrastinate_jobs where (args->>'tenant')::bigint = :tenant")
    with owner_engine.begin() as connection:
        assert connection.scalar(waiting, {"tenant": gone.id}) == 1
        delete_tenant(connection, gone)
        assert connection.scalar(waiting, {"tenant": gone.id}) == 0


@pytest.mark.parametrize("where", ["tenant", "host", "asked", "platform"])
def test_a_statement_that_takes_too_long_is_broken_off(
    one_connection: Database, tenant: Tenant, where: str
) -> None:
    """The time counts for the transaction alone: the next user of the connection has his own."""
    bindings: dict[str, Binding] = {
        "tenant": tenant,
        "host": ByHost("main.localhost", "main"),
        "asked": ByHost("main.localhost", "main", _ASKED),
        "platform": Platform(),
    }
    one_connection.patience = 0.05
    with one_connection.session(bindings[where]) as session, pytest.raises(OperationalError) as broken_off:
        session.execute(text("select pg_sleep(600)"))
    assert isinstance(broken_off.value.orig, pg.QueryCanceled)
    one_connection.patience = 0
    with one_connection.session(bindings[where]) as session:
        assert session.scalar(text("show statement_timeout")) == "0"
