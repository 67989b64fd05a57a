"""What operators do with whole tenants, in transactions of its own: back up, clone, put back, release."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.pool import NullPool

from core.archive.manifest import Manifest
from core.archive.restoring import Restored, restore_in_place, restore_tenant
from core.archive.writing import Tell, snapshot, write_archive
from core.db import platform
from core.db.former import return_to_former
from core.db.provision import find_tenant, set_held, set_state, upgrade_tenant
from core.db.queue import entries_of
from core.db.tenancy import Tenant
from core.db.urls import Urls
from core.jobs.queue import give_up, put_back
from core.resources.reindexing import complete_search

if TYPE_CHECKING:
    from core.kernel import Kernel

#: Of the files that `back_up` names itself: the slug, then the instant in UTC.
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_STAMPED: Final = "[0-9]" * 8 + "T" + "[0-9]" * 6 + "Z"
#: Folders in the data folder for the archives that clones are made from, and when one is nobody's any more.
_CLONES: Final = "clone-"
_LONGEST: Final = timedelta(days=2)


@contextmanager
def _owner(urls: Urls) -> Iterator[Connection]:
    """A transaction of the owner."""
    engine = create_engine(urls.require_owner(), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def back_up(kernel: Kernel, urls: Urls, slug: str, path: Path, tell: Tell | None = None) -> Manifest:
    """Write the archive of a tenant, which stays in use meanwhile.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
        FileExistsError, StorageFull, OSError: as `write_archive`.
    """
    with snapshot(urls.require_owner(), slug) as (connection, tenant):
        return write_archive(connection, kernel, tenant, path, tell=tell)


def dated(folder: Path, slug: str) -> Path:
    """Where a backup of now is kept in a folder of backups."""
    return folder / f"{slug}-{datetime.now(UTC):{_STAMP}}.zip"


def remove_old(folder: Path, slug: str, keep: int) -> list[Path]:
    """Remove the backups of a tenant but the last ``keep``; what is not named by `dated` stays."""
    old = sorted(folder.glob(f"{slug}-{_STAMPED}.zip"))[:-keep]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def clone(
    kernel: Kernel, urls: Urls, slug: str, copy: str, *, hosts: Sequence[str] = (), tell: Tell | None = None
) -> Restored:
    """Make a copy of a tenant, which sends nothing until it is released.

    Args:
        kernel: knows the addons and the data folder, in which the archive lies for the time of the work.
        urls: the database's logins.
        slug: of the tenant that is copied; it stays in use.
        copy: the slug of the copy.
        hosts: hosts the copy is served at.
        tell: is told how far it is, from nothing to all twice.

    Raises:
        NoSuchTenant, StorageFull: it cannot be written.
        TenantExists, HostTaken, Invalid: as `create_tenant`.
        AddonsMissing, TablesFailed: the code that is here cannot make the tables.
    """
    kernel.config.data.mkdir(parents=True, exist_ok=True)
    for left in kernel.config.data.glob(f"{_CLONES}*"):  # by a program that was killed
        if left.stat().st_mtime < time.time() - _LONGEST.total_seconds():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=kernel.config.data, prefix=_CLONES) as folder:
        path = Path(folder) / "archive.zip"
        back_up(kernel, urls, slug, path, tell)
        return make_tenant(kernel, urls, path, slug=copy, hosts=hosts, tell=tell)


def make_tenant(
    kernel: Kernel,
    urls: Urls,
    path: Path,
    *,
    slug: str | None = None,
    hosts: Sequence[str] = (),
    without: Collection[str] = (),
    tell: Tell | None = None,
) -> Restored:
    """Make a new tenant of an archive; see `restore_tenant`."""
    with _owner(urls) as connection:
        restored = restore_tenant(
            connection, kernel, urls.app_login, path, slug=slug, hosts=hosts, without=without, tell=tell
        )
    _complete(kernel, restored)
    return restored


def put_tenant_back(
    kernel: Kernel,
    urls: Urls,
    slug: str,
    path: Path,
    *,
    without: Collection[str] = (),
    held: bool = True,
    tell: Tell | None = None,
) -> Restored:
    """Put a tenant back to what it was; it is closed meanwhile. See `restore_in_place`.

    Where that fails it is opened again as it was. Where the program dies it stays closed, with the state
    ``restoring`` and all it held, until ``guanxi tenant resume``.
    """
    with _owner(urls) as connection:
        before = find_tenant(connection, slug, hold=True)
        failure = connection.scalar(
            select(platform.tenant.c.failure).where(platform.tenant.c.id == before.id)
        )
        set_state(connection, before, "restoring")
    after = "suspended" if before.state == "suspended" else "active"
    try:
        with _owner(urls) as connection:
            restored = restore_in_place(connection, kernel, slug, path, without=without, held=held, tell=tell)
            set_state(connection, before, after)
    except BaseException:
        with _owner(urls) as connection:
            set_state(connection, before, after if before.state == "restoring" else before.state, failure)
        raise
    if not held:
        _wake(kernel, urls, restored.tenant)
    _complete(kernel, restored)
    return restored


def take_restore_back(kernel: Kernel, urls: Urls, slug: str) -> Tenant:
    """Put a tenant back to what it was before it was restored in place; what it is now is kept instead.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
        NothingFormer: it was not restored, or what it was has been dropped.
    """
    with _owner(urls) as connection:
        tenant = return_to_former(connection, find_tenant(connection, slug, hold=True))
        upgrade_tenant(connection, tenant, kernel.histories(tenant.addons))
    if not tenant.held:
        _wake(kernel, urls, tenant)
    return tenant


def release(kernel: Kernel, urls: Urls, slug: str, *, give_up_waiting: bool = False) -> int:
    """Let a tenant that came out of an archive send and run by itself; repeatable.

    Args:
        kernel: knows the jobs.
        urls: the database's logins.
        slug: the tenant's.
        give_up_waiting: cancel the jobs that were waiting when the archive was written, since the tenant it
            was made of has long done them.

    Returns:
        How many jobs have been put into the queue or, with ``give_up_waiting``, cancelled.

    Raises:
        NoSuchTenant: there is no tenant of this slug.
    """
    with _owner(urls) as connection:
        tenant = find_tenant(connection, slug, hold=True)
        queued = entries_of(connection, tenant.id)
    gone = 0
    if give_up_waiting and tenant.held:
        with kernel.database.unit_of_work(tenant) as session:
            gone = give_up(session, besides=queued)
    with _owner(urls) as connection:
        set_held(connection, tenant, False)
    return gone or _wake(kernel, urls, tenant)


def _wake(kernel: Kernel, urls: Urls, tenant: Tenant) -> int:
    """Put the jobs of a tenant that wait, and have no entry in the queue, into it; gives how many."""
    with _owner(urls) as connection:
        queued = entries_of(connection, tenant.id)
    with kernel.database.unit_of_work(tenant) as session:
        return put_back(session, besides=queued)


def _complete(kernel: Kernel, restored: Restored) -> None:
    """Let a job make what newer revisions left behind; where there are none, not a row is changed."""
    if restored.revisions:
        with kernel.database.unit_of_work(restored.tenant) as session:
            complete_search(session, kernel.resources.visible(restored.tenant))
