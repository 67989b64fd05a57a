from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from core.db.base import metadata, tables_of
from core.db.embedded import APP_LOGIN
from core.db.migrate import PLATFORM, History, differences, downgrade, heads, migrate, revisions, use_schema
from core.db.platform import metadata as platform_metadata
from core.db.provision import create_tenant, prepare
from core.db.tenancy import Tenant
from core.kernel import Kernel

_CATALOGUE = """
    select c.relname, 'column', a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' '
        || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || a.attidentity::text
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = :schema ::regnamespace and c.relkind = 'r'
    union all
    select conrelid::regclass::text, 'constraint', conname, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = :schema ::regnamespace
    union all
    select tablename, 'index', indexname, indexdef from pg_indexes where quote_ident(schemaname) = :schema
    union all
    select tgrelid::regclass::text, 'trigger', tgname, pg_get_triggerdef(oid)
    from pg_trigger where not tgisinternal
        and tgrelid in (select oid from pg_class where relnamespace = :schema ::regnamespace)
    union all
    select proname, 'function', prosrc, pg_get_function_identity_arguments(oid)
    from pg_proc where pronamespace = :schema ::regnamespace
"""


def catalogue(connection: Connection, schema: str) -> set[tuple[Any, ...]]:
    """Everything in a schema but its rows, without the schema's name."""
    quoted = str(connection.scalar(text("select quote_ident(:schema)"), {"schema": schema}))
    rows = connection.execute(text(_CATALOGUE), {"schema": quoted})
    return {tuple(str(value).replace(f"{quoted}.", "") for value in row) for row in rows}


@pytest.fixture
def migrated(
    kernel: Kernel, owner_engine: Engine, tenants: dict[str, Tenant]
) -> Iterator[tuple[Connection, str, Sequence[History]]]:
    """A tenant with every addon in a transaction that is undone, with its schema alone in sight."""
    everything = frozenset(kernel.catalogue.addons) - {"core"}
    with owner_engine.connect() as connection:
        tenant = create_tenant(
            connection, APP_LOGIN, "up-down", name="Up", histories=kernel.histories, addons=everything
        )
        use_schema(connection, tenant.schema)
        yield connection, tenant.schema, kernel.histories(everything)
        connection.rollback()


def test_a_new_tenants_tables_are_those_of_the_models(
    kernel: Kernel, migrated: tuple[Connection, str, Sequence[History]]
) -> None:
    connection, schema, _ = migrated
    assert differences(connection, schema, kernel.catalogue.addons) == []
    made = {
        row[0]
        for row in catalogue(connection, schema)
        if row[1] == "column" and not row[0].startswith("mig_")
    }
    assert made == set(metadata.tables)


def test_a_missing_and_a_stray_column_are_differences(
    kernel: Kernel, migrated: tuple[Connection, str, Sequence[History]]
) -> None:
    connection, schema, _ = migrated
    connection.execute(text("alter table core_unit rename column code to kode"))
    found = differences(connection, schema, kernel.catalogue.addons)
    assert {(each[0], each[3].name) for each in found if each[0].endswith("_column")} == {
        ("add_column", "code"),
        ("remove_column", "kode"),
    }


def test_each_history_has_a_version_table_of_its_own_at_its_newest_revision(
    migrated: tuple[Connection, str, Sequence[History]],
) -> None:
    connection, schema, histories = migrated
    tables = {row[0] for row in catalogue(connection, schema) if row[0].startswith("mig_")}
    assert {f"mig_{history.name}" for history in histories} == {name for name in tables if "pkc" not in name}
    assert revisions(connection, schema, histories) == {history.name: heads(history) for history in histories}
    assert all(len(heads(history)) <= 1 for history in histories)


def test_down_and_up_again_leaves_every_history_as_it_was(
    migrated: tuple[Connection, str, Sequence[History]],
) -> None:
    connection, schema, histories = migrated
    before = catalogue(connection, schema)
    for history in reversed(histories):
        names = {table.name for table in tables_of(history.name)}
        assert names or not heads(history)
        downgrade(connection, schema, history, "base")
        left = {row[0] for row in catalogue(connection, schema)}
        assert not names & left
        assert revisions(connection, schema, [history]) == {history.name: set()}
    assert {row[1] for row in catalogue(connection, schema) if not row[0].startswith("mig_")} <= set()
    migrate(connection, schema, histories)
    assert catalogue(connection, schema) == before


def test_each_single_step_can_be_undone_and_done_again(
    migrated: tuple[Connection, str, Sequence[History]],
) -> None:
    connection, schema, histories = migrated
    for history in reversed(histories):
        while revisions(connection, schema, [history])[history.name]:
            before = catalogue(connection, schema)
            [at] = revisions(connection, schema, [history])[history.name]
            downgrade(connection, schema, history, "-1")
            migrate(connection, schema, [history], at)
            assert catalogue(connection, schema) == before, f"{history.name} {at}"
            downgrade(connection, schema, history, "-1")


def test_going_back_with_one_addon_leaves_the_others_alone(
    migrated: tuple[Connection, str, Sequence[History]],
) -> None:
    connection, schema, histories = migrated
    last = histories[-1]
    mine = {table.name for table in tables_of(last.name)}
    others = {row for row in catalogue(connection, schema) if row[0] not in mine}
    downgrade(connection, schema, last, "base")
    kept = catalogue(connection, schema)
    assert {row for row in kept if not row[0].startswith(f"mig_{last.name}")} <= others
    assert {row[0] for row in kept if row[1] == "column"} >= {table.name for table in tables_of("core")}


def test_the_control_tables_are_those_of_their_models(
    owner_engine: Engine, tenants: dict[str, Tenant]
) -> None:
    with owner_engine.connect() as connection:
        use_schema(connection, "pg_catalog")  # they name their schema, so none must be in sight
        assert differences(connection, "platform", ["platform"], platform_metadata) == []
        use_schema(connection, "platform")
        before = catalogue(connection, "platform")
        downgrade(connection, "platform", PLATFORM, "base")
        assert {row[0] for row in catalogue(connection, "platform") if row[1] == "column"} == {"mig_platform"}
        migrate(connection, "platform", [PLATFORM])
        assert catalogue(connection, "platform") == before
        connection.rollback()


def test_preparing_again_changes_nothing(owner_engine: Engine, tenants: dict[str, Tenant]) -> None:
    with owner_engine.connect() as connection:
        number = connection.scalar(text("select id from platform.installation"))
        before = catalogue(connection, "platform")
        prepare(connection, APP_LOGIN)
        assert connection.scalar(text("select id from platform.installation")) == number
        assert catalogue(connection, "platform") == before
        connection.rollback()
