"""Whether a program that does an import without a job is still there.

It holds a lock of the database, in a transaction of its own that does nothing else, so that this works
behind a transaction pooler too. Whatever becomes of the program, the lock goes with its connection;
nothing has to be measured and nothing waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg2.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.db.session import Database, tenant_of
from core.db.tenancy import Tenant
from core.errors import Conflict
from core.i18n import _l

#: A transaction that waits is not ended for its waiting, and a machine that is gone is missed in a minute.
#: Somebody may be asking right now, which takes no longer than a request.
_STAY: Final = text("""
    select set_config('idle_in_transaction_session_timeout', '0', true),
        set_config('tcp_keepalives_idle', '30', true), set_config('tcp_keepalives_interval', '10', true),
        set_config('tcp_keepalives_count', '3', true), set_config('lock_timeout', '2s', true)
""")
_HOLD: Final = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
#: Those who ask do not stand in each other's way.
_ASK: Final = text("select pg_try_advisory_xact_lock_shared(hashtextextended(:name, 0))")


class TakenOver(Conflict):
    """Two programs would do the same import."""

    code = "import-taken-over"
    message = _l("Another program is doing this import already.")


@contextmanager
def doing(database: Database, tenant: Tenant, import_id: int) -> Iterator[None]:
    """Be known to do an import until the end of the block, or of the program.

    Args:
        database: where it is done.
        tenant: whose import it is.
        import_id: of an import that need not be committed yet.

    Raises:
        TakenOver: another program does it.
    """
    with database.session(tenant) as session:
        session.execute(_STAY)
        try:
            session.execute(_HOLD, {"name": _name(tenant, import_id)})
        except DBAPIError as error:
            if isinstance(error.orig, LockNotAvailable):
                raise TakenOver from None
            raise
        yield


def is_being_done(session: Session, import_id: int) -> bool:
    """Whether a program without a job does an import; if not, none begins to before the transaction ends."""
    return not session.scalar(_ASK, {"name": _name(tenant_of(session), import_id)})


def _name(tenant: Tenant, import_id: int) -> str:
    return f"guanxi import {tenant.id}/{import_id}"
