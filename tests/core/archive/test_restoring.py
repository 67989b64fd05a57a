"""A tenant goes into a file and comes out of it: as a copy, in its own place, in a newer program."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from core.access.actor import OPERATOR
from core.archive import NoArchive, contents, restore_in_place, restore_tenant, tenants, verify
from core.archive.fitting import AddonsMissing, OtherKind, RevisionsUnknown, StillNeeded
from core.archive.loading import RowsRefused
from core.db.former import NothingFormer, drop_former, former_schemas
from core.db.migrate import use_schema
from core.db.provision import TenantExists, delete_tenant, set_addons, set_state
from core.db.tenancy import Tenant
from core.kernel import start_kernel
from tests.core.archive.conftest import Bank

pytestmark = pytest.mark.slow

#: An addon's second revision, made after the archive.
_SECOND = """
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.execute("alter table vault_shelf add depth integer not null default 7")
    op.execute("update vault_shelf set depth = 8 where id = 1")
def downgrade(): ...
"""


@pytest.fixture(scope="module")
def full(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tenant, Path]:
    """A tenant with rows of all kinds, and its archive; vault has been switched off, its data is there."""
    tenant = bank.tenant("customer", "vault", "stairs")
    bank.fill(tenant)
    with bank.owner.begin() as connection:
        set_addons(connection, tenant, frozenset(("customer",)))
    path = tmp_path_factory.mktemp("archives") / "full.zip"
    bank.archive(bank.stored(tenant.slug), path)
    return bank.stored(tenant.slug), path


def _copy(bank: Bank, path: Path, slug: str) -> Tenant:
    with bank.owner.begin() as connection:
        restored = restore_tenant(connection, bank.kernel, bank.urls.app_login, path, slug=slug)
        assert (restored.left_out, restored.revisions) == ((), 0)
    return bank.stored(slug)


def test_a_copy_is_equal_row_by_row_and_nobody_else_is_touched(bank: Bank, full: tuple[Tenant, Path]) -> None:
    tenant, path = full
    other = bank.tenant()
    bank.fill(other)
    before = bank.rows(other), bank.files(other), bank.rows(tenant)
    manifest = verify(path)
    tables = {table.name: table.rows for table in manifest.tables}
    assert tables == {name: rows for name, (rows, _) in before[2].items() if name in tables}
    copy = _copy(bank, path, "copy-of-full")
    assert bank.rows(copy) == before[2]
    assert bank.structure(copy) == bank.structure(tenant)
    assert bank.files(copy) == bank.files(tenant) != {}
    assert (copy.name, copy.language, copy.timezone, copy.country) == (
        "Bank & Söhne 银行", "en", "Europe/Berlin", "DE",
    )  # fmt: skip
    assert copy.addons == {"customer"}
    assert (bank.rows(other), bank.files(other), bank.rows(tenant)) == before


def test_a_copy_counts_on_and_its_role_may_use_it(bank: Bank, full: tuple[Tenant, Path]) -> None:
    copy = _copy(bank, full[1], "copy-in-use")
    customers = bank.kernel.resources["customer.customer"]
    with bank.kernel.database.unit_of_work(copy) as session:
        last = session.scalar(text("select max(id) from customer_customer"))
        [new] = customers.service.create(session, [{"name": "Next"}], actor=OPERATOR)
        assert new == last + 1
        assert session.scalar(text("select nextval('vault_number')")) == 102
        for table in ("core_user", "customer_customer", "vault_box"):
            assert session.scalar(text("select has_table_privilege(:table, 'delete')"), {"table": table})


def test_the_writer_sees_one_moment_and_keeps_nobody_waiting(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant()
    bank.fill(tenant)
    before = bank.rows(tenant)
    customers = bank.kernel.resources["customer.customer"]
    written = threading.Event()

    def write(done: int, total: int, what: str) -> None:
        if not written.is_set():
            written.set()
            with bank.kernel.database.unit_of_work(tenant) as session:
                customers.service.create(session, [{"name": "Meanwhile"}], actor=OPERATOR)

    manifest = bank.archive(tenant, tmp_path / "a.zip", tell=write)
    assert written.is_set()
    assert bank.rows(tenant)["customer_customer"][0] == before["customer_customer"][0] + 1
    tables = {table.name: table.rows for table in manifest.tables}
    assert tables == {name: rows for name, (rows, _) in before.items() if name in tables}
    copy = _copy(bank, tmp_path / "a.zip", "copy-of-then")
    now = bank.rows(copy)
    assert {name: now[name] for name in tables} == {name: before[name] for name in tables}


def test_a_deleted_tenant_comes_back_at_its_hosts(bank: Bank, tmp_path: Path) -> None:
    tenant, other = bank.tenant(), bank.tenant()
    bank.fill(tenant)
    before = bank.rows(tenant)
    bank.archive(tenant, tmp_path / "gone.zip")
    with bank.owner.begin() as connection:
        connection.execute(
            text("insert into platform.tenant_host (host, tenant_id) values ('was.example', :id)"),
            {"id": tenant.id},
        )
    bank.archive(tenant, tmp_path / "gone2.zip")
    with bank.owner.begin() as connection:
        delete_tenant(connection, tenant)
        connection.execute(
            text("insert into platform.tenant_host (host, tenant_id) values ('was.example', :id)"),
            {"id": other.id},
        )
    restored = tenants.make_tenant(bank.kernel, bank.urls, tmp_path / "gone2.zip")
    assert (restored.tenant.slug, restored.taken_hosts) == (tenant.slug, ("was.example",))
    assert restored.tenant.id != tenant.id
    assert restored.tenant.role != tenant.role
    assert bank.rows(restored.tenant) == before
    with bank.owner.begin() as connection:
        hosts = connection.scalars(
            text("select host from platform.tenant_host where tenant_id = :id"), {"id": restored.tenant.id}
        ).all()
    assert hosts == [f"{tenant.slug}.example"]


def test_a_tenant_is_put_back_and_what_it_was_is_kept(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant()
    bank.fill(tenant)
    archived, files = bank.rows(tenant), bank.files(tenant)
    bank.archive(tenant, tmp_path / "a.zip")
    customers = bank.kernel.resources["customer.customer"]
    with bank.kernel.database.unit_of_work(tenant) as session:
        customers.service.create(session, [{"name": "Today"}], actor=OPERATOR)
    today = bank.rows(tenant)
    assert today != archived
    tenants.put_tenant_back(bank.kernel, bank.urls, tenant.slug, tmp_path / "a.zip")
    back = bank.stored(tenant.slug)
    assert (back.id, back.role, back.state, back.held) == (tenant.id, tenant.role, "active", True)
    assert back.schema != tenant.schema
    assert bank.rows(back) == archived
    assert bank.files(back) == files
    with bank.owner.begin() as connection:
        assert [each.schema for each in former_schemas(connection, back)] == [tenant.schema]
        may = text("select has_schema_privilege(:role, :schema, 'usage')")
        assert not connection.scalar(may, {"role": tenant.role, "schema": tenant.schema})
        assert connection.scalar(may, {"role": tenant.role, "schema": back.schema})
    undone = tenants.take_restore_back(bank.kernel, bank.urls, tenant.slug)
    assert (bank.rows(undone), undone.held) == (today, False)
    assert bank.stored(tenant.slug).schema == tenant.schema
    with bank.owner.begin() as connection:
        assert drop_former(connection, undone, older_than=timedelta(days=1)) == []
        assert drop_former(connection, undone) == [back.schema]
        left = connection.scalars(
            text("select nspname from pg_namespace where nspname = :s"), {"s": back.schema}
        )
        assert left.all() == []
    with pytest.raises(NothingFormer):
        tenants.take_restore_back(bank.kernel, bank.urls, tenant.slug)
    assert bank.rows(bank.stored(tenant.slug)) == today


def test_a_deleted_tenant_takes_its_former_schemas_along(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant("vault")
    bank.archive(tenant, tmp_path / "a.zip")
    with bank.owner.begin() as connection:
        restored = restore_in_place(connection, bank.kernel, tenant.slug, tmp_path / "a.zip")
    with bank.owner.begin() as connection:
        delete_tenant(connection, restored.tenant)
        gone = text("select count(*) from pg_namespace where nspname = any(:names)")
        assert connection.scalar(gone, {"names": [tenant.schema, restored.tenant.schema]}) == 0


def test_an_archive_of_older_tables_is_brought_to_the_newest(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant()
    bank.fill(tenant)
    before = bank.rows(tenant)
    bank.archive(tenant, tmp_path / "old.zip")
    newer = bank.addons / "vault" / "migrations" / "0002_depth.py"
    newer.write_text(_SECOND)
    try:
        restored = tenants.make_tenant(bank.kernel, bank.urls, tmp_path / "old.zip", slug="newer")
        with bank.kernel.database.session(restored.tenant) as session:
            depths = session.scalars(text("select depth from vault_shelf order by id")).all()
            reached = session.scalar(text("select version_num from mig_vault"))
        bank.archive(restored.tenant, tmp_path / "new.zip")
    finally:
        newer.unlink()
    assert (restored.revisions, reached, depths[:2]) == (1, "0002", [8, 7])
    changed = {name for name, rows in bank.rows(restored.tenant).items() if rows != before[name]}
    assert changed <= {"mig_vault", "vault_shelf", "core_search_state", "core_job", "core_job_id_seq"}
    # And what was made by newer code is refused by older.
    everything = bank.everything()
    with pytest.raises(RevisionsUnknown, match=r"vault 0002"):
        tenants.make_tenant(bank.kernel, bank.urls, tmp_path / "new.zip", slug="older")
    assert bank.everything() == everything


def test_addons_that_are_not_here_are_named_or_left_out(bank: Bank, full: tuple[Tenant, Path]) -> None:
    tenant, path = full
    everything = bank.everything()
    bare = start_kernel(
        type(bank.kernel.config).from_environ(
            {"GUANXI_DATA": str(bank.data), "GUANXI_DATABASE_URL": bank.urls.app}
        ),
        bank.urls.app,
    )
    try:
        assert "vault" not in bare.catalogue.addons
        with pytest.raises(AddonsMissing, match="vault"):
            tenants.make_tenant(bare, bank.urls, path, slug="without")
        assert bank.everything() == everything
        restored = tenants.make_tenant(bare, bank.urls, path, slug="without", without=["vault"])
    finally:
        bare.close()
    assert set(restored.left_out) == {"vault_box", "vault_rung", "vault_shelf"}
    left, whole = bank.rows(restored.tenant), bank.rows(tenant)
    assert left == {name: rows for name, rows in whole.items() if "vault" not in name}


def test_what_others_need_is_not_left_out(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant("vault", "stairs")
    bank.archive(tenant, tmp_path / "a.zip")
    everything = bank.everything()
    with pytest.raises(StillNeeded):
        tenants.make_tenant(bank.kernel, bank.urls, tmp_path / "a.zip", slug="half", without=["vault"])
    assert bank.everything() == everything
    restored = tenants.make_tenant(
        bank.kernel, bank.urls, tmp_path / "a.zip", slug="neither", without=["vault", "stairs"]
    )
    assert restored.tenant.addons == frozenset()


def test_a_table_that_no_addon_makes_is_written_and_named(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant("vault")
    with bank.owner.begin() as connection:
        use_schema(connection, tenant.schema)
        connection.exec_driver_sql("create table somebodys as select 1 as one")
    manifest = bank.archive(tenant, tmp_path / "a.zip")
    assert ("somebodys", "", 1) in {(table.name, table.addon, table.rows) for table in manifest.tables}
    restored = tenants.make_tenant(bank.kernel, bank.urls, tmp_path / "a.zip", slug="tidy")
    assert restored.left_out == ("somebodys",)
    # A column that no revision makes is refused: its values would be lost without a word.
    with bank.owner.begin() as connection:
        use_schema(connection, tenant.schema)
        connection.exec_driver_sql("alter table vault_box add extra text default 'x'")
    bank.archive(tenant, tmp_path / "b.zip")
    everything = bank.everything()
    with pytest.raises(RowsRefused, match="extra"):
        tenants.make_tenant(bank.kernel, bank.urls, tmp_path / "b.zip", slug="columns")
    assert bank.everything() == everything


def test_a_slug_that_is_taken_is_refused(bank: Bank, full: tuple[Tenant, Path]) -> None:
    everything = bank.everything()
    with pytest.raises(TenantExists):
        tenants.make_tenant(bank.kernel, bank.urls, full[1])
    with pytest.raises(TenantExists):
        tenants.clone(bank.kernel, bank.urls, full[0].slug, full[0].slug)
    assert bank.everything() == everything


def test_a_tenant_that_could_not_be_put_back_is_opened_as_it_was(
    bank: Bank, full: tuple[Tenant, Path], tmp_path: Path
) -> None:
    tenant, path = full
    half = tmp_path / "half.zip"
    half.write_bytes(path.read_bytes()[:-4000])
    everything, before = bank.everything(), bank.rows(tenant)

    def stop(done: int, total: int, what: str) -> None:
        assert bank.stored(tenant.slug).state == "restoring"
        raise KeyboardInterrupt

    for file, tell, error in ((half, None, Exception), (path, stop, KeyboardInterrupt)):
        with pytest.raises(error):
            tenants.put_tenant_back(bank.kernel, bank.urls, tenant.slug, file, tell=tell)
        assert bank.everything() == everything
        assert bank.rows(tenant) == before
    assert bank.stored(tenant.slug) == tenant
    with bank.owner.begin() as connection:
        set_state(connection, tenant, "failed", "the reason")
    everything = bank.everything()
    with pytest.raises(NoArchive):
        tenants.put_tenant_back(bank.kernel, bank.urls, tenant.slug, half)
    assert bank.everything() == everything
    with bank.owner.begin() as connection:
        set_state(connection, tenant, "active")


def test_the_archive_of_an_addon_is_no_tenant(bank: Bank, full: tuple[Tenant, Path], tmp_path: Path) -> None:
    bank.archive(full[0], tmp_path / "vault.zip", addons=["vault"])
    with pytest.raises(OtherKind):
        tenants.make_tenant(bank.kernel, bank.urls, tmp_path / "vault.zip", slug="part")


def test_circles_come_in_some_order(bank: Bank, full: tuple[Tenant, Path]) -> None:
    with bank.owner.begin() as connection:
        names = [part.table for part in contents(connection, full[0].schema)]
    assert len(names) == len(set(names))
    assert names.index("core_attachment") < names.index("core_timeline_entry")
    assert {"core_user", "core_unit", "vault_box", "vault_shelf"} <= set(names)
