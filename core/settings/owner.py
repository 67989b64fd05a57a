"""Jobs that make or drop tables: on the owner's connection, in one transaction, told how far they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg2 import errors as pg
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from core.errors import Conflict
from core.i18n import _l
from core.jobs import Work

#: Whether somebody keeps others from writing to the table of jobs.
_HOLDS_JOBS: Final = text("""
    select exists (
        select from pg_locks
        where pid = :pid and granted and relation = to_regclass('core_job')
            and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    )
""")


class NoOwner(Conflict):
    """The worker has no login that makes tables; the operator has."""

    code = "no-owner"
    message = _l("The worker may not make tables here. Ask your operator to run: %(command)s")


class Stopped(Exception):
    """Somebody has cancelled the job; all it did is taken back."""


@contextmanager
def as_owner(work: Work, command: str) -> Iterator[Connection]:
    """A transaction of the owner; commits at the end of the block, or leaves nothing.

    Args:
        work: the job.
        command: what the operator may type to do the same.

    Raises:
        NoOwner: the worker has no such login, or the login may not do this.
    """
    if work.kernel.owner_url is None:
        raise NoOwner(command=command)
    engine = create_engine(work.kernel.owner_url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        if isinstance(error.orig, pg.InsufficientPrivilege):
            raise NoOwner(command=command) from error
        raise
    finally:
        engine.dispose()


def report(work: Work, connection: Connection, done: int, total: int, note: str) -> None:
    """Tell how far the job is, unless that would wait for ``connection``, which may be busy with a COPY.

    Raises:
        Stopped: somebody has cancelled it.
        Superseded: another run of the job has taken over.
    """
    pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    with work.kernel.database.session(work.tenant) as session:
        if session.scalar(_HOLDS_JOBS, {"pid": pid}):
            return
    work.progress(done, total, note)
    if work.told_to_stop:
        raise Stopped
