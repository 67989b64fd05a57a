"""What one addon holds in a tenant goes into a file, is taken away, and comes back as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from core.access.actor import OPERATOR
from core.archive import ArchiveDamaged, Part, contents, restore_addon, snapshot, write_archive
from core.archive.contents import quoted
from core.archive.fitting import AddonsMissing, OtherKind
from core.archive.restoring import AddonHasData
from core.config import Config
from core.db.migrate import use_schema
from core.db.provision import set_addons
from core.db.tenancy import Tenant
from core.kernel import Kernel, start_kernel
from tests.core.archive.conftest import Bank

pytestmark = pytest.mark.slow


def _take_away(bank: Bank, tenant: Tenant, addon: str) -> list[Part]:
    """Remove what belongs to an addon, as a purge does."""
    with bank.owner.begin() as connection:
        use_schema(connection, tenant.schema)
        parts = contents(connection, tenant.schema, [addon])
        for part in reversed(parts):
            if part.where:
                connection.exec_driver_sql(f"delete from {part.table} where {part.where}")
        own = [quoted(connection, part.table) for part in parts if not part.where]
        connection.exec_driver_sql(f"drop table {', '.join(own)}, mig_{addon} cascade")
        if addon == "vault":
            connection.exec_driver_sql("drop function vault_count; drop sequence vault_number")
    return parts


@pytest.fixture(scope="module")
def tenant(bank: Bank) -> Tenant:
    """A tenant with rows of all kinds; vault has boxes that the engine wrote, and is off."""
    tenant = bank.tenant()
    bank.fill(tenant)
    with bank.kernel.database.unit_of_work(tenant) as session:
        bank.kernel.resources["vault.box"].service.create(session, [{"name": "Ada's"}], actor=OPERATOR)
        for values in ("'vault.box', 'Boxes of mine'", "'customer.customer', 'Customers of mine'"):
            session.execute(
                text(
                    "insert into core_saved_view (resource, name, audience, owner_id, query)"
                    f" values ({values}, 'private', 1, '{{}}')"
                )
            )
    with bank.owner.begin() as connection:
        set_addons(connection, tenant, frozenset(("customer",)))
    return bank.stored(tenant.slug)


@pytest.fixture
def without_package(bank: Bank) -> Iterator[Kernel]:
    """A program in which vault is not installed."""
    config = Config.from_environ({"GUANXI_DATA": str(bank.data), "GUANXI_DATABASE_URL": bank.urls.app})
    kernel = start_kernel(config, bank.urls.app)
    assert "vault" not in kernel.catalogue.addons
    yield kernel
    kernel.close()


def test_it_comes_back_equal_row_by_row(bank: Bank, tenant: Tenant, tmp_path: Path) -> None:
    path, before, structure = tmp_path / "vault.zip", bank.rows(tenant), bank.structure(tenant)
    manifest = bank.archive(tenant, path, addons=["vault"])
    assert manifest.only == ("vault",)
    rows = {table.name: table.rows for table in manifest.tables if table.rows}
    assert rows == {
        "vault_box": 41, "vault_shelf": 40, "vault_rung": 1, "core_job": 1, "core_timeline_entry": 1,
        "core_search_doc": 1, "core_saved_view": 1,
    }  # fmt: skip
    with bank.owner.begin() as connection, pytest.raises(AddonHasData):
        restore_addon(connection, bank.kernel, tenant, path)
    _take_away(bank, tenant, "vault")
    gone = bank.rows(tenant)
    assert not [name for name in gone if "vault" in name]
    changed = {name for name in gone if gone[name] != before[name]}
    assert changed == {"core_job", "core_timeline_entry", "core_search_doc", "core_saved_view"}
    with bank.owner.begin() as connection:
        restore_addon(connection, bank.kernel, tenant, path)
    assert bank.rows(tenant) == before
    assert bank.structure(tenant) == structure
    with bank.kernel.database.session(tenant) as session:
        assert session.scalar(text("select count(*) from vault_box")) == 41
    assert bank.stored(tenant.slug) == tenant


def test_a_damaged_one_leaves_the_tenant_as_it_was(bank: Bank, tenant: Tenant, tmp_path: Path) -> None:
    path, before = tmp_path / "vault.zip", bank.rows(tenant)
    bank.archive(tenant, path, addons=["vault"])
    bank.archive(tenant, tmp_path / "whole.zip")
    _take_away(bank, tenant, "vault")
    gone = bank.rows(tenant)
    content = path.read_bytes()
    at = content.index(b"tables/vault_shelf.copy") + 100
    broken = tmp_path / "broken.zip"
    broken.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
    for file, error in ((broken, ArchiveDamaged), (tmp_path / "whole.zip", OtherKind)):
        with pytest.raises(error), bank.owner.begin() as connection:
            restore_addon(connection, bank.kernel, tenant, file)
        assert bank.rows(tenant) == gone
    with bank.owner.begin() as connection:
        restore_addon(connection, bank.kernel, tenant, path)
    assert bank.rows(tenant) == before


def test_it_is_written_although_the_package_is_gone(
    bank: Bank, tenant: Tenant, without_package: Kernel, tmp_path: Path
) -> None:
    path, before = tmp_path / "vault.zip", bank.rows(tenant)
    known = bank.archive(tenant, tmp_path / "known.zip", addons=["vault"])
    with snapshot(bank.urls.require_owner(), tenant.slug) as (connection, found):
        manifest = write_archive(connection, without_package, found, path, addons=["vault"])
    assert (manifest.tables, manifest.sequences) == (known.tables, known.sequences)
    assert [(each.name, each.version, each.revisions) for each in manifest.addons] == [
        ("vault", "", ("0001",))
    ]
    _take_away(bank, tenant, "vault")
    with bank.owner.begin() as connection:
        with pytest.raises(AddonsMissing):
            restore_addon(connection, without_package, tenant, path)
        restore_addon(connection, bank.kernel, tenant, path)
    assert bank.rows(tenant) == before


def test_files_of_the_addon_go_along_and_come_back(bank: Bank, tenant: Tenant, tmp_path: Path) -> None:
    path, files = tmp_path / "customer.zip", bank.files(tenant)
    assert [entry.path for entry in bank.archive(tenant, path, addons=["customer"]).files] == [
        f"files/{name}" for name in files
    ]
    assert bank.archive(tenant, tmp_path / "vault.zip", addons=["vault"]).files == ()
    before = bank.rows(tenant)
    _take_away(bank, tenant, "customer")
    shutil.rmtree(bank.data / "files" / str(tenant.id))
    with bank.owner.begin() as connection:
        restore_addon(connection, bank.kernel, tenant, path)
    assert bank.rows(tenant) == before
    assert bank.files(tenant) == files


def test_a_name_that_is_none_is_never_put_into_sql(bank: Bank, tenant: Tenant) -> None:
    with bank.owner.begin() as connection, pytest.raises(ValueError):
        contents(connection, tenant.schema, ["x' or true --"])
