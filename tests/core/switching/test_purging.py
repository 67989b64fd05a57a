"""What removing an addon's data takes away, what it leaves alone, and putting it back."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.addons.switch_log import archives_of, last_deeds
from core.addons.switching import NoSuchAddon, switch_on
from core.archive import ArchiveDamaged, Manifest, NoArchive, read_manifest
from core.archive.fitting import AddonsMissing
from core.archive.restoring import AddonHasData
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.resources.storage import keep_file, kept_file
from core.settings.holdings import AddonHeld, AddonIsOn, NothingHeld, PurgePlan, plan_purge, rows_kept
from core.settings.purging import (
    NoArchiveKept,
    Purged,
    StillChanging,
    archives_folder,
    expire,
    purge,
    restore,
)
from tests.core.switching.conftest import Site

_OBJECTS = """
    select relname from pg_class where relnamespace = to_regnamespace(quote_ident(:schema))
    union select proname from pg_proc where pronamespace = to_regnamespace(quote_ident(:schema))
    union select typname from pg_type where typnamespace = to_regnamespace(quote_ident(:schema))
"""


def _objects(site: Site, tenant: Tenant, prefix: str) -> set[str]:
    """Whatever the catalogue of PostgreSQL has in the tenant's schema by a name like this."""
    with site.owner.begin() as connection:
        names = connection.scalars(text(_OBJECTS), {"schema": tenant.schema})
        return {name for name in names if prefix in name}


def _plan(site: Site, tenant: Tenant, name: str, kernel: Kernel | None = None) -> PurgePlan:
    """As a page does, with the tenant's own role."""
    tenant = site.stored(tenant)
    with site.kernel.database.session(tenant) as session:
        return plan_purge(kernel or site.kernel, session.connection(), tenant, name)


def _purge(site: Site, tenant: Tenant, name: str, kernel: Kernel | None = None, **options: Any) -> Purged:
    with site.owner.begin() as connection:
        purged = purge(kernel or site.kernel, connection, tenant.slug, name, **options)
    purged.forget_files()
    return purged


def _without(kernel: Kernel, *names: str) -> Kernel:
    """The program once the packages of some addons have been removed."""
    catalogue = kernel.catalogue
    addons, manifests = (
        {name: each for name, each in known.items() if name not in names}
        for known in (catalogue.addons, catalogue.manifests)
    )
    return replace(kernel, catalogue=replace(catalogue, addons=addons, manifests=manifests))


def test_the_plan_lists_everything_and_changes_nothing(site: Site, used: Tenant) -> None:
    before = site.digests(used)
    plan = _plan(site, used, "cellar")
    assert [(each.table, each.rows) for each in plan.tables] == [("cellar_barrel", 2)]
    assert plan.tables[0].size > 8000
    assert {each.table: each.rows for each in plan.rows} == {
        "core_attachment": 2,
        "core_job": 1,
        "core_saved_view": 1,
        "core_search_doc": 2,
        "core_timeline_entry": 2,
    } | {each.table: each.rows for each in plan.rows if each.table == "core_search_state"}
    assert (plan.is_on, plan.dependents) == (False, ("crypt",))
    assert (plan.files, plan.files_size) == (1, len("label ") + len(used.slug))
    crypt = _plan(site, used, "crypt")
    assert {each.table: each.rows for each in crypt.tables} == {"crypt_shelf": 2, "crypt_bottle": 2}
    assert crypt.objects == (
        "materialized view: crypt_sum", "view: crypt_rich", "sequence: crypt_number", "routine: crypt_watch",
        "domain: crypt_depth", "type: crypt_kind",
    )  # fmt: skip
    assert [each.table for each in _plan(site, used, "cellar_door").tables] == ["cellar_door_key"]
    with site.kernel.database.session(used) as session:
        assert rows_kept(session.connection(), used) == {"cellar": 2, "crypt": 4}
    assert site.digests(used) == before


def test_what_is_on_or_needed_or_not_there_is_refused_and_stays(site: Site, used: Tenant) -> None:
    before = site.digests(used)
    for name, refusal in (
        ("cellar_door", AddonIsOn),
        ("cellar", AddonHeld),
        ("attic", NothingHeld),
        ("core", NoSuchAddon),
        ("nothing", NothingHeld),
        ("core_x'; drop", NoSuchAddon),
    ):
        with pytest.raises(refusal):
            _purge(site, used, name)
    with pytest.raises(AddonHeld) as refused:
        _purge(site, used, "cellar", _without(site.kernel, "crypt"))
    assert refused.value.names == ("crypt",)
    with site.owner.begin() as connection:
        switch_on(site.kernel, connection, used.slug, "stairs", agreed=["cellar"])
    with pytest.raises(AddonIsOn):
        _purge(site, used, "cellar")
    site.off(used, "stairs", "cellar")
    assert site.digests(used) == before
    assert not archives_folder(site.folder, used).exists()


def test_nothing_is_left_of_it_and_all_else_is_untouched(site: Site, used: Tenant) -> None:
    other = site.tenant("cellar", "crypt", "cellar_door")
    site.use(other)
    others, before = site.digests(other), site.digests(used)
    assert _objects(site, used, "crypt")
    _purge(site, used, "crypt")
    purged = _purge(site, used, "cellar")
    assert _objects(site, used, "crypt") == set()
    assert {name for name in _objects(site, used, "cellar") if "cellar_door" not in name} == set()
    after = site.digests(used)
    marked = {"core_attachment", "core_job", "core_saved_view", "core_search_doc", "core_search_state"}
    changed = {name for name in after if after[name] != before[name]}
    assert changed - {"core_search_state"} == marked - {"core_search_state"} | {"core_timeline_entry"}
    assert after["cellar_door_key"] == before["cellar_door_key"]
    with site.kernel.database.session(site.stored(used)) as session:
        views = session.scalars(text("select resource from core_saved_view order by 1")).all()
        assert views == ["cellar_door.key", "core.user"]
    assert site.digests(other) == others
    folder = site.folder / "files" / str(used.id)
    assert {path.read_bytes()[:6] for path in folder.glob("*/*")} == {b"shared"}
    assert len(list((site.folder / "files" / str(other.id)).glob("*/*"))) == 2
    assert read_manifest(purged.archive) == purged.manifest
    assert (purged.manifest.only, purged.archive.stat().st_mode & 0o777) == (("cellar",), 0o600)
    with site.owner.begin() as connection:
        deed = last_deeds(connection, used)["cellar"]
        assert (deed.deed, deed.actor_id, deed.archive) == ("purged", None, purged.archive.name)
        assert deed.kept_until is not None
        assert timedelta(days=29) < deed.kept_until - datetime.now(UTC) < timedelta(days=30, seconds=1)
        assert {each.addon for each in archives_of(connection, used)} == {"cellar", "crypt"}
        assert not archives_of(connection, other)


def test_it_can_begin_anew_after_that(site: Site, used: Tenant) -> None:
    for name in ("crypt", "cellar"):
        _purge(site, used, name)
    with pytest.raises(NothingHeld):
        _purge(site, used, "cellar")
    with site.owner.begin() as connection:
        switch_on(site.kernel, connection, used.slug, "cellar")
    assert site.digests(used)["cellar_barrel"][0] == 0


def test_one_whose_package_is_gone_is_removed_like_any_other(site: Site, used: Tenant) -> None:
    bare = _without(site.kernel, "crypt", "cellar", "stairs", "attic", "chimney")
    with pytest.raises(AddonHeld):
        _purge(site, used, "cellar", bare)
    for name in ("crypt", "cellar"):
        _purge(site, used, name, bare)
    assert _objects(site, used, "crypt") == set()
    assert {name for name in _objects(site, used, "cellar") if "cellar_door" not in name} == set()


def _restore(site: Site, tenant: Tenant, name: str, kernel: Kernel | None = None, **options: Any) -> Manifest:
    with site.owner.begin() as connection:
        return restore(kernel or site.kernel, connection, tenant.slug, name, **options)


def test_what_was_removed_is_put_back_row_by_row_and_stays_off(site: Site, used: Tenant) -> None:
    other = site.tenant("cellar", "crypt")
    site.use(other)
    others, before = site.digests(other), site.digests(used)
    objects, on = _objects(site, used, ""), site.stored(used).addons
    folder = site.folder / "files" / str(used.id)
    files = {path.name for path in folder.glob("*/*")}
    for name in ("crypt", "cellar"):
        _purge(site, used, name)
    for name in ("cellar", "crypt"):
        assert _restore(site, used, name).only == (name,)
    assert site.digests(used) == before
    assert _objects(site, used, "") == objects
    assert {path.name for path in folder.glob("*/*")} == files
    assert site.stored(used).addons == on
    assert site.digests(other) == others
    with site.owner.begin() as connection:
        assert last_deeds(connection, used)["cellar"].deed == "restored"
        switch_on(site.kernel, connection, used.slug, "crypt", agreed=["cellar"])
    with site.kernel.database.unit_of_work(site.stored(used)) as session:
        add = "insert into crypt_shelf (barrel_id) select min(id) from cellar_barrel returning id, number"
        assert tuple(session.execute(text(add)).one()) == (3, 42)


def test_what_cannot_be_put_back_changes_nothing(site: Site, used: Tenant) -> None:
    with pytest.raises(NoArchiveKept):
        _restore(site, used, "crypt")
    archive = _purge(site, used, "crypt").archive
    before = site.digests(used)
    with pytest.raises(AddonsMissing):
        _restore(site, used, "crypt", _without(site.kernel, "crypt"))
    with pytest.raises(NoArchiveKept):
        _restore(site, used, "crypt", archive="another.zip")
    with pytest.raises(NoArchiveKept):
        _restore(site, site.tenant(), "crypt")
    whole = archive.read_bytes()
    middle = len(whole) // 3
    archive.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    with pytest.raises((ArchiveDamaged, NoArchive)):
        _restore(site, used, "crypt")
    archive.write_bytes(whole)
    assert site.digests(used) == before
    with site.owner.begin() as connection:
        connection.execute(
            text("update platform.addon_switch set kept_until = now() where kept_until is not null")
        )
    with pytest.raises(NoArchiveKept):
        _restore(site, used, "crypt")
    assert site.digests(used) == before


def test_what_has_data_again_is_not_mixed_with_the_old(site: Site, used: Tenant) -> None:
    _purge(site, used, "crypt")
    with site.owner.begin() as connection:
        switch_on(site.kernel, connection, used.slug, "crypt", agreed=["cellar"])
    before = site.digests(used)
    with pytest.raises(AddonHasData):
        _restore(site, used, "crypt")
    assert site.digests(used) == before


def test_on_used_off_and_on_again_has_identical_rows(site: Site, used: Tenant) -> None:
    before = site.digests(used)
    with site.owner.begin() as connection:
        switch_on(site.kernel, connection, used.slug, "crypt", agreed=["cellar"])
    site.off(used, "crypt", "cellar")
    with site.owner.begin() as connection:
        switch_on(site.kernel, connection, used.slug, "crypt", agreed=["cellar"])
    assert site.digests(used) == before


@pytest.mark.parametrize("mishap", ["stopped", "written to"])
def test_what_goes_wrong_half_way_leaves_everything(site: Site, used: Tenant, mishap: str) -> None:
    before = site.digests(used)

    def stop(done: int, total: int, what: str) -> None:
        raise ZeroDivisionError

    def write(done: int, total: int, what: str) -> None:
        """Somebody writes behind the back of the archive."""
        if what == "crypt_shelf":
            with site.kernel.database.unit_of_work(used) as session:
                session.execute(text("delete from core_saved_view where resource = 'core.user'"))
                session.execute(
                    text(
                        "update core_saved_view set resource = 'crypt.shelf' where resource like 'cellar_d%'"
                    )
                )

    refusals: dict[str, tuple[type[Exception], Callable[[int, int, str], None]]] = {
        "stopped": (ZeroDivisionError, stop),
        "written to": (StillChanging, write),
    }
    refusal, tell = refusals[mishap]
    with pytest.raises(refusal):
        _purge(site, used, "crypt", tell=tell)
    after = site.digests(used)
    assert {name for name in after if after[name] != before[name]} <= {"core_saved_view"}
    assert (mishap == "stopped") == (after == before)
    assert not list(archives_folder(site.folder, used).glob("*"))
    with site.owner.begin() as connection:
        assert not archives_of(connection, used)


def test_who_still_reads_a_table_is_not_waited_for_forever(
    site: Site, used: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.settings.purging._PATIENCE", text("set local lock_timeout = '50ms'"))
    before = site.digests(used)
    with site.kernel.database.session(used) as session:
        session.execute(text("select count(*) from crypt_shelf"))
        with pytest.raises(StillChanging):
            _purge(site, used, "crypt")
    assert site.digests(used) == before
    assert not list(archives_folder(site.folder, used).glob("*"))
    _purge(site, used, "crypt")


def test_a_file_that_is_attached_anew_meanwhile_stays(site: Site, used: Tenant) -> None:
    folder, content = site.folder / "files" / str(used.id), b"label " + used.slug.encode()
    _purge(site, used, "crypt")
    with site.owner.begin() as connection:
        purged = purge(site.kernel, connection, used.slug, "cellar")
    _, digest = keep_file(folder, io.BytesIO(content), limit=100)
    purged.forget_files()
    assert kept_file(folder, digest).read_bytes() == content


def test_archives_go_when_their_time_is_over(tmp_path: Path) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    old, young = "cellar-20260301T115900000000Z.zip", "cellar-20260301T120100000000Z.zip"
    for name in (old, young, "notes.zip", "cellar-backup.zip"):
        (tmp_path / name).write_text("")
    assert expire(tmp_path, now) == 1
    assert {path.name for path in tmp_path.iterdir()} == {young, "notes.zip", "cellar-backup.zip"}
    assert expire(tmp_path / "nothing", now) == 0
