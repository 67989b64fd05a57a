"""Making tenants, and parts of them, out of archives.

Tables are made by the migrations of the code that is here, at the revisions the archive names; then
come the files, the rows and how far everything has counted; then the revisions made since. All of it
in the transaction of the connection that is given, so an archive is restored whole or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, text

from core.addons.switching import TablesFailed
from core.archive.contents import addons_in, contents, quoted
from core.archive.files import storing
from core.archive.fitting import OtherKind, check_fits, history_of, require_space, tables_of
from core.archive.loading import RowsRefused, copy_rows, count_on, emptied
from core.archive.manifest import AddonEntry, Manifest, TableEntry
from core.archive.reading import Archive
from core.archive.writing import Tell
from core.db import platform
from core.db.former import put_in_place, schema_beside
from core.db.migrate import migrate, outstanding, use_schema
from core.db.provision import create_tenant, find_tenant, lock, set_held, upgrade_tenant
from core.db.tenancy import Tenant
from core.errors import Conflict
from core.i18n import _l

if TYPE_CHECKING:
    from core.kernel import Kernel


class AddonHasData(Conflict):
    """The addon has tables here, which an archive would have to be mixed with."""

    code = "addon-has-data"
    message = _l("%(name)s has tables here already. Remove its data first.")


class NeedsTables(Conflict):
    """The addon's tables point to those of another, which are not there."""

    code = "addon-needs-tables"
    message = _l("Switch on %(missing)s first: the data of %(name)s points to it.")


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of an archive."""

    tenant: Tenant
    manifest: Manifest
    #: Tables whose rows were left out: of addons that were not wanted, or that no addon makes.
    left_out: tuple[str, ...] = ()
    #: Hosts of the archive that are another tenant's now.
    taken_hosts: tuple[str, ...] = ()
    #: How many revisions have run that are newer than the archive.
    revisions: int = 0


def restore_tenant(
    connection: Connection,
    kernel: Kernel,
    app_login: str,
    path: Path,
    *,
    slug: str | None = None,
    hosts: Sequence[str] = (),
    without: Collection[str] = (),
    tell: Tell | None = None,
) -> Restored:
    """Make a new tenant of an archive. It sends nothing until it is released.

    Args:
        connection: of the owner; the caller commits.
        kernel: knows the addons and the data folder.
        app_login: will work as the tenant's role.
        path: of the archive.
        slug: what the new tenant is called. When None it is the archived one come back: by its slug, at
            those of its hosts that are nobody else's.
        hosts: further hosts it is served at.
        without: addons whose data is left out.
        tell: is told how far it is; what it raises undoes everything.

    Raises:
        NoArchive, ArchiveDamaged, NewerFormat, OtherKind, AddonsMissing, StillNeeded, RevisionsUnknown,
        RowsRefused, TablesFailed, StorageFull: it cannot be restored.
        TenantExists, HostTaken, Invalid: as `create_tenant`.
    """
    with Archive(path) as archive:
        manifest = archive.manifest
        _require_tenant(manifest)
        check_fits(kernel, manifest, without)
        require_space(kernel, manifest)
        facts, table = manifest.tenant, platform.tenant_host
        archived = facts.hosts if slug is None else ()
        taken = connection.scalars(select(table.c.host).where(table.c.host.in_(archived))).all()
        no_default = (
            connection.scalar(select(platform.tenant.c.id).where(platform.tenant.c.is_default)) is None
        )
        tenant = create_tenant(
            connection,
            app_login,
            slug or facts.slug,
            name=facts.name,
            histories=lambda addons: [],
            language=facts.language,
            timezone=facts.timezone,
            country=facts.country,
            hosts=[*(host for host in archived if host not in taken), *hosts],
            addons=manifest.on - frozenset(without),
            is_default=facts.is_default and slug is None and no_default,
        )
        set_held(connection, tenant, True)
        with _told(archive, kernel, tenant, tell) as told:
            left_out, revisions = _fill(connection, kernel, tenant, archive, without, told)
        return Restored(
            find_tenant(connection, tenant.slug), manifest, left_out, tuple(sorted(taken)), revisions
        )


def restore_in_place(
    connection: Connection,
    kernel: Kernel,
    slug: str,
    path: Path,
    *,
    without: Collection[str] = (),
    held: bool = True,
    tell: Tell | None = None,
) -> Restored:
    """Put a tenant back to what it was, in a schema beside its own that then takes the place of that.

    What it was is kept (`core.db.former`). Its slug, its hosts and its state stay.

    Args:
        connection: of the owner; the caller commits.
        kernel: knows the addons and the data folder.
        slug: the tenant's; of an archive of another tenant it becomes what that was.
        path: of the archive.
        without: addons whose data is left out.
        held: whether it sends nothing until it is released.
        tell: is told how far it is; what it raises undoes everything.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
        NoArchive, ArchiveDamaged, NewerFormat, OtherKind, AddonsMissing, StillNeeded, RevisionsUnknown,
        RowsRefused, TablesFailed, StorageFull: it cannot be restored.
    """
    with Archive(path) as archive:
        manifest = archive.manifest
        _require_tenant(manifest)
        check_fits(kernel, manifest, without)
        require_space(kernel, manifest)
        tenant = find_tenant(connection, slug, hold=True)
        lock(connection, tenant.schema)
        on = manifest.on - frozenset(without)
        beside = replace(tenant, schema=schema_beside(tenant), addons=on)
        connection.execute(text(f"create schema {quoted(connection, beside.schema)}"))
        with _told(archive, kernel, tenant, tell) as told:
            left_out, revisions = _fill(connection, kernel, beside, archive, without, told)
            facts = {
                name: getattr(manifest.tenant, name) for name in ("name", "language", "timezone", "country")
            }
            put_in_place(connection, tenant, beside.schema, {**facts, "addons": on, "held": held})
        return Restored(find_tenant(connection, slug), manifest, left_out, (), revisions)


def restore_addon(
    connection: Connection, kernel: Kernel, tenant: Tenant, path: Path, tell: Tell | None = None
) -> Manifest:
    """Give a tenant the tables and rows of an addon back; the addon stays off.

    Args:
        connection: of the owner; the caller commits.
        kernel: knows the addons and the data folder.
        tenant: whose it was.
        path: of an archive that `write_archive` has made of some addons.
        tell: is told how far it is; what it raises undoes everything.

    Raises:
        AddonHasData: there are tables of it.
        NeedsTables: what it needs has none.
        NoArchive, ArchiveDamaged, NewerFormat, OtherKind, AddonsMissing, RevisionsUnknown, RowsRefused,
        TablesFailed, StorageFull: it cannot be restored.
    """
    with Archive(path) as archive:
        manifest = archive.manifest
        if not manifest.only:
            raise OtherKind(what=manifest.tenant.slug)
        check_fits(kernel, manifest)
        require_space(kernel, manifest)
        lock(connection, tenant.schema)
        there = addons_in(connection, tenant.schema)
        for addon in manifest.addons:
            needs = kernel.catalogue.needs(addon.name)
            missing = [
                each
                for each in needs
                if each not in {*there, *manifest.only} and history_of(kernel, each).folder.is_dir()
            ]
            if addon.name in there:
                raise AddonHasData(name=addon.name)
            if missing:
                raise NeedsTables(name=addon.name, missing=", ".join(missing))
        use_schema(connection, tenant.schema)
        made = [table.name for table in manifest.tables if table.addon in manifest.only]
        with _told(archive, kernel, tenant, tell) as told:
            _make_tables(connection, kernel, tenant.schema, manifest.addons)
            tables = _matched(connection, tenant.schema, manifest.tables)
            with emptied(connection, tenant.schema, made):
                copy_rows(connection, archive, tables, fresh=made, report=told)
            count_on(connection, manifest.sequences)
            upgrade_tenant(connection, tenant, [])
        return manifest


def _require_tenant(manifest: Manifest) -> None:
    if manifest.only:
        raise OtherKind(what=", ".join(manifest.only))


class _Told:
    """Adds up how far a restore is: files first, then rows."""

    def __init__(self, manifest: Manifest, tell: Tell | None) -> None:
        self._files = sum(file.size for file in manifest.files)
        self._total = manifest.size
        self._tell = tell

    def files(self, done: int, what: str) -> None:
        """So many bytes of the files are there."""
        if self._tell is not None:
            self._tell(done, self._total, what)

    def __call__(self, done: int, what: str) -> None:
        """So many bytes of the rows are there."""
        self.files(self._files + done, what)


@contextmanager
def _told(archive: Archive, kernel: Kernel, tenant: Tenant, tell: Tell | None) -> Iterator[_Told]:
    """Store the files; they go again where the block fails."""
    told = _Told(archive.manifest, tell)
    with storing(archive, kernel.config.data, tenant.id, told.files):
        yield told


def _fill(
    connection: Connection,
    kernel: Kernel,
    tenant: Tenant,
    archive: Archive,
    without: Collection[str],
    told: _Told,
) -> tuple[tuple[str, ...], int]:
    """Make the tables of an empty schema, fill them, and bring them to the newest revisions.

    Returns:
        ``(tables left out, number of revisions newer than the archive)``
    """
    manifest, schema = archive.manifest, tenant.schema
    lock(connection, schema)
    use_schema(connection, schema)
    _make_tables(connection, kernel, schema, [each for each in manifest.addons if each.name not in without])
    wanted = tables_of(manifest, {*without, ""})
    tables = _matched(connection, schema, wanted)
    names = [part.table for part in contents(connection, schema)]
    with emptied(connection, schema, names):
        copy_rows(connection, archive, tables, fresh=names, report=told)
    count_on(connection, manifest.sequences)
    histories = kernel.histories(tenant.addons)
    newer = outstanding(connection, schema, histories)
    try:
        upgrade_tenant(connection, tenant, histories)
    except Exception as error:  # whatever a migration raises
        raise _failed(newer[0].history if newer else "core", error) from error
    kept = {table.name for table in wanted}
    return tuple(table.name for table in manifest.tables if table.name not in kept), len(newer)


def _make_tables(connection: Connection, kernel: Kernel, schema: str, addons: Sequence[AddonEntry]) -> None:
    """Run the migrations of addons up to where they were."""
    for addon in addons:
        for revision in addon.revisions:
            try:
                migrate(connection, schema, [history_of(kernel, addon.name)], revision)
            except Exception as error:  # whatever a migration raises
                raise _failed(addon.name, error) from error


def _failed(name: str, error: Exception) -> TablesFailed:
    return TablesFailed(name=name, reason=f"{type(error).__name__}: {' '.join(str(error).split())}")


def _matched(connection: Connection, schema: str, tables: Sequence[TableEntry]) -> Sequence[TableEntry]:
    """The tables, once it is certain that each has a place for all its columns.

    Raises:
        RowsRefused: one has not.
    """
    here = {part.table: set(part.columns) for part in contents(connection, schema)}
    for table in tables:
        if table.name not in here:
            raise RowsRefused(table=table.name, reason=str(_l("There is no such table.")))
        strange = sorted(set(table.columns) - here[table.name])
        if strange:
            columns = ", ".join(strange)
            raise RowsRefused(
                table=table.name, reason=str(_l("It has no column %(columns)s.", columns=columns))
            )
    return tables
