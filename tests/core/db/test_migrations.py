from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Connection, Engine, text

from core.db.base import metadata, tables_of
from core.db.embedded import APP_LOGIN
from core.db.migrate import PLATFORM, History, differences, downgrade, heads, migrate, revisions, use_schema
from core.db.platform import metadata as platform_metadata
from core.db.provision import create_tenant, prepare
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.kit.structure import check_differences, structure


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
    assert [
        each for name in kernel.catalogue.addons for each in check_differences(connection, metadata, name)
    ] == []
    made = {
        row[0]
        for row in structure(connection, schema)
        if row[1] == "column" and not row[0].startswith("mig_")
    }
    # Other tests load addons of their own, whose tables stay known to the process.
    ours = {name for name, table in metadata.tables.items() if table.info["addon"] in kernel.catalogue.addons}
    assert made == ours


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
    tables = {row[0] for row in structure(connection, schema) if row[0].startswith("mig_")}
    assert {f"mig_{history.name}" for history in histories} == {name for name in tables if "pkc" not in name}
    assert revisions(connection, schema, histories) == {history.name: heads(history) for history in histories}
    assert all(len(heads(history)) <= 1 for history in histories)


def test_down_and_up_again_leaves_every_history_as_it_was(
    migrated: tuple[Connection, str, Sequence[History]],
) -> None:
    connection, schema, histories = migrated
    before = structure(connection, schema)
    for history in reversed(histories):
        names = {table.name for table in tables_of(history.name)}
        assert names or not heads(history)
        downgrade(connection, schema, history, "base")
        left = {row[0] for row in structure(connection, schema)}
        assert not names & left
        assert revisions(connection, schema, [history]) == {history.name: set()}
    assert {row[1] for row in structure(connection, schema) if not row[0].startswith("mig_")} <= set()
    migrate(connection, schema, histories)
    assert structure(connection, schema) == before


def test_each_single_step_can_be_undone_and_done_again(
    migrated: tuple[Connection, str, Sequence[History]],
) -> None:
    connection, schema, histories = migrated
    for history in reversed(histories):
        while revisions(connection, schema, [history])[history.name]:
            before = structure(connection, schema)
            [at] = revisions(connection, schema, [history])[history.name]
            downgrade(connection, schema, history, "-1")
            migrate(connection, schema, [history], at)
            assert structure(connection, schema) == before, f"{history.name} {at}"
            downgrade(connection, schema, history, "-1")


def test_going_back_with_one_addon_leaves_the_others_alone(
    migrated: tuple[Connection, str, Sequence[History]],
) -> None:
    connection, schema, histories = migrated
    last = histories[-1]
    mine = {table.name for table in tables_of(last.name)}
    others = {row for row in structure(connection, schema) if row[0] not in mine}
    downgrade(connection, schema, last, "base")
    kept = structure(connection, schema)
    assert {row for row in kept if not row[0].startswith(f"mig_{last.name}")} <= others
    assert {row[0] for row in kept if row[1] == "column"} >= {table.name for table in tables_of("core")}


def test_the_control_tables_are_those_of_their_models(
    owner_engine: Engine, tenants: dict[str, Tenant]
) -> None:
    with owner_engine.connect() as connection:
        use_schema(connection, "pg_catalog")  # they name their schema, so none must be in sight
        assert differences(connection, "platform", ["platform"], platform_metadata) == []
        use_schema(connection, "platform")
        before = structure(connection, "platform")
        downgrade(connection, "platform", PLATFORM, "base")
        assert {row[0] for row in structure(connection, "platform") if row[1] == "column"} == {"mig_platform"}
        migrate(connection, "platform", [PLATFORM])
        assert structure(connection, "platform") == before
        connection.rollback()


def test_preparing_again_changes_nothing(owner_engine: Engine, tenants: dict[str, Tenant]) -> None:
    with owner_engine.connect() as connection:
        number = connection.scalar(text("select id from platform.installation"))
        before = structure(connection, "platform")
        prepare(connection, APP_LOGIN)
        assert connection.scalar(text("select id from platform.installation")) == number
        assert structure(connection, "platform") == before
        connection.rollback()
