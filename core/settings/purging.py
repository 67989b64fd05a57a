"""Removing what an addon holds in a tenant, and putting it back: an archive first, then nothing is left.

Everything is found in PostgreSQL's own catalogue, so an addon whose package is gone can be removed too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg2 import errors as pg
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from core.addons.manifest import NAME
from core.addons.switch_log import Deed, archives_of, write_down
from core.archive import Manifest, Part, Tell, contents, restore_addon, verify, write_archive
from core.archive.contents import quoted
from core.db.provision import find_tenant, lock
from core.db.tenancy import Tenant
from core.errors import NotFound, Unavailable
from core.i18n import _l
from core.settings.holdings import objects_of, plan_purge, run, unneeded_files

if TYPE_CHECKING:
    from core.kernel import Kernel

#: How long the archive of what was removed is kept.
KEPT: Final = timedelta(days=30)
_FOLDER: Final = "archives"
#: The instant in the name of an archive, in UTC.
_STAMP: Final = "%Y%m%dT%H%M%S%fZ"
_FILE: Final = re.compile(rf"{NAME.pattern}-(?P<stamp>\d{{8}}T\d+Z)\.zip")
#: Dropping a table needs those it points to for itself: rather fail and try again than let all wait behind.
_PATIENCE: Final = text("set local lock_timeout = '10s'")


class NoArchiveKept(NotFound):
    """Nothing was removed, or its time is over."""

    code = "no-archive-kept"
    message = _l("No archive of %(name)s is kept here.")


class StillChanging(Unavailable):
    """Somebody wrote while it was being removed."""

    code, retry_after = "still-changing", 5
    message = _l("Something of it was just being changed. Please try again.")


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed; the archive is whole before anything is."""

    archive: Path
    manifest: Manifest
    #: When it began.
    at: datetime
    #: Attached files that nothing needs any more.
    files: Sequence[Path]

    @property
    def kept_until(self) -> datetime:
        """When the archive goes."""
        return self.at + KEPT

    def forget_files(self) -> None:
        """Delete those files, once the transaction is committed; what was attached anew since, stays."""
        for path in self.files:
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < self.at.timestamp():
                    path.unlink()


def archives_folder(data: Path, tenant: Tenant) -> Path:
    """Where archives of what was removed from a tenant lie."""
    return data / _FOLDER / str(tenant.id)


def purge(
    kernel: Kernel,
    connection: Connection,
    slug: str,
    name: str,
    *,
    actor_id: int | None = None,
    tell: Tell | None = None,
) -> Purged:
    """Write an archive of what an addon holds, read it back, and remove it all.

    Args:
        kernel: knows what needs what, and the data folder.
        connection: of the owner, in a transaction; the caller commits, then calls `Purged.forget_files`.
        slug: the tenant's.
        name: the addon, which is off.
        actor_id: the user who wants it; None for the operator.
        tell: is told how far the archive is; what it raises undoes everything.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
        NoSuchAddon, NothingHeld, AddonIsOn, AddonHeld: as `plan_purge` and `PurgePlan.require`.
        StorageFull: the archive has no room.
        StillChanging: somebody wrote rows of it meanwhile, or holds its tables.
    """
    tenant = find_tenant(connection, slug, hold=True)
    lock(connection, tenant.schema)  # a backup that is being written is waited for
    plan_purge(kernel, connection, tenant, name).require()
    connection.execute(_PATIENCE)
    parts = contents(connection, tenant.schema, [name])
    with _patiently():
        _keep_as_they_are(connection, tenant, parts)
    files = unneeded_files(kernel, connection, tenant, parts)
    now = datetime.now(UTC)
    path = archives_folder(kernel.config.data, tenant) / f"{name}-{now.strftime(_STAMP)}.zip"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    manifest = write_archive(connection, kernel, tenant, path, addons=[name], tell=tell)
    try:
        verify(path)
        with _patiently():
            _remove(connection, tenant, name, parts, manifest)
        kept = {"archive": path.name, "size": path.stat().st_size, "kept_until": now + KEPT}
        write_down(connection, tenant, name, "purged", actor_id=actor_id, **kept)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Purged(path, manifest, now, files)


@contextmanager
def _patiently() -> Iterator[None]:
    """Say it with a sentence where somebody holds a table for too long.

    Raises:
        StillChanging: a table is in use.
    """
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, pg.LockNotAvailable):
            raise StillChanging from error
        raise


def _keep_as_they_are(connection: Connection, tenant: Tenant, parts: Sequence[Part]) -> None:
    """Let nobody write to the addon's tables from here on; they can still be read."""
    schema = quoted(connection, tenant.schema)
    tables = [f"{schema}.{quoted(connection, part.table)}" for part in parts if not part.where]
    if tables:
        run(connection, f"lock table {', '.join(tables)} in share mode")


def _remove(
    connection: Connection, tenant: Tenant, name: str, parts: Sequence[Part], manifest: Manifest
) -> None:
    """Take the rows out of the core's tables, then drop everything; last what makes others wait."""
    written = {table.name: table.rows for table in manifest.tables}
    schema = quoted(connection, tenant.schema)
    for part in reversed(parts):
        if part.where:
            table = f"{schema}.{quoted(connection, part.table)}"
            gone = run(connection, f"delete from {table} where {part.where}").rowcount  # noqa: S608
            if gone != written[part.table]:
                raise StillChanging
    objects = objects_of(connection, tenant, name)
    for kind in dict.fromkeys(kind for kind, _, _ in objects):
        places = ", ".join(place for each, _, place in objects if each == kind)
        run(connection, f"drop {kind} {places}")


def restore(
    kernel: Kernel,
    connection: Connection,
    slug: str,
    name: str,
    *,
    archive: str | None = None,
    actor_id: int | None = None,
    tell: Tell | None = None,
) -> Manifest:
    """Put back what was removed; the addon stays off.

    Args:
        kernel: has the addon, in the version of the archive or a later one.
        connection: of the owner, in a transaction; the caller commits.
        slug: the tenant's.
        name: the addon.
        archive: the name of one of its archives; the newest when None.
        actor_id: the user who wants it; None for the operator.
        tell: is told how far it is; what it raises undoes everything.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
        NoArchiveKept: there is none, or its time is over.
        GuanxiError: it cannot be restored, as `core.archive.restore_addon` says; the addon may have data
            again, its package may be gone.
    """
    tenant = find_tenant(connection, slug, hold=True)
    kept = kept_archive(connection, tenant, name, archive)
    path = archives_folder(kernel.config.data, tenant) / str(kept.archive)
    if not path.exists():
        raise NoArchiveKept(name=name)
    manifest = restore_addon(connection, kernel, tenant, path, tell)
    write_down(connection, tenant, name, "restored", actor_id=actor_id)
    return manifest


def kept_archive(connection: Connection, tenant: Tenant, name: str, archive: str | None = None) -> Deed:
    """The removal of an addon's data whose archive is called so, or the last one.

    Raises:
        NoArchiveKept: there is none, or its time is over.
    """
    kept = [each for each in archives_of(connection, tenant, name) if archive in (None, each.archive)]
    if not kept:
        raise NoArchiveKept(name=name)
    return kept[0]


def expire(folder: Path, now: datetime) -> int:
    """Delete the archives of a tenant whose time is over; gives how many."""
    gone = 0
    for path in folder.glob("*.zip") if folder.is_dir() else ():
        found = _FILE.fullmatch(path.name)
        if found and datetime.strptime(found["stamp"], _STAMP).replace(tzinfo=UTC) + KEPT <= now:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
